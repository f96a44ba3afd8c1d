"""The pages and the API of cards: nothing typed is lost, corrections are seen, and reading costs the same for all."""

import json
import re
import time
from html.parser import HTMLParser

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.services import publish_release
from registry import services
from registry.documentation import metadata
from registry.models import Release
from tests.factories.registry import ArtifactFactory, ReleaseFactory, RiskFactory, SafeguardFactory
from tests.registry.cards import CARD
from tests.registry.full_card import FULL_CARD

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
SOURCE = """---
license: mit  # ours
tags: [a]
---
# T

## Uses

Letters.

## Evaluation

| a | b |
|---|---|
| 1 | 2 |

![chart](./chart.png)
"""
NOTE = "The score was that of another model."


@pytest.fixture
def draft(family, release_manager):
    release = ReleaseFactory(family=family, version="2.0", licence="", created_by=release_manager)
    ArtifactFactory(release=release, path="chart.png", content=PNG, created_by=release_manager)
    services.import_card(release, actor=release_manager, source=SOURCE)
    return release


@pytest.fixture
def manager(client, release_manager):
    client.force_login(release_manager)
    return client


def address(name, release, *more):
    return reverse(
        f"registry:{name}", args=[release.family.publisher.slug, release.family.slug, release.version, *more]
    )


def work(name, release, *more):
    return reverse(f"registry:{name}", args=[release.pk, *more])


def publish(release, release_manager):
    return publish_release(release, actor=release_manager)


class _Sent(HTMLParser):
    """What a browser sends of a form: inputs, ticked boxes, texts and chosen options, and no button."""

    def __init__(self):
        super().__init__()
        self.found, self.open, self.options = {}, "", []

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        ticked = at.get("type") not in {"checkbox", "radio"} or "checked" in at
        if tag == "input" and at.get("name") and ticked:
            self.found[at["name"]] = at.get("value") or ""
        elif tag in {"textarea", "select"}:
            self.open = at["name"]
            self.found[self.open] = ""
        elif tag == "option" and (not self.found[self.open] or "selected" in at):
            self.found[self.open] = at["value"] if "selected" in at else self.found[self.open]

    def handle_data(self, data):
        if self.open and self.lasttag == "textarea":
            self.found[self.open] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.found[self.open] = self.found[self.open].removeprefix("\n").replace("\n", "\r\n")
        if tag in {"textarea", "select"}:
            self.open = ""


def fields_of(page):
    """What a browser would send of a form that nobody touched."""
    sent = _Sent()
    sent.feed(page)
    return sent.found


def test_a_section_is_saved_as_a_new_version(manager, draft):
    page = manager.get(work("card_section", draft, "intent"))
    assert b"Letters." in page.content
    answer = manager.post(work("card_section", draft, "intent"), {"text": "Mail.\r\nAnd more.", "number": 1})
    assert answer.url == work("manage_card", draft)
    card = draft.cards.first()
    assert card.number == 2
    assert card.source == SOURCE.replace("Letters.", "Mail.\nAnd more.")


def test_a_section_that_is_not_there_yet_can_be_written(manager, draft):
    manager.post(work("card_section", draft, "safeguards"), {"text": "A filter, chosen by D-1.", "number": 1})
    assert "## Safeguards\n\nA filter, chosen by D-1.\n" in draft.cards.first().source
    assert manager.get(work("card_section", draft, "nonsense")).status_code == 404


def test_the_safeguards_of_the_registry_are_offered_as_text(manager, draft):
    risk = RiskFactory(family=draft.family, number=3, opened=True, is_public=True)
    hidden = RiskFactory(family=draft.family, number=4, opened=True, is_public=False)
    filters = SafeguardFactory(
        family=draft.family, title="Filter", how_it_works="Stops known\npatterns.", why_chosen="Quick.", decision="D-1"
    )
    filters.risks.set([risk, hidden])
    SafeguardFactory(family=draft.family, title="Not shown", is_public=False)
    page = manager.get(work("card_section", draft, "safeguards")).content.decode()
    assert "- **Filter**: Stops known patterns. Answers R-3. Chosen because: Quick. Decided in D-1." in page
    assert "Not shown" not in page
    assert cost(manager, work("card_section", draft, "safeguards")) <= 8


def test_who_comes_second_sees_both_texts_and_loses_nothing(manager, draft, colleague):
    services.edit_card_section(draft, actor=colleague, name="intent", text="Letters and mail.", expected_number=1)
    answer = manager.post(work("card_section", draft, "intent"), {"text": "Letters <b>only</b>.", "number": 1})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Colleague saved version 2 meanwhile" in page
    assert "Letters &lt;b&gt;only&lt;/b&gt;." in page
    assert re.search(r"<del>[^<]*mail", page)
    assert fields_of(page)["number"] == "2"
    manager.post(work("card_section", draft, "intent"), {"text": "Letters only.", "number": 2})
    assert "Letters only." in draft.cards.first().source


def test_a_text_that_is_refused_stays_in_the_form(manager, draft):
    answer = manager.post(work("card_section", draft, "intent"), {"text": "```\nopen", "number": 1})
    assert answer.status_code == 422
    assert "```\nopen" in answer.content.decode()
    assert "not closed" in answer.content.decode()


def test_metadata_saved_untouched_adds_no_version(manager, draft, release_manager):
    services.import_card(draft, actor=release_manager, source=FULL_CARD.replace("\n", "\r\n"))
    data = fields_of(manager.get(work("card_metadata", draft)).content.decode())
    assert data["base_model_relation"] == "merge"
    assert manager.post(work("card_metadata", draft), data).status_code == 302
    assert draft.cards.count() == 2


def test_metadata_is_changed_field_by_field(manager, draft, release_manager):
    services.import_card(draft, actor=release_manager, source=FULL_CARD)
    data = fields_of(manager.get(work("card_metadata", draft)).content.decode()) | {
        "base_model_relation": "finetune",
        "language": "en\r\nno\r\nsw",
        "co2_emissions": "1000.5",
        "co2_hardware_used": "",
        "extra_gated_eu_disallowed": "true",
        "extra_gated_prompt": "You agree.\r\nTo both.",
        "inference": "parameters:\r\n  temperature: 0.7",
        "mask_token": "",
        "widget": "- text: Hello",
        "license_name": "harbour-community-1.1",
    }
    answer = manager.post(work("card_metadata", draft), data)
    assert answer.status_code == 302, answer.content.decode()
    after = draft.cards.first()
    read = after.metadata
    assert (read["base_model_relation"], read["language"]) == ("finetune", ["en", "no", "sw"])
    assert read["co2_eq_emissions"]["emissions"] == 1000.5
    assert "hardware_used" not in read["co2_eq_emissions"]
    assert read["extra_gated_eu_disallowed"] is True
    assert read["extra_gated_prompt"] == "You agree.\nTo both."
    assert read["inference"] == {"parameters": {"temperature": 0.7}}
    assert read["widget"] == [{"text": "Hello"}]
    assert "mask_token" not in read
    front = metadata.cut(FULL_CARD).front
    for key in ("model-index", "tags", "extra_gated_fields", "model_type", "architectures", "datasets"):
        assert metadata.lines_of(metadata.cut(after.source).front, key) == metadata.lines_of(front, key)
    assert after.body == metadata.cut(FULL_CARD).body
    assert "# The order and the comments are the author's." in after.source


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("model-index", "model-index: [", "not valid YAML"),
        ("widget", "widget:\n- a\nother: 1", "put nothing else beside it"),
        ("co2_emissions", "much", "Give a number of grams"),
        ("co2_emissions", "-1", "Give a number of grams"),
    ],
)
def test_what_is_wrong_with_metadata_is_said_at_its_field(manager, draft, field, value, words):
    data = fields_of(manager.get(work("card_metadata", draft)).content.decode()) | {field: value}
    answer = manager.post(work("card_metadata", draft), data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert value.replace("\n", "\r\n") in page or value in page
    assert draft.cards.count() == 1


def test_metadata_of_two_people_is_brought_together(manager, draft, colleague):
    data = fields_of(manager.get(work("card_metadata", draft)).content.decode())
    services.edit_card_metadata(draft, actor=colleague, changes={"tags": ["theirs"], "new_version": "a/b"})
    answer = manager.post(work("card_metadata", draft), data | {"tags": "mine", "pipeline_tag": "translation"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "tags: [theirs]" in page
    again = fields_of(page)
    assert (again["tags"], again["new_version"], again["number"]) == ("mine", "a/b", "2")
    manager.post(work("card_metadata", draft), again)
    read = draft.cards.first().metadata
    assert (read["tags"], read["new_version"], read["pipeline_tag"]) == (["mine"], "a/b", "translation")


def test_the_whole_source_keeps_its_line_ends(manager, draft, release_manager):
    source = "\ufeff" + SOURCE.replace("\n", "\r\n")
    services.import_card(draft, actor=release_manager, source=source)
    data = fields_of(manager.get(work("card_source_edit", draft)).content.decode())
    manager.post(work("card_source_edit", draft), data)
    assert draft.cards.count() == 2
    manager.post(work("card_source_edit", draft), data | {"source": data["source"].replace("Letters", "Mail")})
    assert draft.cards.first().source == source.replace("Letters", "Mail")


def test_a_correction_needs_its_reason_and_is_seen_by_everybody(client, draft, release_manager):
    publish(draft, release_manager)
    client.force_login(release_manager)
    answer = client.post(work("card_section", draft, "evaluation"), {"text": "None.", "number": 1})
    assert answer.status_code == 422
    client.post(work("card_section", draft, "evaluation"), {"text": "None.", "number": 1, "correction_note": NOTE})
    client.logout()
    page = client.get(draft.get_absolute_url()).content.decode()
    assert "This card was corrected after publication" in page
    assert NOTE in page
    versions = client.get(address("card_versions", draft)).content.decode()
    assert "Version of record" in versions
    assert NOTE in versions
    assert "Release manager" not in versions
    compared = client.get(address("card_comparison", draft), {"old": 1, "new": 2}).content.decode()
    assert "<ins>None</ins>" in compared
    assert client.get(address("card_version_source", draft, 1)).content.decode() == SOURCE
    assert client.get(address("card_source", draft)).content.decode() != SOURCE


def test_versions_from_before_publication_are_not_public(client, draft, release_manager, researcher):
    services.import_card(draft, actor=release_manager, source=SOURCE.replace("Letters", "Mail"))
    publish(draft, release_manager)
    for user in (None, researcher):
        if user:
            client.force_login(user)
        assert client.get(address("card_version", draft, 1)).status_code == 404
        assert client.get(address("card_version_source", draft, 1)).status_code == 404
        assert "Version 1" not in client.get(address("card_versions", draft)).content.decode()
        compared = client.get(address("card_comparison", draft), {"old": 1, "new": 2}).content.decode()
        assert "Letters" not in compared
        api = reverse("api:release-card-diff", args=[draft.pk])
        assert client.get(api, {"from": 1, "to": 2}).status_code == 404
        listed = client.get(reverse("api:release-cards", args=[draft.pk])).json()["results"]
        assert [(row["number"], row["of_record"]) for row in listed] == [(2, True)]
        assert client.get(reverse("api:release-card-version", args=[draft.pk, 1])).status_code == 404


def test_tables_and_own_pictures_are_on_the_page(client, draft, release_manager):
    services.edit_card_section(
        draft, actor=release_manager, name="safeguards", text="![x](https://tracker.example.org/x.png)<img src=y>"
    )
    publish(draft, release_manager)
    page = client.get(draft.get_absolute_url()).content.decode()
    assert "<td>1</td>" in page
    assert f'<img src="{address("card_picture", draft, "chart.png")}" alt="chart">' in page
    assert "tracker.example.org" not in page
    assert 'id="card-evaluation"' in page
    assert 'href="#card-evaluation"' in page
    # The page of the model shows the same text.
    model = client.get(draft.family.get_absolute_url()).content.decode()
    assert f'<img src="{address("card_picture", draft, "chart.png")}" alt="chart">' in model
    picture = client.get(address("card_picture", draft, "chart.png"))
    assert (picture.content, picture["Content-Type"]) == (PNG, "image/png")
    assert picture["X-Content-Type-Options"] == "nosniff"
    assert picture["Content-Security-Policy"] == "default-src 'none'; sandbox"
    tagged = client.get(address("card_picture", draft, "chart.png"), headers={"If-None-Match": picture["ETag"]})
    assert tagged.status_code == 304


def test_risks_that_the_card_names_are_links_for_those_who_may_know(client, draft, release_manager):
    shown = RiskFactory(family=draft.family, number=1, opened=True, is_public=True, title="Imitates voices")
    hidden = RiskFactory(family=draft.family, number=2, opened=True, is_public=False, title="Leaks names")
    text = "A filter, because of R-1 and R-2."
    services.edit_card_section(draft, actor=release_manager, name="safeguards", text=text)
    publish(draft, release_manager)
    page = client.get(draft.get_absolute_url()).content.decode()
    assert f'<a href="{shown.get_absolute_url()}" title="R-1 Imitates voices"' in page
    assert "and R-2." in page
    assert "Leaks names" not in page
    client.force_login(release_manager)
    assert hidden.get_absolute_url() in client.get(draft.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("path", "content", "shown"),
    [
        ("weights.png", b"not a picture, but weights", "weights.png"),
        ("model.safetensors", b"weights", "model.safetensors"),
        ("page.svg", b"<svg onload=alert(1)>", "page.svg"),
        ("hidden.png", PNG, "other.png"),
        ("large.png", PNG + bytes(5_000_001), "large.png"),
    ],
    ids=["no picture", "weights", "drawing with scripts", "not shown", "too large"],
)
def test_only_pictures_that_the_card_shows_leave_the_gate(client, draft, release_manager, path, content, shown):
    ArtifactFactory(release=draft, path=path, content=content, created_by=release_manager)
    services.edit_card_section(draft, actor=release_manager, name="safeguards", text=f"![x]({shown})")
    publish(draft, release_manager)
    assert client.get(address("card_picture", draft, path)).status_code == 404
    assert client.get(address("card_picture", draft, "chart.png")).status_code == 200


def test_pictures_of_a_draft_are_for_people_with_a_role(client, draft, reviewer):
    assert client.get(address("card_picture", draft, "chart.png")).status_code == 404
    client.force_login(reviewer)
    answer = client.get(address("card_picture", draft, "chart.png"))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-cache")


def test_evaluation_results_are_a_table(client, draft, release_manager):
    services.import_card(draft, actor=release_manager, source=FULL_CARD)
    publish(draft, release_manager)
    page = client.get(draft.get_absolute_url()).content.decode()
    assert "Test WER" in page
    assert 'href="https://example.org/board"' in page


def test_completeness_says_what_is_missing_and_where(manager, draft):
    page = manager.get(work("card_completeness", draft)).content.decode()
    assert "MEASURE 2.12" in page
    assert "XI.1 2(e)" in page
    assert work("card_section", draft, "environment") in page
    api = manager.get(reverse("api:release-card-completeness", args=[draft.pk])).json()
    assert [row["name"] for row in api] == ["readers", "eu_gpai", "nist_ai_rmf"]
    assert {row["met"] for row in api[0]["answers"] if row["number"] in {"1", "3"}} == {True, False}


def test_the_api_writes_a_section_under_the_rules_of_the_page(manager, draft, colleague):
    url = reverse("api:release-card-section", args=[draft.pk, "intent"])
    read = manager.get(url)
    assert (read.json()["text"], read["ETag"]) == ("Letters.", '"v1"')
    body = json.dumps({"text": "Mail."})
    assert manager.put(url, body, content_type="application/json").status_code == 428
    written = manager.put(url, body, content_type="application/json", headers={"If-Match": read["ETag"]})
    assert (written.status_code, written.json()["text"], written["ETag"]) == (200, "Mail.", '"v2"')
    stale = manager.put(url, '{"text": "x"}', content_type="application/json", headers={"If-Match": '"v1"'})
    assert stale.status_code in {409, 412}
    refused = manager.put(url, '{"text": "```"}', content_type="application/json", headers={"If-Match": "*"})
    assert refused.json()["errors"][0]["field"] == "text"
    listed = manager.get(reverse("api:release-card-sections", args=[draft.pk])).json()
    assert [row["name"] for row in listed["sections"]] == ["opening", "t", "intent", "evaluation"]
    assert "safeguards" in listed["missing"]


def test_the_api_writes_metadata(manager, draft):
    url = reverse("api:release-card-metadata", args=[draft.pk])
    body = json.dumps({"changes": {"tags": None, "language": ["en"], "co2_eq_emissions": {"emissions": 12}}})
    answer = manager.patch(url, body, content_type="application/json", headers={"If-Match": '"v1"'})
    assert answer.json()["front_matter"] == "license: mit  # ours\nlanguage:\n- en\nco2_eq_emissions:\n  emissions: 12"
    assert manager.get(url).json()["number"] == 2
    for wrong in ({"changes": {}}, {"changes": {"model-index": 7}}, {}):
        answer = manager.patch(url, json.dumps(wrong), content_type="application/json", headers={"If-Match": "*"})
        assert answer.status_code in {400, 409}


def test_the_api_corrects_and_compares(client, draft, release_manager):
    publish(draft, release_manager)
    client.force_login(release_manager)
    url = reverse("api:release-card", args=[draft.pk])
    body = {"source": SOURCE.replace("Letters", "Mail")}
    assert client.put(url, json.dumps(body), content_type="application/json").status_code == 409
    body["correction_note"] = NOTE
    made = client.put(url, json.dumps(body), content_type="application/json")
    assert (made.status_code, made.json()["correction_note"]) == (201, NOTE)
    client.logout()
    diff = client.get(reverse("api:release-card-diff", args=[draft.pk]), {"from": 1, "to": 2}).json()
    assert diff["metadata"] == []
    assert [piece for piece in diff["sections"][0]["words"] if piece["op"] != "same"] == [
        {"op": "removed", "text": "Letters"},
        {"op": "added", "text": "Mail"},
    ]
    for query in ({}, {"from": "x", "to": 1}, {"from": "٣", "to": 1}):
        assert client.get(reverse("api:release-card-diff", args=[draft.pk]), query).status_code == 400


def cost(client, url, **query):
    ContentType.objects.get_for_models(Release)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url, query)
    assert response.status_code == 200
    return len(queries)


@pytest.mark.parametrize("versions", [2, 25])
def test_reading_costs_the_same_for_few_versions_and_for_many(client, draft, release_manager, versions):
    for number in range(versions - 1):
        services.import_card(draft, actor=release_manager, source=f"{SOURCE}\nLine {number}.\n")
    publish(draft, release_manager)
    client.force_login(release_manager)
    pages = [
        (draft.get_absolute_url(), {}),
        (address("card_versions", draft), {}),
        (address("card_version", draft, versions), {}),
        (address("card_comparison", draft), {"old": 1, "new": 2}),
        (work("manage_card", draft), {}),
        (work("card_completeness", draft), {}),
        (work("card_section", draft, "intent"), {}),
        (work("card_metadata", draft), {}),
        (work("card_source_edit", draft), {}),
        (reverse("api:release-cards", args=[draft.pk]), {}),
        (reverse("api:release-card-sections", args=[draft.pk]), {}),
        (reverse("api:release-card-diff", args=[draft.pk]), {"from": 1, "to": 2}),
        (reverse("api:release-card-completeness", args=[draft.pk]), {}),
    ]
    costs = {url: cost(client, url, **query) for url, query in pages}
    assert {url: number for url, number in costs.items() if number > 8} == {}


def test_a_write_stays_within_its_budget(manager, draft):
    with CaptureQueriesContext(connection) as queries:
        manager.post(work("card_section", draft, "intent"), {"text": "Mail.", "number": 1})
    assert draft.cards.count() == 2
    assert len(queries) <= 15


def test_a_card_of_a_megabyte_is_written_in_seconds(manager, draft, release_manager):
    body = "".join(f"## Part {number}\n\n{'words and words ' * 60}\n\n" for number in range(950))
    services.import_card(draft, actor=release_manager, source=CARD + body)
    start = time.process_time()
    assert manager.post(work("card_section", draft, "limitations"), {"text": "Few.", "number": 2}).status_code == 302
    assert time.process_time() - start < 15
