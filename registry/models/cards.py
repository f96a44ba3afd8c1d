from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import BooleanField, Case, Exists, OuterRef, Q, When
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from registry.models.catalogue import PUBLIC_STAGES, SHA256, OfRelease, Release


class CardVersions(OfRelease):
    def visible_to(self, user: Any) -> "CardVersions":
        """Versions that ``user`` may read: of public releases that of record and the corrections to it.

        What a card said before its release was published is for people with a role.
        """
        held = scopes(user)
        if held.everywhere:
            return self
        theirs = Q(release__family__publisher_id__in=held.publisher_ids()) | Q(release__family_id__in=held.family_ids())
        return self.filter(Q(release__stage__in=PUBLIC_STAGES) & ~_later() | theirs)

    def marked(self) -> "CardVersions":
        """With ``of_record``: whether a version is the one that the revision of its release covers."""
        covered = Q(release__stage__in=PUBLIC_STAGES) & Q(correction_note="") & ~_later()
        return self.annotate(of_record=Case(When(covered, then=True), default=False, output_field=BooleanField()))

    def of_record(self) -> "CardVersions":
        """For one release: the version that its revision covers, which is the last that is no correction."""
        return self.filter(correction_note="").order_by("-number")[:1]


def _later() -> Exists:
    """A later version of the same card that is no correction."""
    rows = ModelCard.objects.filter(release=OuterRef("release"), number__gt=OuterRef("number"), correction_note="")
    return Exists(rows.order_by())


class ModelCard(models.Model):
    """One version of a release's card: the source as it was given, and what was read from it.

    Versions count up and are never changed. After publication a version is a correction and says what it
    corrects; the last one before is the version of record.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="cards")
    number = models.PositiveIntegerField(_("version"))
    source = models.TextField(_("source"))
    body = models.TextField(_("text"))
    metadata = models.JSONField(_("metadata"), default=dict)
    sha256 = models.CharField(max_length=64, validators=[SHA256])
    correction_note = models.TextField(_("what was corrected, and why"), blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = CardVersions.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["release", "number"], name="card_versions_count_up")]

    def __str__(self) -> str:
        return f"Model card {self.number}"

    @property
    def is_correction(self) -> bool:
        return bool(self.correction_note)
