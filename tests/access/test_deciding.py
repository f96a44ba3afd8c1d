from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from access import permissions, services
from access.models import AccessRequest, Grant
from accounts.models import User
from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import audit
from common.lifecycle import Refused, Stale
from governance.services import withdraw_release
from tests.access.conftest import verbs
from tests.factories.access import AccessRequestFactory, TierFactory
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db


def test_approval_makes_a_grant_and_says_who_and_why(submitted, release_manager, tier):
    request = services.decide_request(submitted, actor=release_manager, approve=True, reason="Sound plan")
    grant = request.grants.get()
    assert (request.stage, request.decided_by, request.decision_reason) == ("approved", release_manager, "Sound plan")
    assert grant.valid_until - grant.valid_from == timedelta(days=tier.grant_days)
    event = audit.trail(request).first()
    assert (event.verb, event.reason, event.actor_id) == (
        "access.accessrequest.approve",
        "Sound plan",
        release_manager.pk,
    )
    assert verbs(grant) == ["access.grant.give"]


def test_declining_makes_no_grant_and_one_may_ask_again(submitted, release_manager, ask):
    request = services.decide_request(submitted, actor=release_manager, approve=False, reason="Say which data")
    assert request.stage == "declined"
    assert not Grant.objects.exists()
    assert ask().pk != request.pk


def test_a_decision_needs_a_reason(submitted, release_manager):
    with pytest.raises(Refused, match="Say why"):
        services.decide_request(submitted, actor=release_manager, approve=True, reason="  ")


@pytest.mark.parametrize(
    "role",
    ["researcher", "colleague", "stranger", "reviewer", "auditor", "administrator", "risk_owner", "incident_handler"],
)
def test_only_an_impartial_release_manager_of_the_family_decides(role, submitted, request):
    actor = request.getfixturevalue(role)
    with pytest.raises(PermissionDenied):
        services.decide_request(submitted, actor=actor, approve=True, reason="Fine")
    with pytest.raises(PermissionDenied):
        services.return_request(submitted, actor=actor, message="More")
    submitted.refresh_from_db()
    assert submitted.stage == "submitted"
    assert not Grant.objects.exists()


def test_a_superuser_does_not_decide_their_own_request(ask, superuser):
    request = ask(user=superuser)
    with pytest.raises(PermissionDenied):
        services.decide_request(request, actor=superuser, approve=True, reason="Mine")


def test_changing_employer_after_asking_does_not_make_one_impartial(submitted, colleague, researcher):
    colleague.organisation = UserFactory().organisation
    colleague.save()
    researcher.organisation = colleague.organisation
    researcher.save()
    with pytest.raises(PermissionDenied):
        services.decide_request(submitted, actor=colleague, approve=True, reason="Fine")


@pytest.mark.parametrize("who_left", ["researcher", "release_manager", "both"])
def test_a_former_colleague_is_not_impartial(ask, researcher, release_manager, superuser, who_left):
    shared = UserFactory().organisation
    places = {
        "researcher": [(researcher, release_manager.organisation)],
        "release_manager": [(release_manager, researcher.organisation)],
        "both": [(researcher, shared), (release_manager, shared)],
    }
    for user, organisation in places[who_left]:
        MembershipFactory(user=user, organisation=organisation)
    request = ask(user=researcher)

    with pytest.raises(PermissionDenied):
        services.decide_request(request, actor=release_manager, approve=True, reason="Fine")
    with pytest.raises(PermissionDenied):
        services.assign_request(request, actor=release_manager, assignee=release_manager)
    assert list(AccessRequest.objects.waiting_for(release_manager)) == []
    assert list(AccessRequest.objects.waiting_for(superuser)) == [request]


def test_the_organisation_when_asking_counts_even_if_it_is_the_managers_former_one(
    submitted, researcher, release_manager
):
    MembershipFactory(user=release_manager, organisation=researcher.organisation)
    researcher.organisation = None
    researcher.save()

    assert permissions.is_partial(release_manager, AccessRequest.objects.get(pk=submitted.pk))
    assert list(AccessRequest.objects.waiting_for(release_manager)) == []


def test_the_queue_offers_exactly_what_its_reader_may_decide(release, release_manager, colleague, superuser):
    tier = TierFactory(family=release.family)
    loner, mate = UserFactory(organisation=None), UserFactory(organisation=release_manager.organisation)
    former = UserFactory()
    MembershipFactory(user=former, organisation=colleague.organisation)
    for user in (loner, mate, former, superuser, release_manager, colleague, UserFactory()):
        AccessRequestFactory(release=release, tier=tier, requester=user, organisation=user.organisation)

    for reader in (release_manager, colleague, superuser):
        fresh = User.objects.get(pk=reader.pk)
        may = {row.pk for row in AccessRequest.objects.all() if permissions.can_decide_request(fresh, row)}
        assert {row.pk for row in AccessRequest.objects.waiting_for(fresh)} == may
        assert may


def test_a_grant_is_not_opened_again_by_a_former_colleague_of_its_holder(submitted, release_manager, superuser):
    services.decide_request(submitted, actor=superuser, approve=True, reason="Fine")
    grant = services.suspend_grant(Grant.objects.get(), actor=release_manager, reason="Looked at")
    MembershipFactory(user=release_manager, organisation=submitted.requester.organisation)

    with pytest.raises(PermissionDenied):
        services.resume_grant(grant, actor=User.objects.get(pk=release_manager.pk), reason="Fine")


def test_what_was_decided_meanwhile_is_not_assigned(submitted, release_manager):
    seen = AccessRequest.objects.get(pk=submitted.pk)
    services.decide_request(submitted, actor=release_manager, approve=False, reason="No")

    with pytest.raises(Refused, match="waits for a decision"):
        services.assign_request(seen, actor=release_manager, assignee=release_manager)

    assert AccessRequest.objects.get(pk=submitted.pk).assignee is None


def test_a_request_of_another_familys_manager_stays_theirs(submitted, publisher):
    manager = UserFactory()
    other = ReleaseFactory(family__publisher=publisher).family
    assign_role(manager, Role.RELEASE_MANAGER, other, actor=service_account("Set-up"))
    assert not AccessRequest.objects.waiting_for(manager).exists()
    with pytest.raises(PermissionDenied):
        services.decide_request(submitted, actor=manager, approve=True, reason="Fine")


def test_the_second_to_decide_is_told_who_was_first(submitted, release_manager, superuser):
    services.decide_request(submitted, actor=release_manager, approve=False, reason="No")
    with pytest.raises(Refused, match="already “Declined”: Release manager did it on"):
        services.decide_request(submitted, actor=superuser, approve=True, reason="Yes")
    assert not Grant.objects.exists()


def test_approval_is_refused_once_the_release_is_withdrawn(submitted, release, release_manager):
    withdraw_release(release, actor=release_manager, reason="A safeguard did not hold.")
    with pytest.raises(Refused, match="can no longer be given"):
        services.decide_request(submitted, actor=release_manager, approve=True, reason="Fine")
    services.decide_request(submitted, actor=release_manager, approve=False, reason="The release is gone")


def test_what_changed_since_it_was_read_is_not_approved(submitted, release_manager, researcher, question):
    read = submitted.row_version
    services.return_request(submitted, actor=release_manager, message="Which data?", fields=[question.field_name])
    services.save_draft(submitted, actor=researcher, answers={question.field_name: "Private chats"})
    services.submit_request(submitted, actor=researcher)
    with pytest.raises(Stale):
        services.decide_request(submitted, actor=release_manager, approve=True, reason="Fine", expected_version=read)


def test_the_clock_stands_still_while_the_requester_has_it(submitted, release_manager, researcher, time_machine):
    due = submitted.due_at
    services.return_request(submitted, actor=release_manager, message="Which data?", fields=["purpose"])
    submitted.refresh_from_db()
    assert submitted.returned_fields == ["purpose"]
    time_machine.move_to(timezone.now() + timedelta(days=4), tick=False)
    again = services.submit_request(submitted, actor=researcher)
    assert timedelta(days=4) <= again.due_at - due < timedelta(days=4, minutes=1)
    assert again.returned_fields == []


def test_what_is_decided_several_at_once_is_decided_one_by_one(release, release_manager, researcher, colleague):
    tier = TierFactory(family=release.family)
    rows = [AccessRequestFactory(release=release, tier=tier) for _ in range(2)]
    singly = AccessRequestFactory(release=release, tier=TierFactory(family=release.family, decided_singly=True))
    decided = AccessRequestFactory(release=release, tier=tier, declined=True)
    mine = AccessRequestFactory(release=release, tier=tier, requester=release_manager)
    outcome = services.decide_requests(
        [*rows, singly, decided, mine], actor=release_manager, approve=True, reason="All sound"
    )
    assert [bool(problem) for _row, problem in outcome] == [False, False, True, True, True]
    assert Grant.objects.count() == 2
    with pytest.raises(Refused):
        services.decide_requests(rows, actor=release_manager, approve=False, reason="")


def test_a_request_is_assigned_only_to_who_can_decide_it(submitted, release_manager, auditor, colleague):
    for wrong in (auditor, colleague):
        with pytest.raises(Refused, match="cannot decide"):
            services.assign_request(submitted, actor=release_manager, assignee=wrong)
    services.assign_request(submitted, actor=release_manager, assignee=release_manager)
    submitted.refresh_from_db()
    assert submitted.assignee == release_manager
    with pytest.raises(PermissionDenied):
        services.assign_request(submitted, actor=auditor, assignee=None)


def test_only_the_requester_withdraws(submitted, release_manager, researcher):
    with pytest.raises(PermissionDenied):
        services.withdraw_request(submitted, actor=release_manager)
    services.withdraw_request(submitted, actor=researcher)
    with pytest.raises(Refused, match="already “Withdrawn”: Researcher"):
        services.decide_request(submitted, actor=release_manager, approve=True, reason="Fine")
