"""One change to many risks: each through the service of one risk, and each that cannot be changed says why."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, jobs
from common.editing import edit
from common.jobs import Progress
from common.lifecycle import Refused
from registry import permissions
from registry.models import BulkChange, Risk
from registry.selectors import register
from registry.services.risks import assign_risk_owner, can_answer, did_not_accept

JOB = "registry.bulk_change"
# As many as can be changed while somebody waits for the page.
AT_ONCE = 25
MOST = 10_000
LOT = 25


@transaction.atomic
def assign_risk_deputy(risk: Risk, *, actor: Any, deputy: User | None, expected_version: int | None = None) -> Risk:
    """Name who stands in for the owner of ``risk``, or nobody."""
    if not permissions.can_assign_risk_owner(actor, risk):
        raise PermissionDenied
    if deputy is not None:
        can_answer(deputy, risk.family, field="deputy")
        did_not_accept(risk, deputy, field="deputy")
    locked = Risk.objects.select_for_update(of=("self",)).select_related("family").get(pk=risk.pk)
    if not permissions.can_assign_risk_owner(actor, locked):
        raise PermissionDenied
    if deputy is not None and deputy.pk == locked.owner_id:
        raise Refused(_("%s owns it already. Name somebody else.") % deputy, field="deputy")
    return edit(
        locked,
        actor=actor,
        verb="registry.risk.assign_deputy",
        changes={"deputy": deputy},
        expected_version=expected_version,
        held=True,
    )


@transaction.atomic
def ask_for_review(risk: Risk, *, actor: Any, reason: str = "") -> Risk:
    """Let an open risk be looked at again from today on. What it was judged to be stays until somebody has."""
    if not permissions.can_ask_for_review(actor, risk):
        raise PermissionDenied
    locked = Risk.objects.select_for_update(of=("self",)).get(pk=risk.pk)
    if locked.stage != Risk.Stage.OPEN:
        raise Refused(_("Only open risks are looked at again; this one is “%s”.") % locked.stage_label)
    today, before = timezone.localdate(), locked.review_due_on
    if before is not None and before <= today:
        raise Refused(_("It is due already, since %s.") % before)
    Risk.objects.filter(pk=locked.pk).update(review_due_on=today)
    evidence: dict[str, Any] = {"reason": reason.strip()} if reason.strip() else {}
    was, now = {"review_due_on": before}, {"review_due_on": today}
    audit.record(actor, "registry.risk.ask_for_review", locked, before=was, after=now, **evidence)
    locked.review_due_on = today
    return locked


@transaction.atomic
def start_bulk_change(
    numbers: Sequence[int], *, actor: Any, action: str, person: User | None = None, reason: str = ""
) -> BulkChange:
    """Change the risks with these row numbers, now where they are few, else by a worker.

    Each is changed on its own, so that one that cannot be changed does not hold up the others; ``problems`` says
    which and why. Scores are not among what can be changed.
    """
    if not permissions.can_change_in_bulk(actor):
        raise PermissionDenied
    if action not in BulkChange.Action.values:
        raise Refused(_("Choose what to do."), field="action")
    if action != BulkChange.Action.REVIEW and person is None:
        raise Refused(_("Name somebody."), field="person")
    chosen = list(dict.fromkeys(numbers))
    if not chosen:
        raise Refused(_("Choose at least one risk."), field="risks")
    if len(chosen) > MOST:
        raise Refused(_("Change at most %d risks at once.") % MOST, field="risks")
    change = BulkChange.objects.create(
        action=action,
        person=person if action != BulkChange.Action.REVIEW else None,
        reason=reason.strip(),
        requested_by=actor,
        risks=chosen,
    )
    audit.record(
        actor,
        "registry.bulkchange.start",
        change,
        after={"action": action, "person": change.person, "risks": len(chosen)},
        reason=change.reason,
    )
    if len(chosen) > AT_ONCE:
        change.job = jobs.enqueue(JOB, actor=actor, payload={"change": change.pk})
        change.save(update_fields=["job"])
    else:
        while not _next_lot(change, actor):
            pass
    return change


def change_in_bulk(progress: Progress) -> dict[str, Any]:
    """The work of the job that ``start_bulk_change`` leaves. A lot is one transaction; run again it goes on."""
    change = BulkChange.objects.select_related("person", "requested_by").get(pk=progress.payload["change"])
    actor = change.requested_by
    progress(change.position, change.total)
    over = change.finished_at is not None
    while not over:
        with transaction.atomic():
            rows = BulkChange.objects.select_related("person").select_for_update(of=("self",))
            change = rows.get(pk=change.pk)
            over = _next_lot(change, actor)
        progress(change.position, change.total, _("Changing risks"))
    return {"done": change.done_count, "refused": len(change.problems)}


def _next_lot(change: BulkChange, actor: Any) -> bool:
    """Change the next few; True once all have had their turn."""
    lot = change.risks[change.position : change.position + LOT]
    # Only risks of the register of whoever asks: others are not told apart from those that are not there.
    risks = register(actor).select_related("family__publisher", "owner", "deputy").in_bulk(lot)
    for number in lot:
        risk = risks.get(number)
        try:
            if risk is None:
                raise Refused(_("There is no such risk."))
            with transaction.atomic():
                _carry_out(change, risk, actor)
        except PermissionDenied:
            _note(change, number, risk, _("You may not do this to this risk."))
        except Refused as refused:
            _note(change, number, risk, str(refused))
        except ValidationError as invalid:
            _note(change, number, risk, " ".join(invalid.messages))
        else:
            change.done_count += 1
    change.position += len(lot)
    if change.position >= change.total:
        change.finished_at = timezone.now()
    change.save(update_fields=["done_count", "problems", "position", "finished_at", "updated_at"])
    return change.finished_at is not None


def _note(change: BulkChange, number: int, risk: Any, reason: str) -> None:
    change.problems.append([number, str(risk) if risk is not None else f"#{number}", reason])


def _carry_out(change: BulkChange, risk: Risk, actor: Any) -> None:
    person: Any = change.person
    if change.action == BulkChange.Action.OWNER:
        if person.pk == risk.owner_id:
            raise Refused(_("%s owns it already.") % person)
        if person.pk == risk.deputy_id:
            assign_risk_deputy(risk, actor=actor, deputy=None)
        assign_risk_owner(risk, actor=actor, owner=person)
    elif change.action == BulkChange.Action.DEPUTY:
        if person.pk == risk.deputy_id:
            raise Refused(_("%s is the deputy already.") % person)
        assign_risk_deputy(risk, actor=actor, deputy=person)
    else:
        ask_for_review(risk, actor=actor, reason=change.reason)
