"""Results, examples and questions of a card, row by row: what was not touched keeps its bytes."""

import difflib

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import services
from registry.documentation import metadata, rows
from registry.documentation.splicing import same
from registry.forms import MetadataForm
from registry.models import ModelCard
from tests.factories.registry import ReleaseFactory
from tests.registry.full_card import FULL_CARD
from tests.registry.test_card_pages import fields_of, work

pytestmark = pytest.mark.django_db
# Written by hand, not the way a program would: flow and block style, odd spaces, comments, keys nobody knows.
SOURCE = FULL_CARD.replace(
    """  - task:
      type: text-generation
    dataset:
      type: refusal-set
      name: Refusals
    metrics:
    - type: accuracy
      value: 0.92
""",
    """  # our own
  - task: {type:   text-generation}
    dataset:
      type: 'refusal-set'
      name:   Refusals   # 1,200 prompts
      revision: 2026
    metrics:
    - {type: accuracy,  value: 0.920}
    - type: confusion
      value: {yes: 1, no: 2}
""",
).replace('- text: "Hello, “world”"\n', '- text: "Hello, “world”"  # greeting\n')


@pytest.fixture
def draft(family, release_manager):
    release = ReleaseFactory(family=family, version="2.0", licence="", created_by=release_manager)
    services.import_card(release, actor=release_manager, source=SOURCE)
    return release


@pytest.fixture
def manager(client, release_manager):
    client.force_login(release_manager)
    return client


def sent(manager, draft, query=""):
    return fields_of(manager.get(work("card_metadata", draft) + query).content.decode())


def save(manager, draft, changes, *, without=()):
    data = {name: value for name, value in (sent(manager, draft) | changes).items() if name not in without}
    return manager.post(work("card_metadata", draft), data)


def changed(draft, before=SOURCE):
    lines = difflib.unified_diff(before.splitlines(), draft.cards.first().source.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def index(draft):
    """As it is written; what the Hub's library makes of it brings results of one data set together."""
    return front(draft)["model-index"]


def front(draft):
    return yaml.safe_load(metadata.cut(draft.cards.first().source).front)


def test_nothing_typed_changes_nothing(manager, draft):
    assert save(manager, draft, {}).status_code == 302
    assert draft.cards.count() == 1


def test_one_value_changes_one_line(manager, draft):
    changes = {"result0_metric0_value": "19.5", "result1_metric0_value": "0.94", "result1_dataset_name": "Refusals 2"}
    assert save(manager, draft, changes | {"result0_metric0_remove": ""}).status_code == 422
    assert (
        "verified this value"
        in manager.post(work("card_metadata", draft), sent(manager, draft) | changes).content.decode()
    )
    del changes["result0_metric0_value"]
    assert save(manager, draft, changes).status_code == 302
    assert changed(draft) == [
        "-      name:   Refusals   # 1,200 prompts",
        "+      name:   Refusals 2   # 1,200 prompts",
        "-    - {type: accuracy,  value: 0.920}",
        "+    - {type: accuracy,  value: 0.94}",
    ]


def test_what_no_field_shows_is_kept_and_named(manager, draft):
    page = manager.get(work("card_metadata", draft)).content.decode()
    assert "dataset.args" in page
    assert "Speech recognition, Common Voice (Dutch) (nl, test): Test WER 20.9; cer 5" in page
    assert "Verified by the Hub" in page
    assert "result1_metric1_value" not in page  # a table of numbers is no line of text
    save(manager, draft, {"result0_task_name": "", "result0_source_url": "https://example.org/new"})
    first = index(draft)[0]["results"][0]
    assert first["task"] == {"type": "automatic-speech-recognition"}
    assert first["dataset"]["args"] == {"language": "nl"}
    assert first["metrics"][0]["args"] == {"max_order": 4}
    assert first["metrics"][0]["verified"] is True


def test_a_part_that_is_emptied_goes_as_a_whole(manager, draft):
    save(manager, draft, {"result0_source_name": "", "result0_source_url": ""})
    assert changed(draft) == [
        "-    source:",
        "-      name: Leaderboard",
        "-      url: https://example.org/board",
    ]


def test_a_result_is_added_without_javascript(manager, draft):
    data = sent(manager, draft) | {"result1_metric0_value": "0.5"}
    answer = manager.post(work("card_metadata", draft), data | {"add": "results"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert draft.cards.count() == 1
    assert "There is a problem" not in page
    again = fields_of(page)
    assert again["result1_metric0_value"] == "0.5"
    assert again["result2_metric0_type"] == ""
    page = manager.post(work("card_metadata", draft), again | {"add": "result2"}).content.decode()
    filled = fields_of(page) | {
        "result2_task_type": "text-classification",
        "result2_dataset_type": "own",
        "result2_dataset_name": "Own: set",
        "result2_metric0_type": "f1",
        "result2_metric0_value": "1e-5",
        "result2_metric1_type": "exact",
        "result2_metric1_value": "91 %",
        "result2_source_name": "Report",
        "result2_source_url": "https://example.org/report",
        "result1_metric0_value": "0.920",
    }
    assert manager.post(work("card_metadata", draft), filled).status_code == 302
    assert index(draft)[0]["results"][2] == {
        "task": {"type": "text-classification"},
        "dataset": {"type": "own", "name": "Own: set"},
        "metrics": [{"type": "f1", "value": 0.00001}, {"type": "exact", "value": "91 %"}],
        "source": {"name": "Report", "url": "https://example.org/report"},
    }
    assert all(line[0] == "+" for line in changed(draft) if "0.92" not in line)


def test_a_result_and_a_metric_are_taken_out(manager, draft):
    save(manager, draft, {"result0_metric1_remove": "on"})
    assert changed(draft) == ["-    - type: cer", "-      value: 5"]
    before = draft.cards.first().source
    save(manager, draft, {"result0_remove": "on"})
    assert all(line[0] == "-" for line in changed(draft, before))
    save(manager, draft, {"result0_remove": "on"})
    assert "model-index" not in draft.cards.first().metadata


def test_an_empty_new_row_is_left_out(manager, draft):
    data = fields_of(
        manager.post(work("card_metadata", draft), sent(manager, draft) | {"add": "results"}).content.decode()
    )
    assert manager.post(work("card_metadata", draft), data).status_code == 302
    assert draft.cards.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"result1_metric0_value": ""}, "result1_metric0_value", "Give the value that was measured"),
        ({"result1_metric0_type": ""}, "result1_metric0_type", "Say which metric"),
        ({"result1_dataset_name": ""}, "result1_dataset_name", "Give the name of the data set"),
        ({"result1_task_type": ""}, "result1_task_type", "Say which task"),
        ({"result1_source_url": "javascript:alert(1)"}, "result1_source_url", "begins with https://"),
        ({"result1_source_name": "Report"}, "result1_source_url", "Give the address of the source"),
        ({"results_model0": ""}, "results_model0", "Name the model"),
        ({"results_total": "3", "result2_task_type": "x"}, "result2_metric0_type", "Say which metric"),
        ({"result1_metric0_remove": "on", "result1_metric1_remove": "on"}, "result1_task_type", "needs a metric"),
        ({"widget0_text": "", "widget0_src": ""}, "widget0_text", "Give a text"),
        ({"question1_label": "Country"}, "question1_label", "there already"),
        ({"question1_label": ""}, "question1_label", "Write the question"),
        ({"question0_kind": "select"}, "question0_options", "List what can be chosen"),
        ({"question0_options": "a"}, "question0_options", "Only “One of a few”"),
        ({"questions_total": "3", "question2_label": "Why?"}, "question2_kind", "Choose how it is answered"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(manager, draft, changes, field, words):
    data = sent(manager, draft) | {
        f"result2_metric0_{name}": "" for name in ("type", "value") if "results_total" in changes
    }
    answer = manager.post(work("card_metadata", draft), data | changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert f'href="#id_{field}"' in page
    assert draft.cards.count() == 1


def test_examples_and_questions_are_rows_too(manager, draft):
    changes = {
        "widget0_output_text": "Hello back",
        "question0_label": "Where do you live?",
        "question1_kind": "select",
        "question1_options": "Yes\r\nNo, and I say why",
        "questions_total": "3",
        "question2_label": "When?",
        "question2_kind": "date_picker",
    }
    assert save(manager, draft, changes).status_code == 302
    read = front(draft)
    assert read["widget"][0]["output"] == {"text": "Hello back"}
    assert list(read["extra_gated_fields"].items()) == [
        ("Where do you live?", "country"),
        ("I agree", {"type": "select", "options": ["Yes", "No, and I say why"]}),
        ("When?", "date_picker"),
    ]
    assert '- text: "Hello, “world”"  # greeting' in draft.cards.first().source
    before = draft.cards.first().source
    save(manager, draft, {"question0_remove": "on", "widget0_remove": "on"})
    assert "widget" not in draft.cards.first().metadata
    assert all(line[0] == "-" for line in changed(draft, before))


def test_a_card_without_results_gets_its_first_one(manager, draft, release_manager):
    services.import_card(draft, actor=release_manager, source="---\nlicense: mit # ours\n---\n# T\n")
    data = fields_of(
        manager.post(work("card_metadata", draft), sent(manager, draft) | {"add": "results"}).content.decode()
    )
    assert data["results_model0"] == draft.family.name
    new = {"task_type": "t", "dataset_type": "d", "dataset_name": "D", "metric0_type": "m", "metric0_value": "3"}
    manager.post(work("card_metadata", draft), data | {f"result0_{name}": value for name, value in new.items()})
    assert draft.cards.first().source.startswith("---\nlicense: mit # ours\nmodel-index:\n- name: ")
    assert index(draft)[0]["results"] == [
        {"task": {"type": "t"}, "dataset": {"type": "d", "name": "D"}, "metrics": [{"type": "m", "value": 3}]}
    ]


def test_two_people_change_results_and_neither_gets_the_others_unseen(manager, draft, colleague):
    data = sent(manager, draft) | {"result1_metric0_value": "0.5"}
    theirs = index(draft)
    theirs[0]["results"].pop(0)
    services.edit_card_metadata(
        draft, actor=colleague, changes={"model-index": theirs, "widget": [{"text": "a"}, {"text": "b"}]}
    )
    answer = manager.post(work("card_metadata", draft), data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "saved version 2 meanwhile" in page
    again = fields_of(page)
    assert (again["number"], again["results_number"], again["widget_number"]) == ("2", "1", "2")
    assert again["widget1_text"] == "b"
    assert manager.post(work("card_metadata", draft), again).status_code == 302
    results = index(draft)[0]["results"]
    assert [len(results), results[1]["metrics"][0]["value"], results[0]["dataset"]["args"]] == [
        2,
        0.5,
        {"language": "nl"},
    ]
    assert draft.cards.first().metadata["widget"] == [{"text": "a"}, {"text": "b"}]


def test_somebody_who_knows_yaml_can_write_it(manager, draft):
    page = manager.get(work("card_metadata", draft) + "?yaml").content.decode()
    data = fields_of(page)
    assert data["model-index"].startswith("model-index:\r\n- name: Pilot")
    data["widget"] = "widget:\r\n- messages: [{role: user, content: Hi}]"
    manager.post(work("card_metadata", draft) + "?yaml", data)
    assert draft.cards.first().metadata["widget"] == [{"messages": [{"role": "user", "content": "Hi"}]}]
    assert "Also there, and kept:" in manager.get(work("card_metadata", draft)).content.decode()
    assert save(manager, draft, {"widget0_example_title": "Greeting"}).status_code == 302
    assert draft.cards.first().metadata["widget"][0]["example_title"] == "Greeting"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("widget", ["text"]),
        ("extra_gated_fields", {"Q": {"options": [["a"]]}}),
        ("extra_gated_fields", ["Q"]),
    ],
)
def test_what_has_another_form_is_edited_as_yaml(manager, draft, release_manager, key, value):
    services.edit_card_metadata(draft, actor=release_manager, changes={key: value})
    assert key in sent(manager, draft)
    assert save(manager, draft, {}).status_code == 302
    assert draft.cards.count() == 2


def test_a_long_list_comes_in_parts_and_no_part_loses_the_others(manager, draft, release_manager):
    result = {"task": {"type": "t"}, "dataset": {"type": "d", "name": "D"}}
    many = [result | {"metrics": [{"type": f"m{m}", "value": n} for m in range(90)]} for n in range(6)]
    services.edit_card_metadata(draft, actor=release_manager, changes={"model-index": [{"name": "x", "results": many}]})
    first = sent(manager, draft)
    assert "result0_metric79_type" in first
    assert not {"result0_metric80_type", "result5_task_type"} & set(first)
    data = sent(manager, draft, "?results=6")
    assert len(data) < 1500
    manager.post(work("card_metadata", draft) + "?results=6", data | {"result5_metric3_value": "7.5"})
    many[5]["metrics"][3]["value"] = 7.5
    assert index(draft) == [{"name": "x", "results": many}]


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    st.text("ab: #'\"-[]{},\n\té0.1", max_size=8),
    st.just({"x": 1}),
    st.just([1]),
)
PART = st.dictionaries(st.sampled_from(["type", "name", "config", "url", "args", "text"]), LEAVES, max_size=4)
METRIC = st.dictionaries(st.sampled_from(["type", "value", "name", "config", "verified"]), LEAVES, max_size=4)
RESULT = st.fixed_dictionaries(
    {},
    optional={"task": PART, "dataset": PART, "source": PART, "odd": LEAVES, "metrics": st.lists(METRIC, max_size=3)},
)


@given(st.lists(RESULT, max_size=4), st.lists(PART, max_size=2), st.data())
@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_card_holds_the_form_changes_only_what_was_typed(results, widget, data):
    value = {"model-index": [{"name": "x", "results": results}], "widget": widget}
    source = f"---\n{yaml.safe_dump(value, sort_keys=False, allow_unicode=True)}---\n# T\n"
    card = ModelCard(number=1, source=source)
    blank = MetadataForm(None, card=card, corrects=False)
    posted = {name: str(text).replace("\n", "\r\n") for name, text in blank.initial.items()} | {"number": "1"}
    untouched = MetadataForm(posted, card=card, corrects=False)
    assert untouched.is_valid(), untouched.errors
    assert untouched.cleaned_data["changes"] == {}
    texts = [name for row in blank.rows.values() for each in row.rows for name in each.cells.values()]
    if not texts or "model-index" not in blank.rows:
        return
    name = data.draw(st.sampled_from(sorted(texts)))
    typed = MetadataForm(posted | {name: "https://example.org/x"}, card=card, corrects=False)
    if not typed.is_valid() or not typed.cleaned_data["changes"]:
        return
    [(key, new)] = typed.cleaned_data["changes"].items()
    read = yaml.safe_load(metadata.change(metadata.cut(source).front, {key: new}))
    other = "widget" if key == "model-index" else "model-index"
    assert same(read[other], yaml.safe_load(metadata.cut(source).front)[other])
    assert _differences(yaml.safe_load(metadata.cut(source).front)[key], read[key]) == 1


def _differences(one, other):
    """How many leaves differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(_differences(one.get(name), other.get(name)) for name in {*one, *other})
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return sum(_differences(a, b) for a, b in zip(one, other, strict=True))
    if one is None and isinstance(other, dict):
        return sum(_differences(None, value) for value in other.values())
    return int(not same(one, other))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("20.9", 20.9),
        (".5", 0.5),
        ("1e-5", 1e-5),
        ("1.5E3", 1500.0),
        ("92 %", "92 %"),
        ("1,2", "1,2"),
    ],
)
def test_a_number_is_a_number(text, value):
    read = rows.number_or_text(text)
    assert (read, type(read)) == (value, type(value))
