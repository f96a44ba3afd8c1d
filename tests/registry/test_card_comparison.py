"""What changed between two cards, what a card still lacks, and what its pages show of it."""

import time
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.markup import markdown, sources_of_pictures
from common.references import Target
from registry import cards
from registry.documentation import comparison, requirements
from registry.documentation.comparison import Change, Op
from registry.documentation.fields import FIELDS
from registry.documentation.kinds import BY_KEY, KINDS
from registry.documentation.results import results_of
from tests.registry.full_card import FULL_CARD

OLD = "---\nlicense: mit\ntags: [a]\n---\n# T\n\n## Uses\n\nFor two kinds of letters.\n\n## Contact\n\nUs.\n"


def card(source):
    return cards.read(source)


def spelled(difference):
    marks = {Op.SAME: "{}", Op.ADDED: "[+{}+]", Op.REMOVED: "[-{}-]"}
    return "".join(marks[piece.op].format(piece.text) for piece in difference.pieces)


def test_fields_and_words_that_changed():
    new = OLD.replace("mit", "bsd").replace("tags: [a]", "language: en").replace("two", "three")
    found = comparison.compare(card(OLD), card(new + "\n## Safeguards\n\nA filter.\n"))
    assert [(each.name, each.change, each.before, each.after) for each in found.metadata] == [
        ("license", Change.CHANGED, "mit", "bsd"),
        ("tags", Change.REMOVED, "a", ""),
        ("language", Change.ADDED, "", "en"),
    ]
    assert [(each.name, each.change) for each in found.sections] == [
        ("intent", Change.CHANGED),
        ("safeguards", Change.ADDED),
    ]
    assert spelled(found.sections[0]) == "## Uses\n\nFor [-two-][+three+] kinds of letters."


def test_a_heading_that_changed_is_seen_and_a_section_that_moved_is_not_lost():
    new = OLD.replace(
        "## Uses\n\nFor two kinds of letters.\n\n## Contact\n\nUs.\n",
        "## Contact\n\nUs.\n\n## Intended use\n\nFor two kinds of letters.\n",
    )
    found = comparison.compare(card(OLD), card(new))
    assert {(each.name, each.change) for each in found.sections} >= {("intent", Change.CHANGED)}
    moved = comparison.compare(card(OLD), card(new.replace("Intended use", "Uses")))
    assert [each.change for each in moved.sections] == [Change.MOVED]


@pytest.mark.parametrize(
    "change", [lambda s: s.replace("license:", "license:   "), lambda s: s.replace("\n", "\r\n"), lambda s: s + "\n\n"]
)
def test_layout_is_no_change(change):
    found = comparison.compare(card(OLD), card(change(OLD)))
    assert found.is_empty
    assert found.layout_only
    assert not comparison.compare(card(OLD), card(OLD)).layout_only


texts = st.text("ab \n.é", max_size=60)


@given(texts, texts)
@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_the_pieces_join_to_both_texts(old, new):
    pieces = comparison.words(old, new)
    assert "".join(piece.text for piece in pieces if piece.op != Op.ADDED) == old
    assert "".join(piece.text for piece in pieces if piece.op != Op.REMOVED) == new
    assert all(one.op != other.op for one, other in pairwise(pieces))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 120_000, "b a " * 120_000),
        ("x\n" * 200_000, "y\nx\n" * 100_000),
        ("\n".join(map(str, range(90_000))), "\n".join(map(str, range(90_000, 0, -1)))),
    ],
)
def test_long_texts_are_compared_in_seconds(old, new):
    start = time.process_time()
    pieces = comparison.words(old, new)
    assert "".join(piece.text for piece in pieces if piece.op != Op.ADDED) == old
    assert time.process_time() - start < 15


def test_requirements_name_only_what_there_is():
    for catalogue in requirements.CATALOGUES:
        assert catalogue.requirements
        for wanted in catalogue.requirements:
            assert set(wanted.kinds) <= set(BY_KEY)
            assert set(wanted.keys) <= set(FIELDS)
            assert set(wanted.facts) <= set(requirements.FACTS)
            assert wanted.kinds or wanted.keys or wanted.facts
    texts = [
        (each.name, wanted.number, str(wanted.text)) for each in requirements.CATALOGUES for wanted in each.requirements
    ]
    assert len(texts) == len(set(texts))
    assert len([wanted for each in requirements.CATALOGUES[1:] for wanted in each.requirements]) >= 45


def test_an_empty_card_lacks_everything_that_the_registry_does_not_know():
    readers, gpai, nist = requirements.judge("", {}, {})
    assert (readers.met, gpai.met, nist.met) == (0, 0, 0)
    facts = dict.fromkeys(requirements.FACTS, True)
    assert requirements.judge("", {}, facts)[1].met > 8


def test_the_answer_says_where_it_stands_and_where_it_could():
    body = "## Uses\n\nLetters.\n\n## Guidance for operators\n\nCall us.\n\n### Edge cases\n\nLong letters.\n"
    answers = {each.requirement.number: each for each in requirements.judge(body, {"license": "mit"}, {})[0].answers}
    assert [place.name for place in answers["1"].found] == ["intent"]
    assert answers["11.1"].met
    assert answers["11.2"].met
    assert not answers["11.3"].met
    assert [place.name for place in answers["11.3"].places] == ["operators"]
    assert not answers["9"].met


def test_what_a_template_leaves_open_answers_nothing():
    body = "## Uses\n\n[More Information Needed]\n\n## Carbon footprint\n\n- **Hours:** [More Information Needed]\n"
    assert requirements.judge(body, {"license": ""}, {})[0].met == 0


def test_a_card_that_says_it_all_meets_it_all():
    words = (
        "Based on a base model with 3 billion parameters, up to 8192 tokens of context; products and services on a GPU "
        "with 16 GB memory, chosen because of its energy use of 12 MWh in 300 hours. Data from public sources, 2 "
        "billion tokens, filtered; bias, privacy and security (injection) were tested. A person reviews. Edge cases: "
        "not many. Report incidents to us by the escalation path."
    )
    body = "\n".join(f"## {kind.heading}\n\n{words}\n" for kind in KINDS)
    metadata = {"base_model": "a/b", "pipeline_tag": "x", "license": "mit", "library_name": "x", "model_name": "x"}
    facts = {"publisher": True, "files": True, "published": True}
    for result in requirements.judge(body, metadata, facts):
        assert [str(answer.requirement.text) for answer in result.missing] == []


def test_results_of_the_model_index():
    rows = results_of(cards.read(FULL_CARD).metadata)
    assert [(row.dataset, row.metric, row.value, row.verified) for row in rows] == [
        ("Common Voice (Dutch) (nl, test)", "Test WER", "20.9", True),
        ("Common Voice (Dutch) (nl, test)", "cer", "5", False),
        ("Refusals", "accuracy", "0.92", False),
    ]
    assert (rows[0].task, rows[0].source, rows[0].source_url) == (
        "Speech recognition",
        "Leaderboard",
        "https://example.org/board",
    )


@pytest.mark.parametrize(
    "index",
    [
        None,
        7,
        "x",
        [1],
        [{"results": 3}],
        [{"results": [{"metrics": [{"value": [1, {"a": None}]}], "source": {"url": "javascript:x"}}]}],
    ],
)
def test_a_model_index_of_another_form_does_no_harm(index):
    assert all(row.source_url == "" for row in results_of({"model-index": index}))


def test_pictures_are_shown_only_where_we_have_an_address():
    text = '![ours](a%20b.png "t") ![theirs](https://tracker.example.org/p.png) ![up](../x.png)'
    html = markdown(text, pictures={"a%20b.png": "/ours"})
    assert html.count("<img") == 1
    assert '<img src="/ours" alt="ours" title="t">' in html
    assert "theirs" in html
    assert sources_of_pictures(text) == ["a%20b.png", "https://tracker.example.org/p.png", "../x.png"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <!-- hidden --> b", "<p>a  b</p>"),
        ("<!-- one\n\n# two\n-->\n\nb", "<p>b</p>"),
        ("a\n<!-- x -->\nb", "<p>a</p>\n<p>b</p>"),
        ("<!-- open", "<p>&lt;!-- open</p>"),
        ("`<!-- code -->`", "<p><code>&lt;!-- code --&gt;</code></p>"),
        ("<!-- x --> <script>y</script>", "<p> &lt;script&gt;y&lt;/script&gt;</p>"),
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>"),
    ],
)
def test_comments_of_a_template_are_not_shown(text, html):
    assert markdown(text) == f'<div class="prose">{html}\n</div>'


def test_anchors_are_only_ours():
    html = markdown('# A {#x}\n\n## B" onclick\n\n- # C', anchors={0: "card-a", 2: 'card-"b'})
    assert '<h2 id="card-a">' in html
    assert '<h3 id="card-&quot;b">' in html
    assert html.count("id=") == 2
    assert "<h2>C</h2>" in html


def test_references_become_links_outside_of_code_and_links():
    targets = {"D-12": Target('D-12 "A filter"', "/decisions/12/"), "R-3": Target("R-3 <Harm>", "/risks/3/")}
    html = markdown("D-12 and GPT-4, `R-3`, [see R-3](https://x.example.org), *R-3*, XD-12, D-123", references=targets)
    assert html.count("<a ") == 3
    link = ' rel="nofollow noopener noreferrer">'
    assert f'<a href="/decisions/12/" title="D-12 &quot;A filter&quot;"{link}D-12</a> and GPT-4' in html
    assert f'<em><a href="/risks/3/" title="R-3 &lt;Harm&gt;"{link}R-3</a></em>, XD-12, D-123' in html
