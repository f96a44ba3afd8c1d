import json

import pytest
from django.urls import reverse

from access import services
from access.models import AccessRequest, Grant
from tests.factories.access import AccessRequestFactory, GrantFactory, TierFactory

pytestmark = pytest.mark.django_db
TYPE = "application/problem+json"


@pytest.fixture
def api(as_user):
    def call(user, method, name, *args, body=None, **headers):
        path = reverse(f"api:{name}", args=args) if not name.startswith("/") else name
        client = as_user(user)
        data = json.dumps(body if body is not None else {})
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        if method == "get":
            return client.get(path, body or {}, headers=headers)
        return client.generic(method.upper(), path, data, "application/json", headers=headers)

    return call


def wanted(tier, release, question, **changes):
    return {
        "tier": tier.pk,
        "release": release.pk,
        "purpose": "Measure how well it refuses",
        "answers": {question.field_name: "A public benchmark"},
        "typed_name": "A Researcher",
    } | changes


def test_the_whole_path(api, tier, release, question, researcher, release_manager):
    tiers = api(researcher, "get", "tier-list", body={"family": release.family_id}).json()["results"]
    assert tiers[0]["questions"][0]["name"] == question.field_name
    terms = api(researcher, "get", "terms-detail", tiers[0]["terms"]).json()
    assert terms["document"].startswith("## You can")
    check = api(researcher, "get", "access-check", body={"release": release.pk}).json()
    assert (check["allowed"], check["requirements"][-1]["key"]) == (False, "grant")
    made = api(researcher, "post", "access-request-list", body=wanted(tier, release, question))
    assert made.status_code == 201
    number = made.json()["id"]
    assert made.json()["answers"][0]["value"] == "A public benchmark"
    decided = api(
        release_manager, "post", "access-request-decision", number, body={"approve": True, "reason": "Sound plan"}
    )
    assert (decided.status_code, decided.json()["stage"]) == (200, "approved")
    (grant,) = api(researcher, "get", "grant-list").json()["results"]
    assert grant["opens"] is True
    assert api(researcher, "get", "access-check", body={"release": release.pk}).json()["allowed"] is True
    closed = api(release_manager, "post", "grant-revocation", grant["id"], body={"reason": "Resold"})
    assert closed.json()["opens"] is False
    check = api(researcher, "get", "access-check", body={"release": release.pk}).json()
    assert check["allowed"] is False
    assert "Resold" in str(check["requirements"])


def test_sending_twice_with_one_key_makes_one_request(api, tier, release, question, researcher):
    body = wanted(tier, release, question)
    first = api(researcher, "post", "access-request-list", body=body, Idempotency_Key="key-1234567")
    again = api(researcher, "post", "access-request-list", body=body, Idempotency_Key="key-1234567")
    assert first.json()["id"] == again.json()["id"]
    assert AccessRequest.objects.count() == 1


def test_refusals_are_problems_in_words(
    api, submitted, tier, release, question, researcher, release_manager, colleague
):
    twice = api(researcher, "post", "access-request-list", body=wanted(tier, release, question))
    assert (twice.status_code, twice["Content-Type"]) == (409, TYPE)
    assert submitted.reference in twice.json()["detail"]
    wrong = api(
        researcher, "post", "access-request-list", body=wanted(TierFactory(family=tier.family), release, question)
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, question.field_name)
    partial = api(colleague, "post", "access-request-decision", submitted.pk, body={"approve": True, "reason": "x"})
    assert (partial.status_code, partial["Content-Type"]) == (403, TYPE)
    services.decide_request(submitted, actor=release_manager, approve=False, reason="No")
    late = api(release_manager, "post", "access-request-decision", submitted.pk, body={"approve": True, "reason": "x"})
    assert late.status_code == 409
    assert "Release manager did it on" in late.json()["detail"]


def test_a_decision_on_something_older_is_refused(api, submitted, release_manager, researcher, question):
    tag = api(release_manager, "get", "access-request-detail", submitted.pk)["ETag"]
    services.return_request(submitted, actor=release_manager, message="Which data?")
    services.submit_request(submitted, actor=researcher)
    stale = api(
        release_manager,
        "post",
        "access-request-decision",
        submitted.pk,
        body={"approve": True, "reason": "x"},
        If_Match=tag,
    )
    assert stale.status_code == 412


def test_a_draft_is_written_and_sent_later(api, tier, release, question, researcher, release_manager):
    body = {"tier": tier.pk, "release": release.pk, "is_draft": True, "purpose": "Half"}
    draft = api(researcher, "post", "access-request-list", body=body).json()
    assert api(release_manager, "get", "access-request-detail", draft["id"]).status_code == 404
    unsent = api(researcher, "post", "access-request-submission", draft["id"])
    assert {error["field"] for error in unsent.json()["errors"]} == {question.field_name, "typed_name"}
    assert api(researcher, "patch", "access-request-detail", draft["id"], body={"purpose": "x"}).status_code == 428
    tag = api(researcher, "get", "access-request-detail", draft["id"])["ETag"]
    rest = {"purpose": "Whole", "answers": {question.field_name: "x"}, "typed_name": "R"}
    saved = api(researcher, "patch", "access-request-detail", draft["id"], body=rest, If_Match=tag)
    assert saved.json()["purpose"] == "Whole"
    lost = api(researcher, "patch", "access-request-detail", draft["id"], body=rest, If_Match=tag)
    assert lost.status_code == 412
    assert api(researcher, "post", "access-request-submission", draft["id"]).json()["stage"] == "submitted"
    assert api(researcher, "post", "access-request-withdrawal", draft["id"]).json()["stage"] == "withdrawn"


def test_internal_notes_and_assignees_stay_inside(api, submitted, researcher, reviewer, release_manager):
    note = {"body": "SECRET DOUBT", "visibility": "internal"}
    assert api(reviewer, "post", "access-request-messages", submitted.pk, body=note).status_code == 201
    assert api(researcher, "post", "access-request-messages", submitted.pk, body=note).status_code == 403
    api(researcher, "post", "access-request-messages", submitted.pk, body={"body": "Any news?"})
    services.assign_request(submitted, actor=release_manager, assignee=release_manager)
    inside = api(reviewer, "get", "access-request-messages", submitted.pk)
    outside = api(researcher, "get", "access-request-messages", submitted.pk)
    assert "SECRET" in inside.content.decode()
    assert "SECRET" not in outside.content.decode()
    assert "Any news?" in outside.content.decode()
    assert api(researcher, "get", "access-request-detail", submitted.pk).json()["assignee"] is None
    assert api(reviewer, "get", "access-request-detail", submitted.pk).json()["assignee"] == release_manager.pk


def test_what_belongs_to_another_family_is_not_found(api, grant, stranger, submitted):
    for name, pk in (
        ("access-request-detail", submitted.pk),
        ("access-request-messages", submitted.pk),
        ("grant-detail", grant.pk),
        ("grant-downloads", grant.pk),
    ):
        assert api(stranger, "get", name, pk).status_code == 404, name
    for name, pk in (
        ("access-request-decision", submitted.pk),
        ("access-request-return", submitted.pk),
        ("access-request-assignment", submitted.pk),
        ("access-request-withdrawal", submitted.pk),
        ("access-request-messages", submitted.pk),
        ("grant-revocation", grant.pk),
        ("grant-suspension", grant.pk),
        ("grant-resumption", grant.pk),
    ):
        body = {"approve": False, "reason": "x", "message": "x", "body": "x", "assignee": None}
        assert api(stranger, "post", name, pk, body=body).status_code == 404, name
    grant.refresh_from_db()
    assert grant.stage == "active"
    assert api(stranger, "post", "tier-terms", submitted.tier_id, body={"text": "x"}).status_code == 403


def test_tiers_terms_and_questions_are_managed(api, family, release_manager, reviewer):
    body = {"family": family.pk, "name": "Developers", "description": "x", "support_channel": "help@example.org"}
    assert api(reviewer, "post", "tier-list", body=body).status_code == 403
    made = api(release_manager, "post", "tier-list", body=body)
    assert made.status_code == 201
    assert api(release_manager, "post", "tier-list", body=body).status_code == 400
    pk = made.json()["id"]
    changed = api(release_manager, "patch", "tier-detail", pk, body={"grant_days": 30}, If_Match=made["ETag"])
    assert changed.json()["grant_days"] == 30
    asked = {"questions": [{"text": "Where?", "kind": "choice", "choices": ["Here", "There"]}]}
    assert api(release_manager, "put", "tier-questions", pk, body=asked).json()["form_version"] == 2
    terms = api(release_manager, "post", "tier-terms", pk, body={"text": "Be good.", "can": ["Read"]})
    assert (terms.status_code, terms.json()["number"]) == (201, 1)
    assert api(release_manager, "post", "tier-terms", pk, body={"text": "Be better."}).status_code == 400


def test_new_terms_are_accepted(api, grant, tier, release_manager, researcher, release):
    terms = services.publish_terms(tier, actor=release_manager, text="New.", change_note="Shorter.")
    assert api(researcher, "get", "grant-detail", grant.pk).json()["opens"] is False
    assert api(researcher, "post", "terms-acceptance", terms.pk, body={"typed_name": "R"}).status_code == 201
    assert api(researcher, "get", "grant-detail", grant.pk).json()["opens"] is True


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("name", "queries"), [("tier-list", 5), ("terms-list", 4), ("access-request-list", 4), ("grant-list", 4)]
)
def test_lists_ask_the_same_for_one_row_as_for_many(
    rows, name, queries, as_user, release, release_manager, django_assert_num_queries
):
    for _ in range(rows):
        GrantFactory(request__release=release, request__tier=TierFactory(family=release.family))
        AccessRequestFactory(release=release, tier=TierFactory(family=release.family))
    browser = as_user(release_manager)
    with django_assert_num_queries(queries):
        found = browser.get(reverse(f"api:{name}"))
    assert len(found.json()["results"]) >= rows


def test_anonymous_callers_get_the_tiers_and_nothing_else(api, tier, submitted):
    assert len(api(None, "get", "tier-list").json()["results"]) == 1
    for name in ("access-request-list", "grant-list", "access-check"):
        assert api(None, "get", name).status_code == 401
    assert Grant.objects.count() == 0


def test_assigning_does_not_turn_numbers_into_names(api, submitted, release_manager, researcher, stranger):
    for person in (researcher, stranger):
        answer = api(release_manager, "post", "access-request-assignment", submitted.pk, body={"assignee": person.pk})
        assert (answer.status_code, str(person) in answer.content.decode()) == (400, False)
    me = {"assignee": release_manager.pk}
    assert api(release_manager, "post", "access-request-assignment", submitted.pk, body=me).status_code == 200
