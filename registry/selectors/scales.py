"""The scale a publisher judges on now, its versions, and what a version moves."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from accounts.permissions import scopes
from registry.models import BandRule, Publisher, Risk, RiskAcceptance, RiskAssessment, RiskScale
from registry.rescaling import Carry
from registry.scale import RANK, Band
from registry.selectors.embed import embedded, embedded_history, revived
from registry.selectors.matrix import Matrix, matrix
from registry.selectors.people import inside

KINDS = ("inherent", "residual", "target")
RULE = ("id", "scale_id", "band", "label", "review_days", "acceptance_days", "accepted_by", "needs_second_person")


def scale_in_force(publisher_id: int) -> RiskScale:
    """The scale in force at a publisher, with its rules; every publisher has one from its first day."""
    return RiskScale.objects.in_force().annotate(rule_rows=_embedded_rules()).get(publisher=publisher_id)


def rule_at(scale: Any, band: str | None) -> BandRule | None:
    """What follows from ``band`` on ``scale``; without asking where the scale brought its rules along."""
    if hasattr(scale, "rule_rows"):
        return next((rule for rule in rules_of(scale) if rule.band == band), None)
    return BandRule.objects.filter(scale=scale, band=band).first()


def guarded_bands(scale: RiskScale) -> set[str]:
    """The bands that nobody who answers for the risk leaves downwards alone."""
    return set(BandRule.objects.filter(scale=scale, needs_second_person=True).values_list("band", flat=True))


def _embedded_rules() -> ArraySubquery:
    return embedded(BandRule.objects.filter(scale=OuterRef("pk")), *RULE)


def empty_matrix(scale: RiskScale, **urls: Any) -> Matrix:
    """The scale drawn without risks."""
    return matrix([], scale, chip_url=lambda risk: "", **urls)


def with_rules(scales: QuerySet[RiskScale]) -> QuerySet[RiskScale]:
    """``scales`` with publisher, band rules and history, in one query; see ``rules_of`` and ``history_of``."""
    known = scales.select_related("publisher", "created_by", "job")
    return known.annotate(rule_rows=_embedded_rules(), history_rows=embedded_history(RiskScale))


def rules_of(scale: Any) -> list[Any]:
    """The band rules of a scale from ``with_rules``, the lowest band first."""
    return sorted(revived(BandRule, scale.rule_rows), key=lambda rule: RANK[Band(rule.band)])


def publishers_of(user: Any) -> QuerySet[Publisher]:
    """The publishers at which, or at a family of which, ``user`` holds a role."""
    held = scopes(user)
    if held.everywhere:
        return Publisher.objects.order_by("name", "pk")
    theirs = Publisher.objects.filter(Q(pk__in=held.publisher_ids()) | Q(families__pk__in=held.family_ids()))
    return Publisher.objects.filter(pk__in=theirs.values("pk")).order_by("name", "pk")


def keeps_scale(user: Any, scale: RiskScale) -> bool:
    """Whether ``user`` holds a role at the publisher of ``scale`` or at a family of it."""
    held = scopes(user)
    if held.everywhere or scale.publisher_id in held.publisher_ids():
        return True
    families = held.family_ids()
    return bool(families) and publishers_of(user).filter(pk=scale.publisher_id).exists()


def base_of(scale: RiskScale) -> RiskScale | None:
    """The version that ``scale`` replaces or has replaced; None for the first."""
    earlier = RiskScale.objects.filter(publisher=scale.publisher_id, number__lt=scale.number)
    return earlier.exclude(stage=RiskScale.Stage.DRAFT).order_by("-number").first()


def carries_to(scale: RiskScale) -> dict[int, Carry]:
    """By number of each earlier version that was ever in force, where its steps go on ``scale``. One query."""
    versions = RiskScale.objects.filter(publisher=scale.publisher_id, number__lt=scale.number)
    earlier = list(versions.exclude(stage=RiskScale.Stage.DRAFT).order_by("-number"))
    found: dict[int, Carry] = {}
    later, onward = scale, None
    for version in earlier:
        step = _step(version, later)
        onward = step if onward is None else step.then(onward)
        found[version.pk] = onward
        later = version
    return found


def _step(old: RiskScale, new: RiskScale) -> Carry:
    return Carry(
        list(new.likelihood_map) or list(range(1, len(old.likelihoods) + 1)),
        list(new.severity_map) or list(range(1, len(old.severities) + 1)),
        len(old.detectabilities) == len(new.detectabilities),
        len(old.reversibilities) == len(new.reversibilities),
    )


def lagging(scale: RiskScale, reader: Any = None) -> QuerySet[Risk]:
    """Risks that are not closed and not judged on ``scale`` yet, which is in force or may come to be. For a
    ``reader``, those of the families they hold a role for: a scale belongs to all families of its publisher."""
    risks = Risk.objects.filter(family__publisher=scale.publisher_id).exclude(stage=Risk.Stage.CLOSED)
    return _of(reader, risks).exclude(scale=scale.pk)


def _of(reader: Any, risks: QuerySet[Risk]) -> QuerySet[Risk]:
    return risks if reader is None else risks.filter(inside(reader))


def moving(scale: RiskScale, reader: Any = None) -> QuerySet[Any]:
    """``lagging`` risks with the bands they would have on ``scale``: ``new_inherent``, …, ``new_current``."""
    carries = carries_to(scale)
    new = {f"new_{kind}": _carried(kind, scale, carries) for kind in KINDS}
    judged: QuerySet[Any] = lagging(scale, reader).exclude(current_band=None).annotate(**new)
    return judged.annotate(new_current=Coalesce("new_residual", "new_inherent"))


def _carried(kind: str, scale: RiskScale, carries: dict[int, Carry]) -> Any:
    """The cell that the numbers of ``kind`` fall in, read from the grid by the database, for each old version."""
    cell = (
        f'(%s::text[])[(%s::int[])["registry_risk"."{kind}_likelihood"]]'
        f'[(%s::int[])["registry_risk"."{kind}_severity"]]'
    )
    whens = [
        When(scale_id=pk, then=RawSQL(cell, [scale.grid, carry.likelihood, carry.severity]))  # noqa: S611 -- columns
        for pk, carry in carries.items()
    ]
    return Case(*whens, output_field=CharField())


def moved_bands(moves: QuerySet[Any]) -> QuerySet[Any]:
    """Those of ``moving`` that come to another band, before or after mitigation or as a target."""
    return moves.exclude(
        Q(inherent_band=F("new_inherent"))
        & (Q(residual_band=None) | Q(residual_band=F("new_residual")))
        & (Q(target_band=None) | Q(target_band=F("new_target")))
    )


def counted(groups: Iterable[tuple[str, str, int, int]]) -> list[dict[str, Any]]:
    """How many go from which band to which, the worst first, with those that stay."""
    rows = [
        {
            "before": before,
            "after": after,
            "count": count,
            "change": RANK[Band(after)] - RANK[Band(before)],
            "accepted": accepted,
        }
        for before, after, count, accepted in groups
    ]
    return sorted(rows, key=lambda row: (-RANK[Band(row["before"])], -RANK[Band(row["after"])]))


def move_counts(moves: QuerySet[Any]) -> list[dict[str, Any]]:
    """What would move by the level that counts now. One query.

    ``accepted`` are those that somebody bears now and will not once they are carried over: what was accepted was
    judged on another scale.
    """
    held = RiskAcceptance.objects.in_force().filter(risk=OuterRef("pk"))
    groups = moves.order_by().values_list("current_band", "new_current")
    return counted(groups.annotate(n=Count("pk"), accepted=Count("pk", filter=Q(Exists(held)))))


def carried(scale: RiskScale, reader: Any = None) -> QuerySet[Any]:
    """What was carried to ``scale``, each with the judgement before it: ``old_band``, ``old_likelihood``, …"""
    before = RiskAssessment.objects.filter(risk=OuterRef("risk"), kind=OuterRef("kind"), pk__lt=OuterRef("pk"))
    last = before.order_by("-pk")
    names = ("band", "likelihood", "severity")
    return (
        RiskAssessment.objects.filter(scale=scale, cause=RiskAssessment.Cause.REBANDED)
        .filter(Q() if reader is None else Q(risk__in=Risk.objects.filter(inside(reader))))
        .select_related("risk__family")
        .defer("risk__words")
        .annotate(**{f"old_{name}": Subquery(last.values(name)[:1]) for name in names})
    )


def carried_counts(scale: RiskScale, reader: Any = None) -> list[dict[str, Any]]:
    """What moved by the level that counted then. One query."""
    rows: QuerySet[Any] = carried(scale, reader).exclude(kind=RiskAssessment.Kind.TARGET)
    residual = RiskAssessment.objects.filter(
        risk=OuterRef("risk"), scale=scale, kind="residual", cause=RiskAssessment.Cause.REBANDED
    )
    counting = rows.filter(Q(kind="residual") | ~Exists(residual)).exclude(old_band=None)
    groups = counting.order_by().values_list("old_band", "band").annotate(n=Count("pk"))
    return counted((before, after, count, 0) for before, after, count in groups)
