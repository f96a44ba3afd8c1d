"""Usage guidelines: versions, overrides, what is on record, who is refused, and what the database refuses."""

import threading

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from common import audit
from common.lifecycle import Refused, Stale
from registry import guidelines as reading
from registry import regions, selectors, services
from registry.models import PARTS, UsageGuidelines, UsageRule
from tests.factories.registry import (
    ModelFamilyFactory,
    ReleaseFactory,
    RuleOverrideFactory,
    UsageGuidelinesFactory,
    UsageRuleFactory,
    UsageScenarioFactory,
)

Stage = UsageGuidelines.Stage
LAW = {"source_title": "Regulation (EU) 2024/1689", "source_citation": "Article 5"}
PART_VALUES = {
    "rules": {"kind": "prohibited", "title": "Imitate a real person"},
    "scenarios": {"title": "Letters", "situation": "A clerk drafts letters.", "verdict": "allowed", "why": "Read."},
    "overrides": {"effect": "new", "region": "EU", "kind": "prohibited", "title": "Score people", **LAW},
    "configurations": {"title": "Careful", "settings": "temperature = 0.2"},
    "workflows": {"title": "Letters", "steps": ["Draft.", "Read."]},
    "remedies": {"title": "Fraud", "follows": "Access ends.", "decided_by": "Release manager"},
}


@pytest.fixture
def draft(family, release_manager):
    return UsageGuidelinesFactory(family=family, number=1, created_by=release_manager, reporting="Write to us.")


def document(guidelines):
    return selectors.document_of(
        selectors.guidelines_with_parts(UsageGuidelines.objects.filter(pk=guidelines.pk)).get()
    )


def full(family, author, **fields):
    """Guidelines with one part of each kind."""
    guidelines = UsageGuidelinesFactory(family=family, created_by=author, **fields)
    rule = UsageRuleFactory(guidelines=guidelines, key="persona")
    UsageScenarioFactory(guidelines=guidelines, rule=rule, key="letters")
    RuleOverrideFactory(guidelines=guidelines, rule=rule, key="persona-eu")
    for name in ("configurations", "workflows", "remedies"):
        services.add_part(guidelines, name, actor=author, **PART_VALUES[name])
    return guidelines


# Versions


def test_draft_guidelines_copies_what_holds_and_keeps_the_keys(family, release_manager):
    first = full(family, release_manager, number=1)
    services.publish_guidelines(first, actor=release_manager)
    second = services.draft_guidelines(family, actor=release_manager)
    old, new = document(first), document(second)
    assert (second.number, second.stage) == (2, Stage.DRAFT)
    assert {name: [part.key for part in new.parts(name)] for name in PARTS} == {
        name: [part.key for part in old.parts(name)] for name in PARTS
    }
    assert new.scenarios[0].rule_id == new.rules[0].pk != old.rules[0].pk
    assert new.overrides[0].rule_id == new.rules[0].pk
    assert reading.changes(old, new) == []
    assert audit.trail(second).get().after == {"number": 2, "release": None, "copied_from": 1}


def test_draft_guidelines_of_a_release_begin_with_those_of_its_family(family, release, release_manager):
    services.publish_guidelines(full(family, release_manager, number=1), actor=release_manager)
    mine = services.draft_guidelines(family, actor=release_manager, release=release)
    assert mine.release == release
    assert [rule.key for rule in document(mine).rules] == ["persona"]


def test_there_is_one_draft_at_a_time_for_a_family_and_each_release(family, release, draft, release_manager):
    with pytest.raises(Refused, match="draft already"):
        services.draft_guidelines(family, actor=release_manager)
    services.draft_guidelines(family, actor=release_manager, release=release)
    with pytest.raises(Refused, match="draft already"):
        services.draft_guidelines(family, actor=release_manager, release=release)


def test_draft_guidelines_refuse_a_release_of_another_family(family, release_manager):
    with pytest.raises(Refused, match="another model family"):
        services.draft_guidelines(family, actor=release_manager, release=ReleaseFactory())


def test_publish_guidelines_supersedes_what_held(family, draft, release_manager):
    UsageRuleFactory(guidelines=draft)
    first = services.publish_guidelines(draft, actor=release_manager)
    assert (first.stage, first.published_by) == (Stage.PUBLISHED, release_manager)
    second = services.draft_guidelines(family, actor=release_manager, change_note="Clearer words.")
    second = services.publish_guidelines(second, actor=release_manager)
    first.refresh_from_db()
    assert (first.stage, second.stage) == (Stage.SUPERSEDED, Stage.PUBLISHED)
    assert first.superseded_at is not None
    assert audit.trail(first).first().evidence == {"by": 2}
    assert audit.trail(second).first().verb == "registry.usageguidelines.publish"


def test_publish_guidelines_says_what_is_missing(family, release_manager):
    draft = UsageGuidelinesFactory(family=family, number=1, reporting="", created_by=release_manager)
    with pytest.raises(Refused) as refusal:
        services.publish_guidelines(draft, actor=release_manager)
    assert len(refusal.value.reasons) == 2
    UsageRuleFactory(guidelines=draft)
    services.edit_guidelines(draft, actor=release_manager, reporting="Write to us.")
    services.publish_guidelines(draft, actor=release_manager)
    with pytest.raises(Refused, match="what changed"):
        services.publish_guidelines(services.draft_guidelines(family, actor=release_manager), actor=release_manager)
    assert UsageGuidelines.objects.get(family=family, stage=Stage.PUBLISHED).number == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_publishing_at_once_publish_once(family, draft, release_manager, colleague):
    UsageRuleFactory(guidelines=draft)
    outcomes, start = [], threading.Barrier(2)

    def publish(actor):
        try:
            start.wait()
            services.publish_guidelines(UsageGuidelines.objects.get(pk=draft.pk), actor=actor)
            outcomes.append("published")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=[person]) for person in (release_manager, colleague)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["published", "refused"]


def test_retire_guidelines_falls_back_to_those_of_the_family(family, release, release_manager):
    whole = UsageGuidelinesFactory(family=family, number=1, published=True)
    own = UsageGuidelinesFactory(family=family, release=release, number=2, published=True)
    assert selectors.holding_guidelines(family, release).guidelines == own
    with pytest.raises(Refused):
        services.retire_guidelines(own, actor=release_manager, reason=" ")
    services.retire_guidelines(own, actor=release_manager, reason="The family's are enough.")
    assert selectors.holding_guidelines(family, release).guidelines == whole
    assert audit.trail(own).first().reason == "The family's are enough."


def test_discard_guidelines_deletes_a_draft_only(family, release_manager):
    draft = full(family, release_manager, number=1)
    services.discard_guidelines(draft, actor=release_manager)
    assert not UsageGuidelines.objects.filter(pk=draft.pk).exists()
    assert not UsageRule.objects.exists()
    assert audit.trail(draft).first().before == {"number": 1}
    published = UsageGuidelinesFactory(family=family, number=2, published=True)
    with pytest.raises(Refused, match="stay as they are"):
        services.discard_guidelines(published, actor=release_manager)


def test_drafting_is_for_those_who_treat_risks_and_publishing_for_release_managers(
    family, draft, risk_owner, reviewer, stranger, release_manager
):
    UsageRuleFactory(guidelines=draft)
    for person in (reviewer, stranger):
        with pytest.raises(PermissionDenied):
            services.draft_guidelines(family, actor=person)
        with pytest.raises(PermissionDenied):
            services.edit_guidelines(draft, actor=person, summary="Mine.")
        with pytest.raises(PermissionDenied):
            services.add_part(draft, "rules", actor=person, **PART_VALUES["rules"])
    services.edit_guidelines(draft, actor=risk_owner, summary="Ours.")
    with pytest.raises(PermissionDenied):
        services.publish_guidelines(draft, actor=risk_owner)
    published = services.publish_guidelines(draft, actor=release_manager)
    with pytest.raises(PermissionDenied):
        services.retire_guidelines(published, actor=risk_owner, reason="No.")


def test_edit_guidelines_tells_who_came_first(draft, release_manager, risk_owner):
    services.edit_guidelines(draft, actor=risk_owner, summary="First.", expected_version=1)
    with pytest.raises(Stale, match="Risk owner"):
        services.edit_guidelines(draft, actor=release_manager, summary="Second.", expected_version=1)


# Parts


@pytest.mark.parametrize("name", PARTS)
def test_parts_are_added_changed_and_removed_on_record(draft, release_manager, name):
    part = services.add_part(draft, name, actor=release_manager, **PART_VALUES[name])
    assert (part.position, part.row_version) == (1, 1)
    changed = services.edit_part(part, actor=release_manager, title="Other words", expected_version=1)
    assert (changed.title, changed.key, changed.row_version) == ("Other words", part.key, 2)
    services.remove_part(changed, actor=release_manager)
    assert not PARTS[name].objects.exists()
    label = PARTS[name]._meta.label_lower
    assert [event.verb for event in audit.trail(part)] == [f"{label}.remove", f"{label}.edit", f"{label}.add"]


def test_a_part_gets_a_key_of_its_own(draft, release_manager):
    keys = [
        services.add_part(draft, "rules", actor=release_manager, kind="permitted", title=title).key
        for title in ("Draft letters", "Draft letters", "信を書く")
    ]
    assert keys == ["draft-letters", "draft-letters-2", "part"]


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("rules", {"kind": "restricted", "title": "Advice", "condition": " "}, "condition"),
        ("overrides", {**PART_VALUES["overrides"], "region": ""}, "region"),
        ("overrides", {**PART_VALUES["overrides"], "source_citation": ""}, "source_citation"),
        ("overrides", {**PART_VALUES["overrides"], "kind": "restricted"}, "condition"),
        ("overrides", {**PART_VALUES["overrides"], "title": ""}, "title"),
        ("overrides", {"effect": "replace", "region": "EU", "text": "New.", **LAW}, "rule"),
    ],
)
def test_a_part_that_does_not_fit_is_refused_at_its_field(draft, release_manager, name, values, field):
    with pytest.raises(Refused) as refusal:
        services.add_part(draft, name, actor=release_manager, **values)
    assert refusal.value.field == field


def test_an_override_that_says_nothing_is_refused(draft, release_manager):
    rule = UsageRuleFactory(guidelines=draft)
    with pytest.raises(Refused) as refusal:
        services.add_part(draft, "overrides", actor=release_manager, effect="replace", rule=rule, region="DE", **LAW)
    assert refusal.value.field == "text"


def test_an_override_names_a_region_we_know(draft, release_manager):
    values = {**PART_VALUES["overrides"], "region": "XX"}
    with pytest.raises(ValidationError) as invalid:
        services.add_part(draft, "overrides", actor=release_manager, **values)
    assert list(invalid.value.error_dict) == ["region"]


def test_a_rule_differs_once_a_place(draft, release_manager):
    rule = UsageRuleFactory(guidelines=draft)
    values = {"effect": "add", "rule": rule, "region": "EU", "text": "Say so.", **LAW}
    services.add_part(draft, "overrides", actor=release_manager, **values)
    with pytest.raises(Refused, match="has an override"):
        services.add_part(draft, "overrides", actor=release_manager, **values)
    services.add_part(draft, "overrides", actor=release_manager, **{**values, "sector": "health"})


def test_a_part_does_not_point_into_another_version(draft, family, release_manager):
    elsewhere = UsageRuleFactory()
    with pytest.raises(Refused) as refusal:
        services.add_part(draft, "scenarios", actor=release_manager, rule=elsewhere, **PART_VALUES["scenarios"])
    assert refusal.value.field == "rule"


def test_published_guidelines_take_no_change(family, release_manager):
    guidelines = full(family, release_manager, number=1)
    services.publish_guidelines(guidelines, actor=release_manager)
    rule = guidelines.usagerule_set.get()
    for write in (
        lambda: services.add_part(guidelines, "rules", actor=release_manager, **PART_VALUES["rules"]),
        lambda: services.edit_part(rule, actor=release_manager, title="New"),
        lambda: services.remove_part(rule, actor=release_manager),
        lambda: services.edit_guidelines(guidelines, actor=release_manager, summary="New"),
    ):
        with pytest.raises(Refused, match="stay as they are"):
            write()


# What the database refuses


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry_usagerule SET title = 'x'",
        "DELETE FROM registry_usagerule",
        "UPDATE registry_ruleoverride SET text = 'x'",
        "DELETE FROM registry_usagescenario",
        "UPDATE registry_recommendedconfiguration SET settings = 'x'",
        "UPDATE registry_compliantworkflow SET steps = '{}'",
        "DELETE FROM registry_breachremedy",
        """INSERT INTO registry_breachremedy
             (guidelines_id, key, position, row_version, title, follows, decided_by, appeal)
           SELECT id, 'new', 9, 1, 'x', 'y', 'z', '' FROM registry_usageguidelines""",
        "UPDATE registry_usageguidelines SET summary = 'x'",
        "UPDATE registry_usageguidelines SET number = 7",
        "UPDATE registry_usageguidelines SET stage = 'draft'",
        "DELETE FROM registry_usageguidelines",
        "TRUNCATE registry_usageguidelines CASCADE",
    ],
)
def test_the_database_keeps_published_guidelines(family, release_manager, statement):
    services.publish_guidelines(full(family, release_manager, number=1), actor=release_manager)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(statement)


def test_superseded_guidelines_do_not_come_back(family, release_manager):
    published = UsageGuidelinesFactory(family=family, published=True)
    services.retire_guidelines(published, actor=release_manager, reason="Over.")
    with pytest.raises(IntegrityError), transaction.atomic():
        UsageGuidelines.objects.filter(pk=published.pk).update(stage="published")


def test_the_database_keeps_parts_of_one_version_together(draft):
    elsewhere = UsageRuleFactory()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for factory in (UsageScenarioFactory, RuleOverrideFactory):
        with pytest.raises(IntegrityError), transaction.atomic():
            factory(guidelines=draft, rule=elsewhere)


def test_the_database_keeps_guidelines_and_release_in_one_family(family):
    elsewhere = ReleaseFactory()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError), transaction.atomic():
        UsageGuidelinesFactory(family=family, release=elsewhere)


@pytest.mark.parametrize(
    "values",
    [
        {"region": "", "sector": ""},
        {"source_title": ""},
        {"effect": "new"},
        {"effect": "add", "kind": "prohibited"},
        {"effect": "replace", "text": ""},
        {"rule": None},
    ],
)
def test_the_database_refuses_an_override_that_does_not_say_enough(draft, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleOverrideFactory(guidelines=draft, **values)


def test_the_database_refuses_a_restriction_without_condition(draft):
    with pytest.raises(IntegrityError), transaction.atomic():
        UsageRuleFactory(guidelines=draft, kind="restricted", condition="")


# Who knows of them


def test_drafts_and_guidelines_of_drafts_are_known_inside_only(family, release, reviewer, researcher):
    shown = UsageGuidelinesFactory(family=family, number=3, published=True)
    draft = UsageGuidelinesFactory(family=family, number=1)
    hidden = ReleaseFactory(family=family)
    of_draft = UsageGuidelinesFactory(family=family, release=hidden, number=2, published=True)
    rules = [UsageRuleFactory(guidelines=draft)]
    assert set(UsageGuidelines.objects.visible_to(reviewer)) == {draft, of_draft, shown}
    for person in (researcher, AnonymousUser()):
        assert set(UsageGuidelines.objects.visible_to(person)) == {shown}
        assert not UsageRule.objects.visible_to(person).exists()
    assert list(UsageRule.objects.visible_to(reviewer)) == rules


def test_guidelines_of_a_family_without_release_are_not_public(db):
    family = ModelFamilyFactory()
    UsageGuidelinesFactory(family=family, published=True)
    assert not UsageGuidelines.objects.visible_to(AnonymousUser()).exists()
    assert selectors.holding_guidelines(family) is None


# Regions


def test_regions_know_countries_unions_and_parts():
    assert regions.lineage("DE-BY") == ("", "EEA", "EU", "DE", "DE-BY")
    assert regions.lineage("NO") == ("", "EEA", "NO")
    assert regions.lineage("EU") == ("", "EEA", "EU")
    assert regions.lineage("GB") == ("", "GB")
    assert [regions.depth(code) for code in ("", "EEA", "EU", "DE", "DE-BY")] == [0, 1, 2, 3, 4]
    assert regions.name("DE-BY") == "Bayern (Germany)"
    assert [code for code in ("EU", "de", "UK", "XX", "US-CA", "US-XX", "DEU", "") if regions.is_known(code)] == [
        "EU",
        "US-CA",
    ]
    assert len(regions.countries()) == 249
