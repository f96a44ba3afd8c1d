"""The moves of a misuse report and of an incident."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.lifecycle import Move
from incidents import permissions
from incidents.models import Incident, MisuseReport
from registry.scale import Band

Report = MisuseReport.Stage
Stage = Incident.Stage
OPEN_STAGES = frozenset({Report.RECEIVED, Report.TRIAGED, Report.ANSWERED})


def _needs_judgement(report: MisuseReport) -> str:
    """How severe it is, and who owns it."""
    return "" if report.severity and report.owner_id else _("Say how severe it is and who owns it first.")


def _needs_owner(incident: Incident) -> str:
    """An owner."""
    return "" if incident.owner_id else _("Name an owner first.")


def _needs_severity(incident: Incident) -> str:
    """How severe it was."""
    return "" if incident.severity else _("Say how severe it was first.")


def _needs_lessons(incident: Incident) -> str:
    """What was learned, after one of high or critical severity."""
    if incident.severity in {Band.HIGH, Band.CRITICAL} and not incident.lessons.strip():
        return _("Record what was learned first: the incident was of high or critical severity.")
    return ""


TRIAGE = Move(
    "triage", gettext_lazy("Triage"), frozenset({Report.RECEIVED}), Report.TRIAGED, permissions.can_handle_report
)
ANSWER = Move(
    "answer",
    gettext_lazy("Answer the reporter"),
    frozenset({Report.TRIAGED, Report.ANSWERED}),
    Report.ANSWERED,
    permissions.can_handle_report,
    needs=(_needs_judgement,),
)
CLOSE = Move(
    "close",
    gettext_lazy("Close"),
    OPEN_STAGES,
    Report.CLOSED,
    permissions.can_handle_report,
    asks_reason=True,
    danger=True,
)
FOLLOW_UP = Move(
    "follow_up", gettext_lazy("Reply"), frozenset({Report.ANSWERED}), Report.TRIAGED, permissions.can_reply
)
REOPEN = Move(
    "reopen",
    gettext_lazy("Open again"),
    frozenset({Report.CLOSED}),
    Report.RECEIVED,
    permissions.can_reopen_report,
    asks_reason=True,
)
REPORT_MOVES = (TRIAGE, ANSWER, CLOSE, FOLLOW_UP, REOPEN)


def _incident(name: str, label: Any, sources: set[str], target: str, **options: Any) -> Move:
    return Move(name, label, frozenset(sources), target, permissions.can_handle_incident, asks_reason=True, **options)


CONTAIN = _incident(
    "contain",
    gettext_lazy("Mark as contained"),
    {Stage.OPEN},
    Stage.CONTAINED,
    needs=(_needs_owner,),
    help=gettext_lazy("It cannot spread any more; the cause is not removed yet."),
)
RESOLVE = _incident(
    "resolve",
    gettext_lazy("Mark as resolved"),
    {Stage.OPEN, Stage.CONTAINED},
    Stage.RESOLVED,
    needs=(_needs_owner, _needs_severity),
    help=gettext_lazy("The cause is removed, or accepted with a decision."),
)
CLOSE_INCIDENT = _incident(
    "close",
    gettext_lazy("Close incident"),
    {Stage.RESOLVED},
    Stage.CLOSED,
    needs=(_needs_lessons,),
    help=gettext_lazy("Looked back on; nothing is left to do."),
)
REOPEN_INCIDENT = _incident(
    "reopen",
    gettext_lazy("Open again"),
    {Stage.CONTAINED, Stage.RESOLVED, Stage.CLOSED},
    Stage.OPEN,
    danger=True,
)
INCIDENT_MOVES = (CONTAIN, RESOLVE, CLOSE_INCIDENT, REOPEN_INCIDENT)
