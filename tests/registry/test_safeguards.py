"""Safeguards and high-risk uses: reasons, moves, what is told to whom, and what the database itself refuses."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from common import audit
from common.lifecycle import Refused, Stale
from registry import selectors, services
from registry.models import HighRiskUse, Safeguard
from tests.factories.governance import DecisionFactory
from tests.factories.registry import HighRiskUseFactory, ModelFamilyFactory, RiskFactory, SafeguardFactory

NOBODY = AnonymousUser()
PUBLIC = "/models/harbour-lab/pilot-7b/safeguards/"


def use_of(use, reader=NOBODY):
    return selectors.with_safeguards(HighRiskUse.objects.all(), reader).get(pk=use.pk)


def test_a_safeguard_begins_as_planned_and_is_on_record(family, risk_owner):
    risk = RiskFactory(family=family, number=3)
    made = services.add_safeguard(family, actor=risk_owner, kind="content_filter", title="Filter", risks=[risk])
    assert (made.stage, list(made.risks.all())) == ("planned", [risk])
    event = audit.trail(made).get()
    assert (event.verb, event.after["risks"]) == ("registry.safeguard.add", [str(risk)])


def test_safeguards_are_not_for_those_who_only_read(family, auditor, reviewer, stranger):
    row = SafeguardFactory(family=family)
    for person in (auditor, reviewer, stranger):
        with pytest.raises(PermissionDenied):
            services.add_safeguard(family, actor=person, kind="other", title="Filter")
        with pytest.raises(PermissionDenied):
            services.edit_safeguard(row, actor=person, title="Filter")
        with pytest.raises(PermissionDenied):
            services.retire_safeguard(row, actor=person, reason="Old")


def test_it_is_in_place_only_with_its_reasons(family, risk_owner):
    row = SafeguardFactory(family=family)
    for name in ("how_it_works", "why_chosen"):
        with pytest.raises(Refused):
            services.introduce_safeguard(row, actor=risk_owner)
        row = services.edit_safeguard(row, actor=risk_owner, **{name: "Because."})
    row = services.introduce_safeguard(row, actor=risk_owner)
    assert (row.stage, row.in_place_at is not None) == ("in_place", True)
    with pytest.raises(Refused) as refusal:
        services.edit_safeguard(row, actor=risk_owner, why_chosen=" ")
    assert refusal.value.field == "why_chosen"


def test_retiring_needs_a_reason_and_is_final(family, risk_owner):
    row = SafeguardFactory(family=family, in_place=True)
    with pytest.raises(Refused) as refusal:
        services.retire_safeguard(row, actor=risk_owner, reason="  ")
    assert refusal.value.field == "reason"
    row = services.retire_safeguard(row, actor=risk_owner, reason="It let too much through.")
    assert row.retirement_reason == "It let too much through."
    for again in (
        lambda: services.introduce_safeguard(row, actor=risk_owner),
        lambda: services.edit_safeguard(row, actor=risk_owner, title="New"),
    ):
        with pytest.raises(Refused):
            again()


def test_links_and_fields_change_as_one_version(family, risk_owner, release_manager):
    one, other = RiskFactory(family=family, number=1), RiskFactory(family=family, number=2)
    row = SafeguardFactory(family=family, risks=[one])
    row = services.edit_safeguard(row, actor=risk_owner, title="Filter", risks=[other], expected_version=1)
    assert (row.row_version, list(row.risks.all())) == (2, [other])
    event = audit.trail(row).get()
    assert event.before["risks"] == [str(one)]
    assert event.after == {"title": "Filter", "risks": [str(other)]}
    with pytest.raises(Stale):
        services.edit_safeguard(row, actor=release_manager, risks=[], expected_version=1)
    # What changes nothing is no version and no event.
    assert services.edit_safeguard(row, actor=risk_owner, risks=[other]).row_version == 2
    assert audit.trail(row).count() == 1


def test_a_decision_is_named_by_a_reference_that_its_writer_can_read(family, risk_owner, stranger):
    DecisionFactory(family=family, number=12)
    DecisionFactory(family=ModelFamilyFactory(), number=13)
    made = services.add_safeguard(family, actor=risk_owner, kind="other", title="Filter", decision=" d-12 ")
    assert made.decision == "D-12"
    for text in ("D-13", "D-99", "R-1", "the one of March"):
        with pytest.raises(Refused) as refusal:
            services.edit_safeguard(made, actor=risk_owner, decision=text)
        assert refusal.value.field == "decision"


def test_the_public_page_links_decisions_that_are_public_and_names_the_others(client, family, release):
    DecisionFactory(family=family, number=12, title="Filter what it writes", published=True)
    DecisionFactory(family=family, number=13, title="Secret plan")
    SafeguardFactory(family=family, in_place=True, decision="D-12")
    SafeguardFactory(family=family, in_place=True, decision="D-13")
    page = client.get(PUBLIC).content.decode()
    assert "D-12 Filter what it writes</a>" in page
    assert "D-13" in page
    assert "Secret plan" not in page


def test_a_use_without_a_safeguard_says_so_publicly_too(client, family, release):
    use = HighRiskUseFactory(family=family, title="Ranking applicants")
    assert selectors.answer_of(use_of(use)) == "unanswered"
    assert "The publisher names no safeguard that answers this use." in client.get(PUBLIC).content.decode()
    planned = SafeguardFactory(family=family, title="Human check")
    use.safeguards.add(planned)
    assert selectors.answer_of(use_of(use)) == "planned"
    use.safeguards.add(SafeguardFactory(family=family, in_place=True))
    assert selectors.answer_of(use_of(use)) == "answered"


def test_a_retired_safeguard_answers_nothing(family, release, risk_owner):
    guard = SafeguardFactory(family=family, in_place=True)
    use = HighRiskUseFactory(family=family, safeguards=[guard])
    assert not selectors.unanswered(HighRiskUse.objects.all(), NOBODY).exists()
    services.retire_safeguard(guard, actor=risk_owner, reason="Broken")
    assert selectors.answer_of(use_of(use)) == "unanswered"
    assert selectors.unanswered(HighRiskUse.objects.all(), NOBODY).get() == use


def test_people_outside_learn_nothing_of_what_is_not_shown(client, family, release, auditor):
    hidden_risk = RiskFactory(family=family, number=1, title="Hidden risk")
    hidden = SafeguardFactory(family=family, title="Hidden filter", in_place=True, is_public=False)
    SafeguardFactory(family=family, title="Shown filter", in_place=True, risks=[hidden_risk])
    use = HighRiskUseFactory(family=family, safeguards=[hidden])
    page = client.get(PUBLIC).content.decode()
    assert "Shown filter" in page
    assert "Hidden" not in page
    rows = client.get("/api/v1/safeguards/").json()["results"]
    assert [(row["title"], row["risks"]) for row in rows] == [("Shown filter", [])]
    assert client.get(f"/api/v1/safeguards/{hidden.pk}/").status_code == 404
    row = client.get(f"/api/v1/high-risk-uses/{use.pk}/").json()
    assert (row["safeguards"], row["answer"]) == ([], "unanswered")
    assert client.get(f"/api/v1/safeguards/?risk={hidden_risk.pk}").json()["results"] == []
    client.force_login(auditor)
    row = client.get(f"/api/v1/high-risk-uses/{use.pk}/").json()
    assert (row["safeguards"], row["answer"]) == ([hidden.pk], "answered")


def test_nobody_knows_of_a_family_that_is_not_public(client, family):
    HighRiskUseFactory(family=family)
    SafeguardFactory(family=family)
    assert client.get(PUBLIC).status_code == 404
    for name in ("safeguards", "high-risk-uses"):
        assert client.get(f"/api/v1/{name}/").json()["results"] == []


def test_what_is_linked_is_of_one_family(family, risk_owner):
    foreign_risk, foreign_guard = RiskFactory(family=ModelFamilyFactory()), SafeguardFactory()
    guard, use = SafeguardFactory(family=family), HighRiskUseFactory(family=family)
    with pytest.raises(Refused):
        services.edit_safeguard(guard, actor=risk_owner, risks=[foreign_risk])
    with pytest.raises(Refused):
        services.edit_high_risk_use(use, actor=risk_owner, safeguards=[foreign_guard])
    for attempt in (
        lambda: guard.risks.add(foreign_risk),
        lambda: use.safeguards.add(foreign_guard),
        lambda: Safeguard.objects.filter(pk=guard.pk).update(family=foreign_guard.family),
    ):
        with pytest.raises((IntegrityError, InternalError), match="famil"), transaction.atomic():
            attempt()


def test_the_database_wants_reasons(family):
    for fields in (
        {"stage": "in_place", "in_place_at": timezone.now(), "how_it_works": "It filters."},
        {"stage": "in_place", "how_it_works": "It filters.", "why_chosen": "It holds."},
        {"stage": "retired", "retired_at": timezone.now()},
        {"stage": "gone"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SafeguardFactory(family=family, **fields)


def test_a_use_is_removed_with_a_reason_and_stays_on_record(family, risk_owner, auditor):
    use = HighRiskUseFactory(family=family, title="Ranking applicants", safeguards=[SafeguardFactory(family=family)])
    with pytest.raises(PermissionDenied):
        services.remove_high_risk_use(use, actor=auditor, reason="No")
    with pytest.raises(Refused):
        services.remove_high_risk_use(use, actor=risk_owner, reason="")
    trail = audit.trail(use)
    services.remove_high_risk_use(use, actor=risk_owner, reason="Named twice")
    assert not HighRiskUse.objects.exists()
    event = trail.get()
    assert (event.reason, event.before["title"]) == ("Named twice", "Ranking applicants")


def test_a_name_is_taken_once_per_family(family, risk_owner):
    SafeguardFactory(family=family, title="Filter")
    with pytest.raises(Refused) as refusal:
        services.add_safeguard(family, actor=risk_owner, kind="other", title="Filter")
    assert refusal.value.field == "title"
    services.add_safeguard(family, actor=risk_owner, kind="other", title="Other")
    second = Safeguard.objects.get(title="Other")
    with pytest.raises(Refused):
        services.edit_safeguard(second, actor=risk_owner, title="Filter")


def test_the_stale_form_shows_what_is_stored_links_too(client, family, risk_owner):
    risk = RiskFactory(family=family, number=4, title="Fraud")
    row = SafeguardFactory(family=family, title="Filter", risks=[risk])
    services.edit_safeguard(row, actor=risk_owner, evidence="New")
    client.force_login(risk_owner)
    body = {"kind": "other", "title": "Mine", "row_version": 1, "is_public": "on"}
    answer = client.post(f"/workspace/releases/safeguards/{row.pk}/edit/", body)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Mine"' in page
    assert "R-4 Fraud" in page.partition("Below is what you typed")[0]


@pytest.mark.parametrize("count", [1, 25])
def test_pages_cost_the_same_for_many(client, family, release, auditor, count, django_assert_num_queries):
    risks = [RiskFactory(family=family, number=number, opened=True) for number in range(1, 4)]
    for number in range(1, count + 1):
        DecisionFactory(family=family, number=number, published=True)
        guard = SafeguardFactory(family=family, in_place=True, risks=risks, decision=f"D-{number}")
        HighRiskUseFactory(family=family, safeguards=[guard])
    with django_assert_num_queries(4):
        client.get(PUBLIC)
    with django_assert_num_queries(2):
        client.get("/api/v1/safeguards/")
    with django_assert_num_queries(1):
        client.get("/api/v1/high-risk-uses/?unanswered=false")
    client.force_login(auditor)
    client.get(f"/workspace/releases/families/{family.pk}/safeguards/")
    with django_assert_num_queries(8):
        assert client.get(f"/workspace/releases/families/{family.pk}/safeguards/").status_code == 200


def test_writes_stay_within_their_budget(client, family, release, risk_owner, django_assert_max_num_queries):
    risks = [RiskFactory(family=family, number=number) for number in range(1, 6)]
    DecisionFactory(family=family, number=1, published=True)
    client.force_login(risk_owner)
    body = {"family": family.pk, "kind": "other", "title": "Filter", "decision": "D-1"}
    body["risks"] = [risk.pk for risk in risks[:1]]
    with django_assert_max_num_queries(15):
        made = client.post("/api/v1/safeguards/", body, "application/json")
    assert made.status_code == 201
    path, headers = f"/api/v1/safeguards/{made.json()['id']}/", {"If-Match": made["ETag"]}
    with django_assert_max_num_queries(15):
        answer = client.patch(path, {"title": "Better filter"}, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["decision_url"]) == (200, made.json()["decision_url"])
    assert client.patch(path, {"title": "x"}, "application/json").status_code == 428
    assert client.patch(path, {"title": "x"}, "application/json", headers=headers).status_code == 412


def test_many_risks_are_named_by_number_instead_of_ticked(client, family, risk_owner, django_assert_max_num_queries):
    for number in range(1, 80):
        RiskFactory(family=family, number=number)
    RiskFactory(family=ModelFamilyFactory(), number=500)
    row = SafeguardFactory(family=family, risks=[family.risks.get(number=7)])
    client.force_login(risk_owner)
    path = f"/workspace/releases/safeguards/{row.pk}/edit/"
    with django_assert_max_num_queries(9):
        assert 'value="R-7"' in client.get(path).content.decode()
    body = {"kind": "other", "title": "Filter", "row_version": 1}
    answer = client.post(path, {**body, "risks": "R-3, risk 4, R-500"})
    assert answer.context["form"].errors["risks"] == ["No risk of this model family: risk 4, R-500."]
    assert client.post(path, {**body, "risks": "r-3, R-79"}).status_code == 302
    assert [risk.number for risk in row.risks.order_by("number")] == [3, 79]
