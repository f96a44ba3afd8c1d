from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from common.addresses import address
from common.models import Staged, Timestamped
from governance.models import Decision
from incidents.models.audience import AudienceQuerySet, WithAudience
from incidents.models.report import MisuseReport
from registry.models import ModelFamily, Release, Risk
from registry.scale import Band

READERS = frozenset({Role.INCIDENT_HANDLER, Role.AUDITOR, Role.REVIEWER, Role.RELEASE_MANAGER, Role.RISK_OWNER})


class IncidentQuerySet(AudienceQuerySet["Incident"]):
    readers = READERS
    unknown_readers = READERS

    def unresolved(self) -> "IncidentQuerySet":
        return self.filter(stage__in=[Incident.Stage.OPEN, Incident.Stage.CONTAINED])

    def search(self, words: str) -> "IncidentQuerySet":
        """Incidents that contain ``words``, or the one whose number or outside reference they are."""
        number = words.strip().upper().removeprefix("INC-")
        if number.isascii() and number.isdigit() and len(number) < 10:
            return self.filter(pk=int(number))
        return self.filter(searched=SearchQuery(words, config="english", search_type="websearch"))


class Incident(Staged, Timestamped, WithAudience):
    """Something that went wrong, or nearly did, with one or several models, and what is done about it."""

    class Stage(models.TextChoices):
        """Where an incident is.

        - open: somebody has to act
        - contained: it cannot spread; the cause is not removed yet
        - resolved: the cause is removed or accepted
        - closed: looked back on, lessons on record
        """

        OPEN = "open", _("Open")
        CONTAINED = "contained", _("Contained")
        RESOLVED = "resolved", _("Resolved")
        CLOSED = "closed", _("Closed")

    class Source(models.TextChoices):
        PORTAL = "portal", _("This portal")
        AVID = "avid", _("AVID")

    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.OPEN, editable=False)
    title = models.CharField(_("title"), max_length=200)
    summary = models.TextField(_("what happened"), blank=True)
    severity = models.CharField(_("severity"), max_length=10, choices=Band.choices, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_incidents",
        verbose_name=_("owner"),
    )
    families = models.ManyToManyField(ModelFamily, blank=True, related_name="incidents", verbose_name=_("models"))
    releases = models.ManyToManyField(Release, blank=True, related_name="incidents", verbose_name=_("releases"))
    risks = models.ManyToManyField(Risk, blank=True, related_name="incidents", verbose_name=_("risks"))
    reports = models.ManyToManyField(MisuseReport, through="IncidentReport", related_name="incidents")
    decisions = models.ManyToManyField(Decision, blank=True, related_name="incidents", verbose_name=_("decisions"))
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.PORTAL, editable=False)
    external_reference = models.CharField(_("outside reference"), max_length=80, blank=True, editable=False)
    external = models.JSONField(_("as it came"), default=dict, blank=True, editable=False)
    occurred_on = models.DateField(_("date it happened"), null=True, blank=True)
    lessons = models.TextField(_("lessons learned"), blank=True)
    contained_at = models.DateTimeField(_("contained"), null=True, editable=False)
    resolved_at = models.DateTimeField(_("resolved"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    searched = models.GeneratedField(
        expression=SearchVector("title", "summary", "external_reference", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["open", "contained", "resolved", "closed"]), name="incident_stage_is_known"
            ),
            models.UniqueConstraint(
                fields=["source", "external_reference"],
                condition=~Q(external_reference=""),
                name="one_incident_per_outside_reference",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["open", "contained"]) | Q(resolved_at__isnull=False),
                name="resolved_incident_says_when",
            ),
        ]
        indexes = [
            *WithAudience.Meta.indexes,
            GinIndex(fields=["searched"], name="incident_searched"),
            models.Index(fields=["stage", "-id"], name="incident_by_stage"),
            models.Index(fields=["severity", "-id"], name="incident_by_severity"),
            models.Index(fields=["owner", "-id"], name="incident_by_owner"),
            models.Index(fields=["source", "-id"], name="incident_by_source"),
            # What happened in a period, for the safety report.
            models.Index(fields=["created_at"], name="incident_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        return f"INC-{self.pk}"

    @property
    def unresolved(self) -> bool:
        return self.stage in {self.Stage.OPEN, self.Stage.CONTAINED}

    def get_absolute_url(self) -> str:
        return address("incidents:incident", self.pk)


class IncidentReport(models.Model):
    """That a report is about an incident, who saw that, and when. Many to many: one report may tell of two."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="report_links")
    report = models.ForeignKey(MisuseReport, models.CASCADE, related_name="incident_links")
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["incident", "report"], name="report_linked_once_per_incident")]

    def __str__(self) -> str:
        return f"INC-{self.incident_id} ← MR-{self.report_id}"


def concerned(incident: Incident) -> list[ModelFamily]:
    """All families an incident is about: named ones and those of its releases and risks.

    Asked of the tables and not of ``incident``, which may hold only what somebody sees of its links.
    """
    releases, risks = (rows.objects.filter(incidents=incident).values("family") for rows in (Release, Risk))
    named = ModelFamily.objects.filter(incidents=incident).values("pk")
    return list(ModelFamily.objects.filter(Q(pk__in=named) | Q(pk__in=releases) | Q(pk__in=risks)).order_by("pk"))
