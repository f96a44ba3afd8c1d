from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.models import Staged, Timestamped
from registry.models.catalogue import ModelFamily
from registry.models.risks import Risk


class MitigationQuerySet(models.QuerySet["Mitigation"]):
    def visible_to(self, user: Any) -> "MitigationQuerySet":
        """Mitigations of a risk that ``user`` may know of, where the publisher shows them, and all of the families
        they hold a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        through = Mitigation.risks.through.objects.filter(mitigation_id=OuterRef("pk"))
        known = Risk.objects.visible_to(user).filter(family__publisher__public_risk_fields__contains=["mitigations"])
        seen = Exists(through.filter(risk__in=known.values("pk")))
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(mine | Q(seen))

    def unfinished(self) -> "MitigationQuerySet":
        return self.filter(stage__in=[Mitigation.Stage.PLANNED, Mitigation.Stage.IN_PROGRESS])

    def counting(self) -> "MitigationQuerySet":
        """Those that are, or are to be, at work: neither dropped nor retired."""
        return self.exclude(stage__in=[Mitigation.Stage.DROPPED, Mitigation.Stage.RETIRED])


class Mitigation(Staged, Timestamped):
    """What is done about one or several risks, by whom and until when."""

    class Stage(models.TextChoices):
        """Where a mitigation is.

        - planned, in progress: not at work yet
        - done: at work
        - dropped: never came, with the reason on record
        - retired: was at work and no longer is, with the reason on record
        """

        PLANNED = "planned", _("Planned")
        IN_PROGRESS = "in_progress", _("In progress")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")
        RETIRED = "retired", _("Retired")

    class Kind(models.TextChoices):
        """What it does about a risk: keeps it from happening, notices it, or limits what follows."""

        PREVENT = "prevent", _("Prevents")
        DETECT = "detect", _("Detects")
        RESPOND = "respond", _("Responds")

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="mitigations")
    risks = models.ManyToManyField(Risk, related_name="mitigations")
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.PLANNED, editable=False)
    title = models.CharField(_("mitigation"), max_length=200)
    kind = models.CharField(_("what it does"), max_length=8, choices=Kind.choices, blank=True)
    description = models.TextField(_("how it works"), blank=True)
    evidence = models.TextField(
        _("evidence"), blank=True, help_text=_("Where one can see that it is in place: a test, a document, an address.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_mitigations", verbose_name=_("owner")
    )
    due_on = models.DateField(_("due"))
    retirement_reason = models.TextField(_("why it was retired"), blank=True, editable=False)

    objects = MitigationQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["planned", "in_progress", "done", "dropped", "retired"]),
                name="mitigation_stage_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["", "prevent", "detect", "respond"]), name="mitigation_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(stage="retired") | ~Q(retirement_reason=""), name="retired_mitigation_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_on"], name="mitigation_due", condition=Q(stage__in=["planned", "in_progress"])
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def unfinished(self) -> bool:
        return self.stage in {self.Stage.PLANNED, self.Stage.IN_PROGRESS}

    @property
    def overdue(self) -> bool:
        return self.unfinished and self.due_on < timezone.localdate()


class MitigationMeasurementQuerySet(models.QuerySet["MitigationMeasurement"]):
    def visible_to(self, user: Any) -> "MitigationMeasurementQuerySet":
        """How well a mitigation works is the team's: of the families ``user`` holds a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(
            Q(mitigation__family__publisher_id__in=held.publisher_ids())
            | Q(mitigation__family_id__in=held.family_ids())
        )


class MitigationMeasurement(models.Model):
    """How well a mitigation was found to work, when and where that is written down. Never changed: measure anew."""

    class Effect(models.TextChoices):
        WORKS = "works", _("Works")
        PARTLY = "partly", _("Works in part")
        FAILS = "fails", _("Does not work")

    mitigation = models.ForeignKey(Mitigation, models.PROTECT, related_name="measurements")
    measured = models.CharField(_("what was measured"), max_length=200)
    result = models.CharField(_("result"), max_length=300, help_text=_("A value with its unit, or words."))
    effect = models.CharField(_("what it says"), max_length=8, choices=Effect.choices)
    measured_on = models.DateField(_("measured on"))
    evidence = models.TextField(_("where it is written down"), blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    objects = MitigationMeasurementQuerySet.as_manager()

    class Meta:
        ordering = ["-measured_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(measured="") & ~Q(result=""), name="effect_says_what_was_found"),
            models.CheckConstraint(condition=Q(effect__in=["works", "partly", "fails"]), name="effect_is_known"),
        ]
        indexes = [models.Index(fields=["mitigation", "-measured_on", "-id"], name="effect_newest")]

    def __str__(self) -> str:
        return f"{self.measured}: {self.result}"
