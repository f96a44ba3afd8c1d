"""What a licence can be, how an error says what was meant, and what a published release keeps of it."""

import pytest
from django.db import IntegrityError, connection, transaction

from common.lifecycle import Refused
from registry import licences, services
from registry.models import Release
from tests.factories.registry import ReleaseFactory

OWN = {"licence": "LicenseRef-Harbour-1", "licence_name": "Harbour licence 1", "licence_url": "https://example.org/l"}


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", created_by=release_manager)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("apache-2.0", "Apache-2.0"),
        (" mit  or  apache-2.0 ", "MIT OR Apache-2.0"),
        ("(MIT or BSD-3-Clause) and CC-BY-4.0", "(MIT OR BSD-3-Clause) AND CC-BY-4.0"),
        ("GPL-3.0-only with Classpath-exception-2.0", "GPL-3.0-only WITH Classpath-exception-2.0"),
        ("openmdw-1.0", "OpenMDW-1.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ("openrail++", "LicenseRef-OpenRAIL-pp-M"),
        ("bigscience-openrail-m", "LicenseRef-scancode-bigscience-open-rail-m"),
        ("Llama 3.1 Community License Agreement", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("MIT OR LicenseRef-Harbour-1", "MIT OR LicenseRef-Harbour-1"),
    ],
)
def test_read_spells_a_licence_as_spdx_does(typed, kept):
    assert licences.read(typed) == kept
    assert licences.read(kept) == kept


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Apache2.0", ["“Apache2.0” is not a licence id. Did you mean Apache-2.0"]),
        ("MIT AND (foo-1 OR gpl3.0-only)", ["“foo-1”", "“gpl3.0-only” is not a licence id. Did you mean GPL-3.0-only"]),
        ("MIT AND (Apache-2.0", ["left open"]),
        ("MIT OR OR Apache-2.0", ["at “OR”"]),
        ("MIT WITH Apache-2.0", ["“Apache-2.0” is a licence; after WITH comes an exception"]),
        ("Apache Licence 2.0", ["Did you mean Apache-2.0"]),
        ("licenseref_mine", ["“licenseref_mine”"]),
        ("☃", ["“☃” is not a licence id"]),
    ],
)
def test_read_says_which_part_is_unknown_and_what_was_meant(typed, words):
    with pytest.raises(Refused) as refusal:
        licences.read(typed)
    assert refusal.value.field == "licence"
    for part in words:
        assert part in str(refusal.value)


def test_every_licence_that_the_hub_or_we_name_can_be_shown():
    for number in [*licences._HUB.values(), *licences._NAMES, *(row[0] for row in licences._OURS)]:
        (found,) = licences.parts(number)
        assert found.known, number
        assert found.url.startswith("https://"), number
    assert licences.known()["openmdw-1.0"].name == "OpenMDW License Agreement v1.0"
    unsaid = {"", "CLA", "Patent License", "Unstated License"}
    assert {each.kind for each in licences.known().values()} - set(licences.KINDS) == unsaid


def test_a_licence_says_at_a_glance_what_it_allows():
    mit, own, odd = licences.parts("MIT OR LicenseRef-Harbour-1 AND LicenseRef-OpenRAIL")
    assert (mit.name, str(mit.words)) == ("MIT License", "Use, change and pass on, with notices kept.")
    assert (own.known, own.words) == (False, "")
    assert (odd.known, odd.words) == (True, "")
    assert licences.parts("my own words") == [licences.Licence("my own words")]


def test_a_licence_of_ones_own_needs_a_name_and_a_text(draft, release_manager):
    for missing, field in (("licence_name", "licence_name"), ("licence_url", "licence_url")):
        with pytest.raises(Refused) as refusal:
            services.edit_release(draft, actor=release_manager, **{**OWN, missing: ""})
        assert refusal.value.field == field
    changed = services.edit_release(draft, actor=release_manager, **OWN)
    assert (changed.licence, changed.licence_name) == ("LicenseRef-Harbour-1", "Harbour licence 1")
    with pytest.raises(Refused, match="known licence") as refusal:
        services.edit_release(changed, actor=release_manager, licence="MIT")
    assert refusal.value.field == "licence_name"
    # The name of the old licence cannot stay behind at a known one.
    changed = services.edit_release(
        changed, actor=release_manager, licence="mit", licence_name="", licence_url="", intended_users="Researchers"
    )
    assert (changed.licence, changed.licence_name, changed.intended_users) == ("MIT", "", "Researchers")


def test_create_release_checks_the_licence_too(family, release_manager):
    with pytest.raises(Refused, match="Did you mean"):
        services.create_release(family, actor=release_manager, version="3.0", licence="Apache2.0")
    made = services.create_release(family, actor=release_manager, version="3.0", **OWN)
    assert made.licence_url == "https://example.org/l"


def test_a_licence_from_before_the_rule_stays_and_the_release_can_be_edited(family, release_manager):
    old = ReleaseFactory(family=family, version="0.1", licence="our own words", created_by=release_manager)
    # The form sends all of its fields; only what changed is judged.
    changed = services.edit_release(old, actor=release_manager, licence="our own words", modality="text")
    assert (changed.licence, changed.modality) == ("our own words", "text")
    with pytest.raises(Refused, match="cannot be read at “other”"):
        services.edit_release(changed, actor=release_manager, licence="our other words")


def test_what_a_published_licence_leaves_out_can_be_filled_in_once(family, release_manager):
    release = ReleaseFactory(family=family, version="0.2", licence="our own words", published=True)
    release = Release.objects.select_related("family").get(pk=release.pk)
    filled = services.edit_release(release, actor=release_manager, licence_name="Our licence", intended_users="All")
    assert filled.licence_name == "Our licence"
    with pytest.raises(Refused) as refusal:
        services.edit_release(filled, actor=release_manager, licence_name="Another")
    assert refusal.value.field == "licence_name"
    for column in ("licence", "licence_name"):
        with pytest.raises(IntegrityError, match="as published"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE registry_release SET {column} = 'x' WHERE id = %s", [release.pk])


def test_a_card_with_a_licence_of_its_own_brings_its_name(family, release_manager):
    card = "---\nlicense: other\nlicense_name: Harbour Licence 1\nlicense_link: https://example.org/l\n---\nText"
    release = services.create_release(family, actor=release_manager, version="3.0", card=card)
    assert (release.licence, release.licence_name) == ("LicenseRef-Harbour-Licence-1", "Harbour Licence 1")
    assert release.licence_url == "https://example.org/l"
    plain = services.create_release(family, actor=release_manager, version="3.1", licence="MIT", card=card)
    assert (plain.licence, plain.licence_name) == ("MIT", "")
    # Nobody knows it, and nothing is lost.
    odd = card.replace("license: other", "license: ☃")
    assert services.create_release(family, actor=release_manager, version="3.2", card=odd).licence == "☃"
