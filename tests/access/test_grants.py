from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from access import services
from common import audit
from common.lifecycle import Refused, Stale

pytestmark = pytest.mark.django_db


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
