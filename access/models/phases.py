from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models.tiers import Tier
from accounts.permissions import scopes
from registry.models import Phase


class PhaseTierQuerySet(models.QuerySet["PhaseTier"]):
    def visible_to(self, user: Any) -> "PhaseTierQuerySet":
        """What opens in the phases that ``user`` may know of, of the tiers they may know of."""
        if scopes(user).everywhere:
            return self
        return self.filter(phase__in=Phase.objects.visible_to(user), tier__in=Tier.objects.visible_to(user))


class PhaseTier(models.Model):
    """A tier that is open while a release is in a phase of its plan.

    Rows are added while the phase is planned and may be taken away at any time: opening more is a new phase
    with criteria of its own, closing waits for nothing. The database refuses anything else.
    """

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="tiers")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="phases")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = PhaseTierQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["phase", "tier"], name="phase_opens_tier_once")]

    def __str__(self) -> str:
        return f"{self.tier} ({self.phase_id})"
