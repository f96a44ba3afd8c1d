"""The formats by themselves: whatever a card says, what is written from it is valid and always the same."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from registry import cards
from registry.exchange import cyclonedx, hub, said, spdx
from registry.exchange.facts import Ancestor, Card, Data, Facts, File, Links, PublicRisk, Publisher, purl
from registry.exchange.licences import stated
from tests.registry.formats import check_cyclonedx, check_spdx

PAGE = "https://portal.example.org/models/lab/pilot/releases/1.0/"
HUB_KEYS = (
    *(
        "license",
        "license_name",
        "license_link",
        "language",
        "library_name",
        "tags",
        "datasets",
        "metrics",
        "inference",
    ),
    *("base_model", "base_model_relation", "new_version", "pipeline_tag", "thumbnail", "co2_eq_emissions", "widget"),
    *("model-index", "model_type", "architectures", "extra_gated_fields"),
)
# What PostgreSQL keeps as a text: every character but NUL and halves of one.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=8
)
RESULT = {
    "task": VALUES,
    "dataset": st.fixed_dictionaries({}, optional={"name": VALUES, "type": VALUES, "split": VALUES}) | VALUES,
    "metrics": st.lists(
        st.fixed_dictionaries({}, optional={"type": VALUES, "value": VALUES, "name": VALUES}), max_size=2
    ),
}
INDEX = st.lists(
    st.fixed_dictionaries({"results": st.lists(st.fixed_dictionaries({}, optional=RESULT), max_size=2)}), max_size=2
)
METADATA = st.dictionaries(st.sampled_from(HUB_KEYS) | WORDS, VALUES, max_size=6) | st.fixed_dictionaries(
    {"model-index": INDEX}
)


def facts(metadata=None, body="", **fields):
    results = said.results(metadata or {})
    card = Card(1, "b" * 64, metadata or {}, said.sections(body)) if metadata is not None else None
    links = Links(PAGE, f"{PAGE}card", f"{PAGE}risks", f"{PAGE}report", f"{PAGE}terms", f"{PAGE}contents")
    known = {
        "publisher": Publisher("lab", "Lab", "", ""),
        **dict.fromkeys(("summary", "intended_use", "out_of_scope_use", "intended_users", "modality"), ""),
        "family": "pilot",
        "name": "Pilot",
        "version": "1.0",
        "revision": "a" * 40,
        "stage": "published",
        "languages": [],
        "licence": None,
        "published": "2026-10-02T00:00:00Z",
        "changed": "2026-10-03T00:00:00Z",
        "withdrawn": "",
        "withdrawal_reason": "",
        "phase": None,
        "purl": purl("lab", "pilot", "a" * 40, here=True),
        "links": links,
        "card": card,
        "files": [],
        "risks": [],
        "more_risks": False,
        "high_risk_uses": [],
        "data": [Data(name, trained_on=True) for name in said.listed((metadata or {}).get("datasets"))],
        "ancestors": [Ancestor(name) for name in said.listed((metadata or {}).get("base_model"))],
        "capabilities": [],
        "results": results,
    }
    return Facts(**{**known, **fields})


@settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(metadata=METADATA, body=WORDS, licence=WORDS, words=WORDS.filter(str.strip), link=WORDS)
@example(metadata={"datasets": ["ü/ä", "ü/%C3%A4"]}, body="", licence="(", words="x", link="http://[")
@example(
    metadata={"license_link": "http://a.b/%zz"}, body="# Uses", licence="MIT OR", words="x", link="https://ä.example"
)
def test_whatever_a_card_says_is_valid(metadata, body, licence, words, link):
    risk = PublicRisk("R-1", words, words, words, "High", "high", [words])
    given_facts = facts(
        metadata,
        body,
        name=words,
        summary=words,
        licence=stated(licence, name=words, url=said.web_address(link), text=words),
        files=[File("a b/c+d=(e)@1.bin", 0, "c" * 64), File("a%20b/c+d=(e)@1.bin", 1, "d" * 64)],
        risks=[risk],
    )
    check_cyclonedx(cyclonedx.write(given_facts))
    check_spdx(spdx.write(given_facts))
    cards.read(hub.write(given_facts, None).decode())


def test_the_checks_can_fail():
    document = check_cyclonedx(cyclonedx.write(facts()))
    document["metadata"]["component"]["modelCard"] = {"considerations": {"users": "one"}}
    with pytest.raises(AssertionError):
        check_cyclonedx(json.dumps(document))
    for right, wrong in (
        ('"software_primaryPurpose":"model"', '"software_primaryPurpose":"oracle"'),
        ("Concluded", "Other"),
    ):
        with pytest.raises((AssertionError, ValueError, TypeError)):
            check_spdx(spdx.write(facts()).decode().replace(right, wrong).encode())


def test_a_changed_fact_changes_every_identifier():
    one, same, other = facts(), facts(), facts(summary="Another")
    assert cyclonedx.write(one) == cyclonedx.write(same)
    assert spdx.write(one) == spdx.write(same)
    serials = {check_cyclonedx(cyclonedx.write(each))["serialNumber"] for each in (one, other)}
    ids = {check_spdx(spdx.write(each))["ai_AIPackage"][0]["spdxId"] for each in (one, other)}
    assert len(serials) == len(ids) == 2


def test_the_bytes_do_not_depend_on_the_process():
    """Sets are ordered by the hashes of a process: two with other seeds write the same."""
    code = (
        "import django; django.setup()\n"
        "import sys\n"
        "from tests.registry.test_exchange_formats import facts\n"
        "from registry.exchange import cyclonedx, spdx\n"
        "from registry.exchange.facts import Data, File\n"
        "many = facts({'tags': list('abc')}, files=[File(f'{n}.bin', n, 'c' * 64) for n in range(40)],"
        " data=[Data(f'd{n}', trained_on=True, measured_on=True) for n in range(20)])\n"
        "sys.stdout.buffer.write(cyclonedx.write(many) + spdx.write(many))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    written = {
        subprocess.run(
            [sys.executable, "-c", code], env={**environment, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(written) == 1


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("text-generation", (("text",), ("text",))),
        ("image-text-to-text", (("image", "text"), ("text",))),
        ("text-to-speech", (("text",), ("audio",))),
        ("zero-shot-image-classification", (("image",), ("label",))),
        ("token-classification", (("text",), ("label",))),
        ("automatic-speech-recognition", (("audio",), ("text",))),
        ("reinforcement-learning", ((), ())),
        ("", ((), ())),
    ],
)
def test_what_goes_into_a_task_and_comes_out(task, expected):
    assert said.in_and_out(task) == expected


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://example.org/a?b=c#d", True),
        ("https://example.org:8000/%20", True),
        ("LICENSE", False),
        ("javascript:alert(1)", False),
        ("https://example.org/a b", False),
        ("https://example.org/%zz", False),
        ("https://[::1", False),
        ("http://", False),
        ("http://a:99999999/", False),
        (["https://example.org"], False),
    ],
)
def test_only_addresses_on_the_web_become_links(address, kept):
    assert bool(said.web_address(address)) is kept


def test_templates_that_nobody_filled_say_nothing():
    body = "## Bias, Risks, and Limitations\n\n<!-- What? -->\n\n[More Information Needed]\n\n### Recommendations\n"
    assert said.sections(body) == {}


def test_a_list_becomes_its_items_and_prose_stays_whole():
    assert said.points("- one\n  more\n* two\n") == ["one more", "two"]
    assert said.points("Words.\n\n- one") == ["Words.\n\n- one"]
    assert said.points("") == []


def test_text_that_would_fill_the_document_is_cut():
    long = said.sections("## Limitations\n\n" + "x" * 50_000)["limitations"]
    assert len(long) == said.LONGEST_TEXT + 1


def test_withdrawn_drafts_and_high_levels():
    package = check_spdx(spdx.write(facts(risks=[PublicRisk("R-1", "T", "", "", "Critical", "critical", [])])))
    assert package["ai_AIPackage"][0]["ai_safetyRiskAssessment"] == "serious"
    draft = check_spdx(spdx.write(facts(published="")))
    assert draft["SpdxDocument"][0]["profileConformance"] == ["core", "software", "simpleLicensing"]
