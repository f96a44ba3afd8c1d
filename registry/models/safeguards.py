from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.models import Staged, Timestamped, Versioned
from registry.models.catalogue import PUBLIC_STAGES, ModelFamily, Release
from registry.models.risks import Risk


class SafeguardQuerySet(models.QuerySet["Safeguard"]):
    def visible_to(self, user: Any) -> "SafeguardQuerySet":
        """Safeguards shown to the public, and all of the families ``user`` holds a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        released = Exists(Release.objects.filter(family_id=OuterRef("family_id"), stage__in=PUBLIC_STAGES))
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(Q(released) & Q(is_public=True) | mine)

    def shown(self) -> "SafeguardQuerySet":
        """What anybody may see of the safeguards of a public family."""
        return self.filter(is_public=True)

    def active(self) -> "SafeguardQuerySet":
        return self.exclude(stage=Safeguard.Stage.RETIRED)


class Safeguard(Staged, Timestamped):
    """What stands between a model and a harm, why it was chosen over others, and by which decision."""

    class Stage(models.TextChoices):
        """Where a safeguard is.

        - planned: chosen or being considered; nobody is protected by it yet
        - in_place: works
        - retired: no longer works, with the reason on record
        """

        PLANNED = "planned", _("Planned")
        IN_PLACE = "in_place", _("In place")
        RETIRED = "retired", _("Retired")

    class Kind(models.TextChoices):
        CONTENT_FILTER = "content_filter", _("Content filter")
        BIAS_MITIGATION = "bias_mitigation", _("Bias mitigation")
        DATA_RESTRICTION = "data_restriction", _("Restriction of data sources")
        ACCESS_RESTRICTION = "access_restriction", _("Restriction of access")
        MONITORING = "monitoring", _("Monitoring")
        TRAINING_METHOD = "training_method", _("Method of training")
        OTHER = "other", _("Other")

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="safeguards", verbose_name=_("model family"))
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.PLANNED, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    title = models.CharField(_("safeguard"), max_length=200)
    how_it_works = models.TextField(_("how it works"), blank=True)
    why_chosen = models.TextField(_("why it was chosen"), blank=True)
    alternatives = models.TextField(_("what else was considered"), blank=True)
    risks = models.ManyToManyField(Risk, blank=True, related_name="safeguards", verbose_name=_("risks it answers"))
    decision = models.CharField(_("decision that chose it"), max_length=20, blank=True)
    evidence = models.TextField(_("evidence that it works"), blank=True)
    evidence_url = models.URLField(_("address of the evidence"), max_length=500, blank=True)
    is_public = models.BooleanField(_("shown to the public"), default=True)
    in_place_at = models.DateTimeField(_("in place since"), null=True, editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, editable=False)
    retirement_reason = models.TextField(_("why it was retired"), blank=True, editable=False)

    objects = SafeguardQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "title"],
                name="one_safeguard_per_title",
                violation_error_message=_("This model family has a safeguard with this name."),
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["planned", "in_place", "retired"]), name="safeguard_stage_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(stage="in_place") | ~Q(how_it_works="") & ~Q(why_chosen="") & Q(in_place_at__isnull=False),
                name="safeguard_in_place_says_how_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(stage="retired") | ~Q(retirement_reason="") & Q(retired_at__isnull=False),
                name="retired_safeguard_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class HighRiskUseQuerySet(models.QuerySet["HighRiskUse"]):
    def visible_to(self, user: Any) -> "HighRiskUseQuerySet":
        """High-risk uses of the families that ``user`` may know of: nobody hides that a use is dangerous."""
        return self.filter(family__in=ModelFamily.objects.visible_to(user).values("pk"))


class HighRiskUse(Versioned, Timestamped):
    """A use of a model that the law or good sense calls high-risk, and the safeguards that answer it."""

    class Severity(models.TextChoices):
        MODERATE = "moderate", _("Moderate")
        HIGH = "high", _("High")
        CRITICAL = "critical", _("Critical")

    family = models.ForeignKey(
        ModelFamily, models.PROTECT, related_name="high_risk_uses", verbose_name=_("model family")
    )
    title = models.CharField(_("use"), max_length=200)
    affected = models.TextField(_("who it touches"), blank=True)
    why = models.TextField(_("why it is high-risk"))
    source = models.CharField(_("law or other source"), max_length=300, blank=True)
    source_url = models.URLField(_("address of the source"), max_length=500, blank=True)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices, default=Severity.HIGH)
    safeguards = models.ManyToManyField(
        Safeguard, blank=True, related_name="high_risk_uses", verbose_name=_("safeguards that answer it")
    )

    objects = HighRiskUseQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "title"],
                name="one_high_risk_use_per_title",
                violation_error_message=_("This model family has this high-risk use."),
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["moderate", "high", "critical"]), name="high_risk_use_severity_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title
