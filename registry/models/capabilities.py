from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from registry.models.catalogue import OfRelease, Release


class CapabilityStage(models.TextChoices):
    """How far a capability of a release can be relied on.

    - experimental: it is there; nobody has measured it
    - evaluated: measured, with the result on record
    - safeguarded: measured, and something stands between it and misuse
    - restricted: only for some, or only under conditions
    - deprecated: still there, to be used no more
    - removed: no longer there
    """

    EXPERIMENTAL = "experimental", _("Experimental")
    EVALUATED = "evaluated", _("Evaluated")
    SAFEGUARDED = "safeguarded", _("Safeguarded")
    RESTRICTED = "restricted", _("Restricted")
    DEPRECATED = "deprecated", _("Deprecated")
    REMOVED = "removed", _("Removed")


class CapabilityStatusQuerySet(OfRelease):
    def latest(self) -> "CapabilityStatusQuerySet":
        """The newest row of each capability, however it is spelt in capitals."""
        folded = CapabilityStatus.objects.annotate(folded=Lower("capability"))
        same = folded.filter(release=OuterRef("release"), folded=Lower(OuterRef("capability")))
        newer = same.filter(pk__gt=OuterRef("pk"))
        return self.filter(~Exists(newer)).order_by("release_id", Lower("capability"))


class CapabilityStatus(models.Model):
    """What somebody said of a capability of a release on one day, with the evidence. Never changed.

    The newest row of a capability is its status; the ones before are its history. The database refuses
    UPDATE, DELETE and TRUNCATE.
    """

    Status = CapabilityStage

    release = models.ForeignKey(Release, models.PROTECT, related_name="capability_statuses", verbose_name=_("release"))
    capability = models.CharField(
        _("capability"), max_length=120, help_text=_("What it can do, such as “Summaries in Dutch”.")
    )
    status = models.CharField(_("status"), max_length=14, choices=CapabilityStage.choices)
    evidence = models.TextField(_("evidence"), max_length=4000, help_text=_("What this rests on. Everybody reads it."))
    evidence_url = models.URLField(_("where the evidence is"), max_length=500, blank=True)
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    noted_at = models.DateTimeField(_("when"), auto_now_add=True)

    objects = CapabilityStatusQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "capability statuses"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=CapabilityStage.values), name="capability_status_is_known"),
            models.CheckConstraint(condition=~Q(evidence="") & ~Q(capability=""), name="capability_status_says_why"),
        ]
        indexes = [models.Index(F("release"), Lower("capability"), F("id").desc(), name="capability_newest")]

    def __str__(self) -> str:
        return f"{self.capability}: {self.get_status_display()}"
