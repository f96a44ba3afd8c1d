"""Who may do what in the registry. Who may know of what is said by the models' ``visible_to``."""

from typing import Any

from accounts.permissions import has_role, scopes
from accounts.roles import ANY_ROLE, Role
from registry.models import (
    EntryCriterion,
    Mitigation,
    ModelFamily,
    Phase,
    Publisher,
    Release,
    Risk,
    Safeguard,
    UsageGuidelines,
)

# Who records concerns: everybody at the publisher but those who only read, and those who only give roles.
RECORDING = frozenset({Role.RELEASE_MANAGER, Role.RISK_OWNER, Role.REVIEWER, Role.INCIDENT_HANDLER})
TREATING = frozenset({Role.RELEASE_MANAGER, Role.RISK_OWNER})
# Who can decide that a release enters a phase, and who says what was measured.
DECIDING = frozenset({Role.RELEASE_MANAGER, Role.REVIEWER})
JUDGING = frozenset({Role.RELEASE_MANAGER, Role.REVIEWER, Role.RISK_OWNER})


def can_create_publisher(user: Any) -> bool:
    return bool(user.is_superuser)


def can_edit_publisher(user: Any, publisher: Publisher) -> bool:
    return has_role(user, {Role.RELEASE_MANAGER, Role.ADMINISTRATOR}, publisher)


def can_create_family(user: Any, publisher: Publisher) -> bool:
    return has_role(user, Role.RELEASE_MANAGER, publisher)


def can_edit_family(user: Any, family: ModelFamily) -> bool:
    return has_role(user, Role.RELEASE_MANAGER, family)


def can_create_release(user: Any, family: ModelFamily) -> bool:
    return has_role(user, Role.RELEASE_MANAGER, family)


def can_edit_release(user: Any, release: Release) -> bool:
    """Also its card and its files; whether these may still change is for the service to say."""
    return has_role(user, Role.RELEASE_MANAGER, release.family)


def can_send_files(user: Any) -> bool:
    """Whether there is any release whose files ``user`` may add: who may send a file of any size at all."""
    return scopes(user).any(Role.RELEASE_MANAGER)


def can_see_inside(user: Any, family: ModelFamily) -> bool:
    """Whether ``user`` sees the workspace of ``family``: drafts, owners, judgements."""
    return has_role(user, ANY_ROLE, family)


def can_edit_objectives(user: Any, family: ModelFamily) -> bool:
    return has_role(user, TREATING, family)


def can_edit_safeguards(user: Any, family: ModelFamily) -> bool:
    """Also its high-risk uses."""
    return has_role(user, TREATING, family)


def can_move_safeguard(user: Any, safeguard: Safeguard) -> bool:
    """Those who treat the risks of its model family."""
    return has_role(user, TREATING, safeguard.family)


def can_edit_training_data(user: Any, family: ModelFamily) -> bool:
    return has_role(user, Role.RELEASE_MANAGER, family)


def can_create_risk(user: Any, family: ModelFamily) -> bool:
    return has_role(user, RECORDING, family)


def can_edit_risk(user: Any, risk: Risk) -> bool:
    return has_role(user, TREATING, risk.family) or _owns(user, risk)


def can_assign_risk_owner(user: Any, risk: Risk) -> bool:
    return has_role(user, TREATING, risk.family)


def can_assess_risk(user: Any, risk: Risk) -> bool:
    """The owner, the release manager and, until somebody owns it, whoever is a risk owner there."""
    if has_role(user, Role.RELEASE_MANAGER, risk.family) or _owns(user, risk):
        return True
    return risk.owner_id is None and has_role(user, Role.RISK_OWNER, risk.family)


def can_move_risk(user: Any, risk: Risk) -> bool:
    """Open, close and reopen: for the person who answers for it, or the release manager."""
    return has_role(user, Role.RELEASE_MANAGER, risk.family) or _owns(user, risk)


def can_add_mitigation(user: Any, risk: Risk) -> bool:
    return can_edit_risk(user, risk)


def can_edit_mitigation(user: Any, mitigation: Mitigation) -> bool:
    return has_role(user, TREATING, mitigation.family)


def can_move_mitigation(user: Any, mitigation: Mitigation) -> bool:
    """Its owner while they hold a role, and those who treat the family's risks."""
    mine = mitigation.owner_id == user.pk and has_role(user, ANY_ROLE, mitigation.family)
    return mine or has_role(user, TREATING, mitigation.family)


def can_edit_guidelines(user: Any, family: ModelFamily) -> bool:
    """Draft usage guidelines: those who treat the family's risks."""
    return has_role(user, TREATING, family)


def can_publish_guidelines(user: Any, guidelines: UsageGuidelines) -> bool:
    return has_role(user, Role.RELEASE_MANAGER, guidelines.family)


def can_own(user: Any, family: ModelFamily) -> bool:
    """Whether ``user`` can answer for a risk or a mitigation of ``family``: a person with a role there."""
    return user.is_active and not user.is_service and has_role(user, ANY_ROLE, family)


def can_plan(user: Any, release: Release) -> bool:
    """Write the plan of a release, its phases and criteria, and drop phases: its release managers."""
    return has_role(user, Role.RELEASE_MANAGER, release.family)


def can_drop_phase(user: Any, phase: Phase) -> bool:
    """A release manager of the model."""
    return can_plan(user, phase.release)


def can_decide_phase(user: Any, family: ModelFamily) -> bool:
    """Whether ``user`` can be named to decide that a phase is entered: a release manager or a reviewer."""
    return user.is_active and not user.is_service and has_role(user, DECIDING, family)


def can_judge_criterion(user: Any, criterion: EntryCriterion) -> bool:
    """Say that a criterion holds: those who measure and review, and whoever decides about the phase."""
    phase = criterion.phase
    mine = phase.decider_id == user.pk and has_role(user, ANY_ROLE, phase.family)
    return mine or has_role(user, JUDGING, phase.family)


def can_note_capability(user: Any, release: Release) -> bool:
    return has_role(user, JUDGING, release.family)


def _owns(user: Any, risk: Risk) -> bool:
    return risk.owner_id is not None and risk.owner_id == user.pk and has_role(user, ANY_ROLE, risk.family)
