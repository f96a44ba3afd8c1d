from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Timestamped, Versioned
from registry.models.catalogue import ModelFamily


class ObjectiveQuerySet(models.QuerySet["Objective"]):
    def visible_to(self, user: Any) -> "ObjectiveQuerySet":
        """Objectives of the families that ``user`` may know of."""
        return self.filter(family__in=ModelFamily.objects.visible_to(user).values("pk"))


class Objective(Versioned, Timestamped):
    """What a model family must hold to, so that a risk can say what it threatens."""

    family = models.ForeignKey(ModelFamily, models.CASCADE, related_name="objectives")
    title = models.CharField(_("objective"), max_length=200)
    statement = models.TextField(_("what it means"), blank=True)

    objects = ObjectiveQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["family", "title"], name="one_objective_per_title")]

    def __str__(self) -> str:
        return self.title
