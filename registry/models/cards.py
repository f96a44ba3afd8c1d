from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models.catalogue import SHA256, OfRelease, Release


class ModelCard(models.Model):
    """One version of a release's card: the source as it was given, and what was read from it."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="cards")
    number = models.PositiveIntegerField(_("version"))
    source = models.TextField(_("source"))
    body = models.TextField(_("text"))
    metadata = models.JSONField(_("metadata"), default=dict)
    sha256 = models.CharField(max_length=64, validators=[SHA256])
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = OfRelease.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["release", "number"], name="card_versions_count_up")]

    def __str__(self) -> str:
        return f"Model card {self.number}"
