"""Versions of a card: drafts, the version of record, corrections; what the database refuses; what the gate serves."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, close_old_connections, connection, transaction

from common import audit
from common.lifecycle import Refused, Stale
from common.models import OutboxEvent
from governance.services import publish_release, withdraw_release
from registry import selectors, services
from registry.models import ModelCard, Release
from registry.services.cards import LONGEST_NOTE
from tests.factories.registry import ArtifactFactory, ModelCardFactory, ReleaseFactory
from tests.registry.cards import CARD

pytestmark = pytest.mark.django_db
NOTE = "The score was that of another model."


@pytest.fixture
def draft(family, release_manager):
    release = ReleaseFactory(family=family, version="2.0", created_by=release_manager)
    ArtifactFactory(release=release, created_by=release_manager)
    return release


@pytest.fixture
def published(draft, release_manager):
    """Published with its second version; the first was never public."""
    services.import_card(draft, actor=release_manager, source=CARD.replace("61.2", "secret"))
    services.import_card(draft, actor=release_manager, source=CARD)
    return publish_release(draft, actor=release_manager)


def test_sections_can_be_written_before_there_is_a_card(draft, release_manager):
    card = services.edit_card_section(draft, actor=release_manager, name="intent", text="For tests.", expected_number=0)
    assert (card.number, card.source) == (1, "---\n\n---\n# Pilot 7B 2.0\n\n## Intended uses\n\nFor tests.\n")
    card = services.edit_card_metadata(draft, actor=release_manager, changes={"license": "mit"}, expected_number=1)
    assert card.source == "---\nlicense: mit\n---\n# Pilot 7B 2.0\n\n## Intended uses\n\nFor tests.\n"
    event = audit.trail(draft).first()
    assert (event.verb, event.before) == ("registry.release.edit_card_metadata", {"card": 1})
    assert event.after == {"card": 2, "sha256": card.sha256, "keys": ["license"]}


def test_an_edit_that_changes_nothing_adds_no_version(draft, release_manager):
    card = services.import_card(draft, actor=release_manager, source=CARD)
    again = services.edit_card_metadata(draft, actor=release_manager, changes={"license": "apache-2.0"})
    assert again == card
    assert draft.cards.count() == 1


def test_two_people_in_two_sections_both_keep_their_words(draft, release_manager, colleague):
    services.import_card(draft, actor=release_manager, source=CARD + "\n## Uses\n\nA.\n\n## Limitations\n\nB.\n")
    services.edit_card_section(draft, actor=release_manager, name="intent", text="Mine.", expected_number=1)
    card = services.edit_card_section(draft, actor=colleague, name="limitations", text="Theirs.", expected_number=1)
    assert "Mine." in card.source
    assert "Theirs." in card.source
    card = services.edit_card_metadata(draft, actor=colleague, changes={"tags": ["x"]}, expected_number=1)
    assert card.metadata["tags"] == ["x"]


def test_two_people_in_one_section_are_told(draft, release_manager, colleague):
    services.import_card(draft, actor=release_manager, source=CARD + "\n## Uses\n\nA.\n")
    services.edit_card_section(draft, actor=release_manager, name="intent", text="Mine.", expected_number=1)
    with pytest.raises(Stale, match="Release manager changed this"):
        services.edit_card_section(draft, actor=colleague, name="intent", text="Theirs.", expected_number=1)
    services.edit_card_metadata(draft, actor=release_manager, changes={"license": "mit"})
    with pytest.raises(Stale):
        services.edit_card_metadata(draft, actor=colleague, changes={"license": "bsd"}, expected_number=1)
    with pytest.raises(Stale):
        services.import_card(draft, actor=colleague, source=CARD, expected_number=1)
    assert draft.cards.count() == 3


def test_only_release_managers_write(draft, risk_owner, stranger):
    for user in (risk_owner, stranger):
        with pytest.raises(PermissionDenied):
            services.edit_card_section(draft, actor=user, name="intent", text="x")
        with pytest.raises(PermissionDenied):
            services.edit_card_metadata(draft, actor=user, changes={"license": "mit"})


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_correction_is_a_new_version_that_says_why(published, release_manager, reviewer, withdrawn):
    if withdrawn:
        withdraw_release(published, actor=release_manager, reason="A safeguard did not hold.")
    revision, before = published.revision, selectors.card_version(published, reviewer)
    assert before.of_record
    with pytest.raises(Refused, match="say what this version of its card corrects") as refusal:
        services.import_card(published, actor=release_manager, source=CARD.replace("61.2", "60.9"))
    assert refusal.value.field == "correction_note"

    card = services.import_card(
        published, actor=release_manager, source=CARD.replace("61.2", "60.9"), correction_note=f" {NOTE} "
    )

    assert (card.number, card.correction_note, card.is_correction) == (3, NOTE, True)
    published.refresh_from_db()
    assert published.revision == revision == selectors.revision_of(published)
    assert published.cards.of_record().get() == before
    event = audit.trail(published).first()
    assert (event.verb, event.reason) == ("registry.release.correct_card", NOTE)
    assert OutboxEvent.objects.filter(name="registry.release.card_corrected", payload={"number": 3}).count() == 1


def test_a_section_of_a_published_card_can_be_corrected(published, release_manager):
    card = services.edit_card_section(
        published, actor=release_manager, name="limitations", text="Bad at Dutch.", correction_note=NOTE
    )
    assert card.number == 3
    assert card.body.endswith("## Limitations\n\nBad at Dutch.\n")


def test_the_licence_of_a_published_release_is_not_corrected(published, release_manager):
    with pytest.raises(Refused, match="licence of a published release stays") as refusal:
        services.edit_card_metadata(
            published, actor=release_manager, changes={"license": "mit"}, correction_note="Better licence."
        )
    assert refusal.value.field == "license"


def test_a_correction_fills_nothing_of_the_release(published, release_manager):
    Release.objects.filter(pk=published.pk).update(modality="", languages=[])
    services.edit_card_metadata(
        published, actor=release_manager, changes={"pipeline_tag": "text-to-image"}, correction_note=NOTE
    )
    published.refresh_from_db()
    assert (published.modality, published.languages) == ("", [])


def test_a_note_too_long_is_refused(published, release_manager):
    with pytest.raises(Refused, match="at most 2000"):
        services.import_card(
            published, actor=release_manager, source=CARD + "x", correction_note="x" * (LONGEST_NOTE + 1)
        )


def test_what_a_card_said_before_publication_is_for_people_with_a_role(
    published, release_manager, reviewer, researcher
):
    services.import_card(published, actor=release_manager, source=CARD + "\nMore.", correction_note=NOTE)

    def seen(user):
        rows = selectors.card_versions(published, user)
        return [(card.number, card.of_record) for card in rows]

    assert seen(researcher) == [(3, False), (2, True)]
    assert seen(reviewer) == [(3, False), (2, True), (1, False)]
    assert selectors.card_version(published, researcher, 1) is None
    assert not ModelCard.objects.visible_to(researcher).filter(source__contains="secret").exists()


def test_no_version_of_a_draft_is_of_record_or_public(draft, release_manager, researcher):
    services.import_card(draft, actor=release_manager, source=CARD)
    assert not selectors.card_version(draft, release_manager).of_record
    assert not ModelCard.objects.visible_to(researcher).exists()


@pytest.mark.parametrize(
    ("public", "fields", "allowed"),
    [
        (False, {"correction_note": ""}, True),
        (False, {"correction_note": NOTE}, False),
        (True, {"correction_note": NOTE}, True),
        (True, {"correction_note": ""}, False),
        (True, {"correction_note": " \n\t"}, False),
        (True, {"correction_note": NOTE, "number": 1}, False),
        (True, {"correction_note": NOTE, "number": 2}, False),
    ],
)
def test_the_database_takes_only_corrections_after_publication(draft, release_manager, public, fields, allowed):
    for number in (1, 3):
        ModelCardFactory(release=draft, number=number, created_by=release_manager)
    if public:
        publish_release(draft, actor=release_manager)

    def insert():
        with transaction.atomic():
            ModelCardFactory(release=draft, created_by=release_manager, **{"number": 4, **fields})

    if allowed:
        insert()
    else:
        with pytest.raises(DatabaseError, match=r"is a draft|is a correction|count up|unique"):
            insert()


def test_the_database_changes_no_version(published):
    rows = ModelCard.objects.filter(release=published)
    for refused in (lambda: rows.update(source="x"), lambda: rows.filter(number=1).delete()):
        with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
            refused()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE registry_modelcard CASCADE")


def test_the_card_of_a_draft_goes_with_it(draft, release_manager):
    services.import_card(draft, actor=release_manager, source=CARD)
    draft.artifacts.all().delete()
    draft.delete()
    assert not ModelCard.objects.exists()


def test_the_gate_serves_the_version_that_the_revision_covers(client, published, release_manager):
    """Clients that pinned a commit get its bytes; the correction is announced beside them."""
    services.import_card(published, actor=release_manager, source=CARD + "\nCorrected.", correction_note=NOTE)
    repo = f"/hf/{published.family.repo_id}/resolve"
    for revision in ("main", published.version, published.revision):
        answer = client.get(f"{repo}/{revision}/README.md")
        assert answer.content == CARD.encode()
        assert answer["X-Repo-Commit"] == published.revision
        link = f'</models/{published.family.repo_id}/releases/2.0/card.md>; rel="latest-version"'
        assert answer["Link"] == link
    page = client.get(link[1:].partition(">")[0])
    assert page.content.decode().endswith("Corrected.")


@pytest.mark.django_db(transaction=True)
def test_two_corrections_at_once_both_count(family, release_manager, colleague):
    release = ReleaseFactory(family=family, version="5", published=True, card=CARD, created_by=release_manager)
    start = threading.Barrier(2)
    failures = []

    def correct(user, name):
        try:
            start.wait(10)
            services.edit_card_section(
                release, actor=user, name=name, text=f"By {name}.", correction_note=NOTE, expected_number=1
            )
        except Exception as error:
            failures.append(error)
        finally:
            close_old_connections()
            connection.close()

    threads = [
        threading.Thread(target=correct, args=args)
        for args in ((release_manager, "intent"), (colleague, "limitations"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    newest = release.cards.first()
    assert newest.number == 3
    assert "By intent." in newest.source
    assert "By limitations." in newest.source
