"""Documents for downstream teams: only what is public, whole whatever somebody wrote, the same bytes each time."""

import csv
import io
import re
import subprocess

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from registry import downstream, exchange, services
from registry.downstream import words
from registry.models import Release
from tests.factories.registry import (
    BreachRemedyFactory,
    ObjectiveFactory,
    RecommendedConfigurationFactory,
    ReleaseFactory,
    RiskFactory,
    RuleOverrideFactory,
    UsageGuidelinesFactory,
    UsageRuleFactory,
    UsageScenarioFactory,
)

ALL = [(document.name, form) for document in downstream.DOCUMENTS.values() for form in document.formats]
NASTY = "| a pipe\n# a heading\r\n- [ ] a box <script>alert(1)</script> `code` *x* \u202egnp.exe\u0007 ~~~ =1+1"


def content(release, **place):
    return downstream.content_of(exchange.with_facts(Release.objects.filter(pk=release.pk)).get(), **place)


def rendered(release, name, form="md", **place):
    return downstream.render(downstream.DOCUMENTS[name], content(release, **place), form).content.decode("utf-8-sig")


def shape(text):
    """The blocks of a Markdown document, without its words."""
    return [token.type for token in MarkdownIt("commonmark").enable("table").parse(text) if token.type != "inline"]


def fill(family, release, author, text=""):
    """Guidelines, a risk and an objective; ``text`` goes wherever somebody writes one line or more."""

    def say(words):
        return text or words

    RiskFactory(family=family, number=1, opened=True, owner=author, title=say("Phishing")[:200], harm=say("Loss"))
    ObjectiveFactory(family=family, title=say("Nobody is deceived")[:200])
    guidelines = UsageGuidelinesFactory(family=family, number=1, data=say("No personal data."), reporting=say("Write."))
    for number, kind in enumerate(("permitted", "required", "restricted", "prohibited")):
        rule = UsageRuleFactory(
            guidelines=guidelines,
            key=f"rule-{number}",
            kind=kind,
            title=say(f"The {kind} use")[:120],
            condition=say("A person reads it."),
        )
    UsageScenarioFactory(guidelines=guidelines, rule=rule, key="s", title=say("Letters")[:120], situation=say("X."))
    BreachRemedyFactory(guidelines=guidelines, key="r", title=say("Fraud")[:120], follows=say("It ends."))
    RecommendedConfigurationFactory(guidelines=guidelines, key="c", settings=say("```\n# temperature = 0.2"))
    RuleOverrideFactory(guidelines=guidelines, rule=rule, key="o", effect="replace", kind="required", text=say("Do."))
    return services.publish_guidelines(guidelines, actor=author)


@pytest.mark.parametrize(("name", "form"), ALL)
def test_every_document_is_filled_for_any_release(family, release, release_manager, name, form):
    bare = ReleaseFactory(published=True, licence="")
    fill(family, release, release_manager)
    for each in (release, bare):
        text = rendered(each, name, form)
        assert len(text) > 100
        assert "«missing" not in text
        assert "{{" not in text
        if form != "csv":
            assert each.version in text


@pytest.mark.parametrize("name", downstream.DOCUMENTS)
def test_nothing_that_somebody_wrote_changes_the_shape(family, release, superuser, name):
    other = ReleaseFactory(published=True, files={"model.safetensors": b"1", "config.json": b"2"})
    fill(family, release, superuser)
    fill(other.family, other, superuser, NASTY)
    harmless, text = shape(rendered(release, name)), rendered(other, name)
    for block in ("tr_open", "td_open", "heading_open", "list_item_open", "blockquote_open", "fence", "hr"):
        # What is quoted may have headings and lists of its own, inside the quotation.
        outside = shape(re.sub(r"(?m)^>.*$", ">", text))
        assert outside.count(block) == harmless.count(block), block
    assert "html_block" not in shape(text)
    for mark in ("\u202e", "\u0007", "\r"):
        assert mark not in text


@given(st.text())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_words_in_a_line_stay_words_in_a_line(text):
    said = words.line(text)
    assert "\n" not in said
    assert shape(f"| a | b |\n|---|---|\n| {said} | x |\n").count("td_open") == 2
    assert shape(f"- {said or 'x'}\n") == [
        *("bullet_list_open", "list_item_open", "paragraph_open"),
        *("paragraph_close", "list_item_close", "bullet_list_close"),
    ]
    assert shape(f"{said or 'x'}\n") == ["paragraph_open", "paragraph_close"]


@given(st.text())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_quoted_text_does_not_leave_its_block(text):
    blocks = shape(f"{words.quote(text)}\n\n## After\n")
    assert blocks[-2:] == ["heading_open", "heading_close"]
    assert blocks[0] == "blockquote_open"
    assert blocks[-3] == "blockquote_close"
    assert "html_block" not in blocks


def test_only_what_is_public_is_told(family, release, release_manager):
    RiskFactory(family=family, number=1, opened=True, owner=release_manager, title="Shown risk", harm="Secret harm")
    RiskFactory(family=family, number=2, opened=True, owner=release_manager, title="Hidden risk", is_public=False)
    RiskFactory(family=family, number=3, title="Draft risk")
    UsageRuleFactory(guidelines=UsageGuidelinesFactory(family=family, number=1), title="Rule of a draft")
    family.publisher.public_risk_fields = []
    family.publisher.save()
    for name, form in ALL:
        text = rendered(release, name, form)
        for words_ in ("Hidden risk", "Draft risk", "Secret harm", "Rule of a draft", release_manager.display_name):
            assert words_ not in text, (name, form)
    assert "Shown risk" in rendered(release, "risk-report")


def test_rules_are_those_of_the_place(family, release, release_manager):
    fill(family, release, release_manager)
    everywhere, union = rendered(release, "release-checklist"), rendered(release, "release-checklist", region="DE")
    assert "Kept out and tested: The prohibited use" in everywhere
    assert "Kept out and tested" not in union
    assert "Regulation (EU) 2024/1689, Article 50" in union
    assert "as they hold in Germany" in union


def test_the_same_facts_give_the_same_bytes(family, release, release_manager):
    fill(family, release, release_manager)
    for name, form in ALL:
        document = downstream.DOCUMENTS[name]
        first, second = (downstream.render(document, content(release), form) for _ in range(2))
        assert first == second


def test_the_digests_can_be_checked(tmp_path, release):
    for artifact in release.artifacts.all():
        with artifact.file.open() as stored:
            (tmp_path / artifact.path).write_bytes(stored.read())
    block = rendered(release, "release-checklist").split("```")[1]
    (tmp_path / "SHA256SUMS").write_text(block.lstrip("\n"))
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count(": OK") == 2


def test_tables_come_as_csv_that_no_spreadsheet_runs(family, release, release_manager):
    RiskFactory(family=family, number=1, opened=True, owner=release_manager, title="=1+1", harm='a | b, "c"')
    rows = list(csv.reader(io.StringIO(rendered(release, "risk-report", "csv"))))
    assert rows[0][:4] == ["Risk", "What can go wrong", "Harm", "Who it touches"]
    assert rows[1][:3] == ["R-1", "'=1+1", 'a | b, "c"']
    assert {len(row) for row in rows} == {10}


def test_plain_text_has_no_marks(family, release, release_manager):
    fill(family, release, release_manager)
    text = rendered(release, "risk-report", "txt")
    assert text.startswith(f"Risk report: [your product], built on {family.name} 1.0\n=====")
    for mark in ("##", "|--", "**", "\\"):
        assert mark not in text
    assert "What can go wrong: Phishing" in text


# Over HTTP


def address(release, name="risk-report", form="md"):
    family = release.family
    return reverse("registry:downstream_file", args=[family.publisher.slug, family.slug, release.version, name, form])


def test_a_file_says_what_it_is_and_whether_it_changed(client, family, release, release_manager):
    answer = client.get(address(release))
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="pilot-7b-1.0-risk-report.md"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(address(release), headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    RiskFactory(family=family, number=1, opened=True, owner=release_manager)
    assert client.get(address(release), headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200
    api = client.get(reverse("api:release-document", args=[release.pk, "risk-report", "md"]))
    assert api.content == client.get(address(release)).content


def test_what_does_not_exist_is_not_found(client, release):
    assert client.get(address(release, "business-plan")).status_code == 404
    assert client.get(address(release, "incident-response-plan", "csv")).status_code == 404
    assert client.get(address(release, form="docx")).status_code == 404
    assert (
        client.get(
            reverse("api:release-document", args=[release.pk, "risk-report", "md"]), {"region": "XX"}
        ).status_code
        == 400
    )


def test_drafts_are_for_people_with_a_role(client, family, reviewer, researcher):
    draft = ReleaseFactory(family=family, version="2.0")
    for person, status in ((None, 404), (researcher, 404), (reviewer, 200)):
        if person:
            client.force_login(person)
        answer = client.get(address(draft))
        assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "not published yet" in answer.content.decode()


@pytest.mark.parametrize("rows", [1, 25])
def test_pages_and_files_cost_the_same_at_any_length(client, family, release, release_manager, rows):
    for number in range(rows):
        RiskFactory(family=family, number=number + 1, opened=True, owner=release_manager)
        ObjectiveFactory(family=family)
    fill_in = [family.publisher.slug, family.slug, release.version]
    urls = [
        reverse("registry:downstream_documents", args=fill_in),
        reverse("registry:downstream_document", args=[*fill_in, "evaluation-plan"]),
        address(release),
    ]
    costs = []
    for url in urls:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        costs.append(len(queries))
    assert costs == [3, 3, 3]
