"""What holds where, what goes onto one page, and what differs: pure reading, no database."""

import pytest

from registry import guidelines as reading
from registry.models import BreachRemedy, RuleOverride, UsageGuidelines, UsageRule, UsageScenario

LAW = {"source_title": "A law", "source_citation": "Article 1"}


def rule(pk=1, kind="permitted", title="Screen job applications", **values):
    return UsageRule(pk=pk, key=f"rule-{pk}", kind=kind, title=title, **values)


def override(pk, effect="replace", rule_id=1, **values):
    return RuleOverride(pk=pk, key=f"override-{pk}", effect=effect, rule_id=rule_id, position=pk, **LAW, **values)


def document(rules=(), overrides=(), **parts):
    return reading.Document(UsageGuidelines(number=1), rules=rules, overrides=overrides, **parts)


def holds(rules, overrides, region="", sector=""):
    return reading.effective(document(rules, overrides), region, sector)


def test_without_region_and_sector_the_rule_is_its_own_and_says_where_it_differs():
    eu = override(1, region="EU", kind="prohibited")
    found = holds([rule(text="Freely.")], [eu])[0]
    assert (found.kind, found.full_text, found.applied, found.elsewhere) == ("permitted", "Freely.", [], [eu])


@pytest.mark.parametrize(
    ("region", "kind"), [("EU", "prohibited"), ("DE", "prohibited"), ("DE-BY", "prohibited"), ("NO", "permitted")]
)
def test_a_rule_of_a_union_holds_in_its_countries_and_their_parts(region, kind):
    found = holds([rule()], [override(1, region="EU", kind="prohibited")], region)[0]
    assert found.kind == kind


def test_replacing_one_field_keeps_the_others():
    own = rule(kind="restricted", condition="A person decides.", text="With care.")
    found = holds([own], [override(1, region="EU", condition="Two people decide.")], "FR")[0]
    assert (found.kind, found.full_text, found.condition) == ("restricted", "With care.", "Two people decide.")
    assert found.conditions[0].override.region == "EU"
    assert found.texts[0].override is None


def test_adding_leaves_what_is_there():
    found = holds([rule(text="Freely.")], [override(1, "add", region="EU", text="Say so.")], "EU")[0]
    assert [passage.text for passage in found.texts] == ["Freely.", "Say so."]


def test_a_country_goes_before_its_union_whatever_the_order():
    country, union = override(1, region="DE", kind="permitted"), override(2, region="EU", kind="prohibited")
    assert holds([rule()], [country, union], "DE")[0].kind == "permitted"
    assert holds([rule()], [union, country], "FR")[0].kind == "prohibited"


def test_a_sector_within_a_region_goes_before_the_region():
    rules = [rule()]
    overrides = [
        override(1, region="EU", sector="health", kind="permitted"),
        override(2, region="EU", kind="prohibited"),
    ]
    assert holds(rules, overrides, "EU", "health")[0].kind == "permitted"
    assert holds(rules, overrides, "EU", "finance")[0].kind == "prohibited"


def test_a_region_does_not_loosen_what_a_sector_asks_for():
    sector = override(1, sector="health", kind="prohibited", text="Not in care.")
    region = override(2, region="EU", kind="restricted", condition="With a doctor.", text="In the EU with a doctor.")
    found = holds([rule(text="Freely.")], [sector, region], "EU", "health")[0]
    assert found.kind == "prohibited"
    assert [passage.text for passage in found.texts] == ["Not in care.", "In the EU with a doctor."]
    assert found.applied == [sector, region]
    assert holds([rule()], [sector, region], "EU")[0].kind == "restricted"


def test_a_region_may_tighten_what_a_sector_asks_for():
    overrides = [
        override(1, sector="health", kind="restricted", condition="X"),
        override(2, region="EU", kind="prohibited"),
    ]
    assert holds([rule()], overrides, "EU", "health")[0].kind == "prohibited"


def test_a_use_that_becomes_forbidden_loses_its_condition():
    own = rule(kind="restricted", condition="A person decides.")
    children = override(1, sector="children", kind="prohibited", text="Not here.")
    assert holds([own], [children], "", "children")[0].conditions == []
    assert holds([own], [children])[0].condition == "A person decides."


def test_differences_name_the_rule_and_say_which_hold():
    eu, new = override(1, region="EU", kind="prohibited"), override(2, "new", rule_id=None, sector="health", title="X")
    assert reading.differences(document([rule()], [eu, new]), "DE") == [
        (eu, "Screen job applications", True),
        (new, "X", False),
    ]


def test_a_new_rule_holds_only_where_it_is_made():
    new = override(1, "new", rule_id=None, region="EU", kind="prohibited", title="Score people")
    assert [found.title.text for found in holds([rule()], [new], "IT")] == ["Screen job applications", "Score people"]
    assert [found.title.text for found in holds([rule()], [new], "US")] == ["Screen job applications"]


def test_scenarios_stand_with_their_rule():
    example = UsageScenario(rule_id=1, key="a", title="A")
    loose = UsageScenario(rule_id=None, key="b", title="B")
    rules = reading.effective(document([rule()], scenarios=[example, loose]))
    assert rules[0].scenarios == [example]


# The one page


def test_terms_sort_rules_into_three_lists_with_conditions_beside():
    rules = [
        rule(1, "permitted", "Summaries"),
        rule(2, "restricted", "Advice", condition="A professional\nreads it."),
        rule(3, "required", "Say that a machine wrote it", condition="Where people read it."),
        rule(4, "prohibited", "Imitate a person"),
    ]
    found = reading.terms(reading.effective(document(rules)))
    assert {name: [(line.text, line.condition) for line in found[name].lines] for name in found} == {
        "can": [("Summaries", ""), ("Advice", "A professional reads it.")],
        "must": [("Say that a machine wrote it", "")],
        "must_not": [("Imitate a person", "")],
    }
    assert found["can"].lines[0].anchor == "rule-rule-1"


def test_terms_never_hold_more_than_fits_and_say_how_much_is_left_out():
    rules = [rule(number, "prohibited", f"Rule {number}") for number in range(1, 13)]
    rules.append(rule(13, "prohibited", "A detail", in_summary=False))
    found = reading.terms(reading.effective(document(rules)))["must_not"]
    assert (len(found.lines), found.more) == (reading.SUMMARY_LINES, 13 - reading.SUMMARY_LINES)


def test_a_long_condition_is_cut_between_words():
    assert reading.shortened("word " * 100, 20) == "word word word word …"
    assert len(reading.shortened("x" * 500)) < 170


# What differs


def test_changes_name_parts_fields_and_words():
    old = document(
        [rule(1, "permitted", "Summaries", text="You may use it."), rule(2, "prohibited", "Imitate")],
        remedies=[BreachRemedy(key="fraud", title="Fraud", follows="A warning.", decided_by="We")],
    )
    new = document(
        [rule(1, "permitted", "Summaries", text="You may always use it."), rule(3, "prohibited", "Score people")],
        remedies=[BreachRemedy(key="fraud", title="Fraud", follows="A warning.", decided_by="We")],
    )
    found = reading.changes(old, new)
    assert [(change.part, change.key, change.status) for change in found] == [
        ("rules", "rule-1", "changed"),
        ("rules", "rule-3", "added"),
        ("rules", "rule-2", "removed"),
    ]
    text = found[0].fields[0]
    assert text.label == "In full"
    assert [(piece.op, piece.text) for piece in text.pieces] == [
        ("same", "You may"),
        ("added", " always"),
        ("same", " use it."),
    ]


def test_changes_show_an_override_by_its_place():
    new = document([rule()], [override(1, region="EU", sector="health", kind="prohibited")])
    change = reading.changes(document([rule()]), new)[0]
    assert change.title == "European Union · Health and care"
    values = {entry.label: entry.pieces[0].text for entry in change.fields}
    assert values["Region"] == "European Union"
    assert values["Rule"] == "Screen job applications"
    assert values["The use is"] == "Prohibited"


def test_a_rule_with_other_words_is_not_another_rule():
    old = document([rule(1, title="Old line")], [override(1, region="EU", text="Say so.", rule_id=1)])
    new = document([rule(2, title="New line")], [override(1, region="EU", text="Say so.", rule_id=2)])
    new.rules[0].key = "rule-1"
    assert [(change.part, change.key) for change in reading.changes(old, new)] == [("rules", "rule-1")]


def test_everything_is_new_in_a_first_version():
    new = document([rule()])
    new.guidelines.summary = "For everybody."
    assert [(change.part, change.status) for change in reading.changes(None, new)] == [
        ("texts", "changed"),
        ("rules", "added"),
    ]
