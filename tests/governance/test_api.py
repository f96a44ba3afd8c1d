import json

import pytest

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TEXT = {
    "title": "Gate the weights",
    "context": "Evaluations are in.",
    "outcome": "Vetted researchers only.",
    "consequences": "People decide.",
    "stops_holding_when": "A better model is public.",
    "options": [{"name": "Gate", "chosen": True}, {"name": "Open", "arguments_against": "Too early."}],
    "evidence": [{"label": "Evaluation", "url": "https://example.org/e.pdf", "sha256": "a" * 64}],
}


@pytest.fixture
def api(client):
    def act(user):
        user.__dict__.pop("_scopes", None)
        client.force_login(user, backend=BACKEND)
        return client

    return act


def send(client, verb, path, body=None, **headers):
    return client.generic(verb, path, json.dumps(body) if body else "", "application/json", headers=headers)


def test_a_decision_over_the_api(api, family, reviewer, risk):
    client = api(reviewer)
    made = send(client, "POST", "/api/v1/decisions/", {**TEXT, "family": family.pk, "risks": [risk.pk]})
    assert made.status_code == 201, made.content
    body, tag = made.json(), made["ETag"]
    assert (body["stage"], body["risks"], body["options"][0]["chosen"]) == ("draft", [risk.pk], True)
    path = f"/api/v1/decisions/{body['id']}/"
    assert send(client, "PATCH", path, {"title": "Better"}).status_code == 428
    edited = send(client, "PATCH", path, {"title": "Better"}, **{"If-Match": tag})
    assert edited.json()["title"] == "Better"
    assert send(client, "PATCH", path, {"title": "Late"}, **{"If-Match": tag}).status_code == 412
    assert send(client, "POST", f"{path}publication/").json()["stage"] == "published"
    refused = send(client, "PATCH", path, {"title": "Rewritten"}, **{"If-Match": edited["ETag"]})
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    successor = send(client, "POST", f"{path}supersession/")
    assert (successor.status_code, successor.json()["supersedes"]) == (201, body["id"])
    published = send(client, "POST", f"/api/v1/decisions/{successor.json()['id']}/publication/")
    assert published.status_code == 200
    client.logout()
    old = client.get(path).json()
    assert (old["stage"], old["superseded_by"]) == ("superseded", successor.json()["id"])


def test_create_is_idempotent(api, family, reviewer):
    client = api(reviewer)
    first, second = (
        send(
            client,
            "POST",
            "/api/v1/decisions/",
            {"family": family.pk, "title": "Once"},
            **{"Idempotency-Key": "key-12345"},
        )
        for _ in range(2)
    )
    assert first.json() == second.json()
    assert client.get("/api/v1/decisions/").json()["results"][0]["title"] == "Once"
    assert len(client.get("/api/v1/decisions/").json()["results"]) == 1


def test_a_hidden_risk_or_family_cannot_be_probed(api, family, stranger, reviewer):
    from tests.factories.registry import ModelFamilyFactory, RiskFactory

    elsewhere = RiskFactory(is_public=False)
    given = send(
        api(reviewer), "POST", "/api/v1/decisions/", {"family": family.pk, "title": "X", "risks": [elsewhere.pk]}
    )
    absent = send(api(reviewer), "POST", "/api/v1/decisions/", {"family": family.pk, "title": "X", "risks": [10**9]})
    assert (given.status_code, absent.status_code) == (400, 400)
    assert given.json()["detail"].replace(str(elsewhere.pk), "N") == absent.json()["detail"].replace(str(10**9), "N")
    hidden = send(api(reviewer), "POST", "/api/v1/decisions/", {"family": ModelFamilyFactory().pk, "title": "X"})
    assert hidden.status_code == 400


@pytest.mark.parametrize("rows", [1, 3])
def test_list_costs_the_same(rows, api, family, reviewer, django_assert_num_queries):
    from tests.factories.governance import DecisionFactory

    DecisionFactory.create_batch(rows, family=family, published=True)
    client = api(reviewer)
    # session, user, roles, rows, options, evidence, risks
    with django_assert_num_queries(7):
        assert len(client.get("/api/v1/decisions/?page_size=200").json()["results"]) == rows


def test_filters(api, family, reviewer, published, draft, risk):
    client = api(reviewer)

    def found(query):
        return [row["id"] for row in client.get(f"/api/v1/decisions/?{query}").json()["results"]]

    assert found("stage=draft") == [draft.pk]
    assert found(f"risk={risk.pk}") == [published.pk]
    assert found(f"search={published.reference}") == [published.pk]
    assert found("ordering=number") == sorted([published.pk, draft.pk])


def test_release_moves_over_the_api(api, draft_release, release_manager, incident_handler):
    client = api(release_manager)
    path = f"/api/v1/releases/{draft_release.pk}"
    assert len(send(client, "POST", f"{path}/publication/").json()["revision"]) == 40
    again = send(client, "POST", f"{path}/publication/")
    assert again.status_code == 409
    assert send(client, "POST", f"{path}/withdrawal/", {}).status_code == 400
    body = send(api(incident_handler), "POST", f"{path}/withdrawal/", {"reason": "Stop."}).json()
    assert (body["stage"], body["withdrawal_reason"]) == ("withdrawn", "Stop.")
    assert (
        send(api(release_manager), "POST", f"{path}/reinstatement/", {"reason": "Fixed."}).json()["stage"]
        == "published"
    )
