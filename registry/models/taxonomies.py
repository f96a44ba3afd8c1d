"""Names that others gave to risks and harms, so that registers can be compared."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Taxonomy(models.Model):
    """A published list of risks or harms: shipped with the portal, or imported."""

    class Kind(models.TextChoices):
        RISK = "risk", _("Risks")
        HARM = "harm", _("Kinds of harm")

    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("lists"), max_length=10, choices=Kind.choices)
    version = models.CharField(_("version"), max_length=40, blank=True)
    url = models.URLField(_("source"), blank=True)
    licence = models.CharField(_("licence"), max_length=120, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "taxonomies"
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=["risk", "harm"]), name="taxonomy_kind")]

    def __str__(self) -> str:
        return self.name


class TermQuerySet(models.QuerySet["Term"]):
    def visible_to(self, user: Any) -> "TermQuerySet":
        """Everybody may read the lists."""
        return self


class Term(models.Model):
    """One entry of a taxonomy, known by its code there."""

    taxonomy = models.ForeignKey(Taxonomy, models.PROTECT, related_name="terms")
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("what it means"), blank=True)
    # A list is kept as it grew: what a newer version of it dropped stays readable on old risks.
    is_current = models.BooleanField(_("in the current version"), default=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["taxonomy", "pk"]
        constraints = [models.UniqueConstraint(fields=["taxonomy", "code"], name="one_term_per_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
