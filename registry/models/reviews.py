"""Reviews of a release with a question set, and what follows from the answers."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.addresses import address
from common.models import Staged, Timestamped
from registry.models.catalogue import Release
from registry.models.question_sets import QuestionSet
from registry.models.risks import Risk


class ReleaseReviewQuerySet(models.QuerySet["ReleaseReview"]):
    def visible_to(self, user: Any) -> "ReleaseReviewQuerySet":
        """Reviews of the releases of families for which ``user`` holds a role."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(
            Q(release__family__publisher_id__in=held.publisher_ids()) | Q(release__family_id__in=held.family_ids())
        )

    def submitted(self) -> "ReleaseReviewQuerySet":
        return self.filter(stage=ReleaseReview.Stage.SUBMITTED)


class ReleaseReview(Staged, Timestamped):
    """Somebody answers the questions of a set about one release, and says whether it may go out."""

    class Stage(models.TextChoices):
        """Where a review is.

        - draft: being answered; every save is kept
        - submitted: answers and outcome stand and do not change any more
        - discarded: given up, with the reason on record
        """

        DRAFT = "draft", _("Being answered")
        SUBMITTED = "submitted", _("Submitted")
        DISCARDED = "discarded", _("Discarded")

    class Outcome(models.TextChoices):
        PASS = "pass", _("Passed")
        CONDITIONS = "conditions", _("Passed with conditions")
        FAIL = "fail", _("Not passed")

    release = models.ForeignKey(Release, models.PROTECT, related_name="reviews")
    question_set = models.ForeignKey(QuestionSet, models.PROTECT, related_name="reviews")
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True, editable=False)
    reason = models.TextField(_("why"), blank=True, editable=False)
    conditions = models.TextField(_("conditions"), blank=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)
    next_due_on = models.DateField(_("ask again by"), null=True, editable=False)

    objects = ReleaseReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["draft", "submitted", "discarded"]), name="release_review_stage_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(stage="submitted")
                | Q(outcome__in=["pass", "conditions", "fail"], submitted_by__isnull=False, submitted_at__isnull=False)
                & ~Q(reason=""),
                name="submitted_review_says_its_outcome_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="conditions") | ~Q(conditions=""), name="conditional_pass_names_its_conditions"
            ),
        ]
        indexes = [models.Index(fields=["release", "question_set", "-id"], name="review_of_release")]

    def __str__(self) -> str:
        return f"{self.question_set.title}: {self.release}"

    @property
    def overdue(self) -> bool:
        """Judged when it is read: no worker has to mark it."""
        return self.next_due_on is not None and self.next_due_on < timezone.localdate()

    @property
    def tone(self) -> str:
        """The mark of the outcome, where there is one."""
        return {"pass": "ok", "conditions": "warn", "fail": "bad"}.get(self.outcome, self.stage)

    @property
    def state_label(self) -> str:
        """The outcome in words; before that the stage."""
        return self.get_outcome_display() if self.outcome else self.stage_label

    def get_absolute_url(self) -> str:
        return address("registry:release_review", self.pk)


class ReviewAnswers(models.Model):
    """The answers of a review as they were saved once. Never changed: the next save is a version of its own."""

    review = models.ForeignKey(ReleaseReview, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    # By the key of the question: {"value": "yes", "note": "…"}.
    answers = models.JSONField(default=dict)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(_("saved"), auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["review", "number"], name="answer_versions_count_up")]

    def __str__(self) -> str:
        return str(_("Version %s")) % self.number


class ReviewFinding(models.Model):
    """What was done about an answer that raises a risk: a new stub, a risk that was known, or neither, with why."""

    review = models.ForeignKey(ReleaseReview, models.PROTECT, related_name="findings")
    key = models.CharField(_("question"), max_length=60)
    risk = models.ForeignKey(Risk, models.PROTECT, null=True, related_name="findings")
    is_new = models.BooleanField(_("raised by this review"), default=False)
    ruled_out = models.TextField(_("why there is no risk"), blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "key"], name="one_finding_per_question"),
            models.CheckConstraint(
                condition=Q(risk__isnull=False, ruled_out="") | Q(risk__isnull=True) & ~Q(ruled_out=""),
                name="finding_names_risk_or_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.risk or self.ruled_out}"
