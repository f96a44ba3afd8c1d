"""What is done about a risk, and bearing one knowingly for a while."""

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import service_account
from common import audit, events
from common.editing import edit
from common.lifecycle import Refused
from registry import permissions
from registry.models import BandRule, Risk, RiskAcceptance, RiskScale
from registry.models.acceptances import day_of_record
from registry.selectors import rule_at
from registry.services import _store
from registry.services.carrying import KINDS, judged_on_scale_in_force
from registry.services.risks import TEXT, stated

ENDED = "registry.risk.acceptance_ended"
AT_ONCE = 500


@transaction.atomic
def choose_treatment(
    risk: Risk, *, actor: Any, treatment: str, reason: str, expected_version: int | None = None
) -> Risk:
    """Say what is done about a risk, and why: mitigate, avoid, transfer or accept it.

    To accept it asks the people for it who may; the risk is borne only once one of them has said so. Whatever is
    chosen, an acceptance that ended is settled by it; one in force is given up where another treatment is chosen.
    """
    if not permissions.can_choose_treatment(actor, risk):
        raise PermissionDenied
    reason = stated(reason)
    if treatment not in Risk.Treatment.values:
        raise Refused(_("Choose one of: %s.") % ", ".join(Risk.Treatment.values), field="treatment")
    locked, scale = judged_on_scale_in_force(risk, actor=actor, expected_version=expected_version)
    if locked.stage == Risk.Stage.CLOSED:
        raise Refused(_("This risk is closed. Reopen it first."))
    if treatment == Risk.Treatment.ACCEPT:
        _acceptable(locked, scale)
    verb, version, changes = "registry.risk.choose_treatment", locked.row_version, {"treatment": treatment}
    with audit.gathered():
        _settle(locked, actor=actor, reason=reason, treatment=treatment)
        fresh = edit(locked, actor=actor, verb=verb, changes=changes, held=True, reason=reason)
        if fresh.row_version == version:
            audit.record(actor, verb, fresh, before=changes, after=changes, reason=reason)
    return fresh


@transaction.atomic
def accept_risk(
    risk: Risk,
    *,
    actor: Any,
    ends_on: dt.date,
    reason: str,
    conditions: str = "",
    expected_version: int | None = None,
) -> RiskAcceptance:
    """Bear an open risk as it stands until ``ends_on``, in the name of the role that its level asks for.

    The one before, if there is any, is replaced: a longer one is a new decision. The acceptance keeps what was
    accepted, and the digest of it; a later material change makes it stale.
    """
    reason = stated(reason)
    locked, scale = judged_on_scale_in_force(risk, actor=actor, expected_version=expected_version)
    if locked.stage != Risk.Stage.OPEN:
        raise Refused(_("Only an open risk can be accepted."))
    rule = _acceptable(locked, scale)
    if not permissions.can_accept_risk(actor, locked, rule.accepted_by):
        raise PermissionDenied
    today = day_of_record()
    latest = today + dt.timedelta(days=rule.acceptance_days)
    if not today <= ends_on <= latest:
        words = _("Choose a day from today to %(day)s: a risk of this level is accepted for %(days)d days at most.")
        raise Refused(words % {"day": _day(latest), "days": rule.acceptance_days}, field="ends_on")
    acceptance = RiskAcceptance(
        risk=locked,
        reason=reason,
        conditions=conditions.strip(),
        band=str(locked.current_band),
        digest=locked.digest,
        snapshot=_snapshot(locked, scale),
        accepted_by=actor,
        ends_on=ends_on,
    )
    _store.check(acceptance, ["reason", "conditions"])
    for before in RiskAcceptance.objects.select_for_update().filter(risk=locked, revoked_at=None):
        _revoke(before, actor=actor, reason=_("Replaced by a new decision."))
    acceptance.save(force_insert=True)
    with audit.gathered():
        if locked.treatment != Risk.Treatment.ACCEPT:
            changes = {"treatment": Risk.Treatment.ACCEPT.value}
            edit(locked, actor=actor, verb="registry.risk.choose_treatment", changes=changes, held=True, reason=reason)
        audit.record(
            actor,
            "registry.risk.accept",
            locked,
            after={"ends_on": ends_on, "level": acceptance.band, "digest": acceptance.digest},
            reason=reason,
            acceptance=acceptance.pk,
        )
    return acceptance


@transaction.atomic
def revoke_acceptance(acceptance: RiskAcceptance, *, actor: Any, reason: str) -> RiskAcceptance:
    """Take an acceptance back, with the reason: the risk is open again, and to be mitigated until somebody chooses
    otherwise."""
    reason = stated(reason)
    if not permissions.can_revoke_acceptance(actor, acceptance):
        raise PermissionDenied
    locked = Risk.objects.select_for_update(of=("self",)).select_related("family").get(pk=acceptance.risk_id)
    fresh = RiskAcceptance.objects.select_for_update().get(pk=acceptance.pk)
    fresh.risk = locked
    if fresh.revoked_at is not None:
        raise Refused(_("This acceptance was revoked already."))
    if fresh.state == RiskAcceptance.State.LAPSED:
        raise Refused(_("This acceptance ended on %s by itself.") % _day(fresh.ends_on))
    _revoke(fresh, actor=actor, reason=reason)
    audit.record(actor, "registry.risk.revoke_acceptance", locked, reason=reason, acceptance=fresh.pk)
    if locked.treatment == Risk.Treatment.ACCEPT:
        changes = {"treatment": Risk.Treatment.MITIGATE.value}
        edit(locked, actor=actor, verb="registry.risk.choose_treatment", changes=changes, held=True, reason=reason)
    events.emit(ENDED, locked, acceptance=fresh.pk, state=RiskAcceptance.State.REVOKED.value)
    return fresh


def announce_ended() -> int:
    """Tell those who want to know of each acceptance that has lapsed or no longer fits, once.

    It has ended without this: whether one holds is judged whenever somebody asks.
    """
    told = 0
    while True:
        with transaction.atomic():
            rows = RiskAcceptance.objects.ended().filter(announced_at=None).select_related("risk")
            found = list(rows.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:AT_ONCE])
            for each in found:
                events.emit(ENDED, each.risk, acceptance=each.pk, state=each.state.value, ends_on=str(each.ends_on))
            numbers = [each.pk for each in found]
            RiskAcceptance.objects.filter(pk__in=numbers).update(announced_at=timezone.now())
        told += len(found)
        if len(found) < AT_ONCE:
            return told


def _acceptable(locked: Risk, scale: RiskScale) -> BandRule:
    rule = rule_at(scale, locked.current_band)
    if rule is None:
        raise Refused(_("Assess the risk first: how long it may be borne, and who says so, depends on its level."))
    if rule.acceptance_days == 0:
        raise Refused(_("A risk of this level may not be accepted."), field="treatment")
    return rule


def _settle(locked: Risk, *, actor: Any, reason: str, treatment: str) -> None:
    for each in RiskAcceptance.objects.select_for_update().filter(risk=locked, revoked_at=None):
        each.risk = locked
        if each.in_force and treatment == Risk.Treatment.ACCEPT:
            continue
        was = each.state
        _revoke(each, actor=actor, reason=reason)
        audit.record(actor, "registry.risk.revoke_acceptance", locked, reason=reason, acceptance=each.pk)
        if was == RiskAcceptance.State.IN_FORCE:
            events.emit(ENDED, locked, acceptance=each.pk, state=RiskAcceptance.State.REVOKED.value)


def end_acceptance_by(risk: Risk, person: User) -> None:
    """End what ``person`` accepted of ``risk``, because they come to answer for it: in a handover, which waits for
    nobody's second thoughts. Inside its transaction, before they do."""
    for each in RiskAcceptance.objects.in_force().filter(risk=risk, accepted_by=person).select_for_update(of=("self",)):
        by, reason = service_account("Register"), _("They now answer for the risk themselves.")
        _revoke(each, actor=by, reason=reason)
        audit.record(by, "registry.risk.revoke_acceptance", risk, reason=reason, acceptance=each.pk)
        events.emit(ENDED, risk, acceptance=each.pk, state=RiskAcceptance.State.REVOKED.value)


def _revoke(acceptance: RiskAcceptance, *, actor: Any, reason: str) -> None:
    acceptance.revoked_at, acceptance.revoked_by, acceptance.revocation_reason = timezone.now(), actor, reason
    acceptance.save(update_fields=["revoked_at", "revoked_by", "revocation_reason"])


def _snapshot(risk: Risk, scale: RiskScale) -> dict[str, Any]:
    """What is accepted, in words that can still be read when scale and risk have moved on."""
    judged: dict[str, Any] = {}
    for kind in KINDS:
        likelihood, severity = getattr(risk, f"{kind}_likelihood"), getattr(risk, f"{kind}_severity")
        if likelihood is not None and severity is not None:
            judged[kind] = {
                "likelihood": likelihood,
                "severity": severity,
                "band": getattr(risk, f"{kind}_band"),
                "words": [scale.likelihoods[likelihood - 1], scale.severities[severity - 1]],
            }
    measures = risk.mitigations.order_by("pk").values("id", "title", "stage", "due_on")[:100]
    return {
        "reference": risk.reference,
        "row_version": risk.row_version,
        "release": risk.release_id,
        "scale": {"id": scale.pk, "number": scale.number},
        **{name: getattr(risk, name) for name in sorted(TEXT)},
        "levels": judged,
        "mitigations": [{**row, "due_on": str(row["due_on"])} for row in measures],
    }


def _day(day: dt.date) -> str:
    return date_format(day, "j M Y")
