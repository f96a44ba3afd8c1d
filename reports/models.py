import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from accounts.roles import Role
from common.addresses import address
from common.models import Job, Staged, Timestamped
from registry.models import PUBLIC_STAGES, ModelFamily, Publisher, Release
from reports.scope import Period, Scope

# Whose work reports are: they ask for them and read them before they are published.
READERS = (Role.AUDITOR, Role.RELEASE_MANAGER, Role.REVIEWER)


class SafetyReportQuerySet(models.QuerySet["SafetyReport"]):
    def visible_to(self, user: Any) -> "SafetyReportQuerySet":
        """Published reports for everybody, and all of the publishers and families ``user`` reports on."""
        held = scopes(user)
        if held.everywhere:
            return self
        publishers, families = held.publisher_ids(*READERS), held.family_ids(*READERS)
        mine = Q(publisher_id__in=publishers) | Q(family__publisher_id__in=publishers) | Q(family_id__in=families)
        return self.filter(Q(stage=SafetyReport.Stage.PUBLISHED) | mine)

    def for_readers(self, user: Any) -> "SafetyReportQuerySet":
        """Those ``user`` works with, published or not."""
        held = scopes(user)
        if held.everywhere:
            return self
        publishers, families = held.publisher_ids(*READERS), held.family_ids(*READERS)
        return self.filter(
            Q(publisher_id__in=publishers) | Q(family__publisher_id__in=publishers) | Q(family_id__in=families)
        )

    def published(self) -> "SafetyReportQuerySet":
        return self.filter(stage=SafetyReport.Stage.PUBLISHED)

    def light(self) -> "SafetyReportQuerySet":
        """Without the data, which can be large and which a list does not show."""
        return self.defer("data").select_related("publisher", "family__publisher", "job", "requested_by")


def report_location(report: "SafetyReport", filename: str) -> str:
    return f"reports/{report.pk}/{report.sha256}.pdf"


class SafetyReport(Staged, Timestamped):
    """The safety report of a publisher or a model family for a period: frozen data and the PDF made from it.

    Once the PDF is made, the database refuses every change of the period, the data and the digests.
    """

    class Stage(models.TextChoices):
        """Where a report is.

        - draft: being made or ready; only people who report on the model see it
        - published: on the public page, for good
        """

        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")

    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    publisher = models.ForeignKey(
        Publisher, models.PROTECT, null=True, blank=True, related_name="safety_reports", verbose_name=_("publisher")
    )
    family = models.ForeignKey(
        ModelFamily,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="safety_reports",
        verbose_name=_("model family"),
    )
    period_start = models.DateField(_("first day"))
    period_end = models.DateField(_("first day after the period"))
    title = models.CharField(_("title"), max_length=200)
    job = models.OneToOneField(Job, models.PROTECT, null=True, related_name="safety_report", editable=False)
    data = models.JSONField(_("data"), null=True, editable=False)
    data_sha256 = models.CharField(_("SHA-256 of the data"), max_length=64, blank=True, editable=False)
    pdf = models.FileField(_("PDF"), upload_to=report_location, max_length=300, blank=True, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, editable=False)
    size = models.PositiveBigIntegerField(_("size in bytes"), null=True, editable=False)
    pages = models.PositiveIntegerField(_("pages"), null=True, editable=False)
    made_at = models.DateTimeField(_("made"), null=True, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    published_at = models.DateTimeField(_("published"), null=True, editable=False)

    objects = SafetyReportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=["draft", "published"]), name="safety_report_stage_is_known"),
            models.CheckConstraint(
                condition=Q(publisher__isnull=True, family__isnull=False)
                | Q(publisher__isnull=False, family__isnull=True),
                name="safety_report_has_one_subject",
            ),
            models.CheckConstraint(condition=Q(period_start__lt=F("period_end")), name="safety_report_period_has_days"),
            models.CheckConstraint(
                condition=Q(stage="draft") | ~Q(sha256="") & Q(published_at__isnull=False, published_by__isnull=False),
                name="published_safety_report_has_a_file",
            ),
            models.CheckConstraint(
                condition=Q(sha256="")
                | Q(size__gt=0, pages__gt=0, made_at__isnull=False, data__isnull=False) & ~Q(data_sha256=""),
                name="made_safety_report_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["-published_at"], name="safety_report_public", condition=Q(stage="published")),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        return f"SR-{self.pk}"

    @property
    def period(self) -> Period:
        return Period(self.period_start, self.period_end)

    @property
    def last_day(self) -> dt.date:
        return self.period.last_day

    @property
    def scope(self) -> Scope:
        return Scope(self.publisher, self.family)

    @property
    def subject(self) -> Any:
        return self.family or self.publisher

    @property
    def is_made(self) -> bool:
        return bool(self.sha256)

    @property
    def shown_stage(self) -> str:
        """The stage as a badge shows it: a draft without a PDF is as far as its job."""
        if self.stage == self.Stage.PUBLISHED or self.is_made or self.job is None:
            return self.stage
        return self.job.state

    @property
    def shown_stage_label(self) -> str:
        if self.shown_stage == self.stage:
            return str(_("Ready")) if self.is_made and self.stage == self.Stage.DRAFT else self.get_stage_display()
        return self.job.get_state_display() if self.job else self.get_stage_display()

    def get_absolute_url(self) -> str:
        return address("reports:report", self.pk)

    def get_workspace_url(self) -> str:
        return address("reports:report_case", self.pk)


class ReleasePackageQuerySet(models.QuerySet["ReleasePackage"]):
    def visible_to(self, user: Any) -> "ReleasePackageQuerySet":
        """Those that were made of public releases, for everybody as long as nothing they tell of risks was hidden
        since, and all of the families ``user`` reports on."""
        held = scopes(user)
        if held.everywhere:
            return self
        publishers, families = held.publisher_ids(*READERS), held.family_ids(*READERS)
        mine = Q(release__family__publisher_id__in=publishers) | Q(release__family_id__in=families)
        # What was made before something was taken from the public tells it still.
        current = Q()
        for place in ("release__family", "release__family__publisher"):
            hidden = f"{place}__risks_hidden_at"
            current &= Q(**{hidden: None}) | Q(created_at__gt=F(hidden))
        return self.filter(Q(release__stage__in=PUBLIC_STAGES) & ~Q(sha256="") & current | mine)

    def made(self) -> "ReleasePackageQuerySet":
        return self.exclude(sha256="")


def package_location(package: "ReleasePackage", filename: str) -> str:
    return f"packages/{package.release_id}/{package.sha256}.zip"


class ReleasePackage(Timestamped):
    """One archive of what travels with the weights of a release: made by a job, and then never changed."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="packages", verbose_name=_("release"))
    job = models.OneToOneField(Job, models.PROTECT, null=True, related_name="release_package", editable=False)
    file = models.FileField(_("archive"), upload_to=package_location, max_length=300, blank=True, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, editable=False)
    size = models.PositiveBigIntegerField(_("size in bytes"), null=True, editable=False)
    manifest = models.JSONField(_("contents"), null=True, editable=False)
    fingerprint = models.CharField(_("digest of what it was made from"), max_length=64, blank=True, editable=False)
    made_at = models.DateTimeField(_("made"), null=True, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)

    objects = ReleasePackageQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256="")
                | Q(size__gt=0, made_at__isnull=False, manifest__isnull=False) & ~Q(fingerprint=""),
                name="made_release_package_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(_("Package %(pk)s of %(release)s")) % {"pk": self.pk, "release": self.release}

    @property
    def is_made(self) -> bool:
        return bool(self.sha256)

    @property
    def filename(self) -> str:
        return f"{self.release.family.slug}-{self.release.version}-package.zip"
