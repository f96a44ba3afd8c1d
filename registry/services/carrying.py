"""Taking judgements from one version of a scale to the next, with all that is on record kept."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit
from common.editing import refuse_stale
from common.jobs import Progress
from registry.models import Risk, RiskAssessment, RiskScale
from registry.rescaling import Carry
from registry.scale import Band
from registry.selectors import carries_to, lagging, rule_at, scale_in_force

KINDS = ("inherent", "residual", "target")
CHUNK = 500
_LOCK = 7143318


def hold_scale(publisher_id: int, *, exclusive: bool = False) -> None:
    """Until the transaction ends, no other version of the publisher's scale comes into force.

    Whoever judges holds it together with others; putting a version in force takes it alone. Take it before
    the rows of risks are locked, so that nobody waits in a circle.
    """
    function = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_LOCK, publisher_id])


def judged_on_scale_in_force(risk: Risk, *, actor: Any, expected_version: int | None = None) -> tuple[Risk, RiskScale]:
    """Lock ``risk`` for a judgement, carried over to the scale in force where it is still on an older one.

    Raises ``Stale`` where somebody has written it since ``expected_version``.
    """
    hold_scale(risk.family.publisher_id)
    scale = scale_in_force(risk.family.publisher_id)
    risks = Risk.objects.select_for_update(of=("self",)).select_related("family")
    locked = risks.get(pk=risk.pk)
    # Before it is carried over, which is a new version too.
    refuse_stale(locked, expected_version)
    if locked.scale_id != scale.pk:
        carry_over([locked], scale, actor=actor)
        locked = risks.get(pk=risk.pk)
    return locked, scale


def carry_all(scale: RiskScale, *, actor: Any, progress: Progress | None = None) -> int:
    """Carry every risk that is not closed over to the scale in force, some at a time, each lot in a transaction
    of its own.

    Safe to run twice: it takes what is not carried yet. Until its turn comes, a risk keeps the version it was
    judged on, and says so.
    """
    total, done, last = lagging(scale).count(), 0, 0
    while True:
        with transaction.atomic():
            hold_scale(scale.publisher_id)
            # A later version may have come into force since.
            current = scale_in_force(scale.publisher_id)
            rows = lagging(current).filter(pk__gt=last).select_related("family").defer("words").order_by("pk")
            risks = list(rows.select_for_update(of=("self",))[:CHUNK])
            carry_over(risks, current, actor=actor)
        if not risks:
            return done
        done, last = done + len(risks), risks[-1].pk
        if progress is not None:
            progress(done, max(total, done), _("Carrying risks over to scale %s") % current.number)


def carry_over(risks: Iterable[Risk], scale: RiskScale, *, actor: Any) -> None:
    """Give locked ``risks`` the numbers that ``scale`` has for theirs, and put each judgement on record anew."""
    risks = list(risks)
    if not risks:
        return
    carries = carries_to(scale)
    olds = RiskScale.objects.in_bulk({risk.scale_id for risk in risks})
    days = {band.value: rule.review_days for band in Band if (rule := rule_at(scale, band.value))}
    assessments: list[RiskAssessment] = []
    events, values = [], []
    for risk in risks:
        numbers = _carried(risk, carries[risk.scale_id])
        assessments += _judgements(risk, olds[risk.scale_id], scale, numbers, actor)
        band = _band(scale, numbers)
        due = _due(risk, days.get(band) if band else None)
        events.append((risk, _told(olds[risk.scale_id], risk.current_band), _told(scale, band)))
        values.append((risk.pk, *numbers.values(), due))
    _write(scale, values)
    RiskAssessment.objects.bulk_create(assessments, batch_size=1000)
    audit.record_all(actor, "registry.risk.carry_over", events)


def _carried(risk: Risk, carry: Carry) -> dict[str, int | None]:
    numbers: dict[str, int | None] = {}
    for kind in KINDS:
        for part, steps in (("likelihood", carry.likelihood), ("severity", carry.severity)):
            number = getattr(risk, f"{kind}_{part}")
            numbers[f"{kind}_{part}"] = None if number is None else steps[number - 1]
    numbers["detectability"] = risk.detectability if carry.detectability else None
    numbers["reversibility"] = risk.reversibility if carry.reversibility else None
    return numbers


def _judgements(
    risk: Risk, old: RiskScale, new: RiskScale, numbers: dict[str, int | None], actor: Any
) -> list[RiskAssessment]:
    made = []
    for kind in KINDS:
        likelihood, severity = numbers[f"{kind}_likelihood"], numbers[f"{kind}_severity"]
        if likelihood is None or severity is None:
            continue
        was, bad = getattr(risk, f"{kind}_likelihood"), getattr(risk, f"{kind}_severity")
        words = _(
            "Carried from scale %(old)s to scale %(new)s. Likelihood: %(l1)s to %(l2)s. Severity: %(s1)s to %(s2)s."
        )
        rationale = words % {
            "old": old.number,
            "new": new.number,
            "l1": f"{was} {old.likelihoods[was - 1]}",
            "l2": f"{likelihood} {new.likelihoods[likelihood - 1]}",
            "s1": f"{bad} {old.severities[bad - 1]}",
            "s2": f"{severity} {new.severities[severity - 1]}",
        }
        made.append(
            RiskAssessment(
                risk=risk,
                kind=kind,
                scale=new,
                likelihood=likelihood,
                severity=severity,
                band=new.band(likelihood, severity),
                detectability=numbers["detectability"] if kind != "target" else None,
                reversibility=numbers["reversibility"] if kind != "target" else None,
                confidence=risk.confidence if kind != "target" else "",
                rationale=rationale,
                cause=RiskAssessment.Cause.REBANDED,
                assessed_by=actor,
            )
        )
    return made


def _band(scale: RiskScale, numbers: dict[str, int | None]) -> str | None:
    for kind in ("residual", "inherent"):
        likelihood, severity = numbers[f"{kind}_likelihood"], numbers[f"{kind}_severity"]
        if likelihood is not None and severity is not None:
            return scale.band(likelihood, severity).value
    return None


def _due(risk: Risk, days: int | None) -> dt.date | None:
    """When to look again, counted from the last look as before, but as the new level asks."""
    days = risk.review_days or days
    if risk.reviewed_at is None or days is None:
        return risk.review_due_on
    return timezone.localdate(risk.reviewed_at) + dt.timedelta(days=days)


def _told(scale: RiskScale, band: str | None) -> dict[str, Any]:
    return {"scale": scale.number, "level": band}


def _write(scale: RiskScale, values: list[tuple[Any, ...]]) -> None:
    """One statement for all rows: nine columns of hundreds of rows as CASEs would take longer to plan than to do."""
    names = [f"{kind}_{part}" for kind in KINDS for part in ("likelihood", "severity")]
    names += ["detectability", "reversibility"]
    given = ", ".join(["%s::bigint[]", *["%s::int[]"] * len(names), "%s::date[]"])
    sets = ", ".join(f"{name} = new.{name}" for name in [*names, "review_due_on"])
    query = f"""
        UPDATE registry_risk SET scale_id = %s, row_version = row_version + 1, updated_at = %s, {sets}
        FROM unnest({given}) AS new (id, {", ".join(names)}, review_due_on) WHERE registry_risk.id = new.id
    """  # noqa: S608 -- names of our own columns
    columns = [list(column) for column in zip(*values, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(query, [scale.pk, timezone.now(), *columns])
