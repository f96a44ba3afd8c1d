"""The front matter changed key by key: what was not asked for keeps its bytes."""

import difflib
import string

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.lifecycle import Refused
from registry import cards
from registry.documentation import metadata
from registry.documentation.fields import FIELDS, GROUPS, Shape, shape_of
from registry.documentation.metadata import Lines
from registry.documentation.splicing import same

FRONT = """# top comment
language:   # langs
  - en   # english
  - "no"
license: "mit"  # odd
# before tags
tags: [a, b]

unknown_key: {x: 1,   y: [2]}
co2_eq_emissions:
  emissions: 12.50 # grams
  source: codecarbon
  extra: 0x1F
extra_gated_prompt: |-
  Hello
  # not comment

  World
model-index:
- name: X
  results: []"""


def changed_lines(before, after):
    return [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"license": "apache-2.0"}, ['-license: "mit"  # odd', '+license: "apache-2.0"  # odd']),
        ({"language": ["en", "no", "fr"]}, ["+  - fr"]),
        ({"tags": ["a", "c"]}, ["-tags: [a, b]", "+tags: [a, c]"]),
        ({"license": None}, ['-license: "mit"  # odd']),
        ({"license": "mit"}, []),
        ({"new_version": "a/b"}, ["+new_version: a/b"]),
        ({"metrics": ["wer", "on"]}, ["+metrics:", "+  - wer", "+  - 'on'"]),
        ({"base_model": "1.0"}, ["+base_model: '1.0'"]),
        ({"license": "no"}, ['-license: "mit"  # odd', '+license: "no"  # odd']),
        (
            {"co2_eq_emissions": {"emissions": 13, "source": "codecarbon", "extra": 31, "hardware_used": "8 x A100"}},
            ["-  emissions: 12.50 # grams", "+  emissions: 13 # grams", "+  hardware_used: 8 x A100"],
        ),
        (
            {"extra_gated_prompt": "Hello\n# not comment\n\nMoon"},
            ["-  World", "+  Moon"],
        ),
        (
            {"model-index": Lines("model-index:\n- name: Y  # mine\n  results: []")},
            ["-- name: X", "+- name: Y  # mine"],
        ),
    ],
)
def test_only_the_lines_of_that_key_change(changes, lines):
    assert sorted(changed_lines(FRONT, metadata.change(FRONT, changes))) == sorted(lines)


@pytest.mark.parametrize(
    ("front", "changes", "result"),
    [
        ("", {"license": "mit"}, "license: mit"),
        ("{}", {"license": "mit"}, "license: mit"),
        ("{a: 1, b: [x]}", {"license": "mit"}, "{a: 1, b: [x], license: mit}"),
        ("license: mit", {"license": None}, ""),
        ("# only a comment", {"license": "mit"}, "# only a comment\nlicense: mit"),
        ("a: 1\nlicense: mit", {"license": None}, "a: 1"),
        ("  a: 1\n  b: 2", {"b": 3}, "  a: 1\n  b: 3"),
        ("a: 1\r\nb: 2\r\n\r\n# end", {"c": "x"}, "a: 1\r\nb: 2\r\nc: x\r\n\r\n# end"),
        ("a: |+\n  kept\n\nb: 2", {"b": 3}, "a: |+\n  kept\n\nb: 3"),
    ],
)
def test_odd_front_matter_is_changed_as_well(front, changes, result):
    assert metadata.change(front, changes) == result


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(Refused, match="twice"):
        metadata.change("a: 1\nb: 2\na: 3", {"b": 4})


@pytest.mark.parametrize(
    "lines", ["model-index:\n- a\nother: 1", "other: 1", "model-index: [", "model-index: *x", "- a"]
)
def test_lines_must_be_that_one_key(lines):
    with pytest.raises(Refused) as refusal:
        metadata.change(FRONT, {"model-index": Lines(lines)})
    assert refusal.value.field == "model-index"


INDEX = """a: 1
model-index:
    - name:   'X'   # ours
      results:
        # the first
        - task: {type:   wer}
          dataset: {type: "common_voice",  name:  CV}
          metrics:
            - type: wer   # lower is better
              value:   20.90
              args: {max_order: 4}
            - {type: cer,  value: 5.0}
        # the second
        - task:
              type:  refusal
          dataset:
              type: own
              name: Ours
          metrics:
            -   type: accuracy
                value:
    # after
b: 2"""


def index():
    return yaml.safe_load(INDEX)["model-index"]


def test_inside_a_list_of_results_only_what_differs_is_written():
    def after(change):
        value = index()
        change(value[0]["results"])
        return sorted(changed_lines(INDEX, metadata.change(INDEX, {"model-index": value})))

    def value(results):
        results[0]["metrics"][0]["value"] = 19.5
        results[1]["metrics"][0]["value"] = "91 %"

    lines = ["-              value:   20.90", "+              value:   19.5"]
    assert after(value) == sorted([*lines, "-                value:", "+                value: 91 %"])

    def flow(results):
        results[0]["dataset"]["name"] = "CV, Dutch"
        results[0]["metrics"][1]["type"] = "x"

    assert after(flow) == sorted(
        [
            '-          dataset: {type: "common_voice",  name:  CV}',
            """+          dataset: {type: "common_voice",  name:  'CV, Dutch'}""",
            "-            - {type: cer,  value: 5.0}",
            "+            - {type: x,  value: 5.0}",
        ]
    )

    def named(results):
        results[1]["task"]["name"] = "Refusals"
        results[1]["metrics"].append({"type": "f1", "value": 1e-05})

    assert after(named) == sorted(
        ["+              name: Refusals", "+            - type: f1", "+              value: 1.0e-05"]
    )
    assert [line[0] for line in after(lambda results: results[0]["metrics"].pop(0))] == ["-", "-", "-"]
    assert len(after(lambda results: results.append({"task": {"type": "x"}}))) == 2
    assert all(line[0] == "-" for line in after(lambda results: results.pop(0)))


leaves = st.one_of(
    st.sampled_from(["wer", "a, b", "no", "1.0", "it's", '"x"', "# c", "x: y"]), st.integers(), st.floats()
)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 9), st.sampled_from(["task", "dataset"]), leaves),
        st.tuples(st.just("metric"), st.integers(0, 9), st.sampled_from(["type", "value", "name"]), leaves),
        st.tuples(st.just("drop"), st.integers(0, 9), st.sampled_from(["result", "metric", "type"]), st.none()),
        st.tuples(st.just("add"), st.integers(0, 9), st.sampled_from(["result", "metric"]), leaves),
    ),
    min_size=1,
    max_size=6,
)


@given(st.sampled_from(["\n", "\r\n"]), edits)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_results_changed_anyhow_are_read_back_as_they_were_meant(end, steps):
    value = index()
    results = value[0]["results"]
    for kind, number, what, leaf in steps:
        result = results[number % len(results)] if results else None
        if kind == "add" and what == "result":
            results.insert(number, {"task": {"type": leaf}, "metrics": [{"type": "x", "value": leaf}]})
        elif result is None:
            continue
        elif kind == "set":
            result.setdefault(what, {})["name"] = leaf
        elif kind == "add":
            result["metrics"].insert(number, {"type": "y", "value": leaf})
        elif what == "result":
            results.remove(result)
        elif kind == "drop" and what == "type":
            result["task"].pop("type", None)
        elif result["metrics"]:
            metric = result["metrics"][number % len(result["metrics"])]
            if kind == "drop":
                result["metrics"].remove(metric)
            else:
                metric[what] = leaf
    before = INDEX.replace("\n", end)
    front = metadata.change(before, {"model-index": value})
    assert same(yaml.safe_load(front), {"a": 1, "model-index": value, "b": 2})
    assert front.startswith(f"a: 1{end}model-index:{end}")
    assert front.endswith(f"{end}b: 2")
    assert same(yaml.safe_load(metadata.change(front, {"model-index": index()}))["model-index"], index())


texts = st.text(string.printable, max_size=40).filter(lambda text: "\x0b" not in text and "\x0c" not in text)
values = st.one_of(
    texts,
    st.sampled_from(
        ["no", "yes", "1.0", "2026-01-01", "null", "~", "0x1F", "1:30", "- a", "a: b", "# c", "*x", "&x", "'", '"']
    ),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.lists(texts, min_size=1, max_size=4),
    st.dictionaries(st.sampled_from(["emissions", "source", "x y"]), texts, min_size=1),
)


@given(
    st.sampled_from(["license", "tags", "language", "unknown_key", "co2_eq_emissions", "fresh", "model-index"]), values
)
@settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_any_value_is_read_back_as_it_was_meant_and_nothing_else_moves(key, value):
    before = yaml.safe_load(FRONT)
    try:
        front = metadata.change(FRONT, {key: value})
    except Refused:
        # A text that no form of YAML can hold without loss may be refused, never written wrongly.
        assert "\r" in str(value)
        return
    assert yaml.safe_load(front) == {**before, key: value}
    spans = [text for name, text in _spans(front).items() if name != key]
    assert spans == [text for name, text in _spans(FRONT).items() if name != key]
    assert metadata.change(front, {key: value}) == front


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(["", FRONT, "{a: 1}", "? a\n: b", "a: |+\n  x\n\n"]), st.text(max_size=10), anything)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_program_sends_is_written_rightly_or_refused(front, key, value):
    refusal = None
    try:
        changed = metadata.change(front, {key: value})
    except Refused as refused:
        refusal = refused
    if refusal is not None:
        assert refusal.field == key
    elif value is not None:
        assert same((yaml.safe_load(changed) or {})[key], value)


def test_nesting_without_end_is_refused():
    deep = "x"
    for _level in range(2000):
        deep = [deep]
    with pytest.raises(Refused, match="nested more than"):
        metadata.change(FRONT, {"tags": deep})


def _spans(front):
    return {entry.key: front[entry.start : entry.end].rstrip() for entry in metadata.entries(front)}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_card_is_cut_and_joined_without_loss(end, mark):
    source = mark + f"---\n{FRONT}\n---  \n# Title\n\nText\n".replace("\n", end)
    parts = metadata.cut(source)
    assert parts.opening + parts.front + parts.rest == source
    assert parts.body == cards.read(source).body
    assert parts.with_body(parts.body) == source == parts.with_front(parts.front)
    changed = parts.with_front(metadata.change(parts.front, {"license": "mit", "tags": ["z"]}))
    assert changed.replace(f"tags: [z]{end}", f"tags: [a, b]{end}") == source


def test_every_field_of_the_specification_has_a_place():
    assert set(FIELDS) >= {
        *("license", "license_name", "license_link", "language", "library_name", "tags", "datasets", "metrics"),
        *("base_model", "base_model_relation", "new_version", "pipeline_tag", "thumbnail", "co2_eq_emissions"),
        *("model-index", "widget", "inference", "extra_gated_prompt", "extra_gated_fields", "extra_gated_heading"),
        *("extra_gated_description", "extra_gated_button_content", "extra_gated_eu_disallowed", "model_name"),
    }
    assert len(FIELDS) == sum(len(group.fields) for group in GROUPS)


@pytest.mark.parametrize(
    ("key", "value", "shape"),
    [
        ("license", ["mit", "apache-2.0"], Shape.YAML),
        ("license", "mit", Shape.TEXT),
        ("language", "en", Shape.LIST),
        ("language", ["en", False], Shape.LIST),
        ("tags", [{"a": 1}], Shape.YAML),
        ("co2_eq_emissions", 12.5, Shape.EMISSIONS),
        ("co2_eq_emissions", {"emissions": "much"}, Shape.YAML),
        ("extra_gated_eu_disallowed", "yes", Shape.YAML),
        ("extra_gated_eu_disallowed", True, Shape.FLAG),
        ("license", None, Shape.TEXT),
    ],
)
def test_what_does_not_fit_its_field_is_edited_as_yaml(key, value, shape):
    assert shape_of(FIELDS[key], value) == shape
