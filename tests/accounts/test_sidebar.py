"""What the sidebar counts follows from who asks and what they may do now, although its SQL is kept for a minute."""

from datetime import date

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from accounts import services
from accounts.models import User
from accounts.roles import Role
from common import workspace
from registry.models import Risk
from tests.factories.registry import MitigationFactory, RiskFactory


def counts(user):
    return {item.name: item.count for item in workspace.items(User.objects.get(pk=user.pk))}


@pytest.mark.django_db
def test_a_new_row_counts_at_once(release_manager, family):
    before = counts(release_manager)["risks"]
    RiskFactory(family=family, owner=None, stage=Risk.Stage.DRAFT)
    assert counts(release_manager)["risks"] == before + 1


@pytest.mark.django_db
def test_a_role_taken_away_takes_its_places_with_it(release_manager, administrator, publisher):
    assert {"risks", "releases", "access"} <= counts(release_manager).keys()
    services.remove_role(release_manager, Role.RELEASE_MANAGER, publisher, actor=administrator)
    assert not {"risks", "releases", "access"} & counts(release_manager).keys()


@pytest.mark.django_db
def test_one_persons_places_are_not_anothers(release_manager, researcher):
    assert "risks" in counts(release_manager)
    assert "risks" not in counts(researcher)


def test_words_are_looked_up_in_each_language():
    page = Template("{% translate 'Yes' %}")
    with translation.override("en"):
        assert page.render(Context()) == "Yes"
    with translation.override("de"):
        assert page.render(Context()) == "Ja"
    with translation.override("en"):
        assert page.render(Context()) == "Yes"


@pytest.fixture
def late_at_midnight(risk_owner, family, time_machine):
    """A mitigation that is due on 18 November, seen a minute before that day ends in UTC."""
    time_machine.move_to("2026-11-18 23:59:30Z", tick=False)
    risk = RiskFactory(family=family, opened=True, owner=risk_owner)
    MitigationFactory(family=family, owner=risk_owner, due_on=date(2026, 11, 18), risks=[risk])
    return time_machine


@pytest.mark.django_db
def test_what_is_overdue_at_midnight_counts_a_minute_later(risk_owner, late_at_midnight):
    assert counts(risk_owner)["risks"] == 0
    late_at_midnight.move_to("2026-11-19 00:00:30Z", tick=False)
    assert counts(risk_owner)["risks"] == 1


@pytest.mark.django_db
def test_the_day_is_the_readers(risk_owner, late_at_midnight):
    assert counts(risk_owner)["risks"] == 0
    with timezone.override("Europe/Brussels"):
        assert counts(risk_owner)["risks"] == 1
