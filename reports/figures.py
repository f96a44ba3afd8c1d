"""The figures of a period, computed from the database in few set-based queries over one snapshot.

What a thing was at a moment in the past is read from the audit trail, which is never changed, so that
a risk closed and opened again later does not rewrite the figures of an earlier period. Rows that were
loaded without an audit trail fall back on their own time stamps.
"""

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import Aggregate, BigIntegerField, Case, Count, F, Func, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import OuterRef
from django.db.models.functions import Cast, Coalesce

from access.models import AccessRequest, Grant
from common.models import AuditEvent
from governance.models import Decision
from incidents.models import Incident, MisuseReport
from registry.models import Release, Risk, RiskAssessment, RiskScale
from registry.scale import BY_RANK, RANK, Band
from reports.metrics import CATEGORIES, DECIDED_WITHIN, METRICS, printed
from reports.scope import Period, Scope, one_snapshot

Values = dict[str, int | None]


def figures(scope: Scope, period: Period) -> dict[str, Any]:
    """Every figure of ``scope`` for ``period``: its value (an integer, or None where there is nothing to measure)
    and the exact text that pages, PDF and API show for it."""
    values: Values = {}
    with one_snapshot():
        for part in (_releases, _risks, _access, _grants, _incidents, _misuse, _decisions):
            values |= part(scope, period)
    return {
        metric.key: {"value": values[metric.key], "text": printed(metric, values[metric.key])} for metric in METRICS
    }


def stage_at(model: Any, moment: dt.datetime, otherwise: Case) -> Coalesce:
    """The stage a row was in at ``moment``: its last move on record before that, else what its time stamps say."""
    stages = [value for value, _label in model._meta.get_field("stage").choices or []]
    events = AuditEvent.objects.filter(
        object_type=model._meta.label_lower,
        object_id=Cast(OuterRef("pk"), models.CharField()),
        at__lt=moment,
        after__in=stages,
    ).order_by("-pk")
    text = Func(F("after"), template="(%(expressions)s #>> '{}')", output_field=models.CharField())
    return Coalesce(Subquery(events.values(found=text)[:1]), otherwise, output_field=models.CharField())


def _since(moment: dt.datetime, default: str, **stamps: str) -> Case:
    """The stage that the newest of ``stamps`` before ``moment`` stands for; later stages come first."""
    cases = [When(**{f"{field}__lt": moment}, then=Value(stage)) for field, stage in stamps.items()]
    return Case(*cases, default=Value(default), output_field=models.CharField())


def releases_between(scope: Scope, period: Period) -> QuerySet[Any]:
    """Releases of ``scope`` with the stage they had when the period began (``was``) and when it ended (``became``)."""

    def at(moment: dt.datetime) -> Coalesce:
        return stage_at(Release, moment, _since(moment, "draft", withdrawn_at="withdrawn", published_at="published"))

    rows = Release.objects.filter(scope.families("family"), created_at__lt=period.ends)
    return rows.annotate(was=at(period.begins), became=at(period.ends))


def _releases(scope: Scope, period: Period) -> Values:
    was, became = Q(was="published"), Q(became="published")
    rows = releases_between(scope, period).aggregate(
        live_before=Count("pk", filter=was),
        published=Count("pk", filter=Q(was="draft") & ~Q(became="draft")),
        reinstated=Count("pk", filter=Q(was="withdrawn") & became),
        withdrawn=Count("pk", filter=~Q(was="withdrawn") & Q(became="withdrawn")),
        live=Count("pk", filter=became),
    )
    return _named("releases", rows)


def risks_between(scope: Scope, period: Period) -> QuerySet[Any]:
    """Risks of ``scope`` with their stages and, as assessed before the end, a code: the rank of the band × 100 +
    likelihood × 10 + severity. ``inherent_code`` before mitigation, ``residual_code`` after it, ``current_code``
    what counts."""

    def at(moment: dt.datetime) -> Coalesce:
        return stage_at(Risk, moment, _since(moment, "draft", closed_at="closed", opened_at="open"))

    def code(kind: str) -> Subquery:
        known = RiskAssessment.objects.filter(risk=OuterRef("pk"), kind=kind, assessed_at__lt=period.ends)
        return Subquery(known.order_by("-pk").values(code=_code())[:1])

    rows = Risk.objects.filter(scope.families("family"), created_at__lt=period.ends)
    rows = rows.annotate(
        was=at(period.begins),
        became=at(period.ends),
        assessed=code("inherent"),
        residual_code=Coalesce(
            code("residual"),
            Case(When(assessed__isnull=True, then=_code("residual_"))),
        ),
    )
    return rows.annotate(
        inherent_code=Coalesce("assessed", _code("inherent_")),
        current_code=Coalesce("residual_code", "assessed", _code("inherent_")),
    )


def _code(prefix: str = "") -> Any:
    rank = Case(*(When(**{f"{prefix}band": band.value, "then": Value(rank * 100)}) for band, rank in RANK.items()))
    return rank + F(f"{prefix}likelihood") * 10 + F(f"{prefix}severity")


def read_code(code: int) -> tuple[Band, int, int]:
    """Band, likelihood and severity of a code of ``risks_between``."""
    rank, judged = divmod(code, 100)
    return (BY_RANK[rank], *divmod(judged, 10))


def scale_at_end(scope: Scope, period: Period) -> RiskScale:
    """The scale that was in force at the publisher when the period ended; the first one for a time before it."""
    scales = RiskScale.objects.filter(publisher=scope.publisher_id, activated_at__isnull=False)
    then = scales.filter(activated_at__lt=period.ends).order_by("-activated_at").first()
    return then or scales.earliest("activated_at")


def heat(scope: Scope, period: Period) -> dict[tuple[int, int], int]:
    """How many open risks there were at the end for each likelihood and severity that counted then."""
    rows = risks_between(scope, period).filter(became="open", current_code__isnull=False)
    counted = rows.values("current_code").annotate(n=Count("pk")).values_list("current_code", "n")
    cells: dict[tuple[int, int], int] = {}
    for code, n in counted:
        _band, likelihood, severity = read_code(code)
        cells[likelihood, severity] = cells.get((likelihood, severity), 0) + n
    return cells


def _risks(scope: Scope, period: Period) -> Values:
    rows = risks_between(scope, period).values("was", "became", "inherent_code", "residual_code", "current_code")
    counts: dict[str, int] = {metric.key: 0 for metric in METRICS if metric.group == "risks"}
    for row in rows.annotate(n=Count("pk")).order_by():
        was, became, n = row["was"] == "open", row["became"] == "open", row["n"]
        counts["risks.open_before"] += n * was
        counts["risks.opened"] += n * (became and not was)
        counts["risks.closed"] += n * (was and not became)
        counts["risks.open"] += n * became
        counts["risks.draft"] += n * (row["became"] == "draft")
        counts["risks.unassessed_residual"] += n * (became and row["residual_code"] is None)
        for kind in ("inherent", "current"):
            if became and (code := row[f"{kind}_code"]) is not None:
                counts[f"risks.{kind}.{read_code(code)[0].value}"] += n
    return dict(counts)


class NearestRank(Aggregate):
    """A percentile that is one of the observed values, so that it is exact and can be looked up."""

    name = "NearestRank"
    function = "PERCENTILE_DISC"

    def __init__(self, fraction: str, expression: Any, **extra: Any) -> None:
        super().__init__(expression, output_field=BigIntegerField(), fraction=fraction, **extra)

    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"


def _seconds(later: str, earlier: str) -> Func:
    return Func(
        F(later) - F(earlier),
        template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint",
        output_field=BigIntegerField(),
    )


def _within(field: str, period: Period) -> Q:
    return Q(**{f"{field}__gte": period.begins, f"{field}__lt": period.ends})


def _access(scope: Scope, period: Period) -> Values:
    taken = Q(stage="withdrawn")

    def undecided(moment: dt.datetime) -> Q:
        later = Q(decided_at__isnull=True) | Q(decided_at__gte=moment)
        stayed = ~taken | Q(closed_at__gte=moment)
        return Q(submitted_at__lt=moment) & later & stayed

    decided = _within("decided_at", period) & Q(stage__in=["approved", "declined"])
    rows = AccessRequest.objects.filter(scope.families("family"), submitted_at__lt=period.ends).annotate(
        took=Case(When(decided_at__isnull=False, then=_seconds("decided_at", "submitted_at")))
    )
    counts = rows.aggregate(
        waiting_before=Count("pk", filter=undecided(period.begins)),
        submitted=Count("pk", filter=_within("submitted_at", period)),
        approved=Count("pk", filter=decided & Q(stage="approved")),
        declined=Count("pk", filter=decided & Q(stage="declined")),
        withdrawn=Count("pk", filter=taken & _within("closed_at", period)),
        waiting=Count("pk", filter=undecided(period.ends)),
        median_seconds=NearestRank("0.5", "took", filter=decided),
        p90_seconds=NearestRank("0.9", "took", filter=decided),
        **_decided_in(decided),
    )
    return {f"access.{name.replace('__', '.')}": value for name, value in counts.items()}


def _decided_in(decided: Q) -> dict[str, Count]:
    """Bars of the time to decision. Each takes its lower limit and not its upper one."""
    bars, lower = {}, 0
    for days in DECIDED_WITHIN:
        bars[f"decided_in__{days}d"] = Count("pk", filter=decided & Q(took__gte=lower * 86400, took__lt=days * 86400))
        lower = days
    return {**bars, "decided_in__longer": Count("pk", filter=decided & Q(took__gte=lower * 86400))}


def _grants(scope: Scope, period: Period) -> Values:
    rows = Grant.objects.filter(scope.families("family"), valid_from__lt=period.ends)
    return _named(
        "access",
        rows.aggregate(
            granted=Count("pk", filter=_within("valid_from", period)),
            revoked=Count("pk", filter=Q(stage="revoked") & _within("stage_changed_at", period)),
        ),
    )


def incidents_between(scope: Scope, period: Period) -> QuerySet[Any]:
    """Incidents of ``scope``, named directly or by a release or risk, with their stages at both ends of the period."""

    def at(moment: dt.datetime) -> Coalesce:
        stamps = {"closed_at": "closed", "resolved_at": "resolved", "contained_at": "contained"}
        return stage_at(Incident, moment, _since(moment, "open", **stamps))

    named = scope.families("families") | scope.families("releases__family") | scope.families("risks__family")
    concerned = Incident.objects.filter(named).values("pk")
    rows = Incident.objects.filter(pk__in=concerned, created_at__lt=period.ends)
    return rows.annotate(was=at(period.begins), became=at(period.ends))


UNRESOLVED = ("open", "contained")


def _incidents(scope: Scope, period: Period) -> Values:
    counts: dict[str, int] = {metric.key: 0 for metric in METRICS if metric.group in {"incidents", "lessons"}}
    rows = incidents_between(scope, period).annotate(
        fresh=Case(When(created_at__gte=period.begins, then=True), default=False),
        learned=Case(
            When(~Q(lessons="") & (_within("resolved_at", period) | _within("closed_at", period)), then=True),
            default=False,
        ),
    )
    rows = rows.values("was", "became", "severity", "fresh", "learned").annotate(n=Count("pk")).order_by()
    for row in rows:
        n, fresh = row["n"], row["fresh"]
        was, became = not fresh and row["was"] in UNRESOLVED, row["became"] in UNRESOLVED
        counts["incidents.unresolved_before"] += n * was
        counts["incidents.opened"] += n * fresh
        counts["incidents.reopened"] += n * (not fresh and not was and became)
        counts["incidents.resolved"] += n * ((was or fresh) and not became)
        counts["incidents.unresolved"] += n * became
        counts["incidents.total"] += n
        counts[f"incidents.{row['severity'] or 'unrated'}.{row['became']}"] += n
        counts["lessons.recorded"] += n * row["learned"]
    return dict(counts)


def _misuse(scope: Scope, period: Period) -> Values:
    received, answered = _within("received_at", period), _within("first_answered_at", period)
    rows = MisuseReport.objects.filter(scope.families("family"), received_at__lt=period.ends)
    rows = rows.annotate(
        took=Case(When(first_answered_at__isnull=False, then=_seconds("first_answered_at", "received_at")))
    )
    silent = Q(first_answered_at__isnull=True) | Q(first_answered_at__gte=period.ends)
    counts = rows.aggregate(
        received=Count("pk", filter=received),
        answered=Count("pk", filter=answered),
        unanswered=Count("pk", filter=silent),
        median_seconds=NearestRank("0.5", "took", filter=answered),
        **{f"category__{kind.value}": Count("pk", filter=received & Q(category=kind)) for kind in CATEGORIES},
    )
    return {f"misuse.{name.replace('__', '.')}": value for name, value in counts.items()}


def decisions_between(scope: Scope, period: Period) -> QuerySet[Any]:
    """Decisions of ``scope`` published before the end, with the moment they went out of force (``ended_at``)."""
    replaced = Decision.objects.filter(supersedes=OuterRef("pk"), published_at__isnull=False).values("published_at")[:1]
    rows = Decision.objects.filter(scope.families("family"), published_at__lt=period.ends)
    return rows.annotate(ended_at=Coalesce("annulled_at", Subquery(replaced)))


def _decisions(scope: Scope, period: Period) -> Values:
    in_force = Q(ended_at__isnull=True) | Q(ended_at__gte=period.ends)
    rows = decisions_between(scope, period).aggregate(
        published=Count("pk", filter=_within("published_at", period)),
        ended=Count("pk", filter=_within("ended_at", period)),
        in_force=Count("pk", filter=in_force),
        review_overdue=Count("pk", filter=in_force & Q(review_by__lt=period.end)),
    )
    return _named("decisions", rows)


def _named(group: str, values: dict[str, Any]) -> Values:
    return {f"{group}.{name}": value for name, value in values.items()}
