from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from registry.models.risks import Risk
from registry.models.scales import RiskScale
from registry.scale import LARGEST, Band, Level, level


class RiskAssessment(models.Model):
    """One judgement of a risk, with its reason. Never changed: a new judgement is a new row."""

    class Kind(models.TextChoices):
        INHERENT = "inherent", _("Before mitigation")
        RESIDUAL = "residual", _("After mitigation")
        TARGET = "target", _("Target")

    class Cause(models.TextChoices):
        JUDGED = "judged", _("Judged")
        IMPORTED = "imported", _("Imported")
        REBANDED = "rebanded", _("Carried to a new scale")

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="assessments")
    kind = models.CharField(_("when"), max_length=10, choices=Kind.choices)
    scale = models.ForeignKey(RiskScale, models.PROTECT, related_name="+", editable=False)
    likelihood = models.PositiveSmallIntegerField(_("likelihood"))
    severity = models.PositiveSmallIntegerField(_("severity"))
    # Set by the database from the scale.
    band = models.CharField(max_length=10, choices=Band.choices, editable=False)
    detectability = models.PositiveSmallIntegerField(_("how soon it is noticed"), null=True, blank=True)
    reversibility = models.PositiveSmallIntegerField(_("how far it can be undone"), null=True, blank=True)
    confidence = models.CharField(_("confidence"), max_length=8, choices=Risk.Confidence.choices, blank=True)
    rationale = models.TextField(_("why"))
    evidence = models.TextField(_("evidence"), blank=True, help_text=_("Links, evaluations, permanent references."))
    cause = models.CharField(max_length=10, choices=Cause.choices, default=Cause.JUDGED, editable=False)
    assessed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("assessed by")
    )
    # The second person, where the scale asks for one.
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    assessed_at = models.DateTimeField(_("assessed"), auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(likelihood__range=(1, LARGEST)) & Q(severity__range=(1, LARGEST)),
                name="assessment_on_scale",
            ),
            models.CheckConstraint(condition=~Q(confirmed_by=F("assessed_by")), name="confirmed_by_somebody_else"),
        ]
        indexes = [
            # Reports ask what counted at a moment; the burn-down asks for every day.
            models.Index(fields=["risk", "kind", "-id"], name="assessment_of_risk"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.likelihood} × {self.severity}"

    @property
    def level(self) -> Level | None:
        return level(self.likelihood * self.severity, self.band)
