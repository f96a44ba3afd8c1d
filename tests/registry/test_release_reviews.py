"""Question sets, and reviews of releases with them: answered in versions, submitted once, fed into the register."""

import json
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from common import audit
from common.lifecycle import Refused, Stale
from common.models import AuditEvent
from governance import services as governance
from registry import lists, selectors, services
from registry.models import Question, QuestionSet, ReleaseReview, ReviewAnswers, Risk
from tests.factories.registry import (
    QuestionFactory,
    QuestionSetFactory,
    ReleaseFactory,
    ReleaseReviewFactory,
    ReviewAnswersFactory,
    ReviewFindingFactory,
    RiskFactory,
)

OWN = {
    "slug": "own",
    "title": "Our own questions",
    "review_days": 90,
    "questions": [
        {"key": "tested", "text": "Was it tested?", "raises_when": ["no"], "risk_title": "Nobody tested it"},
        {"key": "how", "text": "How well?", "kind": "scale", "raises_when": ["1", "2"]},
        {"key": "else", "text": "What else?", "kind": "text", "is_required": False},
    ],
}


@pytest.fixture
def own(publisher, release_manager):
    made = services.import_question_set(publisher, actor=release_manager, data=OWN)
    return services.publish_question_set(made, actor=release_manager)


@pytest.fixture
def review(release, own, reviewer):
    return services.start_review(release, actor=reviewer, question_set=own)


def answer(review, actor, **values):
    answers = {key: {"value": value, "note": ""} for key, value in values.items()}
    return services.save_answers(review, actor=actor, answers=answers)


def submit(review, actor, **options):
    return services.submit_review(review, actor=actor, **{"outcome": "pass", "reason": "All well.", **options})


# Sets


def test_a_set_is_imported_as_a_draft_and_then_put_into_use(publisher, release_manager):
    made = services.import_question_set(publisher, actor=release_manager, data=OWN)
    assert (made.stage, made.number, made.questions.count()) == ("draft", 1, 3)
    used = services.publish_question_set(made, actor=release_manager)
    assert (used.stage, bool(used.published_at)) == ("published", True)


def test_the_next_version_supersedes_and_the_same_again_is_refused(publisher, own, release_manager):
    with pytest.raises(Refused, match="exactly this"):
        services.import_question_set(publisher, actor=release_manager, data=OWN)
    second = services.import_question_set(publisher, actor=release_manager, data=OWN | {"title": "Better"})
    services.publish_question_set(second, actor=release_manager)
    own.refresh_from_db()
    assert (second.number, own.stage) == (2, "superseded")


def test_a_set_in_use_does_not_change(own):
    question = own.questions.first()
    for change in (
        lambda: Question.objects.filter(pk=question.pk).update(text="Another?"),
        lambda: Question.objects.filter(pk=question.pk).delete(),
        lambda: QuestionFactory(question_set=own),
        lambda: QuestionSet.objects.filter(pk=own.pk).update(title="Another"),
        lambda: QuestionSet.objects.filter(pk=own.pk).update(stage="draft"),
        lambda: QuestionSet.objects.filter(pk=own.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_publishers_own_set_goes_before_the_shipped_one(publisher, release_manager):
    shipped = QuestionSet.objects.get(publisher=None, slug="privacy")
    assert shipped in QuestionSet.objects.for_publisher(publisher.pk)
    made = services.import_question_set(publisher, actor=release_manager, data=OWN | {"slug": "privacy"})
    services.publish_question_set(made, actor=release_manager)
    asked = QuestionSet.objects.for_publisher(publisher.pk)
    assert made in asked
    assert shipped not in asked
    services.retire_question_set(made, actor=release_manager, reason="The shipped one is better.")
    assert shipped in QuestionSet.objects.for_publisher(publisher.pk)


def test_who_edits_question_sets(publisher, own, risk_owner, stranger, superuser):
    for person in (risk_owner, stranger):
        with pytest.raises(PermissionDenied):
            services.import_question_set(publisher, actor=person, data=OWN)
        with pytest.raises(PermissionDenied):
            services.retire_question_set(own, actor=person, reason="No.")
    shipped = QuestionSet.objects.get(publisher=None, slug="privacy")
    with pytest.raises(PermissionDenied):
        services.retire_question_set(shipped, actor=superuser, reason="No.")


def test_another_publishers_set_is_unknown(client, own, stranger, researcher):
    for person in (stranger, researcher):
        client.force_login(person)
        assert client.get(reverse("api:question-set-detail", args=[own.pk])).status_code == 404
        assert own.title not in client.get(reverse("api:question-set-list")).content.decode()


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ([], "1 to"),
        ([{"key": "a", "text": ""}], "asks nothing"),
        ([{"key": "A b", "text": "x"}], "key"),
        ([{"key": "a", "text": "x", "kind": "odd"}], "kind"),
        ([{"key": "a", "text": "x", "raises_when": ["partly"]}], "partly"),
        ([{"key": "a", "text": "x", "kind": "text", "raises_when": ["yes"]}], "yes"),
        ([{"key": "a", "text": "x"}, {"key": "a", "text": "y"}], "twice"),
        ([{"key": "a", "text": "x" * 401}], "400"),
    ],
)
def test_a_set_says_what_is_wrong_with_it(questions, words):
    with pytest.raises(Refused, match=words):
        lists.checked_questions(OWN | {"questions": questions})


def test_a_set_as_a_spreadsheet_says_the_same_as_json():
    rows = ["key;text;kind;raises_when;risk_title;is_required", "tested;Was it tested?;yes_no;no;Nobody tested it;yes"]
    rows += ["how;How well?;scale;1 2;;", "else;What else?;text;;;no"]
    about = {"slug": "own", "title": "Our own questions", "review_days": 90}
    read = lists.parse("\n".join(rows).encode(), rows="questions", columns=lists.QUESTION_COLUMNS, about=about)
    assert lists.checked_questions(read) == lists.checked_questions(OWN)


def test_a_set_is_imported_over_the_page(client, publisher, release_manager):
    client.force_login(release_manager)
    file = SimpleUploadedFile("own.json", json.dumps(OWN).encode())
    address = reverse("registry:question_set_import")
    answer = client.post(address, {"publisher": publisher.pk, "file": file}, follow=True)
    assert "Was it tested?" in answer.content.decode()
    found = QuestionSet.objects.get(slug="own")
    client.post(reverse("registry:question_set_publication", args=[found.pk]))
    found.refresh_from_db()
    assert found.stage == "published"
    bad = SimpleUploadedFile("own.json", json.dumps(OWN | {"questions": [{"key": "?"}]}).encode())
    answer = client.post(address, {"publisher": publisher.pk, "file": bad})
    assert answer.status_code == 422
    assert "Question 1" in answer.content.decode()


# Reviews


def test_every_save_is_a_version(review, reviewer, risk_owner):
    answer(review, reviewer, tested="yes")
    answer(review, risk_owner, how="4")
    answer(review, reviewer, how="4")
    versions = list(review.versions.all())
    assert [version.number for version in versions] == [2, 1]
    assert {key: each["value"] for key, each in versions[0].answers.items()} == {"tested": "yes", "how": "4"}
    assert versions[0].saved_by == risk_owner
    verbs = [event.verb.rpartition(".")[2] for event in audit.trail(review)]
    assert verbs == ["answer", "answer", "start"]


def test_saved_answers_never_change(review, reviewer):
    answer(review, reviewer, tested="yes")
    for change in ("UPDATE registry_reviewanswers SET answers = '{}'", "DELETE FROM registry_reviewanswers"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


@pytest.mark.parametrize("wrong", [{"tested": "partly"}, {"how": "6"}, {"unknown": "yes"}, {"else": "x" * 4001}])
def test_only_answers_that_can_be_given_are_kept(review, reviewer, wrong):
    with pytest.raises(Refused):
        answer(review, reviewer, **wrong)
    assert not ReviewAnswers.objects.exists()


def test_two_people_answering_at_once_do_not_overwrite_each_other(review, reviewer, risk_owner):
    services.save_answers(review, actor=reviewer, answers={"tested": {"value": "yes"}}, expected_version=1)
    with pytest.raises(Stale, match="Reviewer"):
        services.save_answers(review, actor=risk_owner, answers={"tested": {"value": "no"}}, expected_version=1)


def test_a_review_is_submitted_once_all_is_answered(review, reviewer):
    answer(review, reviewer, tested="yes")
    with pytest.raises(Refused, match="How well"):
        submit(review, reviewer)
    answer(review, reviewer, tested="yes", how="4")
    done = submit(review, reviewer)
    assert (done.stage, done.outcome, done.submitted_by) == ("submitted", "pass", reviewer)
    assert done.next_due_on == timezone.localdate() + timedelta(days=90)


def test_what_does_not_apply_is_explained(review, reviewer):
    answer(review, reviewer, tested="na", how="4")
    with pytest.raises(Refused, match="why it does not apply"):
        submit(review, reviewer)
    services.save_answers(review, actor=reviewer, answers={"tested": {"value": "na", "note": "Weights only."}})
    assert submit(review, reviewer).stage == "submitted"


def test_a_submitted_review_stands(review, reviewer):
    answer(review, reviewer, tested="yes", how="4")
    submit(review, reviewer)
    with pytest.raises(Refused, match="stays as it is"):
        answer(review, reviewer, tested="no")
    with pytest.raises(Refused):
        submit(review, reviewer)
    for change in (
        lambda: ReviewAnswersFactory(review=review, number=9),
        lambda: ReviewFindingFactory(review=review),
        lambda: ReleaseReview.objects.filter(pk=review.pk).update(outcome="fail"),
        lambda: ReleaseReview.objects.filter(pk=review.pk).update(stage="draft"),
    ):
        with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
            change()


def test_conditions_have_to_be_named(review, reviewer):
    answer(review, reviewer, tested="yes", how="4")
    with pytest.raises(Refused, match="Name the conditions"):
        submit(review, reviewer, outcome="conditions")
    assert submit(review, reviewer, outcome="conditions", conditions="Test French.").conditions == "Test French."


def test_answers_raise_risks(review, reviewer, family):
    known = RiskFactory(family=family, number=7)
    answer(review, reviewer, tested="no", how="2")
    with pytest.raises(Refused, match="raise a risk"):
        submit(review, reviewer, outcome="fail")
    assert not Risk.objects.exclude(pk=known.pk).exists()
    submit(
        review,
        reviewer,
        outcome="fail",
        findings={"tested": {"title": "Nobody tested it"}, "how": {"risk": known}},
    )
    stub = Risk.objects.get(title="Nobody tested it")
    assert (stub.stage, stub.origin, stub.origin_reference) == ("stub", "review", "Our own questions, 1.0")
    findings = {each.key: (each.risk_id, each.is_new) for each in review.findings.all()}
    assert findings == {"tested": (stub.pk, True), "how": (known.pk, False)}


def test_a_risk_can_be_ruled_out_with_a_reason(review, reviewer):
    answer(review, reviewer, tested="no", how="4")
    for nothing in ({}, {"ruled_out": " "}, {"title": "A", "ruled_out": "B"}):
        with pytest.raises(Refused):
            submit(review, reviewer, findings={"tested": nothing})
    submit(review, reviewer, findings={"tested": {"ruled_out": "Tested by others."}})
    assert review.findings.get().ruled_out == "Tested by others."
    assert not Risk.objects.exists()


def test_a_finding_names_a_risk_of_this_model_only(review, reviewer):
    answer(review, reviewer, tested="no", how="4")
    with pytest.raises(Refused, match="same model family"):
        submit(review, reviewer, findings={"tested": {"risk": RiskFactory()}})
    with pytest.raises(Refused, match="raises no risk"):
        submit(review, reviewer, findings={"how": {"title": "A"}})


def test_who_reviews_a_release(release, own, reviewer, risk_owner, auditor, incident_handler, stranger):
    for person in (auditor, incident_handler, stranger):
        with pytest.raises(PermissionDenied):
            services.start_review(release, actor=person, question_set=own)
    first = services.start_review(release, actor=risk_owner, question_set=own)
    with pytest.raises(Refused, match="already"):
        services.start_review(release, actor=reviewer, question_set=own)
    services.discard_review(first, actor=reviewer, reason="Begun by mistake.")
    assert services.start_review(release, actor=reviewer, question_set=own).pk


@pytest.mark.django_db(transaction=True)
def test_one_review_of_a_set_at_a_time(release, publisher, release_manager, reviewer, risk_owner):
    own = services.import_question_set(publisher, actor=release_manager, data=OWN)
    own = services.publish_question_set(own, actor=release_manager)
    barrier, outcomes = threading.Barrier(2), []

    def begin(person):
        barrier.wait(10)
        try:
            services.start_review(release, actor=person, question_set=own)
            outcomes.append("begun")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=(person,)) for person in (reviewer, risk_owner)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["begun", "refused"]


def test_a_set_of_another_publisher_is_not_asked(release, reviewer):
    with pytest.raises(Refused, match="not in use"):
        services.start_review(release, actor=reviewer, question_set=QuestionSetFactory())


def test_the_last_answers_are_told_in_the_next_review(client, review, reviewer, release, own):
    services.save_answers(review, actor=reviewer, answers={"tested": {"value": "yes", "note": "By two teams."}})
    answer(review, reviewer, how="4")
    submit(review, reviewer)
    later = services.start_review(release, actor=reviewer, question_set=own)
    client.force_login(reviewer)
    page = client.get(later.get_absolute_url()).content.decode()
    assert "Last time: Yes – By two teams." in page
    assert 'value="yes" checked' not in page


# What a publisher asks for


def state(release, slug="own"):
    return next(need for need in selectors.review_needs(release) if need.question_set.slug == slug)


def test_how_far_a_review_is(release, own, review, reviewer):
    assert state(release).state == "draft"
    answer(review, reviewer, tested="yes", how="4")
    submit(review, reviewer)
    assert (state(release).state, state(release).met) == ("pass", True)


def test_a_review_is_due_again_by_itself(release, own, reviewer):
    due = ReleaseReviewFactory(release=release, question_set=own, answers={"tested": "yes"})
    yesterday = timezone.localdate() - timedelta(days=1)
    ReleaseReview.objects.filter(pk=due.pk).update(
        stage="submitted",
        outcome="pass",
        reason="Fine.",
        submitted_by=reviewer,
        submitted_at=timezone.now(),
        next_due_on=yesterday,
    )
    assert (state(release).state, state(release).met) == ("overdue", False)


@pytest.mark.parametrize("blocks", [False, True])
def test_a_publisher_may_publish_nothing_without_its_reviews(family, own, publisher, release_manager, reviewer, blocks):
    draft = ReleaseFactory(family=family, version="2.0", card="# Card", files={"a": b"b"}, created_by=release_manager)
    services.set_required_reviews(publisher, actor=release_manager, required={"own": blocks})
    if not blocks:
        assert governance.publish_release(draft, actor=release_manager).stage == "published"
        return
    with pytest.raises(Refused, match="Our own questions"):
        governance.publish_release(draft, actor=release_manager)
    review = services.start_review(draft, actor=reviewer, question_set=own)
    answer(review, reviewer, tested="yes", how="4")
    submit(review, reviewer)
    assert governance.publish_release(draft, actor=release_manager).stage == "published"


def test_what_is_asked_for_is_on_record(publisher, own, release_manager, reviewer):
    with pytest.raises(PermissionDenied):
        services.set_required_reviews(publisher, actor=reviewer, required={"own": True})
    with pytest.raises(Refused, match="no question set"):
        services.set_required_reviews(publisher, actor=release_manager, required={"unknown": True})
    services.set_required_reviews(publisher, actor=release_manager, required={"own": True})
    services.set_required_reviews(publisher, actor=release_manager, required={"own": True})
    events = AuditEvent.objects.filter(verb="registry.publisher.require_reviews")
    assert [(event.before, event.after) for event in events] == [({}, {"own": True})]


def test_the_release_page_says_what_is_missing(client, release, own, publisher, release_manager):
    services.set_required_reviews(publisher, actor=release_manager, required={"own": True})
    client.force_login(release_manager)
    text = client.get(reverse("registry:manage_release", args=[release.pk])).content.decode()
    assert "Our own questions" in text
    assert "Nothing is published without it." in text


def test_a_review_from_beginning_to_end_on_its_pages(client, release, own, reviewer):
    client.force_login(reviewer)
    answer = client.post(reverse("registry:release_reviews", args=[release.pk]), {"question_set": own.pk}, follow=True)
    review = ReleaseReview.objects.get()
    assert "Was it tested?" in answer.content.decode()
    fields = {"value-tested": "no", "note-tested": "No time.", "value-how": "4", "row_version": 1, "submit": "yes"}
    answer = client.post(review.get_absolute_url(), fields)
    address = reverse("registry:review_submission", args=[review.pk])
    assert answer.headers["Location"] == address
    assert "Nobody tested it" in client.get(address).content.decode()
    body = {"outcome": "fail", "reason": "Not tested.", "how-tested": "known", "what-tested": "R-99"}
    assert client.post(address, body).status_code == 422
    body |= {"how-tested": "raise", "what-tested": "Nobody tested it", "row_version": 2}
    answer = client.post(address, body, follow=True)
    text = answer.content.decode()
    assert "Not passed" in text
    assert "raised by this review" in text
    assert client.get(reverse("registry:review_version", args=[review.pk, 1])).status_code == 200


def test_whoever_saves_second_keeps_what_they_typed(client, review, reviewer, risk_owner):
    client.force_login(risk_owner)
    answer(review, reviewer, tested="yes")
    fields = {"value-tested": "no", "note-tested": "I saw it fail.", "row_version": 1}
    text = client.post(review.get_absolute_url(), fields).content.decode()
    assert "Reviewer changed this" in text
    assert "I saw it fail." in text
    assert "What is stored now" in text
    assert 'name="row_version" value="2"' in text
    client.post(review.get_absolute_url(), fields | {"row_version": 2})
    assert review.versions.first().answers["tested"]["value"] == "no"


def test_hints_of_a_brought_along_set_are_no_markup(client, publisher, release, reviewer, release_manager):
    question = {"key": "a", "text": "<b>Bold?</b>", "help": "<script>alert(1)</script>"}
    made = services.import_question_set(
        publisher, actor=release_manager, data=OWN | {"slug": "odd", "questions": [question]}
    )
    services.publish_question_set(made, actor=release_manager)
    review = services.start_review(release, actor=reviewer, question_set=made)
    client.force_login(reviewer)
    for address in (review.get_absolute_url(), made.get_absolute_url()):
        text = client.get(address).content.decode()
        assert "<script>alert(1)" not in text
        assert "<b>Bold" not in text


def test_a_review_over_the_api(client, release, own, reviewer):
    client.force_login(reviewer)
    send = {"content_type": "application/json"}
    made = client.post(reverse("api:release-review-list"), {"release": release.pk, "question_set": own.pk}, **send)
    pk, tag = made.json()["id"], made.headers["ETag"]
    address = reverse("api:release-review-answers", args=[pk])
    answers = {"answers": {"tested": {"value": "no"}, "how": {"value": "5"}}}
    assert client.put(address, answers, **send).status_code == 428
    saved = client.put(address, answers, headers={"If-Match": tag}, **send)
    assert (saved.json()["version"], saved.json()["answers"]["how"]["value"]) == (1, "5")
    assert client.put(address, answers | {"answers": {"how": {"value": "1"}}}, headers={"If-Match": tag}, **send)
    address = reverse("api:release-review-submission", args=[pk])
    body = {"outcome": "pass", "reason": "Fine."}
    assert client.post(address, body, **send).status_code == 409
    done = client.post(address, body | {"findings": [{"key": "tested", "title": "Nobody tested it"}]}, **send).json()
    assert (done["outcome"], done["findings"][0]["is_new"]) == ("pass", True)
    rows = client.get(reverse("api:release-review-versions", args=[pk])).json()["results"]
    assert [row["number"] for row in rows] == [1]
