"""The moves of releases and of decisions."""

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.lifecycle import Move
from governance import permissions
from governance.models import Decision
from registry.models import Stage


def needs_card(release: Any) -> str:
    return "" if release.cards.exists() else _now("Import a model card first: the public page is made from it.")


def needs_file(release: Any) -> str:
    return "" if release.artifacts.exists() else _now("Add at least one file first: there is nothing to release yet.")


PUBLISH_RELEASE = Move(
    "publish",
    _("Publish the release"),
    frozenset({Stage.DRAFT}),
    Stage.PUBLISHED,
    permissions.can_publish_release,
    needs=(needs_card, needs_file),
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
    required = ("context", "outcome", "consequences", "stops_holding_when")
    fields: Any = Decision._meta
    missing = [str(fields.get_field(name).verbose_name) for name in required if not getattr(decision, name).strip()]
    return _now("Still empty: %s.") % ", ".join(missing) if missing else ""


def needs_decider(decision: Any) -> str:
    return "" if decision.decided_by_id else _now("Say who decided.")


def needs_choice(decision: Any) -> str:
    return "" if decision.options.filter(chosen=True).exists() else _now("Mark the option that was chosen.")


def needs_superseded_in_force(decision: Any) -> str:
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

RELEASE_MOVES = [PUBLISH_RELEASE, WITHDRAW_RELEASE, REINSTATE_RELEASE]
DECISION_MOVES = [PUBLISH_DECISION, SUPERSEDE_DECISION, ANNUL_DECISION]
MOVES = [*RELEASE_MOVES, *DECISION_MOVES]
