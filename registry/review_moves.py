"""The moves of question sets, reviews of releases and review rounds."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.lifecycle import Move
from registry import permissions
from registry.models import QuestionSet, ReleaseReview, ReviewRound


def _needs_questions(question_set: QuestionSet) -> str:
    """At least one question."""
    return "" if question_set.questions.exists() else _("There is no question in it.")


PUBLISH_QUESTIONS = Move(
    "publish",
    gettext_lazy("Use from now on"),
    frozenset({QuestionSet.Stage.DRAFT}),
    QuestionSet.Stage.PUBLISHED,
    may=permissions.can_move_question_set,
    needs=(_needs_questions,),
)
SUPERSEDE_QUESTIONS = Move(
    "supersede",
    gettext_lazy("Supersede question set"),
    frozenset({QuestionSet.Stage.PUBLISHED}),
    QuestionSet.Stage.SUPERSEDED,
    may=permissions.can_move_question_set,
)
RETIRE_QUESTIONS = Move(
    "retire",
    gettext_lazy("Retire question set"),
    frozenset({QuestionSet.Stage.PUBLISHED}),
    QuestionSet.Stage.SUPERSEDED,
    may=permissions.can_move_question_set,
    asks_reason=True,
    danger=True,
)
QUESTION_SET_MOVES = (PUBLISH_QUESTIONS, RETIRE_QUESTIONS)


def _needs_answers(review: ReleaseReview) -> str:
    """An answer to every question that asks for one, and a note where one does not apply."""
    last = review.versions.first()
    given = last.answers if last else {}
    missing, unexplained = [], []
    for question in review.question_set.questions.all():
        answer = given.get(question.key) or {}
        if question.is_required and not str(answer.get("value", "")).strip():
            missing.append(question.text)
        elif answer.get("value") == "na" and not str(answer.get("note", "")).strip():
            unexplained.append(question.text)
    if missing:
        return _("Not answered yet: %s") % " · ".join(missing)
    return _("Say in the note why it does not apply: %s") % " · ".join(unexplained) if unexplained else ""


SUBMIT_REVIEW = Move(
    "submit",
    gettext_lazy("Submit review"),
    frozenset({ReleaseReview.Stage.DRAFT}),
    ReleaseReview.Stage.SUBMITTED,
    may=permissions.can_move_review,
    needs=(_needs_answers,),
    asks_reason=True,
)
DISCARD_REVIEW = Move(
    "discard",
    gettext_lazy("Discard review"),
    frozenset({ReleaseReview.Stage.DRAFT}),
    ReleaseReview.Stage.DISCARDED,
    may=permissions.can_move_review,
    asks_reason=True,
    danger=True,
)
REVIEW_MOVES = (SUBMIT_REVIEW, DISCARD_REVIEW)


def _needs_all_settled(review_round: ReviewRound) -> str:
    """Every risk reviewed, skipped with a reason, or closed meanwhile."""
    waiting = review_round.items.waiting().count()
    return _("%d risks still wait to be looked at or skipped.") % waiting if waiting else ""


FINISH_ROUND = Move(
    "finish",
    gettext_lazy("Finish round"),
    frozenset({ReviewRound.Stage.OPEN}),
    ReviewRound.Stage.DONE,
    may=permissions.can_settle_round,
    needs=(_needs_all_settled,),
)
ABANDON_ROUND = Move(
    "abandon",
    gettext_lazy("Abandon round"),
    frozenset({ReviewRound.Stage.OPEN}),
    ReviewRound.Stage.ABANDONED,
    may=permissions.can_end_round,
    asks_reason=True,
    danger=True,
)
ROUND_MOVES = (ABANDON_ROUND,)
