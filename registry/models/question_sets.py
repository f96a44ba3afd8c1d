"""Question sets: lightweight assessments that are repeated before a release goes public."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.addresses import address
from common.models import Staged
from registry.models.catalogue import ModelFamily, Publisher

_NAME = RegexValidator(r"^[a-z0-9][a-z0-9-]*$", _("Use small letters, digits and “-”."))


class QuestionSetQuerySet(models.QuerySet["QuestionSet"]):
    def visible_to(self, user: Any) -> "QuestionSetQuerySet":
        """Published sets that came with the portal, and those of the publishers where ``user`` holds a role."""
        held = scopes(user)
        if held.everywhere:
            return self
        shipped = Q(publisher=None) & ~Q(stage="draft")
        theirs = ModelFamily.objects.filter(pk__in=held.family_ids()).values("publisher")
        return self.filter(shipped | Q(publisher__in=held.publisher_ids()) | Q(publisher__in=theirs))

    def for_publisher(self, publisher_id: int) -> "QuestionSetQuerySet":
        """What a publisher's releases can be reviewed with: its own sets, and shipped ones it has none of itself."""
        published = self.filter(stage=QuestionSet.Stage.PUBLISHED)
        own = QuestionSet.objects.filter(publisher=publisher_id, stage=QuestionSet.Stage.PUBLISHED).values("slug")
        return published.filter(Q(publisher=publisher_id) | Q(publisher=None) & ~Q(slug__in=own))


class QuestionSet(Staged):
    """One version of a set of questions. Once it was published it does not change: answers refer to it."""

    class Stage(models.TextChoices):
        """Where a version is.

        - draft: imported, not used yet
        - published: what new reviews ask; one version of each set
        - superseded: replaced by a later version, or retired; reviews made with it stay readable
        """

        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("In use")
        SUPERSEDED = "superseded", _("Superseded")

    publisher = models.ForeignKey(
        Publisher,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="question_sets",
        verbose_name=_("publisher"),
        help_text=_("Empty for the sets that came with the portal."),
    )
    slug = models.CharField(_("short name"), max_length=60, validators=[_NAME])
    number = models.PositiveIntegerField(_("version"), editable=False)
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    title = models.CharField(_("title"), max_length=200)
    about = models.TextField(_("what it is about"), blank=True)
    review_days = models.PositiveSmallIntegerField(_("ask again after, in days"), default=365)
    # SHA-256 of all that it asks, so that loading the same set twice makes one version.
    digest = models.CharField(max_length=64, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    published_at = models.DateTimeField(_("in use since"), null=True, editable=False)

    objects = QuestionSetQuerySet.as_manager()

    class Meta:
        ordering = ["title", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["publisher", "slug", "number"], name="question_set_versions_count_up", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["publisher", "slug"],
                name="one_published_version_per_question_set",
                condition=Q(stage="published"),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["draft", "published", "superseded"]), name="question_set_stage_is_known"
            ),
            models.CheckConstraint(
                condition=Q(stage="draft") | Q(published_at__isnull=False), name="question_set_in_use_says_since_when"
            ),
            models.CheckConstraint(condition=Q(review_days__gte=1), name="question_set_is_asked_again"),
        ]

    def __str__(self) -> str:
        return str(_("%(title)s, version %(number)s")) % {"title": self.title, "number": self.number}

    def get_absolute_url(self) -> str:
        return address("registry:question_set", self.pk)


class Question(models.Model):
    """One question of a set, known by its key through all versions of it."""

    class Kind(models.TextChoices):
        YES_NO = "yes_no", _("Yes or no")
        YES_PARTLY_NO = "yes_partly_no", _("Yes, partly or no")
        SCALE = "scale", _("1 to 5")
        TEXT = "text", _("Words")

    question_set = models.ForeignKey(QuestionSet, models.CASCADE, related_name="questions")
    key = models.CharField(_("key"), max_length=60, validators=[_NAME])
    position = models.PositiveSmallIntegerField(_("position"))
    section = models.CharField(_("section"), max_length=120, blank=True)
    text = models.CharField(_("question"), max_length=400)
    help = models.TextField(_("hint"), blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.YES_NO)
    # The answers after which a risk has to be raised, linked, or ruled out with a reason.
    raises_when = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    risk_title = models.CharField(_("the risk it raises"), max_length=200, blank=True)
    is_required = models.BooleanField(_("has to be answered"), default=True)

    class Meta:
        ordering = ["question_set", "position"]
        constraints = [
            models.UniqueConstraint(fields=["question_set", "key"], name="one_question_per_key"),
            models.CheckConstraint(
                condition=Q(kind__in=["yes_no", "yes_partly_no", "scale", "text"]), name="question_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def answers(self) -> list[tuple[str, Any]]:
        """What can be chosen; empty where words are asked for. “Not applicable” is always possible, with a note."""
        return answers_of(self.kind)

    def label_of(self, value: str) -> str:
        return str(dict(self.answers).get(value, value))


def answers_of(kind: str) -> list[tuple[str, Any]]:
    if kind == Question.Kind.TEXT:
        return []
    if kind == Question.Kind.SCALE:
        return [*((str(step), str(step)) for step in range(1, 6)), ("na", _("Does not apply"))]
    partly = [("partly", _("Partly"))] if kind == Question.Kind.YES_PARTLY_NO else []
    return [("yes", _("Yes")), *partly, ("no", _("No")), ("na", _("Does not apply"))]


class RequiredReview(models.Model):
    """A publisher asks for a review with this set before a release goes public."""

    publisher = models.ForeignKey(Publisher, models.CASCADE, related_name="required_reviews")
    slug = models.CharField(_("question set"), max_length=60)
    blocks = models.BooleanField(
        _("no publication without it"),
        default=False,
        help_text=_("Otherwise the release page says that it is missing, and that is all."),
    )

    class Meta:
        ordering = ["publisher", "slug"]
        constraints = [models.UniqueConstraint(fields=["publisher", "slug"], name="one_requirement_per_set")]

    def __str__(self) -> str:
        return self.slug
