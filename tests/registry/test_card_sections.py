"""A card cut at its headings: the pieces join to the whole, and an edit touches nothing but its piece."""

import time
from pathlib import Path

import huggingface_hub
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from common.lifecycle import Refused
from registry.documentation import sections
from registry.documentation.kinds import BY_KEY, KINDS, kind_of

TEMPLATE = Path(huggingface_hub.__file__).parent / "templates" / "modelcard_template.md"
BODY = """
# Pilot 7B

A multilingual text model.

## Uses

For letters.

### Direct Use

Answering mail.

### Out-of-Scope Use

Not for medicine.

```python
# Limitations
```

## Bias, Risks, and Limitations

Writes worse Dutch.

<!--
## Evaluation
-->
"""

HEADS = [
    "# Title",
    "## Uses",
    "### Direct Use",
    "### Out-of-Scope Use",
    "## Evaluation",
    "#### Deep",
    "Limitations\n---",
]
TEXTS = [
    "some words",
    "",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```\n# no heading\n```",
    "- item\n\n  # in item",
    "<!-- c -->",
    "a\nb",
]
block = st.one_of(st.sampled_from(HEADS), st.sampled_from(TEXTS), st.text(max_size=20))
bodies = st.builds(
    lambda parts, end, last: (end * 2).join(part.replace("\n", end) for part in parts) + last,
    st.lists(block, max_size=9),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\r\n\r\n", "  "]),
)
fast = settings(
    max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def names(body):
    return [section.name for section in sections.split(body)]


def test_headings_of_the_hubs_template_are_known():
    body = TEMPLATE.read_text().split("---\n", 2)[2]
    found = {section.key for section in sections.split(body)} - {""}
    assert found == {
        *("summary", "intent", "out_of_scope", "limitations", "get_started", "training_data", "training"),
        *("evaluation", "environment", "architecture", "contact"),
    }
    assert sections.find(body, "intent").text.count("###") == 2


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Uses", "intent"),
        ("Intended uses & limitations", "intent"),
        ("**Intended Use**", "intent"),
        ("3. Out-of-Scope Use", "out_of_scope"),
        ("🚫 Out of scope", "out_of_scope"),
        ("Bias, Risks, and Limitations", "limitations"),
        ("Limitations and bias:", "limitations"),
        ("[Training Data](#data)", "training_data"),
        ("Training and evaluation data", "training_data"),
        ("Technical Specifications [optional]", "architecture"),
        ("Carbon footprint", "environment"),
        ("Guidance for end users", "end_users"),
        ("Summary", ""),
        ("Recommendations", ""),
    ],
)
def test_common_headings_mean_what_they_say(title, key):
    assert kind_of(title) == key


def test_every_kind_is_known_by_the_heading_that_we_write():
    assert [kind_of(kind.heading) for kind in KINDS] == [kind.key for kind in KINDS]
    assert len({kind_of(alias) for kind in KINDS for alias in kind.aliases} - set(BY_KEY)) == 0


def test_headings_in_code_and_comments_are_none():
    assert names(BODY) == ["opening", "pilot-7b", "intent", "out_of_scope", "limitations"]
    assert "Answering mail." in sections.find(BODY, "intent").text


@given(bodies)
@fast
def test_the_pieces_join_to_the_body(body):
    found = sections.split(body)
    assert "".join(body[section.start : section.end] for section in found) == body
    assert len({section.name for section in found}) == len(found)
    assert all(body[section.text_start : section.end] == section.text for section in found)


@given(
    bodies,
    st.integers(0, 20),
    st.sampled_from(["New words.", "", "a\r\nb", "| x |\n|---|\n| 1 |", "  lead", "#### sub\n\nx"]),
)
@fast
def test_an_edit_changes_exactly_one_piece(body, which, text):
    found = sections.split(body)
    section = found[which % len(found)]
    try:
        changed = sections.replace(body, section.name, text)
    except Refused:
        # Only where the text would have become part of something else, or something else part of it.
        assume(False)
    after = changed[len(changed) - (len(body) - section.end) :]
    assert changed[: section.text_start] == body[: section.text_start]
    assert after == body[section.end :]
    new = changed[section.text_start : len(changed) - (len(body) - section.end)]
    assert new.split() == text.split()
    assert [each.name for each in sections.split(changed)][: found.index(section) + 1] == [
        each.name for each in found[: found.index(section) + 1]
    ]


@given(bodies)
@fast
def test_saving_a_section_as_it_is_changes_nothing(body):
    for section in sections.split(body):
        assert sections.replace(body, section.name, sections.core(section.text)) == body


@given(bodies, st.sampled_from([kind.key for kind in KINDS]))
@fast
def test_a_new_section_goes_between_what_is_there(body, key):
    assume(key not in {section.key for section in sections.split(body)})
    try:
        changed = sections.replace(body, key, "New words.")
    except Refused:
        assume(False)
    section = next(each for each in sections.split(changed) if each.key == key)
    assert sections.core(section.text) == "New words."
    size = len(changed) - len(body)
    assert any(changed[:at] + changed[at + size :] == body for at in range(len(body) + 1))
    assert sections.replace(changed, section.name, "New words.") == changed


def test_a_new_section_takes_its_place_in_the_order():
    changed = sections.replace(BODY, "capabilities", "Reads and writes.")
    assert names(changed) == ["opening", "pilot-7b", "intent", "out_of_scope", "capabilities", "limitations"]
    assert "\n## Capabilities\n\nReads and writes.\n\n## Bias" in changed


def test_line_ends_of_the_card_are_kept():
    body = BODY.replace("\n", "\r\n")
    changed = sections.replace(body, "limitations", "One.\nTwo.\r\nThree.")
    assert "One.\r\nTwo.\r\nThree." in changed
    assert changed.count("\n") == changed.count("\r\n")


@pytest.mark.parametrize("text", ["```\nnever closed", "<!-- never closed", "~~~~\n```"])
def test_a_text_that_would_swallow_the_rest_is_refused(text):
    with pytest.raises(Refused, match="not closed") as refusal:
        sections.replace(BODY, "intent", text)
    assert refusal.value.field == "text"


def test_a_heading_that_would_cut_the_section_is_refused():
    with pytest.raises(Refused, match="Use at least ### for headings"):
        sections.replace(BODY, "intent", "x\n\n## Another\n\ny")
    assert "### Another" in sections.replace(BODY, "intent", "x\n\n### Another\n\ny")


def test_a_section_behind_code_that_is_not_closed_is_refused():
    with pytest.raises(Refused, match="not closed"):
        sections.replace("# A\n\n```\nopen", "safeguards", "x")


def test_an_unknown_section_is_refused():
    with pytest.raises(Refused):
        sections.replace(BODY, "nonsense", "x")


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("\n[More Information Needed]\n", True),
        ("<!-- Provide a summary. -->\n\n### Direct Use\n\n<!-- x -->\n[More Information Needed]\n", True),
        ("- **Hardware Type:** [More Information Needed]\n- **Hours used:**\n", True),
        ("- **Hardware type:** 8 x A100\n", False),
        ("Nothing.", False),
    ],
)
def test_what_a_template_leaves_open_counts_as_empty(text, empty):
    assert sections.find(f"## Uses\n{text}", "intent").is_empty is empty


def test_a_long_card_is_cut_in_seconds():
    body = "# A\n\n" + "## Sec\n\nsome words here to fill\n\n" * 25_000
    start = time.process_time()
    assert len(sections.split(body)) == 25_002
    assert time.process_time() - start < 10
