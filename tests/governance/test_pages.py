import json
import xml.etree.ElementTree as ET

import pytest
from django.urls import reverse

from governance.models import Decision
from tests.factories.governance import DecisionEvidenceFactory, DecisionFactory
from tests.factories.registry import ReleaseFactory, RiskFactory

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def sign_in(client):
    def act(user):
        user.__dict__.pop("_scopes", None)
        client.force_login(user, backend=BACKEND)
        return client

    return act


def form(**fields):
    rows = {
        "options-0-name": "Go",
        "options-0-chosen": "on",
        "options-1-name": "Wait",
        "options-1-arguments_for": "No harm.",
    }
    counts = {
        "options-TOTAL_FORMS": 2,
        "options-INITIAL_FORMS": 0,
        "evidence-TOTAL_FORMS": 1,
        "evidence-INITIAL_FORMS": 0,
    }
    text = {"title": "Gate it", "context": "C", "outcome": "O", "consequences": "Q", "stops_holding_when": "S"}
    return {**rows, **counts, **text, "decided_as": "reviewer", "decided_on": "2026-11-18", **fields}


@pytest.mark.parametrize("rows", [1, 3])
def test_public_log_costs_one_query(rows, client, family, django_assert_num_queries):
    # The families to filter by and the rows.
    DecisionFactory.create_batch(rows, family=family, published=True)
    with django_assert_num_queries(2):
        response = client.get(reverse("governance:decision_list"))
    assert response.content.decode().count("<article") == rows


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_work_list_costs_the_same(rows, sign_in, family, reviewer, django_assert_num_queries):
    DecisionFactory.create_batch(rows, family=family)
    client = sign_in(reviewer)
    # session, user, roles, families to filter by, rows, what waits in the sidebar
    with django_assert_num_queries(6):
        response = client.get(reverse("governance:decision_work"))
    assert response.content.decode().count('class="row-title"') == min(rows, 25)


@pytest.mark.parametrize("rows", [1, 3])
def test_public_decision_costs_the_same(rows, client, published, family, django_assert_max_num_queries):
    draft = DecisionFactory(family=family, risks=RiskFactory.create_batch(rows, family=family, opened=True))
    DecisionEvidenceFactory.create_batch(rows, decision=draft)
    Decision.objects.filter(pk=draft.pk).update(
        stage="published", published_at="2026-01-01T00:00Z", published_by=draft.decided_by
    )
    with django_assert_max_num_queries(8):
        assert client.get(draft.get_absolute_url()).status_code == 200


def test_a_draft_is_not_in_the_log_nor_at_its_address(client, sign_in, draft, stranger, reviewer):
    assert draft.title not in client.get(reverse("governance:decision_list")).content.decode()
    for path in (
        draft.get_absolute_url(),
        reverse("governance:decision_json", args=[draft.pk]),
        reverse("governance:decision_markdown", args=[draft.pk]),
    ):
        assert client.get(path).status_code == 404
    assert draft.title not in client.get(reverse("governance:decision_feed")).content.decode()
    assert draft.title.encode() not in client.get(reverse("governance:decision_csv")).getvalue()
    assert sign_in(stranger).get(draft.get_absolute_url()).status_code == 404
    assert sign_in(reviewer).get(draft.get_absolute_url()).status_code == 200


def test_the_public_sees_the_role_and_not_the_name(client, sign_in, family, auditor, publisher):
    from tests.factories.accounts import UserFactory

    person = UserFactory(display_name="Somebody In Particular")
    decision = DecisionFactory(family=family, decided_by=person, decided_as="release_manager", published=True)
    pages = [
        decision.get_absolute_url(),
        reverse("governance:decision_json", args=[decision.pk]),
        f"/api/v1/decisions/{decision.pk}/",
    ]
    for path in pages:
        assert "Somebody In Particular" not in client.get(path).content.decode()
    for path in pages:
        assert "Somebody In Particular" in sign_in(auditor).get(path).content.decode()


def test_a_hidden_risk_stays_hidden_on_a_public_decision(client, family, reviewer, sign_in):
    hidden = RiskFactory(family=family, opened=True, is_public=False, title="A way around the filter")
    decision = DecisionFactory(family=family, risks=[hidden], published=True)
    for path in (decision.get_absolute_url(), reverse("governance:decision_markdown", args=[decision.pk])):
        assert hidden.title not in client.get(path).content.decode()
    assert json.loads(client.get(reverse("governance:decision_json", args=[decision.pk])).content)["risks"] == []
    assert hidden.title in sign_in(reviewer).get(decision.get_absolute_url()).content.decode()


def test_search_and_filter_of_the_log(client, family):
    DecisionFactory(family=family, title="Gate the weights", published=True)
    DecisionFactory(title="Open the tokenizer", published=True)
    assert (
        "Open the tokenizer" not in client.get(reverse("governance:decision_list"), {"q": "weights"}).content.decode()
    )
    filtered = client.get(reverse("governance:decision_list"), {"family": family.pk}).content.decode()
    assert "Gate the weights" in filtered
    assert "Open the tokenizer" not in filtered
    assert "No decision matches" in client.get(reverse("governance:decision_list"), {"q": "absent"}).content.decode()
    assert client.get(reverse("governance:decision_list"), {"family": "x", "cursor": "nonsense"}).status_code == 200


def test_feed_is_atom_with_permalinks(client, published):
    response = client.get(reverse("governance:decision_feed"))
    root = ET.fromstring(response.content)
    space = "{http://www.w3.org/2005/Atom}"
    assert response["Content-Type"].startswith("application/atom+xml")
    assert root.find(f"{space}entry/{space}link").get("href").endswith(published.get_absolute_url())


def test_a_control_character_in_one_decision_does_not_cost_the_feed(client, family):
    DecisionFactory(family=family, title="Keep\x01 it", outcome="Because\x0b\uffff so", published=True)
    root = ET.fromstring(client.get(reverse("governance:decision_feed")).content)
    space = "{http://www.w3.org/2005/Atom}"
    assert root.find(f"{space}entry/{space}title").text.endswith("Keep it")
    assert root.find(f"{space}entry/{space}summary").text == "Because so"


def test_csv_keeps_formulas_as_text(client, family):
    DecisionFactory(family=family, title="=HYPERLINK(1)", published=True)
    text = client.get(reverse("governance:decision_csv")).getvalue().decode()
    assert ",'=HYPERLINK(1)," in text


def test_script_in_a_decision_stays_text(client, family):
    decision = DecisionFactory(
        family=family, title="<script>alert(1)</script>", context="<img src=x onerror=alert(1)>", published=True
    )
    page = client.get(decision.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_record_edit_publish_in_the_browser(sign_in, family, reviewer, risk):
    client = sign_in(reviewer)
    new = reverse("governance:decision_new")
    assert "Which model family" in client.get(new).content.decode()
    response = client.post(f"{new}?family={family.pk}", form(risks=[risk.pk]))
    decision = Decision.objects.get()
    assert response.url == decision.get_workspace_url()
    assert [option.name for option in decision.options.all()] == ["Go", "Wait"]
    page = client.get(reverse("governance:decision_text", args=[decision.pk])).content.decode()
    assert 'value="Wait"' in page
    edited = form(row_version=1, title="Gate it well", **{"options-INITIAL_FORMS": 2, "options-1-DELETE": "on"})
    assert client.post(reverse("governance:decision_text", args=[decision.pk]), edited).status_code == 302
    decision.refresh_from_db()
    assert (decision.title, decision.options.count()) == ("Gate it well", 1)
    publication = reverse("governance:decision_publication", args=[decision.pk])
    assert client.get(publication).status_code == 200
    assert client.post(publication).url == decision.get_workspace_url()
    decision.refresh_from_db()
    assert decision.stage == "published"


def test_a_lost_update_is_told_and_keeps_what_was_typed(sign_in, draft, reviewer):
    client = sign_in(reviewer)
    response = client.post(reverse("governance:decision_text", args=[draft.pk]), form(row_version=7, title="My words"))
    assert response.status_code == 422
    assert "changed this while you were editing" in response.content.decode()
    assert "My words" in response.content.decode()


def test_a_blocked_move_says_why_and_offers_no_button(sign_in, family, reviewer, release_manager):
    thin = DecisionFactory(family=family, context="", decided_by=reviewer)
    client = sign_in(reviewer)
    assert "Still empty: context" in client.get(thin.get_workspace_url()).content.decode()
    publication = reverse("governance:decision_publication", args=[thin.pk])
    assert (
        '<button class="button" data-variant="primary">'
        not in client.get(publication).content.decode().split("workspace-page")[1]
    )
    refused = client.post(publication)
    assert refused.status_code == 409
    assert "Still empty: context" in refused.content.decode()


def test_withdrawal_page_asks_for_a_reason(sign_in, release, incident_handler):
    client = sign_in(incident_handler)
    path = reverse("governance:release_withdrawal", args=[release.pk])
    assert client.post(path, {"reason": ""}).status_code == 422
    assert client.post(path, {"reason": "A safeguard did not hold."}).status_code == 302
    release.refresh_from_db()
    assert release.stage == "withdrawn"
    again = client.post(path, {"reason": "Again."})
    assert again.status_code == 409
    assert "already" in again.content.decode()


def test_release_panel_offers_the_moves(sign_in, family, release_manager, rf):
    from common.panels import render

    empty = ReleaseFactory(family=family, version="4.0", created_by=release_manager)
    request = rf.get("/")
    request.user = release_manager
    html = str(render("registry.release", request, empty))
    assert "Import a model card first" in html
    assert reverse("governance:release_publication", args=[empty.pk]) not in html


def test_workspace_counts_drafts_for_those_who_publish(family, draft, reviewer, risk_owner, researcher):
    from common.workspace import items

    def count(user):
        return {item.name: item.count for item in items(user)}.get("decisions")

    assert (count(reviewer), count(risk_owner), count(researcher)) == (1, 0, None)


def test_many_risks_are_named_by_number(sign_in, draft, family, reviewer):
    risks = RiskFactory.create_batch(61, family=family, opened=True)
    draft.risks.set(risks[:2])
    client, path = sign_in(reviewer), reverse("governance:decision_text", args=[draft.pk])
    page = client.get(path).content.decode()
    assert page.count('type="checkbox"') < 10
    assert f'value="{risks[0].reference}, {risks[1].reference}"' in page
    assert client.post(path, form(row_version=1, risks="R-999999999")).status_code == 422
    assert client.post(path, form(row_version=1, risks=f"{risks[2].reference}; {risks[3].number}")).status_code == 302
    assert set(draft.risks.all()) == {risks[2], risks[3]}
