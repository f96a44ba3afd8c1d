"""The scale on which a publisher judges its risks, by version."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from accounts.roles import Role
from common.addresses import address
from common.models import Staged
from registry.models.catalogue import Publisher
from registry.scale import LARGEST, Band


def _words(label: Any, **options: Any) -> ArrayField:
    return ArrayField(models.CharField(max_length=80), verbose_name=label, **options)


class RiskScaleQuerySet(models.QuerySet["RiskScale"]):
    def visible_to(self, user: Any) -> "RiskScaleQuerySet":
        """Scales of the publishers ``user`` may know of; a draft is known to whoever holds a role there."""
        held = scopes(user)
        if held.everywhere:
            return self
        theirs = Q(pk__in=held.publisher_ids()) | Q(families__pk__in=held.family_ids())
        mine = Q(publisher__in=Publisher.objects.filter(theirs).values("pk"))
        known = Q(publisher__in=Publisher.objects.visible_to(user).values("pk"))
        return self.filter(mine | known & ~Q(stage="draft"))

    def in_force(self) -> "RiskScaleQuerySet":
        return self.filter(stage=RiskScale.Stage.ACTIVE)


class RiskScale(Staged):
    """One version of a publisher's scale: words for likelihood and severity, and the band of every pair.

    A judgement keeps the version it was made on. Once a version has been in force it does not change.
    """

    class Stage(models.TextChoices):
        """Where a version of a scale is.

        - draft: being worked out; shows what it would move before it counts
        - active: what new judgements are made on; one per publisher
        - superseded: replaced by a later version; old judgements keep it
        """

        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("In force")
        SUPERSEDED = "superseded", _("Superseded")

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="risk_scales", verbose_name=_("publisher"))
    number = models.PositiveIntegerField(_("version"), editable=False)
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    likelihoods = _words(_("words for likelihood, the least first"))
    severities = _words(_("words for severity, the least first"))
    detectabilities = _words(_("words for how soon it is noticed, the soonest first"), default=list, blank=True)
    reversibilities = _words(_("words for how far it can be undone, the easiest first"), default=list, blank=True)
    # By likelihood, then severity, the least first: what the database reads the band of a judgement from.
    grid = ArrayField(ArrayField(models.CharField(max_length=10, choices=Band.choices)), verbose_name=_("bands"))
    # Where each step of the version before goes, the least first; empty where the steps are the same.
    likelihood_map = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    severity_map = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    note = models.TextField(_("why this version"), blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    activated_at = models.DateTimeField(_("in force since"), null=True, editable=False)
    # Carries the risks over, where there are too many to do it while somebody waits.
    job = models.ForeignKey("common.Job", models.PROTECT, null=True, related_name="+", editable=False)

    objects = RiskScaleQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["publisher", "number"], name="scale_versions_count_up"),
            models.UniqueConstraint(
                fields=["publisher"], name="one_active_scale_per_publisher", condition=Q(stage="active")
            ),
            models.UniqueConstraint(
                fields=["publisher"],
                name="one_draft_scale_per_publisher",
                condition=Q(stage="draft"),
                violation_error_message=_("A new version of this scale is being drafted already."),
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["draft", "active", "superseded"]), name="scale_stage_is_known"
            ),
            models.CheckConstraint(
                condition=Q(stage="draft") | Q(activated_at__isnull=False), name="scale_in_force_says_since_when"
            ),
            models.CheckConstraint(
                condition=Q(likelihoods__len__gte=2, likelihoods__len__lte=LARGEST)
                & Q(severities__len__gte=2, severities__len__lte=LARGEST),
                name="scale_has_two_to_seven_steps",
            ),
        ]

    def __str__(self) -> str:
        return str(_("Scale %(number)s")) % {"number": self.number}

    def band(self, likelihood: int, severity: int) -> Band:
        """The band of a pair, counted from 1. Raises ``ValueError`` off the scale."""
        if not (1 <= likelihood <= len(self.likelihoods) and 1 <= severity <= len(self.severities)):
            raise ValueError(f"{likelihood} × {severity} is off {self}.")
        return Band(self.grid[likelihood - 1][severity - 1])

    def get_absolute_url(self) -> str:
        return address("registry:scale", self.pk)


def roles_accepting(role: str) -> frozenset[Role]:
    """Who may accept where a scale asks for ``role``: a release manager may all that a risk owner may."""
    return frozenset({Role(role), Role.RELEASE_MANAGER} if role == Role.RISK_OWNER else {Role(role)})


class BandRule(models.Model):
    """What follows from a band: how often to look again, who may accept it and for how long, and whether two
    people are needed to lower it."""

    scale = models.ForeignKey(RiskScale, models.CASCADE, related_name="rules")
    band = models.CharField(_("band"), max_length=10, choices=Band.choices)
    label = models.CharField(_("your word for it"), max_length=40, blank=True)
    review_days = models.PositiveSmallIntegerField(_("look again after, in days"))
    acceptance_days = models.PositiveSmallIntegerField(
        _("may be accepted for at most, in days"), help_text=_("0 where such a risk may not be accepted at all.")
    )
    accepted_by = models.CharField(
        _("who may accept it"), max_length=30, choices=Role.choices, default=Role.RELEASE_MANAGER.value
    )
    needs_second_person = models.BooleanField(
        _("lowering needs a second person"),
        default=False,
        help_text=_("Somebody else has to confirm when the owner lowers such a risk."),
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["scale", "band"], name="one_rule_per_band"),
            models.CheckConstraint(condition=Q(band__in=Band.values), name="rule_band_is_known"),
            models.CheckConstraint(condition=Q(review_days__gte=1), name="rule_reviews_some_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_band_display()}: {self.review_days} d"
