"""The moves of risks and mitigations. Those of releases are governance's: publishing is a decision."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.lifecycle import Move
from registry import permissions
from registry.models import Mitigation, Risk


def _needs_owner(risk: Risk) -> str:
    if risk.owner is None:
        return _("Name a risk owner first: an unassigned risk cannot leave draft.")
    if not permissions.can_own(risk.owner, risk.family):
        return _("%(owner)s no longer holds a role here. Name another risk owner first.") % {"owner": risk.owner}
    return ""


def _needs_assessment(risk: Risk) -> str:
    if risk.inherent_score is None:
        return _("Assess the risk before mitigation first: likelihood and severity, with the reason.")
    return ""


OPEN = Move(
    "open",
    gettext_lazy("Open risk"),
    frozenset({Risk.Stage.DRAFT}),
    Risk.Stage.OPEN,
    may=permissions.can_move_risk,
    needs=(_needs_owner, _needs_assessment),
)
CLOSE = Move(
    "close",
    gettext_lazy("Close risk"),
    frozenset({Risk.Stage.OPEN}),
    Risk.Stage.CLOSED,
    may=permissions.can_move_risk,
    asks_reason=True,
    danger=True,
)
REOPEN = Move(
    "reopen",
    gettext_lazy("Reopen risk"),
    frozenset({Risk.Stage.CLOSED}),
    Risk.Stage.OPEN,
    may=permissions.can_move_risk,
    needs=(_needs_owner,),
    asks_reason=True,
)
RISK_MOVES = (OPEN, CLOSE, REOPEN)

START = Move(
    "start",
    gettext_lazy("Start"),
    frozenset({Mitigation.Stage.PLANNED}),
    Mitigation.Stage.IN_PROGRESS,
    may=permissions.can_move_mitigation,
)
FINISH = Move(
    "finish",
    gettext_lazy("Mark as done"),
    frozenset({Mitigation.Stage.PLANNED, Mitigation.Stage.IN_PROGRESS}),
    Mitigation.Stage.DONE,
    may=permissions.can_move_mitigation,
)
DROP = Move(
    "drop",
    gettext_lazy("Drop"),
    frozenset({Mitigation.Stage.PLANNED, Mitigation.Stage.IN_PROGRESS}),
    Mitigation.Stage.DROPPED,
    may=permissions.can_move_mitigation,
    asks_reason=True,
    danger=True,
)
MITIGATION_MOVES = (START, FINISH, DROP)
