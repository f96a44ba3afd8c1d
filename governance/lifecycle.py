"""The moves of releases and of decisions."""

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.lifecycle import Move
from governance import permissions
from governance.models import Decision
from registry.models import Phase, Stage
from registry.models.plan import PhaseKind
from registry.selectors import missing_reviews


def needs_card(release: Any) -> str:
    """A model card."""
    return "" if release.cards.exists() else _now("Import a model card first: the public page is made from it.")


def needs_file(release: Any) -> str:
    """At least one file."""
    return "" if release.artifacts.exists() else _now("Add at least one file first: there is nothing to release yet.")


def needs_reviews(release: Any) -> str:
    """The reviews that its publisher publishes nothing without, passed."""
    missing = missing_reviews(release)
    return _now("Not passed yet, and asked for: %s.") % ", ".join(missing) if missing else ""


def needs_plan_followed(release: Any) -> str:
    """The phase that opens it, entered, where it has a plan."""
    kinds = (PhaseKind.BETA, PhaseKind.GATED, PhaseKind.PUBLIC)
    # In memory: a plan is short, and mostly at hand.
    ahead = [phase for phase in release.phases.all() if phase.kind in kinds and phase.stage == Phase.Stage.PLANNED]
    if not ahead:
        return ""
    ahead.sort(key=lambda phase: kinds.index(PhaseKind(phase.kind)))
    return _now("Its plan says how it comes out: enter the phase “%s”, which publishes it.") % ahead[0].name


PUBLISH_RELEASE = Move(
    "publish",
    _("Publish the release"),
    frozenset({Stage.DRAFT}),
    Stage.PUBLISHED,
    permissions.can_publish_release,
    needs=(needs_card, needs_file, needs_reviews, needs_plan_followed),
    help=_("It gets a public page. Its files can be asked for and can no longer change."),
)
WITHDRAW_RELEASE = Move(
    "withdraw",
    _("Withdraw the release"),
    frozenset({Stage.PUBLISHED}),
    Stage.WITHDRAWN,
    permissions.can_withdraw_release,
    asks_reason=True,
    danger=True,
    help=_("Every gate closes at once, to everybody. The public page stays and shows the reason."),
)
REINSTATE_RELEASE = Move(
    "reinstate",
    _("Reinstate the release"),
    frozenset({Stage.WITHDRAWN}),
    Stage.PUBLISHED,
    permissions.can_reinstate_release,
    needs=(needs_card, needs_file),
    asks_reason=True,
    help=_("Grants that have not ended open the gate again. Somebody other than who withdrew it must do this."),
)


def needs_text(decision: Any) -> str:
    """Context, outcome, consequences, and when it stops holding."""
    required = ("context", "outcome", "consequences", "stops_holding_when")
    fields: Any = Decision._meta
    missing = [str(fields.get_field(name).verbose_name) for name in required if not getattr(decision, name).strip()]
    return _now("Still empty: %s.") % ", ".join(missing) if missing else ""


def needs_decider(decision: Any) -> str:
    """Somebody named who decided."""
    return "" if decision.decided_by_id else _now("Say who decided.")


def needs_choice(decision: Any) -> str:
    """One option marked as chosen."""
    return "" if decision.options.filter(chosen=True).exists() else _now("Mark the option that was chosen.")


def needs_superseded_in_force(decision: Any) -> str:
    """What it supersedes is in force."""
    old = decision.supersedes
    if old is None or old.stage == Decision.Stage.PUBLISHED:
        return ""
    return _now("%s, which it supersedes, is not in force.") % old.reference


PUBLISH_DECISION = Move(
    "publish",
    _("Publish the decision"),
    frozenset({Decision.Stage.DRAFT}),
    Decision.Stage.PUBLISHED,
    permissions.can_publish_decision,
    needs=(needs_text, needs_decider, needs_choice, needs_superseded_in_force),
    help=_("It enters the public log. Its text can never be changed afterwards, only superseded."),
)
SUPERSEDE_DECISION = Move(
    "supersede",
    _("Supersede the decision"),
    frozenset({Decision.Stage.PUBLISHED}),
    Decision.Stage.SUPERSEDED,
    permissions.can_supersede_decision,
    help=_("Happens when the decision that replaces it is published."),
)
ANNUL_DECISION = Move(
    "annul",
    _("Declare it no longer in force"),
    frozenset({Decision.Stage.PUBLISHED}),
    Decision.Stage.VOID,
    permissions.can_annul_decision,
    asks_reason=True,
    danger=True,
    help=_("It stays in the public log with the reason."),
)


def needs_named_decider(phase: Any) -> str:
    """Somebody named who decides."""
    return "" if phase.decider_id else _now("Name who decides first.")


def needs_criteria(phase: Any) -> str:
    """Every required criterion met."""
    missing = [criterion.text for criterion in phase.criteria.all() if criterion.is_required and not criterion.is_met]
    return _now("Not met yet: %s") % " · ".join(missing) if missing else ""


def needs_earlier_phases(phase: Any) -> str:
    """What comes before it in the plan entered or dropped."""
    for other in phase.release.phases.all():
        if other.stage == Phase.Stage.PLANNED and (other.number, other.pk) < (phase.number, phase.pk):
            return _now("“%s” comes before it in the plan. Enter it or drop it first.") % other.name
    return ""


def needs_release_for_phase(phase: Any) -> str:
    """A release that can be in it: not withdrawn; with card and file where the phase publishes it."""
    release = phase.release
    if release.stage == Stage.WITHDRAWN:
        return _now("The release is withdrawn. Reinstate it first.")
    if phase.kind == PhaseKind.INTERNAL and release.stage != Stage.DRAFT:
        return _now("The release is public already, so it cannot become internal.")
    if phase.opens and release.stage == Stage.DRAFT:
        return needs_card(release) or needs_file(release)
    return ""


ENTER_PHASE = Move(
    "enter",
    _("Enter the phase"),
    frozenset({Phase.Stage.PLANNED}),
    Phase.Stage.ENTERED,
    permissions.can_enter_phase,
    needs=(needs_named_decider, needs_earlier_phases, needs_criteria, needs_release_for_phase),
    help=_("The gate opens only the tiers of this phase from that moment. The first phase that opens one publishes."),
)
LEAVE_PHASE = Move(
    "leave",
    _("Leave the phase"),
    frozenset({Phase.Stage.ENTERED}),
    Phase.Stage.LEFT,
    permissions.can_enter_phase,
    help=_("Happens when another phase is entered, or the release is withdrawn."),
)
RETURN_TO_PHASE = Move(
    "return",
    _("Return to the phase"),
    frozenset({Phase.Stage.LEFT}),
    Phase.Stage.ENTERED,
    permissions.can_enter_phase,
    help=_("Happens when a withdrawn release is reinstated: it is in the phase again in which it was."),
)

RELEASE_MOVES = [PUBLISH_RELEASE, WITHDRAW_RELEASE, REINSTATE_RELEASE]
DECISION_MOVES = [PUBLISH_DECISION, SUPERSEDE_DECISION, ANNUL_DECISION]
PHASE_MOVES = [ENTER_PHASE, LEAVE_PHASE, RETURN_TO_PHASE]
MOVES = [*RELEASE_MOVES, *PHASE_MOVES, *DECISION_MOVES]
