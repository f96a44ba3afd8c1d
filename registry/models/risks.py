import re
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.addresses import address
from common.models import Staged, Timestamped
from registry.models.catalogue import PUBLIC_STAGES, ModelFamily, Release
from registry.models.objectives import Objective
from registry.scale import Level, Likelihood, Severity, level

# A risk of one release only is shown no earlier than that release.
_SHOWN = Q(is_public=True) & (Q(release=None) | Q(release__stage__in=PUBLIC_STAGES))


class RiskQuerySet(models.QuerySet["Risk"]):
    def visible_to(self, user: Any) -> "RiskQuerySet":
        """Risks ``user`` may know of: those shown to the public, and all of the families they hold a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        released = Exists(Release.objects.filter(family_id=OuterRef("family_id"), stage__in=PUBLIC_STAGES))
        shown = Q(released) & _SHOWN & ~Q(stage="draft")
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(shown | mine)

    def shown(self) -> "RiskQuerySet":
        """What anybody may see of the risks of a public family."""
        return self.filter(_SHOWN).exclude(stage=Risk.Stage.DRAFT)

    def matching(self, text: str) -> "RiskQuerySet":
        """Risks with all words of ``text``, the last perhaps unfinished; “R-12” finds the number."""
        if number := re.fullmatch(r"\s*R-(\d{1,9})\s*", text, re.IGNORECASE):
            return self.filter(number=int(number[1]))
        words = re.findall(r"\w+", text)[:12]
        if not words:
            return self
        return self.filter(
            words=SearchQuery(" & ".join(f"'{word}':*" for word in words), config="english", search_type="raw")
        )

    def open(self) -> "RiskQuerySet":
        return self.filter(stage=Risk.Stage.OPEN)


class Risk(Staged, Timestamped):
    """Something that can go wrong with a model family, and the person who answers for it."""

    class Stage(models.TextChoices):
        """Where a risk is.

        - draft: recorded, perhaps without owner or assessment
        - open: owned, assessed, being treated
        - closed: no longer applies, with the reason on record
        """

        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="risks", verbose_name=_("model family"))
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="risks", verbose_name=_("only this release")
    )
    number = models.PositiveIntegerField(_("number"), editable=False)
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    title = models.CharField(_("risk"), max_length=200)
    harm = models.TextField(_("the harm"), help_text=_("What could happen, and how."))
    affected = models.TextField(_("who it touches"), blank=True)
    objective = models.ForeignKey(
        Objective,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="risks",
        verbose_name=_("objective it threatens"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_risks",
        verbose_name=_("risk owner"),
    )
    is_public = models.BooleanField(_("shown on the public page"), default=True)
    inherent_likelihood = models.PositiveSmallIntegerField(choices=Likelihood.choices, null=True, editable=False)
    inherent_severity = models.PositiveSmallIntegerField(choices=Severity.choices, null=True, editable=False)
    residual_likelihood = models.PositiveSmallIntegerField(choices=Likelihood.choices, null=True, editable=False)
    residual_severity = models.PositiveSmallIntegerField(choices=Severity.choices, null=True, editable=False)
    inherent_score = models.GeneratedField(
        expression=F("inherent_likelihood") * F("inherent_severity"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    residual_score = models.GeneratedField(
        expression=F("residual_likelihood") * F("residual_severity"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    # The judgement that counts now: after mitigation where there is one, else before it.
    current_likelihood = models.GeneratedField(
        expression=Coalesce("residual_likelihood", "inherent_likelihood"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    current_severity = models.GeneratedField(
        expression=Coalesce("residual_severity", "inherent_severity"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    current_score = models.GeneratedField(
        expression=Coalesce(
            F("residual_likelihood") * F("residual_severity"), F("inherent_likelihood") * F("inherent_severity")
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    # Worst first, and no two alike, so that a page of the register begins exactly where the last one ended.
    urgency = models.GeneratedField(
        expression=Coalesce(
            F("residual_likelihood") * F("residual_severity"), F("inherent_likelihood") * F("inherent_severity"), 0
        )
        * 2**40
        + F("id"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    words = models.GeneratedField(
        expression=SearchVector("title", "harm", "affected", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    opened_at = models.DateTimeField(_("opened"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)

    objects = RiskQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["family", "number"], name="risk_numbers_count_up"),
            models.CheckConstraint(condition=Q(stage__in=["draft", "open", "closed"]), name="risk_stage_is_known"),
            models.CheckConstraint(
                condition=Q(stage="draft") | Q(owner__isnull=False),
                name="open_risk_has_owner",
                violation_error_message=_("Name a risk owner first."),
            ),
            models.CheckConstraint(
                condition=Q(stage="draft") | Q(inherent_likelihood__isnull=False, inherent_severity__isnull=False),
                name="open_risk_is_assessed",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__range": (1, 5)}) | Q(**{f"{name}__isnull": True}), name=f"{name}_on_scale"
                )
                for name in ("inherent_likelihood", "inherent_severity", "residual_likelihood", "residual_severity")
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{kind}_likelihood__isnull": True, f"{kind}_severity__isnull": True})
                    | Q(**{f"{kind}_likelihood__isnull": False, f"{kind}_severity__isnull": False}),
                    name=f"{kind}_judgement_is_whole",
                )
                for kind in ("inherent", "residual")
            ),
        ]
        indexes = [
            # The register of a family, worst first, and the same across all families.
            models.Index(fields=["family", "-urgency"], name="risk_of_family"),
            models.Index(fields=["-urgency"], name="risk_worst_first"),
            GinIndex(fields=["words"], name="risk_words"),
            models.Index(fields=["owner", "stage"], name="risk_of_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        """R-3: unique within the family."""
        return f"R-{self.number}"

    @property
    def inherent(self) -> Level | None:
        return level(self.inherent_score)

    @property
    def residual(self) -> Level | None:
        """The level after mitigation; None until somebody has assessed what mitigation does."""
        return level(self.residual_score)

    @property
    def current(self) -> Level | None:
        """The level that counts now: after mitigation where it was assessed, else before it."""
        return level(self.current_score)

    def get_absolute_url(self) -> str:
        return address("registry:risk", self.pk)


class RiskAssessment(models.Model):
    """One judgement of a risk, with its reason. Never changed: a new judgement is a new row."""

    class Kind(models.TextChoices):
        INHERENT = "inherent", _("Before mitigation")
        RESIDUAL = "residual", _("After mitigation")

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="assessments")
    kind = models.CharField(_("when"), max_length=10, choices=Kind.choices)
    likelihood = models.PositiveSmallIntegerField(_("likelihood"), choices=Likelihood.choices)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity.choices)
    rationale = models.TextField(_("why"))
    assessed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    assessed_at = models.DateTimeField(_("assessed"), auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(likelihood__range=(1, 5)) & Q(severity__range=(1, 5)), name="assessment_on_scale"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.likelihood} × {self.severity}"

    @property
    def level(self) -> Level | None:
        return level(self.likelihood * self.severity)
