from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from registry.models.catalogue import PUBLIC_STAGES, Release


class Relation(models.TextChoices):
    """How a release was made from another. The first four are the Hub's ``base_model_relation``."""

    FINETUNE = "finetune", _("Fine-tuned from")
    ADAPTER = "adapter", _("Adapter for")
    QUANTIZED = "quantized", _("Quantised from")
    MERGE = "merge", _("Merged from")
    DISTILLED = "distilled", _("Distilled from")
    CONTINUED = "continued", _("Trained further from")
    CONVERTED = "converted", _("Converted from")
    OTHER = "other", _("Made from")


class ReleaseParentQuerySet(models.QuerySet["ReleaseParent"]):
    def visible_to(self, user: Any) -> "ReleaseParentQuerySet":
        """Edges both ends of which ``user`` may know of."""
        held = scopes(user)
        if held.everywhere:
            return self

        def seen(end: str) -> Q:
            mine = {
                f"{end}__family__publisher_id__in": held.publisher_ids(),
                f"{end}__family_id__in": held.family_ids(),
            }
            theirs = Q(*mine.items(), _connector=Q.OR)
            return Q(**{f"{end}__stage__in": PUBLIC_STAGES}) | theirs

        return self.filter(seen("release"), Q(parent__isnull=True) | seen("parent"))


class ReleaseParent(models.Model):
    """What a release was made from: a release here, or something elsewhere by its name.

    The database refuses an edge that would make a release its own ancestor, also when two people draw the
    two halves of a circle at once.
    """

    Relation = Relation

    release = models.ForeignKey(Release, models.CASCADE, related_name="parents", verbose_name=_("release"))
    parent = models.ForeignKey(
        Release,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="derivatives",
        verbose_name=_("made from this release here"),
    )
    parent_name = models.CharField(
        _("or from a model elsewhere"),
        max_length=200,
        blank=True,
        help_text=_("As it is called there, such as “google/gemma-2-9b” on the Hugging Face Hub."),
    )
    relation = models.CharField(_("how"), max_length=12, choices=Relation.choices, default=Relation.FINETUNE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = ReleaseParentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=False, parent_name="") | Q(parent__isnull=True) & ~Q(parent_name=""),
                name="parent_is_here_or_elsewhere",
            ),
            models.CheckConstraint(condition=~Q(parent=F("release")), name="release_is_not_its_own_parent"),
            models.CheckConstraint(condition=Q(relation__in=Relation.values), name="relation_is_known"),
            models.UniqueConstraint(
                fields=["release", "parent"],
                name="one_edge_per_parent",
                violation_error_message=_("This release is among its parents already."),
            ),
            models.UniqueConstraint(
                fields=["release", "parent_name"],
                condition=~Q(parent_name=""),
                name="one_edge_per_parent_elsewhere",
                violation_error_message=_("This model is among its parents already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_relation_display()} {self.parent or self.parent_name}"
