"""Bearing a risk knowingly: by whom, how long, of what, and that it ends by itself."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.roles import Role
from accounts.services import assign_role
from common import audit
from common.lifecycle import Refused, Stale
from common.models import OutboxEvent
from registry import selectors, services
from registry.models import (
    AssessmentProposal,
    BandRule,
    EntryCriterion,
    ImportRow,
    Risk,
    RiskAcceptance,
    RiskScale,
)
from registry.tasks import announce_ended_acceptances
from tests.factories.accounts import UserFactory
from tests.factories.registry import MitigationFactory, RiskAcceptanceFactory, RiskFactory

State = RiskAcceptance.State
NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def in_days(days):
    return timezone.now().date() + dt.timedelta(days=days)


@pytest.fixture
def risk(family, risk_owner):
    """High: 3 × 4, which a release manager may accept for 180 days."""
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=3)


def accept(risk, actor, days=30, **more):
    values = {"ends_on": in_days(days), "reason": "Research outweighs it.", **more}
    return services.accept_risk(risk, actor=actor, **values)


def fresh(acceptance):
    return RiskAcceptance.objects.select_related("risk").get(pk=acceptance.pk)


def test_somebody_else_of_the_right_role_accepts(risk, release_manager):
    acceptance = fresh(accept(risk, release_manager, conditions="Only with the filter on."))
    risk.refresh_from_db()
    assert (acceptance.state, acceptance.band, acceptance.digest) == (State.IN_FORCE, "high", risk.digest)
    assert acceptance.snapshot["levels"]["residual"] == {
        "likelihood": 3,
        "severity": 4,
        "band": "high",
        "words": ["Possible", "Major"],
    }
    assert acceptance.snapshot["harm"] == risk.harm
    assert risk.treatment == "accept"
    event = audit.trail(risk).first()
    assert (event.verb, event.after["ends_on"], event.reason) == (
        "registry.risk.accept",
        str(acceptance.ends_on),
        "Research outweighs it.",
    )
    assert RiskAcceptance.objects.in_force().get() == acceptance


def test_who_answers_for_it_cannot_accept_it(risk, release_manager, risk_owner):
    Risk.objects.filter(pk=risk.pk).update(owner=release_manager, deputy=risk_owner)
    for person in (release_manager, risk_owner):
        with pytest.raises(PermissionDenied):
            accept(risk, person)
    boss = UserFactory(is_superuser=True)
    Risk.objects.filter(pk=risk.pk).update(owner=boss)
    with pytest.raises(PermissionDenied):
        accept(risk, boss)
    # Who answered for it until just now is no second person either.
    with pytest.raises(PermissionDenied):
        accept(risk, release_manager)
    other = UserFactory()
    assign_role(other, Role.RELEASE_MANAGER, risk.family.publisher, actor=UserFactory(is_superuser=True))
    accept(risk, other)


def test_it_takes_the_role_that_the_level_asks_for(risk, family, reviewer, auditor, stranger, release_manager):
    other = UserFactory()
    assign_role(other, Role.RISK_OWNER, family.publisher, actor=UserFactory(is_superuser=True))
    for person in (other, reviewer, auditor, stranger):
        with pytest.raises(PermissionDenied):
            accept(risk, person)
    Risk.objects.filter(pk=risk.pk).update(residual_likelihood=2)
    accept(risk, other)
    # A release manager may all that a risk owner may.
    accept(risk, release_manager)


def test_no_longer_than_the_level_allows(risk, release_manager):
    for days in (-1, 181):
        with pytest.raises(Refused, match="180 days at most") as refusal:
            accept(risk, release_manager, days=days)
        assert refusal.value.field == "ends_on"
    accept(risk, release_manager, days=180)


def test_a_level_that_may_not_be_accepted(family, risk, release_manager, risk_owner):
    draft = services.draft_scale(family.publisher, actor=release_manager, note="Stricter.")
    services.edit_scale(draft, actor=release_manager, rules={"high": {"acceptance_days": 0}})
    services.activate_scale(draft, actor=release_manager, reason="Board decision.")
    with pytest.raises(Refused, match="may not be accepted"):
        accept(risk, release_manager)
    with pytest.raises(Refused, match="may not be accepted"):
        services.choose_treatment(risk, actor=risk_owner, treatment="accept", reason="We bear it.")


def test_a_reason_and_an_open_risk_are_needed(risk, family, release_manager):
    with pytest.raises(Refused) as refusal:
        accept(risk, release_manager, reason="  ")
    assert refusal.value.field == "reason"
    with pytest.raises(Refused, match="Only an open risk"):
        accept(RiskFactory(family=family, number=9), release_manager)


def test_what_is_accepted_is_what_was_read(risk, release_manager):
    version = risk.row_version
    services.edit_risk(risk, actor=release_manager, harm="Something worse.")
    with pytest.raises(Stale):
        accept(risk, release_manager, expected_version=version)


def test_a_longer_one_is_a_new_decision(risk, release_manager):
    first = accept(risk, release_manager, days=10)
    second = accept(risk, release_manager, days=90)
    assert (fresh(first).state, fresh(second).state) == (State.REVOKED, State.IN_FORCE)
    assert fresh(first).revocation_reason == "Replaced by a new decision."


def test_a_material_change_makes_it_stale(risk, release_manager, reviewer):
    acceptance = accept(risk, release_manager)
    services.edit_risk(risk, actor=release_manager, is_public=False)
    services.assign_risk_owner(risk, actor=release_manager, owner=reviewer)
    assert fresh(acceptance).state == State.IN_FORCE
    services.edit_risk(risk, actor=release_manager, harm="Something worse.")
    assert fresh(acceptance).state == State.STALE
    assert not RiskAcceptance.objects.in_force().exists()


def test_a_new_judgement_makes_it_stale_and_a_target_does_not(risk, release_manager):
    acceptance = accept(risk, release_manager)
    judge = {"actor": release_manager, "rationale": "Measured."}
    services.assess_risk(risk, kind="target", likelihood=1, severity=2, **judge)
    assert fresh(acceptance).state == State.IN_FORCE
    services.assess_risk(risk, kind="residual", likelihood=3, severity=5, **judge)
    assert fresh(acceptance).state == State.STALE


def test_it_lapses_on_its_date_without_a_worker(risk, release_manager, risk_owner):
    """Nothing runs between the two readings but the clock."""
    with time_machine.travel(NOW, tick=False):
        acceptance = accept(risk, release_manager, days=10)
    with time_machine.travel(NOW + dt.timedelta(days=10, hours=11), tick=False):
        assert fresh(acceptance).state == State.IN_FORCE
        assert not selectors.waiting_risks(risk_owner).exists()
    with time_machine.travel(NOW + dt.timedelta(days=10, hours=12), tick=False):
        assert fresh(acceptance).state == State.LAPSED
        assert not RiskAcceptance.objects.in_force().exists()
        assert RiskAcceptance.objects.ended().get() == acceptance
        assert selectors.waiting_risks(risk_owner).get() == risk
    assert fresh(acceptance).announced_at is None
    assert not OutboxEvent.objects.filter(name="registry.risk.acceptance_ended").exists()


def test_ends_are_announced_once(risk, release_manager):
    with time_machine.travel(NOW, tick=False):
        acceptance = accept(risk, release_manager, days=1)
    ended = OutboxEvent.objects.filter(name="registry.risk.acceptance_ended")
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        announce_ended_acceptances()
        assert not ended.exists()
    with time_machine.travel(NOW + dt.timedelta(days=2), tick=False):
        announce_ended_acceptances()
        announce_ended_acceptances()
    assert (ended.get().object_id, ended.get().payload["state"]) == (str(risk.pk), "lapsed")
    assert fresh(acceptance).announced_at is not None


def test_revoking_gives_a_reason_and_opens_the_risk_again(risk, release_manager, risk_owner, reviewer):
    acceptance = accept(risk, release_manager)
    with pytest.raises(PermissionDenied):
        services.revoke_acceptance(fresh(acceptance), actor=reviewer, reason="No.")
    with pytest.raises(Refused):
        services.revoke_acceptance(fresh(acceptance), actor=risk_owner, reason="")
    services.revoke_acceptance(fresh(acceptance), actor=risk_owner, reason="The filter was removed.")
    assert fresh(acceptance).state == State.REVOKED
    risk.refresh_from_db()
    assert risk.treatment == "mitigate"
    assert OutboxEvent.objects.get(name="registry.risk.acceptance_ended").payload["state"] == "revoked"
    with pytest.raises(Refused, match="revoked already"):
        services.revoke_acceptance(fresh(acceptance), actor=risk_owner, reason="Again.")


def test_a_closed_risk_is_not_accepted(risk, release_manager):
    acceptance = accept(risk, release_manager)
    services.close_risk(risk, actor=release_manager, reason="Withdrawn.")
    assert fresh(acceptance).state == State.STALE


class TestTreatment:
    def test_a_choice_is_on_record_with_its_reason(self, risk, risk_owner):
        services.choose_treatment(risk, actor=risk_owner, treatment="avoid", reason="We do not ship it.")
        event = audit.trail(risk).first()
        assert (event.verb, event.before, event.after, event.reason) == (
            "registry.risk.choose_treatment",
            {"treatment": "mitigate"},
            {"treatment": "avoid"},
            "We do not ship it.",
        )

    def test_not_without_reason_nor_role_nor_for_a_closed_one(self, risk, risk_owner, reviewer, release_manager):
        with pytest.raises(Refused):
            services.choose_treatment(risk, actor=risk_owner, treatment="avoid", reason="")
        with pytest.raises(PermissionDenied):
            services.choose_treatment(risk, actor=reviewer, treatment="avoid", reason="Why not.")
        services.close_risk(risk, actor=release_manager, reason="Withdrawn.")
        with pytest.raises(Refused, match="closed"):
            services.choose_treatment(risk, actor=risk_owner, treatment="avoid", reason="Why not.")

    def test_to_accept_it_waits_for_those_who_may(self, risk, risk_owner, release_manager, reviewer):
        services.choose_treatment(risk, actor=risk_owner, treatment="accept", reason="We bear it.")
        assert [person for person in (risk_owner, release_manager, reviewer) if _waits(person)] == [release_manager]
        accept(risk, release_manager)
        assert not _waits(release_manager)

    def test_another_treatment_gives_an_acceptance_up(self, risk, risk_owner, release_manager):
        acceptance = accept(risk, release_manager)
        risk.refresh_from_db()
        services.choose_treatment(risk, actor=risk_owner, treatment="mitigate", reason="There is a filter now.")
        assert fresh(acceptance).state == State.REVOKED

    def test_a_choice_settles_one_that_lapsed(self, risk, risk_owner, release_manager):
        with time_machine.travel(NOW, tick=False):
            acceptance = accept(risk, release_manager, days=1)
        with time_machine.travel(NOW + dt.timedelta(days=5), tick=False):
            assert not _waits(release_manager)
            services.choose_treatment(risk, actor=risk_owner, treatment="accept", reason="For another month.")
            assert _waits(release_manager)
            assert not selectors.waiting_risks(risk_owner).exists()
            assert fresh(acceptance).state == State.LAPSED


def _waits(person):
    return selectors.waiting_judging(person).exists()


class TestDatabase:
    def test_the_owner_cannot_accept(self, risk, risk_owner):
        with pytest.raises(IntegrityError, match="cannot accept"), transaction.atomic():
            RiskAcceptanceFactory(risk=risk, band="high", accepted_by=risk_owner)

    def test_nor_the_deputy(self, risk):
        deputy = UserFactory()
        Risk.objects.filter(pk=risk.pk).update(deputy=deputy)
        with pytest.raises(IntegrityError, match="cannot accept"), transaction.atomic():
            RiskAcceptanceFactory(risk=risk, band="high", accepted_by=deputy)

    def test_nor_anybody_what_the_risk_is_not(self, risk):
        for wrong in ({"band": "low"}, {"band": "high", "digest": "0" * 64}):
            with pytest.raises(IntegrityError, match="no longer, what would be"), transaction.atomic():
                RiskAcceptanceFactory(risk=risk, **wrong)

    def test_nor_for_longer_than_its_band_allows(self, risk):
        with pytest.raises(IntegrityError, match="180 days at most"), transaction.atomic():
            RiskAcceptanceFactory(risk=risk, band="high", ends_on=in_days(182))

    def test_it_stays_as_it_was_given(self, risk, release_manager):
        acceptance = accept(risk, release_manager)
        for changes in ({"ends_on": in_days(99)}, {"reason": "Other."}):
            with pytest.raises(IntegrityError, match="only be revoked"), transaction.atomic():
                RiskAcceptance.objects.filter(pk=acceptance.pk).update(**changes)
        services.revoke_acceptance(fresh(acceptance), actor=release_manager, reason="Changed our mind.")
        with pytest.raises(IntegrityError, match="only be revoked"), transaction.atomic():
            RiskAcceptance.objects.filter(pk=acceptance.pk).update(revoked_at=None, revoked_by=None)

    def test_every_scale_says_who_accepts(self, publisher):
        assert BandRule.objects.filter(scale__publisher=publisher).count() == 4


def test_what_was_put_back_is_not_what_was_accepted(risk, release_manager):
    was, acceptance = risk.harm, accept(risk, release_manager)
    for harm in ("Something worse.", was):
        services.edit_risk(Risk.objects.get(pk=risk.pk), actor=release_manager, harm=harm)
        assert fresh(acceptance).state == State.STALE


@pytest.mark.parametrize("how", ["unlinked", "dropped"])
def test_without_a_mitigation_it_relied_on_it_holds_no_longer(risk, family, release_manager, risk_owner, how):
    mitigation = MitigationFactory(family=family, owner=risk_owner, risks=[risk, RiskFactory(family=family, number=2)])
    risk.refresh_from_db()
    acceptance = accept(risk, release_manager)
    if how == "unlinked":
        services.unlink_risk(mitigation, actor=release_manager, risk=Risk.objects.get(pk=risk.pk), reason="Not here.")
    else:
        services.drop_mitigation(mitigation, actor=release_manager, reason="Too dear.")
    assert fresh(acceptance).state == State.STALE


@pytest.mark.parametrize("model", [RiskAcceptance, AssessmentProposal, BandRule, EntryCriterion, ImportRow, RiskScale])
def test_records_are_not_emptied(db, model):
    with connection.cursor() as cursor:
        # Foreign keys are checked first, or PostgreSQL refuses TRUNCATE for a reason of its own.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")
