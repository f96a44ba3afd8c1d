"""The dictionary of figures: what each is called, what it counts, in what unit and from where.

The annex of every report is printed from this list, and every figure of the API and of a PDF has an
entry here. A new figure is a new entry; the meaning of an old one is never changed.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from incidents.models import Category, Incident
from registry.scale import Band

COUNT, SECONDS = "count", "seconds"


@dataclass(frozen=True)
class Metric:
    key: str
    label: Any
    definition: Any
    source: str
    unit: str = COUNT

    @property
    def group(self) -> str:
        return self.key.partition(".")[0]


# Upper limits of the time-to-decision bars, in whole days; the last bar has none.
DECIDED_WITHIN = (1, 2, 5, 10, 20)
BANDS = tuple(Band)
STAGES = tuple(Incident.Stage)
CATEGORIES = tuple(Category)


def duration(seconds: int) -> str:
    """Seconds in the two largest units that matter: "4 d 3 h", "3 h 12 min", "45 s". Cut off, never rounded up."""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{rest} s"


def printed(metric: Metric, value: int | None) -> str:
    """How a figure is written everywhere. A figure that does not exist is not zero."""
    if value is None:
        return "n/a"
    return duration(value) if metric.unit == SECONDS else str(value)


def _metrics() -> list[Metric]:
    release, risk = "registry.Release", "registry.Risk"
    request, grant = "access.AccessRequest", "access.Grant"
    incident, report, decision = "incidents.Incident", "incidents.MisuseReport", "governance.Decision"
    found = [
        Metric(
            "releases.live_before",
            _("Live when the period began"),
            _("Releases in stage “published” at the first moment of the period."),
            release,
        ),
        Metric(
            "releases.published",
            _("Published"),
            _("Releases that were drafts when the period began and public when it ended."),
            release,
        ),
        Metric(
            "releases.reinstated",
            _("Reinstated"),
            _("Releases withdrawn when the period began and published when it ended."),
            release,
        ),
        Metric(
            "releases.withdrawn",
            _("Withdrawn"),
            _("Releases not withdrawn when the period began and withdrawn when it ended."),
            release,
        ),
        Metric(
            "releases.live",
            _("Live when the period ended"),
            _("Releases in stage “published” at the end. Live before + published + reinstated − withdrawn."),
            release,
        ),
        Metric(
            "risks.open_before",
            _("Open when the period began"),
            _("Risks in stage “open” at the first moment of the period."),
            risk,
        ),
        Metric(
            "risks.opened", _("Newly open"), _("Risks not open when the period began and open when it ended."), risk
        ),
        Metric(
            "risks.closed", _("No longer open"), _("Risks open when the period began and not open when it ended."), risk
        ),
        Metric(
            "risks.open",
            _("Open when the period ended"),
            _("Risks in stage “open” at the end. Open before + newly open − no longer open."),
            risk,
        ),
        Metric(
            "risks.draft",
            _("Drafts when the period ended"),
            _("Risks recorded before the end that had not left draft by then."),
            risk,
        ),
        Metric(
            "risks.unassessed_residual",
            _("Open without an assessment after mitigation"),
            _("Open risks at the end whose level is still the one before mitigation."),
            risk,
        ),
    ]
    for kind, words in (("inherent", _("before mitigation")), ("current", _("now"))):
        for band in BANDS:
            found.append(
                Metric(
                    f"risks.{kind}.{band.value}",
                    format_lazy(_("Open: {band}, {kind}"), band=band.label, kind=words),
                    format_lazy(
                        _("Open risks at the end by likelihood × severity, as last assessed before the end ({kind})."),
                        kind=words,
                    ),
                    f"{risk}, registry.RiskAssessment",
                )
            )
    found += [
        Metric(
            "access.waiting_before",
            _("Undecided when the period began"),
            _("Requests sent before the period and neither decided nor withdrawn by its first moment."),
            request,
        ),
        Metric("access.submitted", _("Requests sent"), _("Requests first sent within the period."), request),
        Metric("access.approved", _("Approved"), _("Requests approved within the period."), request),
        Metric("access.declined", _("Declined"), _("Requests declined within the period."), request),
        Metric(
            "access.withdrawn",
            _("Taken back"),
            _("Requests that had been sent and were taken back by who sent them within the period."),
            request,
        ),
        Metric(
            "access.waiting",
            _("Undecided when the period ended"),
            _("Undecided before + sent − approved − declined − taken back."),
            request,
        ),
        Metric(
            "access.median_seconds",
            _("Median time to decision"),
            _("Requests decided within the period, from sending to decision, all waiting included (nearest rank)."),
            request,
            SECONDS,
        ),
        Metric(
            "access.p90_seconds",
            _("90 % decided within"),
            _("The same, 90th percentile (nearest rank)."),
            request,
            SECONDS,
        ),
    ]
    lower = 0
    for days in DECIDED_WITHIN:
        words = (
            format_lazy(_("Decided in {lower} to {upper} days"), lower=lower, upper=days)
            if lower
            else _("Decided in less than a day")
        )
        found.append(
            Metric(
                f"access.decided_in.{days}d",
                words,
                format_lazy(
                    _("Requests decided within the period after at least {lower} and less than {upper} days."),
                    lower=lower,
                    upper=days,
                ),
                request,
            )
        )
        lower = days
    found += [
        Metric(
            "access.decided_in.longer",
            format_lazy(_("Decided in {0} days or more"), lower),
            format_lazy(_("Requests decided within the period after at least {0} days."), lower),
            request,
        ),
        Metric("access.granted", _("Grants made"), _("Grants that began within the period, renewals included."), grant),
        Metric("access.revoked", _("Grants revoked"), _("Grants that were revoked within the period."), grant),
        Metric(
            "incidents.unresolved_before",
            _("Unresolved when the period began"),
            _("Incidents open or contained at the first moment of the period."),
            incident,
        ),
        Metric("incidents.opened", _("Incidents recorded"), _("Incidents recorded within the period."), incident),
        Metric(
            "incidents.reopened",
            _("Opened again"),
            _("Incidents resolved or closed when the period began and unresolved when it ended."),
            incident,
        ),
        Metric(
            "incidents.resolved",
            _("Incidents resolved"),
            _("Incidents unresolved at the beginning or recorded within the period, and resolved by its end."),
            incident,
        ),
        Metric(
            "incidents.unresolved",
            _("Unresolved when the period ended"),
            _("Unresolved before + recorded + opened again − resolved."),
            incident,
        ),
        Metric(
            "incidents.total",
            _("Incidents on record"),
            _("All incidents recorded before the end of the period."),
            incident,
        ),
    ]
    for severity in (*(band.value for band in BANDS), "unrated"):
        for stage in STAGES:
            found.append(
                Metric(
                    f"incidents.{severity}.{stage.value}",
                    format_lazy(_("Incidents: {severity}, {stage}"), severity=severity, stage=stage.label),
                    _("Incidents recorded before the end, by severity (as last judged) and stage at the end."),
                    incident,
                )
            )
    found += [
        Metric(
            "misuse.received",
            _("Misuse reports received"),
            _("Reports received within the period. The time of receipt is kept to the hour, for the reporter's sake."),
            report,
        ),
        Metric(
            "misuse.answered",
            _("Misuse reports answered"),
            _("Reports whose first answer was given within the period."),
            report,
        ),
        Metric(
            "misuse.unanswered",
            _("Unanswered at the end"),
            _("Reports received before the end without any answer by then."),
            report,
        ),
        Metric(
            "misuse.median_seconds",
            _("Median time to first answer"),
            _("Of reports first answered within the period: from receipt (to the hour) to the answer; nearest rank."),
            report,
            SECONDS,
        ),
    ]
    for category in CATEGORIES:
        found.append(
            Metric(
                f"misuse.category.{category.value}",
                format_lazy(_("Received: {0}"), category.label),
                _("Reports received within the period, by the kind their reporters chose."),
                report,
            )
        )
    found += [
        Metric(
            "decisions.published",
            _("Decisions published"),
            _("Decisions that entered the public log within the period."),
            decision,
        ),
        Metric(
            "decisions.ended",
            _("Decisions that went out of force"),
            _("Decisions superseded or declared no longer in force within the period."),
            decision,
        ),
        Metric(
            "decisions.in_force",
            _("Decisions in force when the period ended"),
            _("Published before the end and neither superseded nor void by then."),
            decision,
        ),
        Metric(
            "decisions.review_overdue",
            _("In force with an overdue review"),
            _("Decisions in force at the end whose review date had passed."),
            decision,
        ),
        Metric(
            "lessons.recorded",
            _("Incidents with lessons on record"),
            _("Incidents resolved or closed within the period for which lessons were written down."),
            incident,
        ),
    ]
    return found


METRICS = _metrics()
BY_KEY = {metric.key: metric for metric in METRICS}
