"""Reviews of a release with a question set: answered in versions, submitted once, and fed into the register."""

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, events, lifecycle
from common.editing import refuse_stale
from common.lifecycle import Refused
from registry import permissions, selectors
from registry.lifecycle import DISCARD_REVIEW, SUBMIT_REVIEW
from registry.models import (
    Question,
    QuestionSet,
    Release,
    ReleaseReview,
    ReviewAnswers,
    ReviewFinding,
    Risk,
)
from registry.services.risks import stated
from registry.services.stubs import raise_stub

LONGEST_ANSWER = 4000


@transaction.atomic
def start_review(release: Release, *, actor: Any, question_set: QuestionSet) -> ReleaseReview:
    """Begin to answer a set about a release. One review of a set is answered at a time."""
    if not permissions.can_review_release(actor, release):
        raise PermissionDenied
    if not QuestionSet.objects.for_publisher(release.family.publisher_id).filter(pk=question_set.pk).exists():
        raise Refused(_("This question set is not in use here."), field="question_set")
    Release.objects.select_for_update(no_key=True).get(pk=release.pk)
    running = release.reviews.filter(stage=ReleaseReview.Stage.DRAFT, question_set__slug=question_set.slug)
    if running.exists():
        raise Refused(_("Somebody is answering this set already. Go on with that review."), field="question_set")
    review = ReleaseReview(release=release, question_set=question_set, started_by=actor)
    review.save(force_insert=True)
    audit.record(actor, "registry.releasereview.start", review, after={"questions": question_set, "release": release})
    return review


@transaction.atomic
def save_answers(
    review: ReleaseReview, *, actor: Any, answers: dict[str, dict[str, str]], expected_version: int | None = None
) -> ReviewAnswers:
    """Keep the answers as they are now, as a version of their own; unfinished ones are welcome.

    ``answers`` are ``{"value": …, "note": …}`` by the key of the question; questions that are left out keep their
    answer. Saving the same again makes no version. Raises ``Stale`` when somebody else has saved since.
    """
    if not permissions.can_review_release(actor, review.release):
        raise PermissionDenied
    locked = _locked(review)
    refuse_stale(locked, expected_version)
    if locked.stage != ReleaseReview.Stage.DRAFT:
        raise Refused(_("This review is “%s” and stays as it is.") % locked.get_stage_display())
    last = locked.versions.first()
    before = last.answers if last else {}
    after = before | _checked(locked, answers)
    if last is not None and before == after:
        return last
    version = ReviewAnswers(review=locked, number=last.number + 1 if last else 1, answers=after, saved_by=actor)
    version.save(force_insert=True)
    locked.row_version += 1
    locked.save(update_fields=["row_version", "updated_at"])
    changed = sorted(key for key in after if before.get(key) != after[key])
    audit.record(actor, "registry.releasereview.answer", locked, after={"version": version.number, "answers": changed})
    return version


def _checked(review: ReleaseReview, answers: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    questions = {question.key: question for question in review.question_set.questions.all()}
    clean = {}
    for key, answer in answers.items():
        question = questions.get(key)
        if question is None:
            raise Refused(_("This set asks no question “%s”.") % key, field="answers")
        value, note = (str(answer.get(part) or "").strip() for part in ("value", "note"))
        if max(len(value), len(note)) > LONGEST_ANSWER:
            raise Refused(_("An answer has at most %d characters.") % LONGEST_ANSWER, field=key)
        if value and question.kind != Question.Kind.TEXT and value not in dict(question.answers):
            raise Refused(
                _("“%(question)s” cannot be answered with “%(value)s”.") % {"question": question, "value": value},
                field=key,
            )
        clean[key] = {"value": value, "note": note}
    return clean


@transaction.atomic
def submit_review(
    review: ReleaseReview,
    *,
    actor: Any,
    outcome: str,
    reason: str,
    conditions: str = "",
    findings: dict[str, dict[str, Any]] | None = None,
    next_due_on: dt.date | None = None,
    expected_version: int | None = None,
) -> ReleaseReview:
    """Say what the answers come to; from now on they stand.

    Every answer that raises a risk needs a finding by the key of its question: ``{"title": …}`` raises a stub,
    ``{"risk": Risk}`` names one that is known, ``{"ruled_out": …}`` says why there is none. The next review is due
    as the set asks, or sooner.
    """
    if not permissions.can_move_review(actor, review):
        raise PermissionDenied
    outcome_field: Any = ReleaseReview._meta.get_field("outcome")
    outcome_field.clean(outcome, None)
    reason = stated(reason)
    if outcome == ReleaseReview.Outcome.CONDITIONS and not conditions.strip():
        raise Refused(_("Name the conditions."), field="conditions")
    locked = _locked(review)
    refuse_stale(locked, expected_version)
    if locked.stage != ReleaseReview.Stage.DRAFT:
        raise Refused(_("This review is “%s” and stays as it is.") % locked.get_stage_display())
    latest = timezone.localdate() + dt.timedelta(days=locked.question_set.review_days)
    if next_due_on is not None and not timezone.localdate() < next_due_on <= latest:
        raise Refused(_("Choose a day after today and up to %s.") % latest, field="next_due_on")
    _record_findings(locked, findings or {}, actor)
    changes = {
        "outcome": outcome,
        "reason": reason,
        "conditions": conditions.strip() if outcome == ReleaseReview.Outcome.CONDITIONS else "",
        "submitted_by": actor,
        "submitted_at": timezone.now(),
        "next_due_on": next_due_on or latest,
    }
    done = lifecycle.apply(SUBMIT_REVIEW, locked, actor=actor, changes=changes, reason=reason, outcome=outcome)
    events.emit("registry.releasereview.submitted", done, outcome=outcome)
    return done


def _record_findings(review: ReleaseReview, findings: dict[str, dict[str, Any]], actor: Any) -> None:
    raised = selectors.raised_by(review)
    if unknown := sorted(findings.keys() - {question.key for question in raised}):
        raise Refused(_("The answer to “%s” raises no risk.") % unknown[0], field=unknown[0])
    for question in raised:
        finding = findings.get(question.key) or {}
        risk, title = finding.get("risk"), str(finding.get("title") or "").strip()
        ruled_out = str(finding.get("ruled_out") or "").strip()
        if sum(map(bool, (risk, title, ruled_out))) != 1:
            raise Refused(
                _("“%s”: raise a risk, name one that is known, or say why there is none.") % question.text,
                field=question.key,
            )
        is_new = bool(title)
        if title:
            source = f"{review.question_set.title}, {review.release.version}"[:200]
            risk = raise_stub(
                review.release.family, actor=actor, title=title, origin=Risk.Origin.REVIEW, origin_reference=source
            )
        elif risk is not None and risk.family_id != review.release.family_id:
            raise Refused(_("Name a risk of the same model family."), field=question.key)
        ReviewFinding.objects.create(
            review=review, key=question.key, risk=risk, is_new=is_new, ruled_out="" if risk else ruled_out
        )


def discard_review(review: ReleaseReview, *, actor: Any, reason: str) -> ReleaseReview:
    """Give a review up; its answers stay readable."""
    return lifecycle.apply(DISCARD_REVIEW, review, actor=actor, reason=stated(reason))


def _locked(review: ReleaseReview) -> ReleaseReview:
    rows = ReleaseReview.objects.select_for_update(of=("self",))
    return rows.select_related("release__family", "question_set").get(pk=review.pk)
