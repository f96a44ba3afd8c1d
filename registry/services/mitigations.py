import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, events, lifecycle
from common.editing import edit
from common.lifecycle import Refused
from registry import permissions
from registry.lifecycle import DROP, FINISH, RETIRE_MITIGATION, START
from registry.models import Mitigation, MitigationMeasurement, Risk
from registry.services import _store
from registry.services.risks import can_answer, stated


@transaction.atomic
def add_mitigation(
    risks: Sequence[Risk],
    *,
    actor: Any,
    title: str,
    owner: User,
    due_on: dt.date,
    kind: str = "",
    description: str = "",
    evidence: str = "",
) -> Mitigation:
    """Plan what is done about ``risks`` (all of one model family), by whom and until when."""
    if not risks:
        raise Refused(_("Choose at least one risk."), field="risks")
    family = risks[0].family
    if any(risk.family_id != family.pk for risk in risks):
        raise Refused(_("A mitigation is for risks of one model family."), field="risks")
    if not all(permissions.can_add_mitigation(actor, risk) for risk in risks):
        raise PermissionDenied
    can_answer(owner, family)
    text = {"title": title, "kind": kind, "description": description, "evidence": evidence}
    mitigation = Mitigation(family=family, owner=owner, due_on=due_on, **text)
    _store.insert(mitigation, taken={})
    mitigation.risks.set(risks)
    audit.record(
        actor,
        "registry.mitigation.add",
        mitigation,
        after={"risks": [risk.reference for risk in risks], "owner": owner, "due_on": mitigation.due_on, "kind": kind},
    )
    return mitigation


def edit_mitigation(
    mitigation: Mitigation, *, actor: Any, expected_version: int | None = None, reason: str = "", **changes: Any
) -> Mitigation:
    """Change what a mitigation says, who does it or until when. Another date needs a ``reason``, so that one that
    is put off again and again says why each time. A finished one stays as it is."""
    if not permissions.can_edit_mitigation(actor, mitigation):
        raise PermissionDenied
    _store.allow(changes, {"title", "kind", "description", "evidence", "owner", "due_on"})
    if not mitigation.unfinished:
        raise Refused(_("This mitigation is “%s” and stays as it is.") % mitigation.get_stage_display())
    if (owner := changes.get("owner")) is not None:
        can_answer(owner, mitigation.family)
    _store.checked(mitigation, changes)
    told: dict[str, Any] = {"reason": reason.strip()} if reason.strip() else {}
    with transaction.atomic():
        stored = Mitigation.objects.select_for_update().get(pk=mitigation.pk)
        if "due_on" in changes and changes["due_on"] != stored.due_on and not told:
            raise Refused(_("Say why the date moves."), field="reason")
        return edit(
            mitigation,
            actor=actor,
            verb="registry.mitigation.edit",
            changes=changes,
            expected_version=expected_version,
            **told,
        )


def start_mitigation(mitigation: Mitigation, *, actor: Any) -> Mitigation:
    return lifecycle.apply(START, mitigation, actor=actor)


def finish_mitigation(mitigation: Mitigation, *, actor: Any) -> Mitigation:
    return lifecycle.apply(FINISH, mitigation, actor=actor)


def drop_mitigation(mitigation: Mitigation, *, actor: Any, reason: str) -> Mitigation:
    return lifecycle.apply(DROP, mitigation, actor=actor, reason=stated(reason))


@transaction.atomic
def retire_mitigation(mitigation: Mitigation, *, actor: Any, reason: str, confirmed: bool = False) -> Mitigation:
    """End a mitigation that was at work and no longer is.

    Open risks that it is for lean on it: they are named and have to be ``confirmed``, and are then to be looked at
    again from today on. What they were judged to be stays until somebody has.
    """
    why = stated(reason)
    # Locked first, so that no risk is linked to it meanwhile.
    stored = Mitigation.objects.select_for_update(of=("self",)).get(pk=mitigation.pk)
    leaning = list(leaning_on(mitigation).select_for_update(of=("self",)).order_by("pk"))
    asked = stored.stage == Mitigation.Stage.DONE and permissions.can_move_mitigation(actor, stored)
    if leaning and not confirmed and asked:
        names = ", ".join(str(risk) for risk in leaning[:10]) + (" …" if len(leaning) > 10 else "")
        words = _("Open risks depend on it: %s. Confirm that they are to be looked at again.")
        raise Refused(words % names, field="confirmed")
    retired = lifecycle.apply(
        RETIRE_MITIGATION, mitigation, actor=actor, changes={"retirement_reason": why}, reason=why
    )
    _look_again(leaning, actor=actor, reason=_("“%(what)s” was retired: %(why)s") % {"what": mitigation, "why": why})
    for risk in leaning:
        events.emit("registry.risk.mitigation_retired", risk, mitigation=mitigation.pk)
    return retired


def leaning_on(mitigation: Mitigation) -> Any:
    """Open risks that a mitigation is for."""
    links = Mitigation.risks.through.objects.filter(mitigation=mitigation.pk)
    return Risk.objects.open().filter(pk__in=links.values("risk"))


def _look_again(risks: Sequence[Risk], *, actor: Any, reason: str) -> None:
    """Let ``risks`` be looked at again from today on, those that are not due already."""
    today = timezone.localdate()
    later = [risk for risk in risks if risk.review_due_on is None or risk.review_due_on > today]
    changed = Q(pk__in=[risk.pk for risk in later])
    Risk.objects.filter(changed).update(review_due_on=today, row_version=F("row_version") + 1)
    told = [(risk, {"review_due_on": risk.review_due_on}, {"review_due_on": today}) for risk in later]
    audit.record_all(actor, "registry.risk.ask_for_review", told, reason=reason)


@transaction.atomic
def link_risk(mitigation: Mitigation, *, actor: Any, risk: Risk) -> Mitigation:
    """Let a mitigation be for one more risk of its family."""
    locked = _linking(mitigation, actor)
    if risk.family_id != locked.family_id:
        raise Refused(_("A mitigation is for risks of one model family."), field="risk")
    if risk.stage == Risk.Stage.CLOSED:
        raise Refused(_("%s is closed.") % risk, field="risk")
    if locked.risks.filter(pk=risk.pk).exists():
        raise Refused(_("It is for %s already.") % risk, field="risk")
    locked.risks.add(risk)
    return _linked(locked, actor, "link_risk", after={"risk": risk})


@transaction.atomic
def unlink_risk(mitigation: Mitigation, *, actor: Any, risk: Risk, reason: str) -> Mitigation:
    """Say that a mitigation does nothing about a risk after all. Where that is open, it is to be looked at again."""
    why = stated(reason)
    locked = _linking(mitigation, actor)
    held = list(locked.risks.values_list("pk", flat=True))
    if risk.pk not in held:
        raise Refused(_("It is not for %s.") % risk, field="risk")
    if len(held) == 1:
        raise Refused(_("It would be for no risk at all. Drop or retire it instead."), field="risk")
    locked.risks.remove(risk)
    fresh = Risk.objects.select_for_update(of=("self",)).get(pk=risk.pk)
    if fresh.stage == Risk.Stage.OPEN and locked.stage == Mitigation.Stage.DONE:
        told = _("“%(what)s” is not for it after all: %(why)s") % {"what": mitigation, "why": why}
        _look_again([fresh], actor=actor, reason=told)
    return _linked(locked, actor, "unlink_risk", before={"risk": risk}, reason=why)


def _linking(mitigation: Mitigation, actor: Any) -> Mitigation:
    """The row, locked, for somebody who may say what it is for."""
    if not permissions.can_edit_mitigation(actor, mitigation):
        raise PermissionDenied
    locked = Mitigation.objects.select_for_update(of=("self",)).get(pk=mitigation.pk)
    if locked.stage in {Mitigation.Stage.DROPPED, Mitigation.Stage.RETIRED}:
        raise Refused(_("This mitigation is “%s” and stays as it is.") % locked.get_stage_display())
    return locked


def _linked(locked: Mitigation, actor: Any, verb: str, **told: Any) -> Mitigation:
    locked.row_version += 1
    locked.save(update_fields=["row_version", "updated_at"])
    audit.record(actor, f"registry.mitigation.{verb}", locked, **told)
    return locked


@transaction.atomic
def measure_mitigation(
    mitigation: Mitigation,
    *,
    actor: Any,
    measured: str,
    result: str,
    effect: str,
    measured_on: dt.date | None = None,
    evidence: str = "",
) -> MitigationMeasurement:
    """Put on record how well a mitigation was found to work. It is never changed; measure anew."""
    if not permissions.can_measure_mitigation(actor, mitigation):
        raise PermissionDenied
    stored = Mitigation.objects.select_for_update(of=("self",), no_key=True).get(pk=mitigation.pk)
    if stored.stage in {Mitigation.Stage.PLANNED, Mitigation.Stage.DROPPED}:
        raise Refused(_("This mitigation is “%s”: there is nothing to measure.") % stored.get_stage_display())
    day = measured_on or timezone.localdate()
    if day > timezone.localdate():
        raise Refused(_("This is in the future."), field="measured_on")
    made = MitigationMeasurement(
        mitigation=mitigation,
        measured=measured,
        result=result,
        effect=effect,
        measured_on=day,
        evidence=evidence,
        recorded_by=actor,
    )
    _store.insert(made, taken={}, required=("measured", "result"))
    after = {"measured": made.measured, "result": made.result, "effect": made.effect, "measured_on": made.measured_on}
    audit.record(actor, "registry.mitigation.measure", mitigation, after=after)
    return made
