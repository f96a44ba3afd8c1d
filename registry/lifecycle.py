"""The moves of risks and mitigations. Those of releases are governance's: publishing is a decision."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.lifecycle import Move
from registry import permissions
from registry.models import (
    AssessmentProposal,
    Mitigation,
    Phase,
    Risk,
    RiskImport,
    RiskScale,
    Safeguard,
    UsageGuidelines,
)

# The moves of reviews have a file of their own; all of them are found here.
from registry.review_moves import (  # noqa: F401
    ABANDON_ROUND,
    DISCARD_REVIEW,
    FINISH_ROUND,
    PUBLISH_QUESTIONS,
    QUESTION_SET_MOVES,
    RETIRE_QUESTIONS,
    REVIEW_MOVES,
    ROUND_MOVES,
    SUBMIT_REVIEW,
    SUPERSEDE_QUESTIONS,
)


def _needs_owner(risk: Risk) -> str:
    """An owner who holds a role there."""
    if risk.owner is None:
        return _("Name a risk owner first: an unassigned risk cannot leave draft.")
    if not permissions.can_own(risk.owner, risk.family):
        return _("%(owner)s no longer holds a role here. Name another risk owner first.") % {"owner": risk.owner}
    return ""


def _needs_assessment(risk: Risk) -> str:
    """An assessment before mitigation."""
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
    may=permissions.can_reopen_risk,
    needs=(_needs_owner, _needs_assessment),
    asks_reason=True,
)


def _needs_harm(risk: Risk) -> str:
    """Words on the harm."""
    return "" if risk.harm.strip() else _("Say first what the harm is: that is what working a stub out means.")


WORK_OUT = Move(
    "work_out",
    gettext_lazy("Work out"),
    frozenset({Risk.Stage.STUB}),
    Risk.Stage.DRAFT,
    may=permissions.can_work_out_stub,
    needs=(_needs_harm,),
)
DISMISS = Move(
    "dismiss",
    gettext_lazy("Close stub"),
    frozenset({Risk.Stage.STUB}),
    Risk.Stage.CLOSED,
    may=permissions.can_work_out_stub,
    asks_reason=True,
    danger=True,
)
TAKE_UP = Move(
    "take_up",
    gettext_lazy("Take up again"),
    frozenset({Risk.Stage.CLOSED}),
    Risk.Stage.STUB,
    may=permissions.can_take_up_stub,
    asks_reason=True,
)
RISK_MOVES = (WORK_OUT, OPEN, CLOSE, REOPEN, DISMISS, TAKE_UP)

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
RETIRE_MITIGATION = Move(
    "retire",
    gettext_lazy("Retire"),
    frozenset({Mitigation.Stage.DONE}),
    Mitigation.Stage.RETIRED,
    may=permissions.can_move_mitigation,
    asks_reason=True,
    danger=True,
    help=gettext_lazy("Open risks that it is for are marked to be looked at again."),
)
MITIGATION_MOVES = (START, FINISH, DROP, RETIRE_MITIGATION)

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


def _needs_rules_of_bands(scale: RiskScale) -> str:
    """What follows from each of its bands."""
    if set(scale.rules.values_list("band", flat=True)) >= {band for row in scale.grid for band in row}:
        return ""
    return _("Say first what follows from each level: when to look again, who may accept it, for how long.")


def _needs_note(scale: RiskScale) -> str:
    """Why there is a new version."""
    return "" if scale.note.strip() else _("Say first why there is a new version: people have learned the old one.")


ACTIVATE_SCALE = Move(
    "activate",
    gettext_lazy("Put in force"),
    frozenset({RiskScale.Stage.DRAFT}),
    RiskScale.Stage.ACTIVE,
    may=permissions.can_edit_scale,
    needs=(_needs_rules_of_bands, _needs_note),
    asks_reason=True,
    help=gettext_lazy("Risks that are not closed are carried over to it; closed ones when they are reopened."),
)
SUPERSEDE_SCALE = Move(
    "supersede",
    gettext_lazy("Replace by a later version"),
    frozenset({RiskScale.Stage.ACTIVE}),
    RiskScale.Stage.SUPERSEDED,
    may=permissions.can_edit_scale,
    help=gettext_lazy("By putting a later version in force; judgements made on it keep it."),
)
SCALE_MOVES = (ACTIVATE_SCALE,)

CONFIRM_PROPOSAL = Move(
    "confirm",
    gettext_lazy("Confirm"),
    frozenset({AssessmentProposal.Stage.PROPOSED}),
    AssessmentProposal.Stage.CONFIRMED,
    may=permissions.can_decide_proposal,
)
DECLINE_PROPOSAL = Move(
    "decline",
    gettext_lazy("Decline"),
    frozenset({AssessmentProposal.Stage.PROPOSED}),
    AssessmentProposal.Stage.DECLINED,
    may=permissions.can_decide_proposal,
    asks_reason=True,
)
WITHDRAW_PROPOSAL = Move(
    "withdraw",
    gettext_lazy("Take back"),
    frozenset({AssessmentProposal.Stage.PROPOSED}),
    AssessmentProposal.Stage.WITHDRAWN,
    may=permissions.can_withdraw_proposal,
)
OVERTAKE_PROPOSAL = Move(
    "overtake",
    gettext_lazy("Overtake by another judgement"),
    frozenset({AssessmentProposal.Stage.PROPOSED}),
    AssessmentProposal.Stage.WITHDRAWN,
    may=permissions.can_overtake_proposal,
    help=gettext_lazy("Happens by itself when the risk is judged anew."),
)
PROPOSAL_MOVES = (CONFIRM_PROPOSAL, DECLINE_PROPOSAL, WITHDRAW_PROPOSAL)


def _needs_no_refusal(risk_import: RiskImport) -> str:
    """No refused row: it counts as a whole or not at all."""
    if not risk_import.refused_count:
        return ""
    return _("%d rows are refused. Mend the file and bring it again.") % risk_import.refused_count


def _needs_rows(risk_import: RiskImport) -> str:
    """A row that does something."""
    return "" if risk_import.changes_something else _("No row changes anything.")


_WAITING_IMPORT = frozenset({RiskImport.Stage.CHECKING, RiskImport.Stage.CHECKED})
CHECK_IMPORT = Move(
    "check",
    gettext_lazy("Check file"),
    frozenset({RiskImport.Stage.CHECKING}),
    RiskImport.Stage.CHECKED,
    may=permissions.can_apply_import,
)
RECHECK_IMPORT = Move(
    "recheck",
    gettext_lazy("Check again"),
    frozenset({RiskImport.Stage.CHECKED}),
    RiskImport.Stage.CHECKING,
    may=permissions.can_apply_import,
)
APPLY_IMPORT = Move(
    "apply",
    gettext_lazy("Apply import"),
    frozenset({RiskImport.Stage.CHECKED}),
    RiskImport.Stage.APPLIED,
    may=permissions.can_apply_import,
    needs=(_needs_no_refusal, _needs_rows),
)
DISCARD_IMPORT = Move(
    "discard",
    gettext_lazy("Discard import"),
    _WAITING_IMPORT,
    RiskImport.Stage.DISCARDED,
    may=permissions.can_discard_import,
    danger=True,
)
IMPORT_MOVES = (APPLY_IMPORT, RECHECK_IMPORT, DISCARD_IMPORT)
