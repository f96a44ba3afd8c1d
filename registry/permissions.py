"""Who may do what in the registry. Who may know of what is said by the models' ``visible_to``."""

from typing import Any

from django.utils import timezone

from accounts.permissions import has_role, scopes
from accounts.roles import ANY_ROLE, Role
from registry.models import (
    AssessmentProposal,
    EntryCriterion,
    Mitigation,
    ModelFamily,
    Phase,
    Publisher,
    QuestionSet,
    Release,
    ReleaseReview,
    ReviewRound,
    Risk,
    RiskAcceptance,
    RiskImport,
    RiskScale,
    Safeguard,
    UsageGuidelines,
)
from registry.models.scales import roles_accepting

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


def can_set_public_risk_fields(user: Any, publisher: Publisher) -> bool:
    """Who answers for what is published of all its models: its release managers."""
    return has_role(user, Role.RELEASE_MANAGER, publisher)


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


def can_import_risks(user: Any, publisher: Publisher) -> bool:
    """Bring a file with risks along: those who treat the risks of the publisher, or of a family of it. What each row
    may do is asked of the row."""
    if has_role(user, TREATING, publisher):
        return True
    return ModelFamily.objects.with_role(user, *TREATING).filter(publisher=publisher).exists()


def can_apply_import(user: Any, risk_import: RiskImport) -> bool:
    """Whoever brought the file: its rows were checked for what they may do."""
    return user.pk == risk_import.uploaded_by_id


def can_discard_import(user: Any, risk_import: RiskImport) -> bool:
    """Whoever brought the file, a release manager of the publisher, or the portal itself when nobody applied it."""
    if user.is_service or user.pk == risk_import.uploaded_by_id:
        return True
    return has_role(user, Role.RELEASE_MANAGER, risk_import.publisher)


def can_change_in_bulk(user: Any) -> bool:
    """Change many risks at once: those who treat risks anywhere. What each change needs is asked of each risk."""
    return scopes(user).any(*TREATING)


def can_ask_for_review(user: Any, risk: Risk) -> bool:
    return has_role(user, TREATING, risk.family)


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
    """The owner of the risk while they hold a role there, or a release manager."""
    return has_role(user, Role.RELEASE_MANAGER, risk.family) or _owns(user, risk)


def can_reopen_risk(user: Any, risk: Risk) -> bool:
    """Its owner or deputy while they hold a role, and the release manager, where it was open before."""
    return risk.opened_at is not None and can_move_risk(user, risk)


def can_work_out_stub(user: Any, risk: Risk) -> bool:
    """Those who treat the family's risks, and its owner."""
    return can_edit_risk(user, risk)


def can_take_up_stub(user: Any, risk: Risk) -> bool:
    """Those who treat the family's risks, and its owner, where it was never open."""
    return risk.opened_at is None and can_edit_risk(user, risk)


def can_see_concern_contact(user: Any, risk: Risk) -> bool:
    """Read how somebody outside can be reached: those who treat the family's risks; each reading is on record."""
    return has_role(user, TREATING, risk.family)


def can_review_risk(user: Any, risk: Risk) -> bool:
    """Look at a risk again: who judges here, and whoever answers for it."""
    return has_role(user, JUDGING, risk.family) or _owns(user, risk)


def can_start_round(user: Any, scope: Publisher | ModelFamily) -> bool:
    """Start a review round over the risks of a publisher or of one family: those who treat them."""
    return has_role(user, TREATING, scope)


def can_end_round(user: Any, review_round: ReviewRound) -> bool:
    """Those who treat the risks it is about."""
    return has_role(user, TREATING, review_round.scope)


def can_settle_round(user: Any, review_round: ReviewRound) -> bool:
    """Whoever settles its last item. Whether they may is asked for the risk."""
    return True


def can_review_release(user: Any, release: Release) -> bool:
    """Answer question sets about a release: who judges here."""
    return has_role(user, JUDGING, release.family)


def can_move_review(user: Any, review: ReleaseReview) -> bool:
    """Release managers, risk owners and reviewers of the family."""
    return can_review_release(user, review.release)


def can_edit_question_sets(user: Any, publisher: Publisher | None) -> bool:
    """Import question sets and ask for reviews: the publisher's release managers. Shipped sets come with the portal."""
    return publisher is not None and has_role(user, Role.RELEASE_MANAGER, publisher)


def can_move_question_set(user: Any, question_set: QuestionSet) -> bool:
    """The publisher's release managers; those that came with the portal, the portal itself."""
    if question_set.publisher_id is None:
        return bool(user.is_service)
    return can_edit_question_sets(user, question_set.publisher)


def can_import_taxonomy(user: Any) -> bool:
    """Taxonomies are shared by all publishers, so nobody but a superuser or the portal itself changes them."""
    return bool(user.is_superuser or user.is_service)


def can_add_mitigation(user: Any, risk: Risk) -> bool:
    return can_edit_risk(user, risk)


def can_edit_mitigation(user: Any, mitigation: Mitigation) -> bool:
    return has_role(user, TREATING, mitigation.family)


def can_measure_mitigation(user: Any, mitigation: Mitigation) -> bool:
    """Put on record how well it works: its owner, and everybody who judges the family's risks and releases."""
    return can_move_mitigation(user, mitigation) or has_role(user, JUDGING, mitigation.family)


def can_move_mitigation(user: Any, mitigation: Mitigation) -> bool:
    """Its owner while they hold a role, and those who treat the family's risks."""
    mine = mitigation.owner_id == user.pk and has_role(user, ANY_ROLE, mitigation.family)
    return mine or has_role(user, TREATING, mitigation.family)


def can_edit_guidelines(user: Any, family: ModelFamily) -> bool:
    """Draft usage guidelines: those who treat the family's risks."""
    return has_role(user, TREATING, family)


def can_publish_guidelines(user: Any, guidelines: UsageGuidelines) -> bool:
    """A release manager of the model."""
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


def can_edit_scale(user: Any, scale: RiskScale) -> bool:
    """Draft a version of the scale and put it in force: a release manager of the publisher."""
    return can_draft_scale(user, scale.publisher)


def can_draft_scale(user: Any, publisher: Publisher) -> bool:
    return has_role(user, Role.RELEASE_MANAGER, publisher)


def answers_for(user: Any, risk: Risk) -> bool:
    """Whether ``user`` is the owner of ``risk`` or the deputy, whatever roles they hold: whoever may not decide
    about it alone. Superusers too."""
    return user.pk is not None and user.pk in {risk.owner_id, risk.deputy_id}


def is_party(user: Any, risk: Risk) -> bool:
    """Whether ``user`` may not decide about ``risk`` alone: who answers for it, and who did until lately. Else one
    person could hand it over, lower or accept it, and take it back."""
    return answers_for(user, risk) or risk.was_answered_for_by(user.pk, since=timezone.now() - Risk.PARTY_FOR)


def can_decide_proposal(user: Any, proposal: AssessmentProposal) -> bool:
    """Somebody who treats the family's risks, but not whoever proposed it."""
    return user.pk != proposal.proposed_by_id and has_role(user, TREATING, proposal.risk.family)


def can_withdraw_proposal(user: Any, proposal: AssessmentProposal) -> bool:
    """Whoever proposed it."""
    return user.pk == proposal.proposed_by_id and has_role(user, ANY_ROLE, proposal.risk.family)


def can_overtake_proposal(user: Any, proposal: AssessmentProposal) -> bool:
    """Whoever judges the risk anew."""
    return can_assess_risk(user, proposal.risk) or can_decide_proposal(user, proposal)


def can_choose_treatment(user: Any, risk: Risk) -> bool:
    return can_edit_risk(user, risk)


def can_accept_risk(user: Any, risk: Risk, role: str) -> bool:
    """Somebody of the ``role`` that the scale asks for at the level of ``risk``, who is no party to it."""
    return not is_party(user, risk) and has_role(user, roles_accepting(role), risk.family)


def can_revoke_acceptance(user: Any, acceptance: RiskAcceptance) -> bool:
    """Whoever gave it while they hold a role, who answers for the risk, and those who treat the family's risks."""
    risk = acceptance.risk
    if user.pk == acceptance.accepted_by_id and has_role(user, ANY_ROLE, risk.family):
        return True
    return can_edit_risk(user, risk)


def _owns(user: Any, risk: Risk) -> bool:
    """The owner, and the deputy who stands in, while they hold a role."""
    return answers_for(user, risk) and has_role(user, ANY_ROLE, risk.family)
