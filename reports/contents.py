"""What a report says, frozen: figures, the lists they count, and what was left out.

Only integers, strings, booleans and nulls, so that the JSON has one spelling and every number in the PDF
can be found in it.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils import timezone

from access.models import AccessRequest
from governance.models import Decision
from registry import visibility
from registry.models import Artifact, Publisher
from reports import figures as counted
from reports.figures import figures
from reports.metrics import BY_KEY, printed
from reports.models import SafetyReport
from reports.scope import Period, Scope, one_snapshot

FORMAT = "tidegate-safety-report/1"


def collect(report: SafetyReport) -> dict[str, Any]:
    """Everything the PDF of ``report`` is made from, as it was at one moment."""
    scope, period = report.scope, report.period
    with one_snapshot():
        now = timezone.now()
        shown = visibility.public_fields(Publisher.objects.get(pk=scope.publisher_id))
        return {
            "format": FORMAT,
            "reference": report.reference,
            "title": report.title,
            "made_from": _moment(now),
            "portal": {"name": settings.PORTAL_NAME, "address": settings.BASE_URL},
            "subject": _subject(scope),
            "period": {
                "start": str(period.start),
                "end": str(period.end),
                "last_day": str(period.last_day),
                "days": period.days,
                "complete": period.ends <= now,
            },
            "figures": _told(figures(scope, period), shown),
            "before": _told(figures(scope, _before(period)), shown),
            "releases": _releases(scope, period),
            **_risks(scope, period, shown),
            "tiers": _tiers(scope, period),
            "incidents": _incidents(scope, period),
            "decisions": _decisions(scope, period),
            "previous_report": _previous(report),
        }


def _told(found: dict[str, Any], shown: frozenset[str]) -> dict[str, Any]:
    """``found`` without the figures that count by a level the publisher hides: in a small register they name it."""
    hidden = tuple(f"risks.{level}." for level in ("inherent", "current") if level not in shown)
    if "residual" not in shown:
        hidden += ("risks.unassessed_residual",)
    gone = {"value": None, "text": printed(BY_KEY["risks.open"], None)}
    return {key: gone if key.startswith(hidden) else figure for key, figure in found.items()} if hidden else found


def _before(period: Period) -> Period:
    """The period of the same length that ended when this one began."""
    return Period(period.start - dt.timedelta(days=period.days), period.start)


def _subject(scope: Scope) -> dict[str, Any]:
    if scope.family is not None:
        family = scope.family
        return {
            "kind": "family",
            "id": family.pk,
            "name": family.name,
            "repo_id": family.repo_id,
            "publisher": family.publisher.name,
        }
    publisher = scope.publisher
    assert publisher is not None
    return {
        "kind": "publisher",
        "id": publisher.pk,
        "name": publisher.name,
        "repo_id": publisher.slug,
        "publisher": publisher.name,
    }


def _releases(scope: Scope, period: Period) -> list[dict[str, Any]]:
    """Releases that were public at any moment of the period, with the files that their revision names."""
    files = Prefetch("artifacts", queryset=Artifact.objects.order_by("path"))
    rows = (
        counted.releases_between(scope, period)
        .exclude(became="draft")
        .select_related("family__publisher")
        .prefetch_related(files)
    )
    return [
        {
            "name": str(release),
            "repo_id": release.family.repo_id,
            "version": release.version,
            "licence": release.licence,
            "was": release.was,
            "became": release.became,
            "published_on": _day(release.published_at),
            "withdrawn_on": _day(release.withdrawn_at) if release.became == "withdrawn" else None,
            "withdrawal_reason": release.withdrawal_reason if release.became == "withdrawn" else "",
            "revision": release.revision,
            "files": [
                {"path": each.path, "size": each.size, "sha256": each.sha256} for each in release.artifacts.all()
            ],
        }
        for release in rows.order_by("family__name", "-published_at", "-pk")
    ]


def _risks(scope: Scope, period: Period, fields: frozenset[str]) -> dict[str, Any]:
    """Open risks at the end, worst first. Those that are not shown to the public are counted and not listed, and of
    the others it says what everybody may see: ``fields``. Without the level they are in the order of their number.
    """
    done = Count("mitigations", filter=Q(mitigations__stage="done"), distinct=True)
    rows = (
        counted.risks_between(scope, period)
        .filter(became="open")
        .select_related("family")
        .defer("harm", "affected", "words", "urgency")
        .annotate(measures=Count("mitigations", distinct=True), done=done)
        .annotate(rank=F("current_code") / 100, score=(F("current_code") / 10 % 10) * (F("current_code") % 10))
    )
    by_level = (F("rank").desc(nulls_last=True), F("score").desc(nulls_last=True)) if "current" in fields else ()
    rows = rows.order_by(*by_level, "family__name", "number")
    shown = [
        {
            "reference": risk.reference,
            "family": risk.family.name,
            "title": risk.title,
            "before_mitigation": _level(risk.inherent_code) if "inherent" in fields else None,
            "now": _level(risk.current_code) if "current" in fields else None,
            "after_mitigation_assessed": risk.residual_code is not None if "residual" in fields else None,
            "mitigations": risk.measures if "mitigations" in fields else None,
            "mitigations_done": risk.done if "mitigations" in fields else None,
            "new": risk.was != "open",
        }
        for risk in rows.filter(is_public=True)
    ]
    cells, scale = counted.heat(scope, period), counted.scale_at_end(scope, period)
    severities = range(1, len(scale.severities) + 1)
    return {
        "risks": shown,
        "risk_fields": visibility.in_order(fields),
        "risks_not_listed": rows.filter(is_public=False).count(),
        # The most likely first, as the matrix is drawn.
        "heat": [
            [cells.get((likelihood, severity), 0) for severity in severities]
            for likelihood in range(len(scale.likelihoods), 0, -1)
        ]
        if "current" in fields
        else None,
        "scale": {
            "version": scale.number,
            "likelihoods": scale.likelihoods,
            "severities": scale.severities,
            "bands": scale.grid,
        },
    }


def _level(code: int | None) -> dict[str, Any] | None:
    if code is None:
        return None
    band, likelihood, severity = counted.read_code(code)
    return {"likelihood": likelihood, "severity": severity, "score": likelihood * severity, "band": band.value}


def _tiers(scope: Scope, period: Period) -> list[dict[str, Any]]:
    """Requests by tier. A tier that nobody asked for and nobody was decided on in the period is left out."""
    within = {
        name: Q(**{f"{field}__gte": period.begins, f"{field}__lt": period.ends})
        for name, field in (("submitted", "submitted_at"), ("decided", "decided_at"), ("closed", "closed_at"))
    }
    rows = AccessRequest.objects.filter(scope.families("family"), submitted_at__lt=period.ends).values(
        "tier__name", "family__name", "tier_id"
    )
    counts: QuerySet[Any] = rows.annotate(
        submitted=Count("pk", filter=within["submitted"]),
        approved=Count("pk", filter=within["decided"] & Q(stage="approved")),
        declined=Count("pk", filter=within["decided"] & Q(stage="declined")),
        withdrawn=Count("pk", filter=within["closed"] & Q(stage="withdrawn")),
    ).order_by("family__name", "tier__name", "tier_id")
    names = ("submitted", "approved", "declined", "withdrawn")
    return [
        {"family": row["family__name"], "tier": row["tier__name"], **{name: row[name] for name in names}}
        for row in counts
        if any(row[name] for name in names)
    ]


def _incidents(scope: Scope, period: Period) -> list[dict[str, Any]]:
    """Incidents recorded or resolved within the period, or unresolved at its end: without what they tell of people."""
    rows = counted.incidents_between(scope, period).defer("external", "summary", "searched")
    touched = (
        Q(created_at__gte=period.begins)
        | Q(became__in=counted.UNRESOLVED)
        | Q(resolved_at__gte=period.begins)
        | Q(closed_at__gte=period.begins)
    )
    return [
        {
            "reference": incident.reference,
            "severity": incident.severity or None,
            "stage": incident.became,
            "recorded_on": _day(incident.created_at),
            "occurred_on": str(incident.occurred_on) if incident.occurred_on else None,
            "resolved_on": _day(incident.resolved_at) if incident.became not in counted.UNRESOLVED else None,
            "source": incident.source,
            "lessons": incident.lessons if _learned(incident, period) else "",
        }
        for incident in rows.filter(touched).order_by("pk")
    ]


def _learned(incident: Any, period: Period) -> bool:
    moments = (incident.resolved_at, incident.closed_at)
    return any(moment is not None and period.begins <= moment < period.ends for moment in moments)


def _decisions(scope: Scope, period: Period) -> list[dict[str, Any]]:
    """Decisions published within the period, and earlier ones that went out of force within it."""
    began = Q(published_at__gte=period.begins) | Q(ended_at__gte=period.begins, ended_at__lt=period.ends)
    rows = (
        counted.decisions_between(scope, period)
        .filter(began)
        .select_related("family", "release", "supersedes", "superseded_by")
    )
    return [_decision(each, period) for each in rows.prefetch_related("options", "risks").order_by("number")]


def _decision(decision: Any, period: Period) -> dict[str, Any]:
    ended = decision.ended_at if decision.ended_at and decision.ended_at < period.ends else None
    successor = getattr(decision, "superseded_by", None)
    replaced_by = successor.reference if ended and decision.annulled_at is None and successor else None
    return {
        "reference": decision.reference,
        "title": decision.title,
        "family": decision.family.name,
        "release": decision.release.version if decision.release else None,
        "decided_as": str(decision.get_decided_as_display()),
        "decided_on": str(decision.decided_on),
        "published_on": _day(decision.published_at),
        "context": decision.context,
        "options": [{"name": option.name, "chosen": option.chosen} for option in decision.options.all()],
        "outcome": decision.outcome,
        "consequences": decision.consequences,
        "dissent": decision.dissent,
        "stops_holding_when": decision.stops_holding_when,
        "review_by": str(decision.review_by) if decision.review_by else None,
        "risks": [risk.reference for risk in decision.risks.all() if risk.is_public],
        "supersedes": decision.supersedes.reference if decision.supersedes else None,
        "ended_on": _day(ended),
        "ended_by": replaced_by,
        "annulment_reason": decision.annulment_reason if ended and not replaced_by else "",
        "state": Decision.Stage.PUBLISHED.value if ended is None else ("superseded" if replaced_by else "void"),
    }


def _previous(report: SafetyReport) -> dict[str, Any] | None:
    """The newest published report about the same that ended no later than this one begins."""
    same = SafetyReport.objects.published().filter(publisher=report.publisher, family=report.family)
    found = same.filter(period_end__lte=report.period_start).order_by("-period_end", "-pk").defer("data").first()
    return {"reference": found.reference, "title": found.title, "sha256": found.sha256} if found else None


def _day(moment: dt.datetime | None) -> str | None:
    return str(moment.astimezone(dt.UTC).date()) if moment else None


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
