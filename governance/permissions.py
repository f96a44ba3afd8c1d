from typing import Any

from accounts.permissions import has_role
from accounts.roles import Role
from common import audit

RECORDERS = frozenset({Role.RELEASE_MANAGER, Role.REVIEWER, Role.RISK_OWNER, Role.INCIDENT_HANDLER})
DECIDERS = frozenset({Role.RELEASE_MANAGER, Role.REVIEWER})
STOPPERS = frozenset({Role.RELEASE_MANAGER, Role.INCIDENT_HANDLER})


def can_publish_release(user: Any, release: Any) -> bool:
    """A release manager of the model; whoever decides about a phase of its plan that publishes it, too."""
    return has_role(user, Role.RELEASE_MANAGER, release.family)


def can_withdraw_release(user: Any, release: Any) -> bool:
    """Stopping must not wait for the right person: a release manager or an incident handler."""
    return has_role(user, STOPPERS, release.family)


def can_reinstate_release(user: Any, release: Any) -> bool:
    """Four eyes, for superusers too: a release manager other than whoever withdrew it."""
    if not has_role(user, Role.RELEASE_MANAGER, release.family):
        return False
    withdrawal = audit.trail(release).filter(verb="registry.release.withdraw").first()
    return withdrawal is None or withdrawal.actor_id != user.pk


def can_enter_phase(user: Any, phase: Any) -> bool:
    """Whoever is named to decide, while they are a release manager or reviewer there; a release manager in
    their stead, which is on record."""
    if has_role(user, Role.RELEASE_MANAGER, phase.family):
        return True
    return phase.decider_id is not None and phase.decider_id == user.pk and has_role(user, DECIDERS, phase.family)


def can_record_decision(user: Any, family: Any) -> bool:
    return has_role(user, RECORDERS, family)


def can_edit_decision(user: Any, decision: Any) -> bool:
    return has_role(user, RECORDERS, decision.family)


def can_publish_decision(user: Any, decision: Any) -> bool:
    """A release manager or a reviewer of the model."""
    return has_role(user, DECIDERS, decision.family)


def can_supersede_decision(user: Any, decision: Any) -> bool:
    """A release manager or a reviewer of the model."""
    return has_role(user, DECIDERS, decision.family)


def can_annul_decision(user: Any, decision: Any) -> bool:
    """A release manager or a reviewer of the model."""
    return has_role(user, DECIDERS, decision.family)
