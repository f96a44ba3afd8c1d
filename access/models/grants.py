from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models.requests import AccessRequest
from access.models.tiers import Tier
from access.roles import STAFF, of_my_families
from common.models import Staged, Timestamped
from registry.models import ModelFamily, Release


class GrantStage(models.TextChoices):
    """Where a grant is. That it has ended is not a stage: dates are judged when somebody comes to the gate.

    - active: opens the gate between its dates, if the terms are accepted and the release is published
    - suspended: closed for now, with the reason on record; can be resumed
    - revoked: closed for good, with the reason on record
    - superseded: a renewal has taken its place
    """

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    REVOKED = "revoked", _("Revoked")
    SUPERSEDED = "superseded", _("Renewed")


class GrantQuerySet(models.QuerySet["Grant"]):
    def visible_to(self, user: Any) -> "GrantQuerySet":
        """One's own grants, and those of families one works for."""
        if not getattr(user, "is_authenticated", False):
            return self.none()
        return self.filter(Q(user_id=user.pk) | of_my_families(user, *STAFF))

    def for_staff(self, user: Any) -> "GrantQuerySet":
        return self.filter(of_my_families(user, *STAFF))

    def in_force(self, at: datetime | None = None) -> "GrantQuerySet":
        """Active and between its dates. Whether the gate opens is the evaluator's to say."""
        moment = at or timezone.now()
        return self.filter(stage=GrantStage.ACTIVE, valid_from__lte=moment, valid_until__gt=moment)


class Grant(Staged, Timestamped):
    """The right to a tier of a release, from one moment to another, made by an approved request."""

    Stage = GrantStage

    request = models.ForeignKey(AccessRequest, models.PROTECT, related_name="grants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="grants", verbose_name=_("who"))
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="grants", verbose_name=_("tier"))
    release = models.ForeignKey(Release, models.PROTECT, related_name="grants", verbose_name=_("release"))
    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="grants", editable=False)
    renews = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="renewed_by", editable=False
    )
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.ACTIVE, editable=False)
    valid_from = models.DateTimeField(_("from"))
    valid_until = models.DateTimeField(_("until"))
    stage_reason = models.TextField(_("why it is suspended or revoked"), blank=True, editable=False)
    stage_changed_at = models.DateTimeField(_("suspended or revoked"), null=True, editable=False)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=GrantStage.values), name="grant_stage_is_known"),
            models.CheckConstraint(
                condition=Q(valid_until__gt=models.F("valid_from")), name="grant_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["suspended", "revoked"]) | ~Q(stage_reason=""), name="closed_grant_says_why"
            ),
            # One live grant, so that revoking what a page shows leaves no second one behind.
            models.UniqueConstraint(
                fields=["user", "release", "tier"],
                condition=Q(stage__in=["active", "suspended"]),
                name="one_live_grant_per_release_and_tier",
            ),
        ]
        indexes = [
            # What the gate asks.
            models.Index(fields=["user", "release", "-id"], name="grant_gate"),
            models.Index(fields=["family", "-id"], name="grant_of_family"),
            models.Index(fields=["release", "stage"], name="grant_of_release"),
        ]

    def __str__(self) -> str:
        return f"Grant {self.pk}"

    @property
    def ended(self) -> bool:
        return self.valid_until <= timezone.now()

    @property
    def shown_stage(self) -> str:
        """The stage as people should read it: an active grant past its end is “expired”."""
        return "expired" if self.stage == self.Stage.ACTIVE and self.ended else self.stage

    @property
    def shown_stage_label(self) -> str:
        return str(_("Expired")) if self.shown_stage == "expired" else self.get_stage_display()


class DownloadEvent(models.Model):
    """A file was handed out under a grant, which names who and which release.

    The database refuses UPDATE, DELETE and TRUNCATE of this table.
    """

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="downloads")
    path = models.CharField(_("file"), max_length=300)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    first_byte = models.BigIntegerField(_("from byte"), default=0)
    size = models.BigIntegerField(_("bytes asked for"))
    token_prefix = models.CharField(_("token begins with"), max_length=12, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["grant", "-id"], name="download_of_grant")]

    def __str__(self) -> str:
        return self.path
