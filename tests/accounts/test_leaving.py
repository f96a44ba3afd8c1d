"""Nobody leaves and leaves something behind: handing over in one step, and closing an account."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from accounts.services import StillOwns, assign_role, close_account, hand_over, remove_role
from common.lifecycle import Refused
from common.models import AuditEvent
from tests.factories.accounts import ApiTokenFactory, UserFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.registry import MitigationFactory, ModelFamilyFactory, PhaseFactory, ReleaseFactory, RiskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def theirs(family, risk_owner, reviewer):
    """Two open risks, one draft, a closed one, one as deputy, and a mitigation."""
    risks = [
        RiskFactory(family=family, number=1, opened=True, owner=risk_owner, deputy=reviewer),
        RiskFactory(family=family, number=2, opened=True, owner=risk_owner),
        RiskFactory(family=family, number=3, owner=risk_owner),
    ]
    RiskFactory(family=family, number=4, opened=True, stage="closed", owner=risk_owner)
    RiskFactory(family=family, number=5, opened=True, owner=reviewer, deputy=risk_owner)
    MitigationFactory(family=family, owner=risk_owner, risks=risks[:1])
    MitigationFactory(family=family, owner=risk_owner, risks=risks[:1], stage="done")
    return risks


def owners(risks):
    for risk in risks:
        risk.refresh_from_db()
    return {risk.owner for risk in risks}


def test_all_that_is_open_goes_over_in_one_step(theirs, risk_owner, release_manager):
    assert hand_over(risk_owner, to=release_manager, actor=release_manager, reason="On leave.") == 5
    assert owners(theirs) == {release_manager}
    assert risk_owner.owned_risks.get().stage == "closed"
    assert not risk_owner.deputised_risks.exists()
    assert [each.stage for each in risk_owner.owned_mitigations.all()] == ["done"]
    events = AuditEvent.objects.filter(verb="registry.risk.assign_owner")
    assert {event.evidence["reason"] for event in events} == {"On leave."}
    assert events.count() == 3


def test_a_deputy_who_becomes_owner_is_no_longer_deputy(theirs, risk_owner, reviewer):
    hand_over(risk_owner, to=reviewer, actor=risk_owner, reason="On leave.")
    assert owners(theirs) == {reviewer}
    assert {risk.deputy for risk in theirs} == {None}


def test_without_a_successor_each_thing_goes_to_its_deputy_or_a_release_manager(
    theirs, risk_owner, reviewer, release_manager
):
    hand_over(risk_owner, to=None, actor=risk_owner, reason="Left.")
    owners(theirs)
    assert [risk.owner for risk in theirs] == [reviewer, release_manager, release_manager]


def test_somebody_without_a_role_gets_nothing_and_nothing_moves(theirs, risk_owner, researcher, release_manager):
    with pytest.raises(Refused, match="cannot answer for: R-1") as refusal:
        hand_over(risk_owner, to=researcher, actor=release_manager, reason="On leave.")
    assert refusal.value.field == "to"
    assert owners(theirs) == {risk_owner}
    assert not AuditEvent.objects.filter(verb="registry.risk.assign_owner").exists()


def test_one_thing_that_does_not_fit_stops_all(theirs, publisher, risk_owner, superuser, family):
    """They also answer for a model of another publisher, where the successor has no role."""
    elsewhere = ModelFamilyFactory()
    assign_role(risk_owner, Role.RISK_OWNER, elsewhere, actor=superuser)
    RiskFactory(family=elsewhere, opened=True, owner=risk_owner)
    successor = UserFactory()
    assign_role(successor, Role.RISK_OWNER, family, actor=superuser)
    with pytest.raises(Refused):
        hand_over(risk_owner, to=successor, actor=superuser, reason="Left.")
    assert owners(theirs) == {risk_owner}


def test_a_release_manager_hands_over_only_what_is_theirs_to_manage(theirs, risk_owner, release_manager, superuser):
    elsewhere = ModelFamilyFactory()
    assign_role(risk_owner, Role.RISK_OWNER, elsewhere, actor=superuser)
    other = RiskFactory(family=elsewhere, opened=True, owner=risk_owner)
    hand_over(risk_owner, to=release_manager, actor=release_manager, reason="On leave.")
    assert owners([other]) == {risk_owner}
    assert owners(theirs) == {release_manager}


def test_handing_over_is_not_for_everybody(theirs, risk_owner, reviewer, stranger, auditor):
    for person in (reviewer, stranger, auditor):
        with pytest.raises(PermissionDenied):
            hand_over(risk_owner, to=reviewer, actor=person, reason="Why not.")


def test_a_role_stays_while_its_holder_answers_for_something(
    theirs, risk_owner, publisher, administrator, release_manager
):
    with pytest.raises(StillOwns, match="Risks \\(3\\): R-1"):
        remove_role(risk_owner, Role.RISK_OWNER, publisher, actor=administrator)
    assert risk_owner.groups.exists()
    hand_over(risk_owner, to=None, actor=administrator, reason="Left.")
    remove_role(risk_owner, Role.RISK_OWNER, publisher, actor=administrator)
    assert not risk_owner.groups.exists()


def test_a_second_role_is_enough_to_let_the_first_go(theirs, risk_owner, publisher, family, administrator):
    assign_role(risk_owner, Role.REVIEWER, publisher, actor=administrator)
    remove_role(risk_owner, Role.RISK_OWNER, publisher, actor=administrator)
    assert owners(theirs) == {risk_owner}


def test_a_phase_still_to_come_goes_to_somebody_who_may_decide_on_it(family, reviewer, risk_owner, release_manager):
    release = ReleaseFactory(family=family)
    planned = PhaseFactory(release=release, kind="gated", decider=reviewer)
    dropped = PhaseFactory(release=release, kind="public", number=2, decider=reviewer, stage="dropped")
    with pytest.raises(Refused, match="cannot answer for"):
        hand_over(reviewer, to=risk_owner, actor=release_manager, reason="Left.")
    assert hand_over(reviewer, to=None, actor=release_manager, reason="Left.") == 1
    for phase in (planned, dropped):
        phase.refresh_from_db()
    assert (planned.decider, dropped.decider) == (release_manager, reviewer)


def test_an_incident_goes_to_another_handler_and_is_not_named_to_outsiders(
    family, incident_handler, administrator, superuser, client
):
    incident = IncidentFactory(families=[family], owner=incident_handler, title="Very secret title")
    other = UserFactory()
    assign_role(other, Role.INCIDENT_HANDLER, family, actor=superuser)
    client.force_login(administrator)
    page = client.get(reverse("accounts:handover", args=[incident_handler.pk])).content.decode()
    assert "Very secret" not in page
    assert f"incident {incident.pk}" in page
    hand_over(incident_handler, to=None, actor=administrator, reason="Left.")
    incident.refresh_from_db()
    assert incident.owner == other


def test_closing_an_account_ends_its_roles_and_tokens_and_leaves_nothing(
    theirs, risk_owner, superuser, release_manager
):
    token = ApiTokenFactory(user=risk_owner)
    assert close_account(risk_owner, actor=superuser, to=None, reason="Stolen.") == 5
    risk_owner.refresh_from_db()
    token.refresh_from_db()
    assert (risk_owner.is_active, risk_owner.groups.count(), token.revoked_at is None) == (False, 0, False)
    assert risk_owner not in owners(theirs)


def test_only_whoever_runs_the_portal_closes_accounts_and_not_their_own(theirs, risk_owner, administrator, superuser):
    for person, account in ((administrator, risk_owner), (risk_owner, risk_owner), (superuser, superuser)):
        with pytest.raises(PermissionDenied):
            close_account(account, actor=person, to=None, reason="Left.")


def test_the_database_closes_no_account_that_answers_for_open_risks(theirs, risk_owner):
    with pytest.raises(IntegrityError, match="hand them over first"), transaction.atomic():
        User.objects.filter(pk=risk_owner.pk).update(is_active=False)


def test_the_page_says_what_goes_over_and_keeps_what_was_typed(client, theirs, risk_owner, release_manager, researcher):
    client.force_login(release_manager)
    url = reverse("accounts:handover", args=[risk_owner.pk])
    page = client.get(url).content.decode()
    assert str(theirs[0]) in page
    answer = client.post(url, {"to": researcher.email, "reason": "Away until May"})
    assert answer.status_code == 422
    assert "Away until May" in answer.content.decode()
    assert "cannot answer for" in answer.content.decode()
    assert client.post(url, {"to": release_manager.email, "reason": "Away"}).status_code == 302


def test_the_api_hands_over_under_the_same_rules(client, theirs, risk_owner, release_manager, researcher):
    client.force_login(release_manager)
    held = client.get(reverse("api:person-holdings", args=[risk_owner.pk])).json()
    assert {row["kind"]: row["count"] for row in held} == {
        "registry.risk": 3,
        "registry.deputy": 1,
        "registry.mitigation": 1,
    }
    url = reverse("api:person-handover", args=[risk_owner.pk])
    refused = client.post(url, {"to": researcher.email, "reason": "Away"}, "application/json")
    assert (refused.status_code, refused.headers["Content-Type"]) == (409, "application/problem+json")
    assert client.post(url, {"to": release_manager.email, "reason": "Away"}, "application/json").json() == {"count": 5}
