"""Writing checked rows of an import in lots: what the services of one risk do, with as few statements as it takes."""

import datetime as dt
from typing import Any

from django.db import connection
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, events
from registry.interchange.plans import FACTORS, NEW, UNCHANGED, Plan
from registry.models import AssessmentProposal, ImportRow, Risk, RiskAssessment, RiskImport, RiskKey, RiskScale
from registry.services import second_person

KINDS = ("inherent", "residual", "target")
BATCH = 500


class Writer:
    """Writes plans that have no problem. All rows concerned are locked, and the scale is held."""

    def __init__(self, risk_import: RiskImport, scale: RiskScale, *, actor: Any) -> None:
        self.risk_import, self.scale, self.actor = risk_import, scale, actor
        self.days = dict(scale.rules.values_list("band", "review_days"))
        self.now = timezone.now()
        self.today = timezone.localdate(self.now)
        self.numbers: dict[int, int] = {}
        self.evidence = {"import": risk_import.pk, "file": risk_import.name}

    def write(self, plans: list[Plan], rows: list[ImportRow]) -> None:
        pairs = [(plan, row) for plan, row in zip(plans, rows, strict=True) if plan.outcome != UNCHANGED]
        self._record([pair for pair in pairs if pair[0].outcome == NEW])
        self._update([plan for plan, _row in pairs if plan.outcome != NEW])
        changed = [plan for plan, _row in pairs]
        self._keys(changed)
        self._judge(changed)

    # --- new risks --------------------------------------------------------------------------------

    def _record(self, pairs: list[tuple[Plan, ImportRow]]) -> None:
        if not pairs:
            return
        risks = []
        for plan, _row in pairs:
            plan.risk = self._new(plan)
            risks.append(plan.risk)
        Risk.objects.bulk_create(risks, batch_size=BATCH)
        for name in ("objectives", "terms"):
            through: Any = getattr(Risk, name).through
            column = f"{through._meta.get_fields()[2].name}_id"
            links = [
                through(**{"risk_id": plan.risk.pk, column: each.pk})
                for plan, _row in pairs
                for each in plan.links.get(name, ())
            ]
            through.objects.bulk_create(links, batch_size=BATCH)
        told = [(plan.risk, None, {column: now for column, _was, now in plan.shown}) for plan, _row in pairs]
        audit.record_all(self.actor, "registry.risk.create", told, **self.evidence)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE registry_importrow AS row SET risk_id = new.risk FROM unnest(%s::bigint[], %s::bigint[]) "
                "AS new (row, risk) WHERE row.id = new.row",
                [[row.pk for _plan, row in pairs], [plan.risk.pk for plan, _row in pairs]],
            )

    def _new(self, plan: Plan) -> Risk:
        family: Any = plan.family
        if family.pk not in self.numbers:
            self.numbers[family.pk] = Risk.objects.filter(family=family).aggregate(last=Max("number"))["last"] or 0
        self.numbers[family.pk] += 1
        risk = Risk(
            family=family,
            number=self.numbers[family.pk],
            scale=self.scale,
            origin=Risk.Origin.IMPORT,
            origin_reference=self.risk_import.name[:200],
        )
        for name, value in plan.changes.items():
            setattr(risk, name, value)
        for kind, (likelihood, severity) in plan.judgements.items():
            setattr(risk, f"{kind}_likelihood", likelihood)
            setattr(risk, f"{kind}_severity", severity)
        if risk.stage == Risk.Stage.OPEN:
            risk.opened_at = self.now
        if plan.judgements:
            risk.reviewed_at = self.now
            risk.review_due_on = plan.changes.get("review_due_on") or self._due(risk, plan)
        return risk

    def _due(self, risk: Any, plan: Plan) -> dt.date | None:
        days = plan.changes.get("review_days", risk.review_days) or self.days.get(self._band(risk, plan))
        return self.today + dt.timedelta(days=days) if days else None

    def _band(self, risk: Any, plan: Plan) -> Any:
        for kind in ("residual", "inherent"):
            if pair := plan.judgements.get(kind):
                return self.scale.band(*pair).value
            if stored := getattr(risk, f"{kind}_band"):
                return stored
        return None

    # --- risks that are there ---------------------------------------------------------------------

    def _update(self, plans: list[Plan]) -> None:
        told: dict[str, dict[int, tuple[Any, dict[str, str], dict[str, str]]]] = {}
        for plan in plans:
            values: dict[str, Any] = dict(plan.changes)
            for kind, (likelihood, severity) in plan.judgements.items():
                values |= {f"{kind}_likelihood": likelihood, f"{kind}_severity": severity}
            if _is_look(plan):
                values["reviewed_at"] = self.now
                values.setdefault("review_due_on", self._due(plan.risk, plan))
            Risk.objects.filter(pk=plan.risk.pk).update(row_version=F("row_version") + 1, updated_at=self.now, **values)
            for name, links in plan.links.items():
                getattr(plan.risk, name).set(links)
            for column, was, now in plan.shown:
                of_verb = told.setdefault(_verb(column), {})
                _risk, before, after = of_verb.setdefault(plan.risk.pk, (plan.risk, {}, {}))
                before[column], after[column] = was, now
        for verb, changes in told.items():
            audit.record_all(self.actor, verb, changes.values(), **self.evidence)

    def _keys(self, plans: list[Plan]) -> None:
        named = [plan for plan in plans if plan.key]
        # A key that moves from one spelling to another leaves the old one free.
        RiskKey.objects.filter(risk__in=[plan.risk for plan in named]).delete()
        keys = [RiskKey(family_id=plan.risk.family_id, risk=plan.risk, key=plan.key) for plan in named]
        RiskKey.objects.bulk_create(keys, batch_size=BATCH)

    # --- judgements -------------------------------------------------------------------------------

    def _judge(self, plans: list[Plan]) -> None:
        judged = [plan for plan in plans if _is_look(plan) or plan.judgements]
        assessments = [each for plan in judged for each in self._assessments(plan)]
        RiskAssessment.objects.bulk_create(assessments, batch_size=BATCH)
        there = [plan for plan in judged if plan.outcome != NEW and _is_look(plan)]
        waiting = AssessmentProposal.objects.waiting().filter(risk__in=[plan.risk.pk for plan in there])
        for risk in {proposal.risk_id: proposal.risk for proposal in waiting.select_related("risk__family")}.values():
            second_person.overtake(risk, actor=self.actor)
        for plan in there:
            before, after = plan.risk.current_band, self._band(plan.risk, plan)
            if before != after:
                events.emit("registry.risk.level_changed", plan.risk, before=before, after=after)

    def _assessments(self, plan: Plan) -> list[RiskAssessment]:
        risk = plan.risk
        pairs = {kind: plan.judgements[kind] for kind in KINDS if kind in plan.judgements}
        factors = {name: plan.changes.get(name, getattr(risk, name)) for name in FACTORS}
        if plan.changes.keys() & set(FACTORS) and not pairs.keys() & {"inherent", "residual"}:
            # How sure somebody is, and how soon it is noticed, is said of a level: the one that counts.
            kind = "residual" if risk.residual_likelihood is not None else "inherent"
            pairs[kind] = (getattr(risk, f"{kind}_likelihood"), getattr(risk, f"{kind}_severity"))
        return [
            RiskAssessment(
                risk=risk,
                kind=kind,
                scale=self.scale,
                likelihood=likelihood,
                severity=severity,
                band=self.scale.band(likelihood, severity),
                rationale=plan.rationale or _("Imported from %s.") % self.risk_import.name,
                cause=RiskAssessment.Cause.IMPORTED,
                assessed_by=self.actor,
                **(factors if kind != "target" else {}),
            )
            for kind, (likelihood, severity) in pairs.items()
        ]


def _is_look(plan: Plan) -> bool:
    """Whether somebody judged the level that counts: a target alone, or a text, is no look at the risk."""
    return bool(plan.judgements.keys() & {"inherent", "residual"} or plan.changes.keys() & set(FACTORS))


def _verb(column: str) -> str:
    if column == "owner":
        return "registry.risk.assign_owner"
    if column == "deputy":
        return "registry.risk.assign_deputy"
    judged = column in FACTORS or column.rpartition("_")[0] in KINDS
    return "registry.risk.assess" if judged else "registry.risk.edit"
