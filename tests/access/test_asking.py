from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from access import services
from access.models import Acceptance, AccessRequest, Grant
from common.lifecycle import Refused
from common.models import AuditEvent
from governance.services import withdraw_release
from tests.access.conftest import verbs
from tests.factories.access import TierFactory, TierQuestionFactory
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db


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
