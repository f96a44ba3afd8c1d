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


class Mitigation(Staged, Timestamped):
    """What is done about one or several risks, by whom and until when."""

    class Stage(models.TextChoices):
        """Where a mitigation is: planned, in progress, done, or dropped with the reason on record."""

        PLANNED = "planned", _("Planned")
        IN_PROGRESS = "in_progress", _("In progress")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="mitigations")
    risks = models.ManyToManyField(Risk, related_name="mitigations")
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.PLANNED, editable=False)
    title = models.CharField(_("mitigation"), max_length=200)
    description = models.TextField(_("how it works"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_mitigations", verbose_name=_("owner")
    )
    due_on = models.DateField(_("due"))

    objects = MitigationQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["planned", "in_progress", "done", "dropped"]), name="mitigation_stage_is_known"
            )
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
