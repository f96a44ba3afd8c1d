"""Handing a risk over and back is no way round the second person, and nobody is left with a risk they cannot hold."""

import datetime as dt
import json
import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from accounts.services import assign_role, close_account, hand_over, remove_role
from common import audit
from common.lifecycle import Refused
from registry import permissions, services
from registry.models import AssessmentProposal, Risk, RiskAcceptance, RiskAssessment, RiskScale
from registry.selectors import waiting_acceptances
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory, RiskAcceptanceFactory, RiskAssessmentFactory, RiskFactory


@pytest.fixture
def risk(family, release_manager, second_manager):
    """High, owned by a release manager, who may do everything here but be two people."""
    return RiskFactory(
        family=family, number=1, opened=True, owner=release_manager, residual_likelihood=3, treatment="accept"
    )


@pytest.fixture
def second_manager(family):
    person = UserFactory(display_name="Second release manager")
    assign_role(person, Role.RELEASE_MANAGER, family.publisher, actor=UserFactory(is_superuser=True))
    return person


def judge(risk, actor, likelihood=1, severity=1):
    return services.assess_risk(
        risk, actor=actor, kind="residual", likelihood=likelihood, severity=severity, rationale="Measured."
    )


def accept(risk, actor):
    ends_on = timezone.localdate() + dt.timedelta(days=30)
    return services.accept_risk(risk, actor=actor, reason="It is worth it.", ends_on=ends_on)


def over(risk, owner, actor):
    found = Risk.objects.get(pk=risk.pk)
    return services.assign_risk_owner(found, actor=actor, owner=owner)


def test_who_gave_a_risk_away_only_proposes_a_lower_level(risk, release_manager, second_manager):
    given = over(risk, second_manager, release_manager)
    assert isinstance(judge(given, release_manager), AssessmentProposal)
    back = over(risk, release_manager, release_manager)
    assert set(Risk.objects.get().former) == {str(release_manager.pk), str(second_manager.pk)}
    assert isinstance(judge(back, release_manager), AssessmentProposal)
    assert Risk.objects.get().current_band == "high"


def test_who_gave_a_risk_away_does_not_accept_it(risk, release_manager, second_manager):
    given = over(risk, second_manager, release_manager)
    given.refresh_from_db()
    assert not permissions.can_accept_risk(release_manager, given, "release_manager")
    with pytest.raises(PermissionDenied):
        accept(given, release_manager)
    assert not RiskAcceptance.objects.exists()


def test_after_a_month_they_are_like_anybody_else(risk, release_manager, second_manager):
    given = over(risk, second_manager, release_manager)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE registry_risk DISABLE TRIGGER registry_risk_people")
        ago = (timezone.now() - dt.timedelta(days=31)).isoformat()
        Risk.objects.filter(pk=risk.pk).update(former={str(release_manager.pk): ago})
        cursor.execute("ALTER TABLE registry_risk ENABLE TRIGGER registry_risk_people")
    given.refresh_from_db()
    assert isinstance(judge(given, release_manager), RiskAssessment)


def test_nobody_writes_who_answered_for_it(risk, release_manager, second_manager):
    over(risk, second_manager, release_manager)
    Risk.objects.filter(pk=risk.pk).update(former={})
    assert set(Risk.objects.get().former) == {str(release_manager.pk)}


def test_the_database_holds_the_same(risk, release_manager, second_manager):
    Risk.objects.filter(pk=risk.pk).update(owner=second_manager)
    risk.refresh_from_db()
    with pytest.raises(IntegrityError, match="needs a second person"), transaction.atomic():
        RiskAssessmentFactory(risk=risk, kind="residual", likelihood=1, severity=1, assessed_by=release_manager)
    with pytest.raises(IntegrityError, match="cannot accept it"), transaction.atomic():
        RiskAcceptanceFactory(risk=risk, accepted_by=release_manager)


class TestWhoeverAccepted:
    @pytest.fixture
    def accepted(self, risk, second_manager):
        return accept(risk, second_manager)

    def test_does_not_come_to_own_it(self, risk, accepted, release_manager, second_manager):
        with pytest.raises(Refused, match="accepted this risk"):
            over(risk, second_manager, release_manager)
        with pytest.raises(IntegrityError, match="cannot answer for it"), transaction.atomic():
            Risk.objects.filter(pk=risk.pk).update(deputy=second_manager)

    def test_is_passed_over_when_it_is_handed_on(self, risk, accepted, release_manager, second_manager):
        third = UserFactory()
        assign_role(third, Role.RELEASE_MANAGER, risk.family.publisher, actor=UserFactory(is_superuser=True))
        hand_over(release_manager, to=None, actor=release_manager, reason="I leave.")
        assert (Risk.objects.get().owner, accepted.in_force) == (third, True)

    @pytest.mark.parametrize("named", [True, False])
    def test_stops_bearing_it_when_they_take_over(self, risk, accepted, release_manager, second_manager, named):
        to = second_manager if named else None
        hand_over(release_manager, to=to, actor=release_manager, reason="I leave.")
        accepted.refresh_from_db()
        assert (Risk.objects.get().owner, accepted.state) == (second_manager, RiskAcceptance.State.REVOKED)
        assert "answer for the risk themselves" in audit.trail(risk).get(verb="registry.risk.revoke_acceptance").reason

    def test_may_own_it_once_the_acceptance_is_over(self, risk, accepted, release_manager, second_manager):
        services.revoke_acceptance(accepted, actor=second_manager, reason="Changed my mind.")
        assert over(risk, second_manager, release_manager).owner == second_manager


def test_closing_a_risk_over_a_change_of_scale_does_not_lower_it_alone(
    risk, publisher, release_manager, second_manager
):
    services.close_risk(Risk.objects.get(), actor=release_manager, reason="Gone.")
    draft = services.draft_scale(publisher, actor=release_manager, note="Six steps.")
    words = ["Never", "Rare", "Unlikely", "Possible", "Likely", "Certain"]
    draft = services.edit_scale(draft, actor=release_manager, likelihoods=words)
    draft = services.edit_scale(draft, actor=release_manager, likelihood_map=[1, 1, 1, 1, 1])
    services.activate_scale(draft, actor=release_manager, reason="Finer.")
    assert RiskScale.objects.in_force().get(publisher=publisher).number == draft.number
    with pytest.raises(Refused, match="Somebody else reopens it"):
        services.reopen_risk(Risk.objects.get(), actor=release_manager, reason="Back.")
    closed = Risk.objects.get()
    assert (closed.stage, closed.current_band) == ("closed", "high")
    reopened = services.reopen_risk(closed, actor=second_manager, reason="Back.")
    assert reopened.stage == "open"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leaving", ["role", "account"])
@pytest.mark.parametrize("first", ["naming", "leaving"])
def test_nobody_is_named_while_they_leave(family, release_manager, leaving, first):
    admin = UserFactory(is_superuser=True)
    person = UserFactory(display_name="Who leaves")
    assign_role(person, Role.RISK_OWNER, family, actor=admin)
    risk = RiskFactory(family=family, number=1, opened=True, owner=release_manager)
    went, may_end, wrong = threading.Event(), threading.Event(), []

    def name():
        services.assign_risk_owner(Risk.objects.get(pk=risk.pk), actor=release_manager, owner=person)

    def leave():
        if leaving == "role":
            remove_role(person, Role.RISK_OWNER, family, actor=admin)
        else:
            close_account(person, actor=admin, to=None, reason="Stolen.")

    def run(action, *, hold):
        try:
            with transaction.atomic():
                action()
                if hold:
                    went.set()
                    may_end.wait(5)
        except (Refused, IntegrityError) as error:
            wrong.append(error)
        finally:
            connections.close_all()

    earlier, later = (name, leave) if first == "naming" else (leave, name)
    one = threading.Thread(target=run, args=(earlier,), kwargs={"hold": True})
    one.start()
    assert went.wait(5)
    two = threading.Thread(target=run, args=(later,), kwargs={"hold": False})
    two.start()
    two.join(0.5)
    assert two.is_alive(), "the second has to wait for the first"
    may_end.set()
    one.join()
    two.join()
    risk.refresh_from_db()
    assert permissions.can_own(type(person).objects.get(pk=risk.owner_id), family)
    assert [type(error).__name__ for error in wrong] in (["Refused"], ["StillOwns"], [])


class TestPuttingAScaleInForce:
    """What it must not do for whoever puts it in force."""

    @pytest.fixture
    def draft(self, risk, publisher, release_manager):
        return services.draft_scale(publisher, actor=release_manager, note="Another.")

    def test_it_does_not_take_the_second_person_away(self, draft, release_manager, second_manager):
        rules = {"high": {"needs_second_person": False}}
        changed = services.edit_scale(draft, actor=release_manager, rules=rules)
        with pytest.raises(Refused, match="no second person there any more"):
            services.activate_scale(changed, actor=release_manager, reason="Easier.")
        assert services.activate_scale(changed, actor=second_manager, reason="Agreed.").stage == "active"

    def test_it_does_not_lower_a_score_within_its_level(self, draft, risk, release_manager, second_manager):
        Risk.objects.filter(pk=risk.pk).update(residual_likelihood=5, residual_severity=5)
        changed = services.edit_scale(draft, actor=release_manager, severity_map=[1, 2, 3, 4, 4])
        with pytest.raises(Refused, match="It would lower R-1"):
            services.activate_scale(changed, actor=release_manager, reason="Finer.")

    def test_it_tells_only_of_families_one_has_a_role_for(self, draft, risk, publisher, release_manager, client):
        other = ModelFamilyFactory(publisher=publisher, slug="other")
        outsider = UserFactory()
        assign_role(outsider, Role.AUDITOR, other, actor=UserFactory(is_superuser=True))
        services.edit_scale(draft, actor=release_manager, likelihood_map=[1, 1, 1, 1, 1])
        pages = [
            *(reverse(f"registry:{name}", args=[draft.pk]) for name in ("scale", "scale_moves", "scale_moves_csv")),
            *(f"/api/v1/risk-scales/{draft.pk}/{name}/" for name in ("moves", "summary")),
        ]
        seen = {}
        for person in (release_manager, outsider):
            client.force_login(person)
            answers = [client.get(page) for page in pages]
            assert {answer.status_code for answer in answers} == {200}
            bodies = [getattr(answer, "content", None) or b"".join(answer.streaming_content) for answer in answers]
            seen[person] = [risk.title.encode() in body for body in bodies[1:3]], json.loads(bodies[-1])["counts"]
        assert seen[release_manager][0] == [True, True]
        assert len(seen[release_manager][1]) == 1
        assert seen[outsider] == ([False, False], [])


def test_who_is_asked_to_accept_is_told_and_reminded(risk, release_manager, second_manager, client):
    assert list(waiting_acceptances(second_manager)) == [risk]
    over(risk, second_manager, release_manager)
    # Until now they owned it: they are not asked, although they hold the role.
    assert not waiting_acceptances(release_manager).exists()
    assert not waiting_acceptances(second_manager).exists()
    third = UserFactory()
    assign_role(third, Role.RELEASE_MANAGER, risk.family.publisher, actor=UserFactory(is_superuser=True))
    client.force_login(third)
    page = client.get(reverse("accounts:reminders")).content.decode()
    assert reverse("registry:acceptance_create", args=[risk.pk]) in page
