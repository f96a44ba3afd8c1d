from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from access import permissions, services
from access.models import Acceptance, AccessRequest, Grant
from accounts.models import User
from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import audit
from common.lifecycle import Refused, Stale
from common.models import AuditEvent, OutboxEvent
from governance.services import withdraw_release
from tests.factories.access import AccessRequestFactory, GrantFactory, TierFactory, TierQuestionFactory
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db


def verbs(obj):
    return list(audit.trail(obj).order_by("pk").values_list("verb", flat=True))


# --- asking -------------------------------------------------------------------------------------------


def test_a_request_is_sent_with_the_terms_accepted_and_a_date_by_which_it_is_answered(ask, tier, researcher):
    request = ask()
    assert request.stage == "submitted"
    assert request.due_at - request.submitted_at == timedelta(days=tier.decision_days)
    assert request.organisation == researcher.organisation
    assert request.answers[0]["text"] == "Which data do you use?"
    assert request.answers[0]["value"] == "A public benchmark"
    acceptance = Acceptance.objects.get(user=researcher)
    assert (acceptance.terms, acceptance.sha256, acceptance.typed_name) == (
        tier.terms.get(),
        tier.terms.get().sha256,
        "A Researcher",
    )
    assert verbs(request)[-1] == "access.accessrequest.submit"
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"purpose": " "}, "purpose"), ({"answers": {}}, "question"), ({"typed_name": ""}, "typed_name")],
)
def test_what_is_missing_is_named(ask, changes, field, question):
    with pytest.raises(ValidationError) as wrong:
        ask(**changes)
    assert list(wrong.value.message_dict) == [question.field_name if field == "question" else field]
    assert not AccessRequest.objects.exists()


def test_an_answer_to_a_question_that_is_not_asked_is_refused(ask, question):
    with pytest.raises(ValidationError):
        ask(answers={question.field_name: "x", "question_0": "y"})


def test_a_choice_has_to_be_one_of_the_list(tier, release, researcher):
    other = TierFactory(family=tier.family)
    chosen = TierQuestionFactory(tier=other, kind="choice", choices=["Yes", "No"])
    with pytest.raises(ValidationError):
        services.request_access(
            other, release, actor=researcher, purpose="Try", answers={chosen.field_name: "Perhaps"}, typed_name="R"
        )


def test_a_second_open_request_is_refused_with_the_number_of_the_first(ask):
    first = ask()
    with pytest.raises(Refused, match=first.reference):
        ask()


def test_nothing_is_sent_for_a_withdrawn_release(ask, release, release_manager):
    withdraw_release(release, actor=release_manager, reason="A safeguard did not hold.")
    release.refresh_from_db()
    with pytest.raises(Refused, match="was withdrawn on"):
        ask()


def test_nothing_is_sent_for_a_release_that_is_not_out(ask, tier, researcher, release_manager):
    draft = ReleaseFactory(family=tier.family, version="2.0", created_by=release_manager)
    with pytest.raises(Refused, match="not published yet"):
        services.start_request(tier, draft, actor=researcher)


def test_a_tier_of_another_model_cannot_be_asked_for(release, researcher):
    with pytest.raises(Refused, match="another model"):
        services.start_request(TierFactory(), release, actor=researcher)


def test_a_tier_without_terms_cannot_be_asked_for(release, researcher):
    tier = TierFactory(family=release.family, terms=False)
    with pytest.raises(Refused, match="not published yet"):
        services.start_request(tier, release, actor=researcher)


def test_terms_that_changed_while_writing_have_to_be_read_again(tier, release, researcher, release_manager, question):
    draft = services.start_request(tier, release, actor=researcher)
    services.save_draft(
        draft, actor=researcher, purpose="Try", answers={question.field_name: "x"}, typed_name="A Researcher"
    )
    services.publish_terms(tier, actor=release_manager, text="New.", change_note="Shorter.")
    with pytest.raises(Refused, match="have changed"):
        services.submit_request(draft, actor=researcher)


def test_a_draft_keeps_what_is_typed_and_only_its_writer_can_write_it(tier, release, researcher, stranger, question):
    draft = services.start_request(tier, release, actor=researcher)
    services.save_draft(draft, actor=researcher, purpose="Half a sen", answers={question.field_name: ""})
    assert services.start_request(tier, release, actor=researcher) == draft
    draft.refresh_from_db()
    assert draft.purpose == "Half a sen"
    assert "Half" not in str(AuditEvent.objects.filter(verb="access.accessrequest.save").values("evidence", "after"))
    with pytest.raises(PermissionDenied):
        services.save_draft(draft, actor=stranger, purpose="Mine now")
    with pytest.raises(PermissionDenied):
        services.submit_request(draft, actor=stranger)


# --- deciding -----------------------------------------------------------------------------------------


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


# --- grants and terms -----------------------------------------------------------------------------------


def test_revoking_needs_a_reason_and_is_final(grant, release_manager, auditor):
    with pytest.raises(Refused, match="Say why"):
        services.revoke_grant(grant, actor=release_manager, reason="")
    with pytest.raises(PermissionDenied):
        services.revoke_grant(grant, actor=auditor, reason="Look")
    services.revoke_grant(grant, actor=release_manager, reason="Resold")
    for call in (services.resume_grant, services.suspend_grant, services.revoke_grant):
        with pytest.raises(Refused):
            call(grant, actor=release_manager, reason="Again")


def test_suspending_can_be_taken_back_but_not_by_the_holders_colleague(grant, release_manager, colleague):
    services.suspend_grant(grant, actor=colleague, reason="Asked by the ethics board")
    with pytest.raises(PermissionDenied):
        services.resume_grant(grant, actor=colleague, reason="It is fine")
    resumed = services.resume_grant(grant, actor=release_manager, reason="Cleared")
    assert (resumed.stage, resumed.stage_reason) == ("active", "")


def test_renewal_waits_for_its_window_and_adds_to_what_is_left(grant, ask, tier, release_manager, time_machine):
    with pytest.raises(Refused, match="You can renew it from"):
        ask()
    end = grant.valid_until
    time_machine.move_to(end - timedelta(days=tier.renewal_days - 1), tick=False)
    renewal = services.decide_request(ask(), actor=release_manager, approve=True, reason="Still sound").grants.get()
    grant.refresh_from_db()
    assert (renewal.renews, grant.stage) == (grant, "superseded")
    assert renewal.valid_until == end + timedelta(days=tier.grant_days)


def test_an_expired_grant_is_followed_by_a_new_one(grant, ask, tier, release_manager, time_machine):
    time_machine.move_to(grant.valid_until + timedelta(days=3), tick=False)
    new = services.decide_request(ask(), actor=release_manager, approve=True, reason="Again").grants.get()
    assert new.valid_until == timezone.now() + timedelta(days=tier.grant_days)


def test_terms_are_accepted_once_a_version_and_only_the_newest(grant, tier, release_manager, researcher):
    first = tier.terms.get()
    second = services.publish_terms(tier, actor=release_manager, text="New.", change_note="Shorter.")
    with pytest.raises(Refused, match="newer version"):
        services.accept_terms(first, actor=researcher, typed_name="A Researcher")
    with pytest.raises(ValidationError):
        services.accept_terms(second, actor=researcher, typed_name=" ")
    one = services.accept_terms(second, actor=researcher, typed_name="A Researcher")
    assert services.accept_terms(second, actor=researcher, typed_name="Again") == one
    assert audit.trail(second).filter(verb="access.terms.accept").count() == 1


def test_terms_count_up_and_need_a_note(tier, release_manager, reviewer):
    with pytest.raises(PermissionDenied):
        services.publish_terms(tier, actor=reviewer, text="New.", change_note="x")
    with pytest.raises(ValidationError):
        services.publish_terms(tier, actor=release_manager, text="New.")
    terms = services.publish_terms(tier, actor=release_manager, text="New.", change_note="Shorter.", can=["Read"])
    assert terms.number == 2
    assert terms.document == "## You can\n\n- Read\n\nNew.\n"


def test_tiers_are_made_and_changed_by_release_managers(family, release_manager, administrator):
    with pytest.raises(PermissionDenied):
        services.create_tier(family, actor=administrator, name="X", description="x", support_channel="x")
    tier = services.create_tier(family, actor=release_manager, name="Research", description="x", support_channel="x")
    with pytest.raises(Stale):
        services.edit_tier(tier, actor=release_manager, changes={"name": "Y"}, expected_version=9)
    with pytest.raises(ValidationError):
        services.edit_tier(tier, actor=release_manager, changes={"grant_days": 0})
    assert services.edit_tier(tier, actor=release_manager, changes={"grant_days": 30}).grant_days == 30


def test_answers_keep_the_words_of_the_question_they_were_given_to(tier, question, submitted, release_manager):
    services.set_questions(
        tier,
        actor=release_manager,
        questions=[{"text": "Who pays?", "kind": "short"}, {"id": question.pk, "text": "Which data exactly?"}],
    )
    tier.refresh_from_db()
    submitted.refresh_from_db()
    assert [row.text for row in tier.questions.all()] == ["Who pays?", "Which data exactly?"]
    assert (tier.form_version, submitted.form_version) == (2, 1)
    assert submitted.answers[0]["text"] == "Which data do you use?"
    with pytest.raises(Refused):
        services.set_questions(
            tier, actor=release_manager, questions=[{"text": "Pick", "kind": "choice", "choices": []}]
        )


# --- telling people -------------------------------------------------------------------------------------


def test_requester_and_managers_hear_of_each_step(ask, deliver, release_manager, colleague, researcher):
    request = ask()
    deliver()
    receipt, notice = sorted(mail.outbox, key=lambda message: message.to != [researcher.email])
    assert f"/access/requests/{request.pk}/" in receipt.body
    # A colleague of the requester is a release manager too, and is not asked to decide.
    assert notice.to == [release_manager.email]
    assert f"/workspace/access/{request.pk}/" in notice.body
    assert "Measure how well it refuses" in notice.body
    mail.outbox.clear()
    services.decide_request(request, actor=release_manager, approve=True, reason="Sound <plan>")
    deliver()
    (decision,) = mail.outbox
    assert decision.to == [researcher.email]
    assert "Sound <plan>" in decision.body
    assert "Sound &lt;plan&gt;" in decision.alternatives[0].content
    mail.outbox.clear()
    services.revoke_grant(request.grants.get(), actor=release_manager, reason="Resold")
    deliver()
    assert [(message.to, "Resold" in message.body) for message in mail.outbox] == [([researcher.email], True)]


def test_a_return_names_what_is_asked(submitted, deliver, release_manager, researcher):
    services.return_request(submitted, actor=release_manager, message="Which licence has the data?")
    mail.outbox.clear()
    deliver()
    message = next(sent for sent in mail.outbox if "needs something" in sent.subject)
    assert (message.to, "Which licence has the data?" in message.body) == ([researcher.email], True)


def test_each_holder_hears_once_of_a_withdrawn_release(release, release_manager, deliver):
    tier = TierFactory(family=release.family)
    holders = [GrantFactory(request__release=release, request__tier=tier).user.email for _ in range(3)]
    ended = GrantFactory(request__release=release, request__tier=tier, valid_from=timezone.now() - timedelta(days=9))
    Grant.objects.filter(pk=ended.pk).update(valid_until=timezone.now() - timedelta(days=1))
    withdraw_release(release, actor=release_manager, reason="A safeguard did not hold.")
    deliver()
    deliver()
    told = [message.to[0] for message in mail.outbox if "was withdrawn" in message.subject]
    assert sorted(told) == sorted(holders)
    assert all(
        "A safeguard did not hold." in message.body for message in mail.outbox if "was withdrawn" in message.subject
    )


def test_holders_hear_of_new_terms_unless_they_are_not_material(grant, tier, release_manager, deliver, researcher):
    deliver()
    mail.outbox.clear()
    services.publish_terms(tier, actor=release_manager, text="A.", change_note="A comma.", is_material=False)
    deliver()
    assert mail.outbox == []
    services.publish_terms(tier, actor=release_manager, text="B.", change_note="No training on outputs.")
    deliver()
    (message,) = mail.outbox
    assert message.to == [researcher.email]
    assert "No training on outputs." in message.body
    assert f"/access/tiers/{tier.pk}/acceptance/" in message.body


def test_internal_notes_reach_no_mail(submitted, release_manager, reviewer, deliver):
    deliver()
    mail.outbox.clear()
    services.post_message(submitted, actor=reviewer, body="SECRET DOUBT", visibility="internal")
    services.post_message(submitted, actor=release_manager, body="Which data?", visibility="public")
    deliver()
    assert len(mail.outbox) == 1
    assert "SECRET" not in str([message.message() for message in mail.outbox])
    assert "SECRET" not in str(list(OutboxEvent.objects.values("payload")))


def test_auditors_and_requesters_write_no_internal_notes(submitted, auditor, researcher):
    for actor in (auditor, researcher):
        with pytest.raises(PermissionDenied):
            services.post_message(submitted, actor=actor, body="x", visibility="internal")
