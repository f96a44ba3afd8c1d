"""Publishers, families and releases: what changes, what is on record, who is refused."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from common import audit
from common.lifecycle import Refused, Stale
from registry import services
from registry.models import ModelFamily, Publisher, Release
from registry.selectors import revision_of
from tests.factories.registry import ArtifactFactory, ModelCardFactory, ReleaseFactory
from tests.registry.cards import CARD


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", licence="", created_by=release_manager)


def test_create_publisher_makes_its_author_administrator_and_release_manager(superuser):
    publisher = services.create_publisher(actor=superuser, slug="new-lab", name="New Lab")
    names = set(superuser.groups.values_list("name", flat=True))
    assert names == {f"publisher:{publisher.pk}:administrator", f"publisher:{publisher.pk}:release_manager"}
    assert audit.trail(publisher).get().verb == "registry.publisher.create"


def test_create_publisher_is_for_those_who_run_the_portal(administrator):
    with pytest.raises(PermissionDenied):
        services.create_publisher(actor=administrator, slug="new-lab", name="New Lab")
    assert not Publisher.objects.filter(slug="new-lab").exists()


def test_create_publisher_names_the_field_that_is_taken(superuser, publisher):
    with pytest.raises(Refused) as refusal:
        services.create_publisher(actor=superuser, slug=publisher.slug, name="Again")
    assert refusal.value.field == "slug"


def test_create_family_refuses_a_name_no_client_could_ask_for(publisher, release_manager):
    with pytest.raises(ValidationError) as invalid:
        services.create_family(publisher, actor=release_manager, slug="../etc", name="X", summary="Y")
    assert list(invalid.value.error_dict) == ["slug"]


def test_create_family_refuses_a_taken_name(family, publisher, release_manager):
    with pytest.raises(Refused) as refusal:
        services.create_family(publisher, actor=release_manager, slug=family.slug, name="X", summary="Y")
    assert refusal.value.field == "slug"


def test_create_family_is_for_release_managers(publisher, risk_owner, stranger):
    for person in (risk_owner, stranger):
        with pytest.raises(PermissionDenied):
            services.create_family(publisher, actor=person, slug="x", name="X", summary="Y")


def test_edit_family_records_what_changed(family, release_manager):
    services.edit_family(family, actor=release_manager, summary="New words.", expected_version=1)
    event = audit.trail(family).first()
    assert (event.verb, event.after) == ("registry.modelfamily.edit", {"summary": "New words."})
    assert ModelFamily.objects.get(pk=family.pk).row_version == 2


def test_edit_family_tells_who_came_first(family, release_manager, colleague):
    services.edit_family(family, actor=colleague, summary="First.", expected_version=1)
    with pytest.raises(Stale, match="Colleague"):
        services.edit_family(family, actor=release_manager, summary="Second.", expected_version=1)
    assert ModelFamily.objects.get(pk=family.pk).summary == "First."


def test_create_release_with_a_card_takes_over_what_it_says(family, release_manager):
    release = services.create_release(family, actor=release_manager, version="2.0", card=CARD)
    assert release.stage == Release.Stage.DRAFT
    assert (release.licence, release.modality, release.languages) == ("Apache-2.0", "text", ["en", "no"])
    assert [event.verb for event in audit.trail(release)] == ["registry.release.import_card", "registry.release.create"]


def test_create_release_with_a_bad_card_leaves_nothing(family, release_manager):
    with pytest.raises(Refused):
        services.create_release(family, actor=release_manager, version="2.0", card="# none")
    assert not family.releases.exists()


def test_a_card_does_not_overrule_what_the_release_says(draft, release_manager):
    services.edit_release(draft, actor=release_manager, licence="MIT")
    services.import_card(draft, actor=release_manager, source=CARD)
    draft.refresh_from_db()
    assert (draft.licence, draft.base_model) == ("MIT", "harbour-lab/pilot-base")


def test_the_same_card_again_adds_no_version(draft, release_manager):
    first = services.import_card(draft, actor=release_manager, source=CARD)
    assert services.import_card(draft, actor=release_manager, source=CARD) == first
    assert services.import_card(draft, actor=release_manager, source=CARD + "More.").number == 2


def test_import_card_is_refused_to_those_who_only_read(draft, reviewer, auditor, risk_owner):
    for person in (reviewer, auditor, risk_owner):
        with pytest.raises(PermissionDenied):
            services.import_card(draft, actor=person, source=CARD)


def test_a_published_release_keeps_its_card_version_and_licence(release, release_manager):
    with pytest.raises(Refused, match="Published"):
        services.import_card(release, actor=release_manager, source=CARD + "Changed.")
    with pytest.raises(Refused) as refusal:
        services.edit_release(release, actor=release_manager, licence="MIT")
    assert refusal.value.field == "licence"
    changed = services.edit_release(release, actor=release_manager, languages=["en"], version=release.version)
    assert changed.languages == ["en"]


def test_two_releases_cannot_share_a_version(draft, release, release_manager):
    with pytest.raises(Refused) as refusal:
        services.create_release(draft.family, actor=release_manager, version="2.0")
    assert refusal.value.field == "version"
    with pytest.raises(Refused) as refusal:
        services.edit_release(draft, actor=release_manager, version=release.version)
    assert refusal.value.field == "version"


def test_the_revision_stands_for_card_and_files(draft, release_manager):
    before = revision_of(draft)
    ModelCardFactory(release=draft)
    with_card = revision_of(draft)
    ArtifactFactory(release=draft, path="a", content=b"1")
    with_file = revision_of(draft)
    assert len({before, with_card, with_file}) == 3
    assert len(with_file) == 40
    assert revision_of(draft) == with_file


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry_artifact SET path = 'other' WHERE release_id = %s",
        "DELETE FROM registry_artifact WHERE release_id = %s",
        "UPDATE registry_modelcard SET body = 'other' WHERE release_id = %s",
        "DELETE FROM registry_modelcard WHERE release_id = %s",
        "UPDATE registry_release SET licence = 'MIT' WHERE id = %s",
        "UPDATE registry_release SET stage = 'draft' WHERE id = %s",
        "UPDATE registry_release SET revision = repeat('0', 40) WHERE id = %s",
        "DELETE FROM registry_release WHERE id = %s",
        (
            "INSERT INTO registry_artifact (release_id, path, size, sha256, file, created_by_id, created_at)"
            " SELECT id, 'late', 0, repeat('a', 64), 'x', created_by_id, now() FROM registry_release WHERE id = %s"
        ),
    ],
)
def test_the_database_keeps_a_published_release_as_it_was(family, release_manager, statement):
    release = ReleaseFactory(
        family=family, published=True, card=CARD, files={"a.bin": b"1"}, created_by=release_manager
    )
    # Versions of cards never change, so theirs is another guard and refuses first.
    guard = "Version 1 of a model card" if statement.startswith("UPDATE registry_modelcard") else "Release"
    with (
        pytest.raises(IntegrityError, match=guard),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [release.pk])
