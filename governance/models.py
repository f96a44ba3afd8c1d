from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from accounts.roles import Role
from common.addresses import address
from common.models import Staged, Timestamped
from registry.models import ModelFamily, Release, Risk

# One expression for the index and for the search, or PostgreSQL does not recognise it.
SEARCHED = SearchVector("title", "context", "outcome", "consequences", "stops_holding_when", config="english")


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: Any) -> "DecisionQuerySet":
        """Decisions ``user`` may read: everything published, and drafts of the families they hold a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(~Q(stage=Decision.Stage.DRAFT) | mine)

    def published(self) -> "DecisionQuerySet":
        """What the public log holds, whether it still applies or not."""
        return self.exclude(stage=Decision.Stage.DRAFT)

    def in_force(self) -> "DecisionQuerySet":
        return self.filter(stage=Decision.Stage.PUBLISHED)

    def search(self, words: str) -> "DecisionQuerySet":
        """Decisions that contain ``words``, or the one whose reference they are ("D-12")."""
        reference = words.strip().upper().removeprefix("D-").removeprefix("D")
        if reference.isascii() and reference.isdigit() and len(reference) < 10:
            return self.filter(number=int(reference))
        query = SearchQuery(words, config="english", search_type="websearch")
        return self.annotate(searched=SEARCHED).filter(searched=query)


class Decision(Staged, Timestamped):
    """What was decided about a model family, why, at what cost, and when it stops holding.

    Once published, the database refuses every change of its text, options, risks and evidence: a
    correction is a new decision that supersedes it.
    """

    class Stage(models.TextChoices):
        """Where a decision is.

        - draft: being written; only people with a role for the family know of it
        - published: in the public log and in force
        - superseded: in the public log, replaced by a later decision
        - void: in the public log, no longer in force, with the reason on record
        """

        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("In force")
        SUPERSEDED = "superseded", _("Superseded")
        VOID = "void", _("No longer in force")

    number = models.PositiveIntegerField(_("number"), unique=True, editable=False)
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="decisions", verbose_name=_("model family"))
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="decisions", verbose_name=_("only this release")
    )
    title = models.CharField(_("decision"), max_length=200, help_text=_("What was decided, in one line."))
    context = models.TextField(_("context"), blank=True, help_text=_("What made a decision necessary."))
    outcome = models.TextField(_("outcome and reasons"), blank=True, help_text=_("What was decided and why."))
    consequences = models.TextField(_("consequences"), blank=True, help_text=_("What follows, for better and worse."))
    dissent = models.TextField(_("dissenting views"), blank=True)
    stops_holding_when = models.TextField(
        _("when it stops holding"),
        blank=True,
        help_text=_("The conditions under which this reasoning no longer applies."),
    )
    review_by = models.DateField(_("review by"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by"), null=True, blank=True
    )
    decided_as = models.CharField(_("decided as"), max_length=20, choices=Role.choices, default=Role.RELEASE_MANAGER)
    decided_on = models.DateField(_("decided on"), default=timezone.localdate)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", verbose_name=_("supersedes")
    )
    risks = models.ManyToManyField(Risk, blank=True, related_name="decisions", verbose_name=_("risks it is about"))
    annulment_reason = models.TextField(_("why it is no longer in force"), blank=True, editable=False)
    annulled_at = models.DateTimeField(_("no longer in force since"), null=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("published by"),
    )
    published_at = models.DateTimeField(_("published"), null=True, editable=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["draft", "published", "superseded", "void"]), name="decision_stage_is_known"
            ),
            models.CheckConstraint(
                condition=Q(stage="draft")
                | Q(published_at__isnull=False, published_by__isnull=False, decided_by__isnull=False),
                name="published_decision_says_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(stage="draft")
                | (~Q(context="") & ~Q(outcome="") & ~Q(consequences="") & ~Q(stops_holding_when="")),
                name="published_decision_is_complete",
            ),
            models.CheckConstraint(
                condition=~Q(stage="void") | (~Q(annulment_reason="") & Q(annulled_at__isnull=False)),
                name="void_decision_says_why",
            ),
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True) | ~Q(supersedes=F("id")), name="decision_supersedes_another"
            ),
        ]
        indexes = [
            # The public log and its feed, newest first, for everything and for one family.
            models.Index(fields=["-published_at"], name="decision_log", condition=~Q(stage="draft")),
            models.Index(fields=["family", "-published_at"], name="decision_of_family"),
            GinIndex(SEARCHED, name="decision_search"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        """D-12: unique in the portal."""
        return f"D-{self.number}"

    @property
    def is_public(self) -> bool:
        return self.stage != self.Stage.DRAFT

    @property
    def review_overdue(self) -> bool:
        return (
            self.stage == self.Stage.PUBLISHED and self.review_by is not None and self.review_by < timezone.localdate()
        )

    def get_absolute_url(self) -> str:
        return address("governance:decision", self.pk)

    def get_workspace_url(self) -> str:
        return address("governance:decision_case", self.pk)


class DecisionOption(models.Model):
    """One of the ways that were considered, with what speaks for and against it."""

    decision = models.ForeignKey(Decision, models.CASCADE, related_name="options")
    order = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(_("option"), max_length=200)
    arguments_for = models.TextField(_("for it"), blank=True)
    arguments_against = models.TextField(_("against it"), blank=True)
    chosen = models.BooleanField(_("chosen"), default=False)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["decision"], condition=Q(chosen=True), name="one_option_is_chosen"),
        ]

    def __str__(self) -> str:
        return self.name


class DecisionEvidence(models.Model):
    """Something a decision rests on, by its address and, where it is a file, by its digest."""

    decision = models.ForeignKey(Decision, models.CASCADE, related_name="evidence")
    label = models.CharField(_("what it is"), max_length=200)
    url = models.URLField(_("address"), max_length=500)
    sha256 = models.CharField(
        _("SHA-256"),
        max_length=64,
        blank=True,
        validators=[RegexValidator(r"^[0-9a-f]{64}$", _("A SHA-256 digest is 64 hexadecimal digits."))],
    )

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "decision evidence"

    def __str__(self) -> str:
        return self.label
