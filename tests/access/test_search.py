"""The search of the queue: what it finds, and that no table is read from end to end for it."""

import pytest
from django.db import connection

from access import selectors
from access.models import AccessRequest
from tests.factories.access import AccessRequestFactory, TierFactory
from tests.factories.accounts import OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(release):
    tier = TierFactory(family=release.family)
    lab = OrganisationFactory(name="Straße Institute")
    people = {
        "purpose": {"purpose": "Measure the refusal rate, 100% of it"},
        "person": {"requester": UserFactory(display_name="Renée Example", email="r.example@example.org")},
        "organisation": {"requester": UserFactory(organisation=lab), "organisation": lab},
        "nothing": {},
    }
    return {
        name: AccessRequestFactory(release=release, tier=tier, **{"purpose": "Study", **data})
        for name, data in people.items()
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        *(("REFUSAL", ["purpose"]), ("renée", ["person"]), ("r.EXAMPLE@", ["person"]), ("institute", ["organisation"])),
        *(("100%", ["purpose"]), ("10%0", []), ("re", ["purpose", "person"]), ("nowhere at all", [])),
    ],
)
def test_words_are_found_in_purpose_person_and_organisation(rows, words, found):
    hits = selectors.search(AccessRequest.objects.all(), words)
    names = {row.pk: name for name, row in rows.items()}

    assert sorted(names[row.pk] for row in hits) == sorted(found)


def test_a_search_within_a_tab_stays_within_it(rows, release_manager):
    AccessRequest.objects.filter(pk=rows["purpose"].pk).update(stage="draft", submitted_at=None, due_at=None)

    assert not selectors.search(selectors.queue(release_manager, "mine"), "refusal").exists()
    assert selectors.search(selectors.queue(release_manager, "mine"), "renée").get() == rows["person"]


def test_a_search_reads_the_trigram_indexes(rows):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = selectors.search(AccessRequest.objects.order_by(), "refusal").explain()

    for index in ("request_purpose_words", "user_name_words", "user_email_words", "organisation_words"):
        assert index in plan, plan
