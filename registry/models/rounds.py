"""Looking at risks again: one at a time, or many in a round."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.addresses import address
from common.models import Staged, Timestamped
from registry.models.catalogue import ModelFamily, Publisher
from registry.models.risks import Risk


class RiskReviewQuerySet(models.QuerySet["RiskReview"]):
    def visible_to(self, user: Any) -> "RiskReviewQuerySet":
        """Reviews of the risks of families for which ``user`` holds a role."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(
            Q(risk__family__publisher_id__in=held.publisher_ids()) | Q(risk__family_id__in=held.family_ids())
        )


class RiskReview(models.Model):
    """Somebody looked at a risk again and says whether it is still right. Never changed."""

    class Verdict(models.TextChoices):
        """What the look came to.

        - right: what is on record still holds; the next look is due as its level asks
        - judge: the level has to be judged anew, now
        - close: it no longer applies, and is closed with the same words
        """

        RIGHT = "right", _("Still right")
        JUDGE = "judge", _("Needs a new judgement")
        CLOSE = "close", _("No longer applies: close it")

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="reviews")
    round = models.ForeignKey(
        "registry.ReviewRound", models.PROTECT, null=True, blank=True, related_name="reviews", editable=False
    )
    verdict = models.CharField(_("is it still right?"), max_length=8, choices=Verdict.choices)
    note = models.TextField(_("what you looked at"), blank=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    reviewed_at = models.DateTimeField(_("when"), auto_now_add=True)
    due_on = models.DateField(_("look again by"), null=True, editable=False)

    objects = RiskReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=["right", "judge", "close"]), name="verdict_is_known"),
            models.CheckConstraint(
                condition=Q(verdict="right") | ~Q(note=""), name="verdict_that_changes_something_says_why"
            ),
        ]
        indexes = [models.Index(fields=["risk", "-id"], name="review_of_risk")]

    def __str__(self) -> str:
        return f"{self.risk.reference}: {self.get_verdict_display()}"


class ReviewRoundQuerySet(models.QuerySet["ReviewRound"]):
    def visible_to(self, user: Any) -> "ReviewRoundQuerySet":
        """Rounds of the publishers where ``user`` holds a role; with a role for one family only, those it is in."""
        held = scopes(user)
        if held.everywhere:
            return self
        theirs = RoundItem.objects.filter(risk__family_id__in=held.family_ids()).values("round")
        return self.filter(Q(publisher__in=held.publisher_ids()) | Q(pk__in=theirs))


class ReviewRound(Staged, Timestamped):
    """Many risks of a publisher are looked at again until a day."""

    class Stage(models.TextChoices):
        """Where a round is.

        - open: risks wait to be looked at
        - done: every one was reviewed, skipped with a reason, or closed meanwhile
        - abandoned: ended before that, with the reason on record
        """

        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        ABANDONED = "abandoned", _("Abandoned")

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="review_rounds", verbose_name=_("publisher"))
    family = models.ForeignKey(
        ModelFamily,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="review_rounds",
        verbose_name=_("only this model family"),
    )
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.OPEN, editable=False)
    title = models.CharField(_("title"), max_length=200)
    due_on = models.DateField(_("done by"))
    # The filter of the register that chose the risks, in the words of its address.
    chosen_by = models.JSONField(_("which risks"), default=dict, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    objects = ReviewRoundQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=["open", "done", "abandoned"]), name="round_stage_is_known"),
            models.CheckConstraint(
                condition=Q(stage="open", ended_at__isnull=True) | ~Q(stage="open") & Q(ended_at__isnull=False),
                name="ended_round_says_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def scope(self) -> Any:
        """Whom a role must be held at: the family it is about, else the publisher."""
        return self.family or self.publisher

    @property
    def overdue(self) -> bool:
        return self.stage == self.Stage.OPEN and self.due_on < timezone.localdate()

    def get_absolute_url(self) -> str:
        return address("registry:review_round", self.pk)


_UNSETTLED = Q(review=None, skipped_at=None)
# A closed risk is not asked for: the round was about open ones. Judged at read, so that one that is opened again
# while the round lasts waits again.
CLOSED_MEANWHILE = _UNSETTLED & (Q(risk__stage="closed") | Q(round__stage="done"))
WAITS = _UNSETTLED & ~Q(risk__stage="closed") & ~Q(round__stage="done")


class RoundItemQuerySet(models.QuerySet["RoundItem"]):
    def visible_to(self, user: Any) -> "RoundItemQuerySet":
        """Items whose risk belongs to a family for which ``user`` holds a role."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(
            Q(risk__family__publisher_id__in=held.publisher_ids()) | Q(risk__family_id__in=held.family_ids())
        )

    def waiting(self) -> "RoundItemQuerySet":
        return self.filter(WAITS, round__stage=ReviewRound.Stage.OPEN)


class RoundItem(models.Model):
    """One risk of a round: it waits, was reviewed, was skipped with a reason, or was closed meanwhile."""

    round = models.ForeignKey(ReviewRound, models.PROTECT, related_name="items")
    risk = models.ForeignKey(Risk, models.PROTECT, related_name="round_items")
    # When the risk was last looked at before the round: what changed is what changed since then.
    since = models.DateTimeField(_("changes since"))
    review = models.ForeignKey(RiskReview, models.PROTECT, null=True, related_name="+", editable=False)
    skip_reason = models.TextField(_("why it was skipped"), blank=True, editable=False)
    skipped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    skipped_at = models.DateTimeField(_("skipped"), null=True, editable=False)

    objects = RoundItemQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "risk"], name="one_item_per_risk_and_round"),
            models.CheckConstraint(
                condition=Q(skipped_at__isnull=True, skipped_by__isnull=True, skip_reason="")
                | Q(skipped_at__isnull=False, skipped_by__isnull=False, review__isnull=True) & ~Q(skip_reason=""),
                name="skipped_item_says_who_and_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["risk"], name="round_item_waiting", condition=Q(review__isnull=True, skipped_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.risk.reference}"

    @property
    def state(self) -> str:
        """waiting, reviewed, skipped or closed. Needs the risk and the round at hand."""
        if self.review_id or self.skipped_at:
            return "reviewed" if self.review_id else "skipped"
        return "closed" if self.risk.stage == "closed" or self.round.stage == "done" else "waiting"

    @property
    def state_label(self) -> str:
        return str(STATES[self.state])


STATES = {
    "waiting": _("Waits"),
    "reviewed": _("Reviewed"),
    "skipped": _("Skipped"),
    "closed": _("Closed meanwhile"),
}
