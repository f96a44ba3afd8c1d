"""Looking at risks again, one at a time or many in a round."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, lifecycle
from common.editing import edit, refuse_stale
from common.lifecycle import Refused
from registry import permissions, selectors
from registry.lifecycle import ABANDON_ROUND
from registry.models import ModelFamily, Publisher, ReviewRound, Risk, RiskReview, RoundItem
from registry.services import _store
from registry.services._rounds import finish, rounds_with
from registry.services.risks import close_risk, looked_at, stated

BATCH = 1000
LONGEST_CADENCE = 3650


@transaction.atomic
def review_risk(
    risk: Risk, *, actor: Any, verdict: str, note: str = "", expected_version: int | None = None
) -> RiskReview:
    """Say of an open risk that somebody looked at it again, and what that came to.

    ``right`` sets when it is due next; ``judge`` makes it due today, until somebody has judged it anew; ``close``
    closes it with the note as reason. Rounds in which it waits count it as reviewed. Raises ``Stale`` when the risk
    is no longer what the reviewer had before them.
    """
    if not permissions.can_review_risk(actor, risk):
        raise PermissionDenied
    verdict_field: Any = RiskReview._meta.get_field("verdict")
    verdict_field.clean(verdict, None)
    note = note.strip()
    if verdict != RiskReview.Verdict.RIGHT and not note:
        raise Refused(_("Say what you found."), field="note")
    rounds = rounds_with(risk)
    locked = Risk.objects.select_for_update(of=("self",)).select_related("family").get(pk=risk.pk)
    refuse_stale(locked, expected_version)
    if locked.stage != Risk.Stage.OPEN:
        raise Refused(_("Only open risks are looked at again; this one is “%s”.") % locked.get_stage_display())
    due_on = _next_look(locked, verdict)
    review = RiskReview(
        risk=locked,
        verdict=verdict,
        note=note,
        reviewed_by=actor,
        due_on=due_on,
        round=rounds[0] if rounds else None,
    )
    review.save(force_insert=True)
    evidence: dict[str, Any] = {"reason": note} if note else {}
    after = {"verdict": verdict, "due_on": due_on}
    audit.record(actor, "registry.risk.review", locked, after=after, **evidence)
    RoundItem.objects.waiting().filter(risk=locked.pk, round__in=rounds).update(review=review)
    if verdict == RiskReview.Verdict.CLOSE:
        close_risk(locked, actor=actor, reason=note)
    finish(rounds, actor)
    return review


def _next_look(locked: Risk, verdict: str) -> dt.date | None:
    if verdict == RiskReview.Verdict.RIGHT:
        looked_at(locked, scale=locked.scale)
        return Risk.objects.values_list("review_due_on", flat=True).get(pk=locked.pk)
    today = timezone.localdate()
    due = today if verdict == RiskReview.Verdict.JUDGE else None
    Risk.objects.filter(pk=locked.pk).update(reviewed_at=timezone.now(), review_due_on=due)
    return due


@transaction.atomic
def set_review_cadence(risk: Risk, *, actor: Any, review_days: int | None, expected_version: int | None = None) -> Risk:
    """Say how often a risk is looked at again: in days, no rarer than its level asks; None for just that.

    When it is due next is counted anew from the last look.
    """
    if not permissions.can_edit_risk(actor, risk):
        raise PermissionDenied
    locked = Risk.objects.select_for_update(of=("self",)).get(pk=risk.pk)
    asked = _days_asked(locked)
    if review_days is not None and not 1 <= review_days <= (asked or LONGEST_CADENCE):
        raise Refused(
            _("Its level asks for a look every %d days at least: give a number from 1 to that.")
            % (asked or LONGEST_CADENCE),
            field="review_days",
        )
    changes: dict[str, Any] = {"review_days": review_days}
    days = review_days or asked
    if days and locked.stage == Risk.Stage.OPEN:
        since = timezone.localdate(locked.reviewed_at or locked.opened_at or locked.created_at)
        changes["review_due_on"] = since + dt.timedelta(days=days)
    verb = "registry.risk.set_cadence"
    return edit(locked, actor=actor, verb=verb, changes=changes, expected_version=expected_version)


def _days_asked(risk: Risk) -> int | None:
    rules = risk.scale.rules.filter(band=risk.current_band)
    return rules.values_list("review_days", flat=True).first() if risk.current_band else None


@transaction.atomic
def start_round(
    publisher: Publisher,
    *,
    actor: Any,
    title: str,
    due_on: dt.date,
    family: ModelFamily | None = None,
    chosen: Mapping[str, Any] | None = None,
) -> ReviewRound:
    """Let the open risks that a filter of the register finds be looked at again until a day.

    ``chosen`` is what the register's address says, such as ``{"band": "high", "overdue": "review"}``. What has
    changed is counted from the last time each risk was looked at.
    """
    if family is not None and family.publisher_id != publisher.pk:
        raise Refused(_("This model family belongs to another publisher."), field="family")
    if not permissions.can_start_round(actor, family or publisher):
        raise PermissionDenied
    if due_on < timezone.localdate():
        raise Refused(_("Choose a day from today on."), field="due_on")
    risks = selectors.risks_for_round(publisher, actor, chosen or {}, family=family)
    since = Coalesce(F("reviewed_at"), F("opened_at"), F("created_at"))
    found = list(risks.order_by("-urgency").values_list("pk", since))
    if not found:
        raise Refused(_("No open risk matches, so there is nothing to look at."))
    words = {name: str(getattr(value, "pk", value)) for name, value in (chosen or {}).items() if value}
    review_round = ReviewRound(
        publisher=publisher, family=family, title=title, due_on=due_on, chosen_by=words, started_by=actor
    )
    _store.insert(review_round, taken={})
    RoundItem.objects.bulk_create(
        [RoundItem(round=review_round, risk_id=pk, since=moment) for pk, moment in found], batch_size=BATCH
    )
    audit.record(
        actor,
        "registry.reviewround.start",
        review_round,
        after={"title": title, "due_on": due_on, "risks": len(found), "family": family, **words},
    )
    return review_round


@transaction.atomic
def skip_item(item: RoundItem, *, actor: Any, reason: str) -> RoundItem:
    """Leave a risk out of a round, with the reason."""
    if not permissions.can_review_risk(actor, item.risk):
        raise PermissionDenied
    reason = stated(reason)
    review_round = ReviewRound.objects.select_for_update().get(pk=item.round_id)
    row = RoundItem.objects.select_for_update(of=("self",)).select_related("risk__family").get(pk=item.pk)
    row.round = review_round
    if review_round.stage != ReviewRound.Stage.OPEN or row.state != "waiting":
        raise Refused(_("This is settled already: %s.") % row.state_label)
    row.skip_reason, row.skipped_by, row.skipped_at = reason, actor, timezone.now()
    row.save(update_fields=["skip_reason", "skipped_by", "skipped_at"])
    audit.record(actor, "registry.risk.skip_review", row.risk, reason=reason, round=review_round)
    finish([review_round], actor)
    return row


def abandon_round(review_round: ReviewRound, *, actor: Any, reason: str) -> ReviewRound:
    """End a round before all is looked at. What was reviewed stays reviewed."""
    changes = {"ended_at": timezone.now()}
    return lifecycle.apply(ABANDON_ROUND, review_round, actor=actor, changes=changes, reason=stated(reason))
