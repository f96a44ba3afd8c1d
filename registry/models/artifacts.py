import re
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.models.catalogue import SHA256, OfRelease, Release


def check_artifact_path(path: str) -> None:
    """A relative POSIX path without tricks, of the kind a repository holds."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or not re.fullmatch(r"[A-Za-z0-9._ /+=@()-]{1,300}", path):
        raise ValidationError(_("Use a plain relative path such as “weights/model.safetensors”."))


def artifact_location(artifact: "Artifact", filename: str) -> str:
    """A name of its own for every upload: the digest is known only once the last byte is stored."""
    return f"releases/{artifact.release_id}/{uuid.uuid4().hex}"


class Artifact(models.Model):
    """A file of a release, named by path and known by its digest."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="artifacts")
    path = models.CharField(_("path"), max_length=300, validators=[check_artifact_path])
    size = models.BigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64, validators=[SHA256])
    file = models.FileField(upload_to=artifact_location, max_length=300)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = OfRelease.as_manager()

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "path"],
                name="one_file_per_path",
                violation_error_message=_("The release has this file."),
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="artifact_size_is_not_negative"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="artifact_digest_is_sha256"),
        ]

    def __str__(self) -> str:
        return self.path
