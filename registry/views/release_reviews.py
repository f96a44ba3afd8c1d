"""Reviews of a release: which sets it was reviewed with, the answers, and what they came to."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.http import page
from registry import lifecycle, permissions, selectors, services
from registry.forms import AnswersForm, ReasonForm, StartReviewForm, SubmissionForm
from registry.models import QuestionSet, Release, ReleaseReview, ReviewAnswers
from registry.views.shared import attempt, form_page, posted


@page
@login_required
@never_cache
def release_reviews(request: HttpRequest, pk: int) -> HttpResponse:
    """What a release can be reviewed with and has been; begin another review here."""
    rows = Release.objects.visible_to(request.user).select_related("family__publisher")
    release = get_object_or_404(rows, pk=pk)
    if not permissions.can_see_inside(request.user, release.family):
        raise PermissionDenied
    may = permissions.can_review_release(request.user, release)
    form = StartReviewForm(
        posted(request), sets=QuestionSet.objects.for_publisher(release.family.publisher_id), auto_id=False
    )
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        made = attempt(form, lambda **data: services.start_review(release, actor=request.user, **data))
        if made is not None:
            return redirect(made)
    past = release.reviews.select_related("question_set", "submitted_by", "started_by")[:50]
    context = {"release": release, "needs": selectors.review_needs(release), "past": past, "may_review": may}
    return form_page(request, "registry/release_review_list.html", form, **context)


def _review(request: HttpRequest, pk: int) -> ReleaseReview:
    people = ("started_by", "submitted_by")
    rows = ReleaseReview.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("release__family__publisher", "question_set", *people), pk=pk)


class _StoredAnswers:
    """The stored answers of a review under the names of the form's fields, for whoever came second."""

    def __init__(self, review: ReleaseReview) -> None:
        self.review = review

    def refresh_from_db(self) -> None:
        self.review.refresh_from_db()
        last = self.review.versions.first()
        self.__dict__ |= AnswersForm.initial_of(last.answers if last else {})
        self.row_version = self.review.row_version


@page
@login_required
@never_cache
def release_review(request: HttpRequest, pk: int) -> HttpResponse:
    """The questions of a review: with fields while it is answered, as they stand afterwards."""
    review = _review(request, pk)
    may = permissions.can_move_review(request.user, review)
    answering = may and review.stage == ReleaseReview.Stage.DRAFT
    if request.method == "POST" and not may:
        raise PermissionDenied
    questions, versions = list(review.question_set.questions.all()), list(review.versions.select_related("saved_by"))
    answers = versions[0].answers if versions else {}
    before = selectors.last_answers(review) if answering else {}
    start = {**AnswersForm.initial_of(answers), "row_version": review.row_version}
    form = AnswersForm(posted(request), questions=questions, before=before, initial=start)

    def save(expected_version: int | None = None, **_fields: Any) -> ReviewAnswers:
        return services.save_answers(
            review, actor=request.user, answers=form.answers(), expected_version=expected_version
        )

    if request.method == "POST" and attempt(form, save, _StoredAnswers(review)) is not None:
        messages.success(request, _("Saved."))
        return redirect("registry:review_submission" if "submit" in request.POST else "registry:release_review", pk)
    answered = selectors.answered(questions, answers)
    context = {"review": review, "release": review.release, "versions": versions, "answered": answered}
    context |= {"answering": answering, "findings": review.findings.select_related("risk__family")}
    return form_page(request, "registry/release_review.html", form, **context)


@require_safe
@login_required
@never_cache
def review_version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The answers of a review as they were saved once."""
    review = _review(request, pk)
    version = get_object_or_404(review.versions.select_related("saved_by"), number=number)
    answered = selectors.answered(list(review.question_set.questions.all()), version.answers)
    context = {"review": review, "release": review.release, "version": version, "answered": answered}
    return render(request, "registry/release_review_version.html", context)


@page
@login_required
@never_cache
def review_submission(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the answers come to, and what is done about those that raise a risk."""
    review = _review(request, pk)
    if not permissions.can_move_review(request.user, review):
        raise PermissionDenied
    raised = selectors.raised_by(review) if review.stage == ReleaseReview.Stage.DRAFT else []
    start = {"row_version": review.row_version}
    form = SubmissionForm(posted(request), review=review, raised=raised, initial=start)

    def submit(**data: Any) -> ReleaseReview:
        return services.submit_review(review, actor=request.user, **data)

    if attempt(form, submit, review) is not None:
        messages.success(request, _("The review is submitted. Its answers stand from now on."))
        return redirect("registry:release_review", pk)
    missing = lifecycle.SUBMIT_REVIEW.needs[0](review)
    context = {"review": review, "release": review.release, "missing": missing}
    return form_page(request, "registry/release_review_submission.html", form, **context)


@page
@login_required
@never_cache
def review_discarding(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a review up, with the reason."""
    review = _review(request, pk)
    if not permissions.can_move_review(request.user, review):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if attempt(form, lambda **data: services.discard_review(review, actor=request.user, **data)) is not None:
        messages.success(request, _("The review is discarded."))
        return redirect("registry:release_reviews", review.release_id)
    context = {"review": review, "release": review.release, "move": lifecycle.DISCARD_REVIEW}
    return form_page(request, "registry/release_review_move.html", form, **context)
