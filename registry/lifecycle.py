"""The moves of risks and mitigations. Those of releases are governance's: publishing is a decision."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.lifecycle import Move
from registry import permissions
from registry.models import Mitigation, Phase, Risk, Safeguard, UsageGuidelines


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
    needs=(_needs_owner, _needs_assessment),
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

DROP_PHASE = Move(
    "drop",
    gettext_lazy("Drop phase"),
    frozenset({Phase.Stage.PLANNED}),
    Phase.Stage.DROPPED,
    may=permissions.can_drop_phase,
    asks_reason=True,
    danger=True,
    help=gettext_lazy("It will not come. It stays in the plan with the reason."),
)
PHASE_MOVES = (DROP_PHASE,)


def _needs_rules(guidelines: UsageGuidelines) -> str:
    """At least one rule."""
    return "" if guidelines.usagerule_set.exists() else _("Add a rule first: there is nothing to publish yet.")


def _needs_reporting(guidelines: UsageGuidelines) -> str:
    """Words on how to report."""
    return "" if guidelines.reporting.strip() else _("Say first how to report a breach or a doubt.")


def _needs_change_note(guidelines: UsageGuidelines) -> str:
    """From the second version on, what changed and why."""
    before = UsageGuidelines.objects.versions_of(guidelines)
    if guidelines.change_note.strip() or not before.exclude(stage=UsageGuidelines.Stage.DRAFT).exists():
        return ""
    return _("Say first what changed and why: people work by the version before.")


PUBLISH_GUIDELINES = Move(
    "publish",
    gettext_lazy("Publish guidelines"),
    frozenset({UsageGuidelines.Stage.DRAFT}),
    UsageGuidelines.Stage.PUBLISHED,
    may=permissions.can_publish_guidelines,
    needs=(_needs_rules, _needs_reporting, _needs_change_note),
)
SUPERSEDE_GUIDELINES = Move(
    "supersede",
    gettext_lazy("Supersede guidelines"),
    frozenset({UsageGuidelines.Stage.PUBLISHED}),
    UsageGuidelines.Stage.SUPERSEDED,
    may=permissions.can_publish_guidelines,
)
RETIRE_GUIDELINES = Move(
    "retire",
    gettext_lazy("Retire guidelines"),
    frozenset({UsageGuidelines.Stage.PUBLISHED}),
    UsageGuidelines.Stage.SUPERSEDED,
    may=permissions.can_publish_guidelines,
    asks_reason=True,
    danger=True,
)
GUIDELINES_MOVES = (PUBLISH_GUIDELINES, RETIRE_GUIDELINES)


def _needs_reasons(safeguard: Safeguard) -> str:
    """Needs how it works and why it was chosen."""
    if not safeguard.how_it_works.strip():
        return _("Say how it works first.")
    return "" if safeguard.why_chosen.strip() else _("Say why it was chosen first.")


INTRODUCE = Move(
    "introduce",
    gettext_lazy("Put in place"),
    frozenset({Safeguard.Stage.PLANNED}),
    Safeguard.Stage.IN_PLACE,
    may=permissions.can_move_safeguard,
    needs=(_needs_reasons,),
)
RETIRE = Move(
    "retire",
    gettext_lazy("Retire"),
    frozenset({Safeguard.Stage.PLANNED, Safeguard.Stage.IN_PLACE}),
    Safeguard.Stage.RETIRED,
    may=permissions.can_move_safeguard,
    asks_reason=True,
    danger=True,
)
SAFEGUARD_MOVES = (INTRODUCE, RETIRE)
