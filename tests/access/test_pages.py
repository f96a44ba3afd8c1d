import re

import pytest
from django.core import mail
from django.urls import reverse

from access import services
from access.models import AccessRequest, Grant, RequestMessage
from tests.factories.access import AccessRequestFactory, TierFactory
from tests.factories.registry import RiskFactory

pytestmark = pytest.mark.django_db


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# --- asking, page by page ------------------------------------------------------------------------------


def test_a_request_is_written_page_by_page_and_nothing_typed_is_lost(
    as_user, researcher, tier, release, question, deliver
):
    browser = as_user(researcher)
    start = reverse("access:new_request", args=["harbour-lab", "pilot-7b"])
    assert browser.post(start, {}).status_code == 422
    asking = browser.post(start, {"tier": tier.pk})
    draft = AccessRequest.objects.get()
    assert asking.url == reverse("access:request_questions", args=[draft.pk])

    incomplete = browser.post(asking.url, {"purpose": "Measure refusals"})
    assert incomplete.status_code == 422
    assert f'href="#id_{question.field_name}"' in incomplete.content.decode()
    draft.refresh_from_db()
    assert draft.purpose == "Measure refusals"

    later = browser.post(asking.url, {"purpose": "Measure refusals", question.field_name: "", "later": "1"})
    assert later.url == reverse("access:mine")
    assert b"Measure refusals" in browser.get(asking.url).content

    answers = {"purpose": "Measure refusals", question.field_name: "A public benchmark"}
    terms = browser.post(asking.url, answers)
    assert browser.post(terms.url, {"typed_name": ""}).status_code == 422
    check = browser.post(terms.url, {"typed_name": "A Researcher"})
    shown = text(browser.get(check.url))
    assert "A public benchmark" in shown
    assert "You accept version 1 as “A Researcher”." in shown
    done = browser.post(check.url, follow=True)
    assert "is sent. A receipt is on its way" in text(done)
    draft.refresh_from_db()
    assert draft.stage == "submitted"
    deliver()
    assert mail.outbox[0].to == [researcher.email] or mail.outbox[1].to == [researcher.email]


def test_terms_that_changed_meanwhile_are_said_on_the_check_page(
    as_user, researcher, release_manager, tier, release, question
):
    draft = services.start_request(tier, release, actor=researcher)
    services.save_draft(draft, actor=researcher, purpose="Try", answers={question.field_name: "x"}, typed_name="R")
    services.publish_terms(tier, actor=release_manager, text="New.", change_note="Shorter.")
    refused = as_user(researcher).post(reverse("access:request_check", args=[draft.pk]))
    assert refused.status_code == 422
    assert "The terms have changed since you read them" in text(refused)


def test_a_withdrawn_release_cannot_be_asked_for(as_user, researcher, release, release_manager, tier):
    from governance.services import withdraw_release

    withdraw_release(release, actor=release_manager, reason="A safeguard did not hold.")
    refused = as_user(researcher).post(
        reverse("access:new_request", args=["harbour-lab", "pilot-7b"]), {"tier": tier.pk}
    )
    assert refused.status_code == 422
    assert "was withdrawn on" in text(refused)


def test_a_returned_request_names_what_to_change_and_shows_the_difference(
    as_user, submitted, question, release_manager, researcher
):
    services.return_request(submitted, actor=release_manager, message="Which licence?", fields=[question.field_name])
    browser = as_user(researcher)
    page = text(browser.get(reverse("access:request", args=[submitted.pk])))
    assert "We need something from you" in page
    assert "Which data do you use?" in page
    assert "Which licence?" in page
    url = reverse("access:request_questions", args=[submitted.pk])
    terms = browser.post(url, {"purpose": submitted.purpose, question.field_name: "MIT licence"})
    check = browser.post(terms.url, {"typed_name": "A Researcher"})
    browser.post(check.url)
    decision = text(as_user(release_manager).get(reverse("access:decision_page", args=[submitted.pk])))
    assert "MIT licence" in decision
    assert "Before it was returned: A public benchmark" in decision


# --- deciding ------------------------------------------------------------------------------------------


def decide(browser, request, **changes):
    request.refresh_from_db()
    data = {"outcome": "approve", "reason": "Sound plan", "row_version": request.row_version} | changes
    return browser.post(reverse("access:decision", args=[request.pk]), data)


def test_the_second_manager_reads_who_was_first(as_user, submitted, release_manager, superuser):
    assert decide(as_user(release_manager), submitted, outcome="decline").status_code == 302
    second = decide(as_user(superuser), submitted)
    assert second.status_code == 422
    assert "This is already “Declined”: Release manager did it on" in text(second)
    assert not Grant.objects.exists()


def test_each_outcome_of_the_form(as_user, ask, release_manager, question):
    browser = as_user(release_manager)
    request = ask()
    assert decide(browser, request, outcome="").status_code == 422
    assert decide(browser, request, reason="").status_code == 422
    decide(browser, request, outcome="return", fields_to_fix=[question.field_name])
    request.refresh_from_db()
    assert (request.stage, request.returned_fields) == ("returned", [question.field_name])
    services.submit_request(request, actor=request.requester)
    decide(browser, request)
    request.refresh_from_db()
    assert request.stage == "approved"


def test_a_colleague_sees_the_request_and_why_they_do_not_decide(as_user, submitted, colleague):
    page = as_user(colleague).get(reverse("access:decision_page", args=[submitted.pk]))
    assert "Somebody else decides this one" in text(page)
    assert 'name="outcome"' not in page.content.decode()


def test_facts_about_the_applicant(as_user, submitted, release_manager, family):
    submitted.requester.email = "someone@gmail.com"
    submitted.requester.save()
    AccessRequestFactory(requester=submitted.requester, release=submitted.release, declined=True, purpose="Earlier")
    RiskFactory(family=family, opened=True, title="Fluent phishing mail")
    page = text(as_user(release_manager).get(reverse("access:decision_page", args=[submitted.pk])))
    assert "Free e-mail" in page
    assert "Fluent phishing mail" in page
    assert "Earlier requests to this publisher" in page


def test_internal_notes_never_reach_the_requester(as_user, submitted, reviewer, researcher, release_manager):
    services.post_message(submitted, actor=reviewer, body="SECRET DOUBT", visibility="internal")
    services.assign_request(submitted, actor=release_manager, assignee=release_manager)
    staff = as_user(reviewer).get(reverse("access:decision_page", args=[submitted.pk]))
    assert "SECRET DOUBT" in text(staff)
    browser = as_user(researcher)
    for name in ("request", "request_withdrawal"):
        assert "SECRET" not in browser.get(reverse(f"access:{name}", args=[submitted.pk])).content.decode()
    assert "SECRET" not in browser.get(reverse("access:mine")).content.decode()
    assert "who looks at it" not in text(browser.get(reverse("access:request", args=[submitted.pk])))
    assert not RequestMessage.objects.visible_to(researcher).exists()


def test_somebody_who_works_for_the_publisher_reads_no_notes_on_their_own_request(as_user, ask, colleague, reviewer):
    request = ask(user=reviewer)
    services.post_message(request, actor=colleague, body="SECRET DOUBT", visibility="internal")
    assert "SECRET" not in as_user(reviewer).get(reverse("access:decision_page", args=[request.pk])).content.decode()
    assert not RequestMessage.objects.visible_to(reviewer).exists()


def test_requests_of_another_family_do_not_exist(as_user, stranger, submitted, grant):
    browser = as_user(stranger)
    for name, args in (
        ("decision_page", [submitted.pk]),
        ("request", [submitted.pk]),
        ("assignment", [submitted.pk]),
        ("grant_change", [grant.pk, "revocation"]),
        ("tier_edit", [submitted.tier_id]),
        ("tier_questions", [submitted.tier_id]),
        ("terms_publication", [submitted.tier_id]),
    ):
        url = reverse(f"access:{name}", args=args)
        assert browser.get(url).status_code == 404, name
        assert browser.post(url, {"reason": "x"}).status_code in {404, 405}, name
    for name in ("decision", "staff_message"):
        assert browser.post(reverse(f"access:{name}", args=[submitted.pk]), {"reason": "x"}).status_code == 404
    chosen = {"chosen": [submitted.pk], "action": "decline", "confirmed": "1", "reason": "x"}
    browser.post(reverse("access:bulk_decision"), chosen)
    submitted.refresh_from_db()
    grant.refresh_from_db()
    assert (submitted.stage, grant.stage) == ("approved", "active")


# --- the queue -----------------------------------------------------------------------------------------


def test_the_queue_shows_the_most_urgent_first_and_filters_by_address(as_user, release, release_manager):
    tiers = [TierFactory(family=release.family), TierFactory(family=release.family)]
    late = AccessRequestFactory(release=release, tier=tiers[0], purpose="Late one")
    AccessRequest.objects.filter(pk=late.pk).update(due_at=late.submitted_at)
    other = AccessRequestFactory(release=release, tier=tiers[1], purpose="Other one")
    browser, url = as_user(release_manager), reverse("access:queue")
    page = text(browser.get(url))
    assert page.index("Late one") < page.index("Other one")
    assert "Late one" not in text(browser.get(url, {"tier": tiers[1].pk}))
    for words in ("other", other.reference.lower(), other.requester.display_name, other.organisation.name):
        found = text(browser.get(url, {"q": words}))
        assert "Other one" in found, words
        assert "Late one" not in found, words
    assert "Nothing matches" in text(browser.get(url, {"q": "zebra"}))
    assert browser.get(url, {"tier": "x", "family": "y", "tab": "z", "cursor": "rubbish"}).status_code == 200


def test_bulk_lists_each_row_and_leaves_out_what_must_be_read(as_user, release, release_manager, family):
    tier, singly = TierFactory(family=family), TierFactory(family=family, decided_singly=True)
    fine = AccessRequestFactory(release=release, tier=tier, purpose="Fine one")
    read = AccessRequestFactory(release=release, tier=singly, purpose="Read me")
    browser, url = as_user(release_manager), reverse("access:bulk_decision")
    chosen = {"chosen": [fine.pk, read.pk], "action": "approve"}
    page = text(browser.post(url, chosen))
    assert "Read me" in page
    assert "approved one by one" in page
    browser.post(url, {**chosen, "confirmed": "1", "reason": "All sound"})
    fine.refresh_from_db()
    read.refresh_from_db()
    assert (fine.stage, read.stage) == ("approved", "submitted")
    RiskFactory(family=family, opened=True, residual_likelihood=5, residual_severity=5)
    third = AccessRequestFactory(release=release, tier=tier)
    assert "high or critical" in text(browser.post(url, {"chosen": [third.pk], "action": "approve"}))
    browser.post(
        url, {"chosen": [third.pk, read.pk], "action": "decline", "confirmed": "1", "reason": "Closed for now"}
    )
    assert not AccessRequest.objects.filter(stage="submitted").exists()


def test_bulk_assign(as_user, release, release_manager, auditor):
    rows = [AccessRequestFactory(release=release, tier=TierFactory(family=release.family)) for _ in range(2)]
    data = {"chosen": [row.pk for row in rows], "action": "assign", "confirmed": "1"}
    assert (
        as_user(release_manager).post(reverse("access:bulk_decision"), {**data, "assignee": auditor.pk}).status_code
        == 422
    )
    as_user(release_manager).post(reverse("access:bulk_decision"), {**data, "assignee": release_manager.pk})
    assert AccessRequest.objects.filter(assignee=release_manager).count() == 2


# --- grants, tiers, terms --------------------------------------------------------------------------------


def test_a_grant_is_revoked_from_its_list(as_user, grant, release_manager):
    browser, url = as_user(release_manager), reverse("access:grant_change", args=[grant.pk, "revocation"])
    assert browser.post(url, {"reason": ""}).status_code == 422
    browser.post(url, {"reason": "Resold"})
    grant.refresh_from_db()
    assert grant.stage == "revoked"
    again = browser.post(url, {"reason": "Resold"})
    assert "This is already “Revoked”" in text(again)
    assert browser.get(reverse("access:grant_change", args=[grant.pk, "gift"])).status_code == 404


def test_terms_are_looked_at_before_they_are_published(as_user, tier, release_manager):
    browser, url = as_user(release_manager), reverse("access:terms_publication", args=[tier.pk])
    data = {
        "can": "Read\nWrite",
        "text": "# New\n\n<script>alert(1)</script>",
        "change_note": "Shorter",
        "is_material": "on",
    }
    preview = browser.post(url, data)
    assert "<script>alert" not in preview.content.decode()
    assert tier.terms.count() == 1
    browser.post(url, {**data, "publish": "1"})
    assert tier.terms.first().can == ["Read", "Write"]
    refused = browser.post(url, {**data, "change_note": "", "publish": "1"})
    assert "Say what changed" in text(refused)


def test_questions_are_added_changed_and_taken_away(as_user, tier, question, release_manager):
    browser, url = as_user(release_manager), reverse("access:tier_questions", args=[tier.pk])
    form = {"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 1, "form-0-id": question.pk, "form-0-text": "Which data?"}
    form |= {"form-0-kind": "short", "form-1-text": "Where?", "form-1-kind": "choice", "form-1-choices": "Here"}
    assert "at least two choices" in text(browser.post(url, form))
    assert "at most 200 characters" in text(browser.post(url, {**form, "form-1-choices": f"Here\n{'x' * 201}"}))
    browser.post(url, {**form, "form-1-choices": "Here\nThere"})
    assert [(row.text, row.choices) for row in tier.questions.all()] == [
        ("Which data?", []),
        ("Where?", ["Here", "There"]),
    ]
    browser.post(
        url,
        {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": question.pk, "form-0-text": "x"}
        | {"form-0-kind": "short", "form-0-DELETE": "on"},
    )
    assert not tier.questions.exists()


def test_a_question_that_is_gone_meanwhile_is_told(as_user, tier, question, release_manager):
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": 10**9, "form-0-text": "x"}
    url = reverse("access:tier_questions", args=[tier.pk])
    answer = as_user(release_manager).post(url, {**form, "form-0-kind": "short"}, follow=True)
    assert "does not belong to this tier" in text(answer)
    assert tier.questions.get() == question


@pytest.mark.parametrize("page", ["request_questions", "request_terms"])
def test_a_draft_that_was_sent_in_another_tab_is_not_changed(as_user, submitted, researcher, monkeypatch, page):
    sent_meanwhile = services.save_draft
    AccessRequest.objects.filter(pk=submitted.pk).update(stage="draft")

    def save_draft(request, **data):
        AccessRequest.objects.filter(pk=submitted.pk).update(stage="submitted")
        return sent_meanwhile(request, **data)

    monkeypatch.setattr(services, "save_draft", save_draft)
    answer = as_user(researcher).post(
        reverse(f"access:{page}", args=[submitted.pk]), {"purpose": "Else", "typed_name": "A", "later": "1"}
    )
    assert (answer.status_code, "was sent and cannot be changed" in text(answer)) == (422, True)


def test_numbers_that_are_none_are_passed_over(as_user, tier, submitted, release_manager):
    browser = as_user(release_manager)
    bulk = browser.post(reverse("access:bulk_decision"), {"chosen": ["\u00b2", "x", ""], "action": "decline"})
    edit = browser.post(reverse("access:tier_edit", args=[tier.pk]), {"row_version": "\u00b2"})
    assert (bulk.status_code, edit.status_code) == (302, 422)


def test_terms_stay_readable_for_whoever_accepted_them(as_user, tier, submitted, researcher, stranger):
    tier.is_offered = False
    tier.save()
    url = tier.terms.get().get_absolute_url()
    assert as_user(researcher).get(url).status_code == 200
    assert as_user(stranger).get(url).status_code == 404


def test_the_public_page_shows_tiers_in_plain_words_and_how_the_reader_stands(
    as_user, tier, release, submitted, researcher
):
    url = release.family.get_absolute_url()
    public = text(as_user(None).get(url))
    assert "Study the model" in public
    assert "Use it against people" in public
    assert "Request access" in public
    assert "Submitted" in text(as_user(researcher).get(url))


def test_the_release_page_says_what_the_gate_says(as_user, tier, release, researcher, ask, release_manager):
    url = release.get_absolute_url()
    assert "Request access" in text(as_user(None).get(url))
    asked = ask()
    waiting = text(as_user(researcher).get(url))
    assert f"{asked.reference} waits for a decision" in waiting
    assert "Request access" not in waiting
    services.decide_request(asked, actor=release_manager, approve=True, reason="Sound plan")
    assert "How to download" in text(as_user(researcher).get(url))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/access/new/%00/pilot-7b/", 404),
        ("/access/new/harbour-lab/%00/", 404),
        ("/access/new/harbour-lab/pilot-7b/?release=%00", 200),
    ],
)
def test_an_address_that_no_model_can_have_is_answered_as_not_found(as_user, release, researcher, path, status):
    assert as_user(researcher).get(path).status_code == status
