import hashlib
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from common.addresses import address
from common.models import Staged
from incidents import receipts
from incidents.models.audience import AudienceQuerySet, WithAudience
from registry.models import ModelFamily, Release
from registry.scale import Band

FORM_VERSION = "2026-11"


def this_hour() -> Any:
    """Now, to the hour: when a reporter did something is kept no finer, so that it cannot be laid beside
    somebody's network log."""
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def hours_ago(moment: Any) -> str:
    """How long ago, no finer than it is known: "less than an hour ago", "about 3 h ago", "12 days ago"."""
    hours = int((timezone.now() - moment).total_seconds() // 3600)
    if hours < 1:
        return gettext("less than an hour ago")
    if hours < 48:
        return gettext("about %(n)s h ago") % {"n": hours}
    return ngettext("%(n)s day ago", "%(n)s days ago", hours // 24) % {"n": hours // 24}


class Category(models.TextChoices):
    FRAUD = "fraud", _("Fraud or impersonation")
    HARASSMENT = "harassment", _("Threats or harassment")
    CSAM = "csam", _("Child sexual abuse material")
    CYBER = "cyber", _("Cyber attack")
    CBRN = "cbrn", _("Biological, chemical, nuclear harm")
    SELF_HARM = "self_harm", _("Suicide or self-harm")
    PRIVACY = "privacy", _("Private data exposed")
    OTHER = "other", _("Something else")


class CloseReason(models.TextChoices):
    RESOLVED = "resolved", _("We acted on it")
    DUPLICATE = "duplicate", _("We knew of it from another report")
    NOT_MISUSE = "not_misuse", _("We looked and see no misuse")
    NOT_OURS = "not_ours", _("It is not about a model of ours")
    NO_ANSWER = "no_answer", _("We asked and heard nothing")
    SPAM = "spam", _("It is not a report")


class MisuseReportQuerySet(AudienceQuerySet["MisuseReport"]):
    readers = frozenset({Role.INCIDENT_HANDLER, Role.AUDITOR, Role.REVIEWER, Role.RELEASE_MANAGER})
    unknown_readers = frozenset({Role.INCIDENT_HANDLER})

    def open(self) -> "MisuseReportQuerySet":
        return self.exclude(stage=MisuseReport.Stage.CLOSED)

    def waiting(self) -> "MisuseReportQuerySet":
        """Those whose reporter wrote last."""
        return self.filter(awaits_handler=True)

    def search(self, words: str) -> "MisuseReportQuerySet":
        """Reports that contain ``words``, or the one whose number or locator they are."""
        number = words.strip().upper().removeprefix("MR-")
        if number.isascii() and number.isdigit() and len(number) < 10:
            return self.filter(pk=int(number))
        if locator := receipts.parse_locator(words):
            return self.filter(locator=locator)
        return self.filter(searched=SearchQuery(words, config="english", search_type="websearch"))


class MisuseReport(Staged, WithAudience):
    """What somebody tells us about the misuse of a model. We do not know who they are unless they say.

    Nothing here says where it was sent from, with what, or at which minute.
    """

    class Stage(models.TextChoices):
        """Where a report is.

        - received: nobody has judged it yet
        - triaged: judged, owned by somebody, being looked at
        - answered: the reporter has an answer
        - closed: done, with a reason the reporter reads; a reply opens it again
        """

        RECEIVED = "received", _("Received")
        TRIAGED = "triaged", _("Being looked at")
        ANSWERED = "answered", _("Answered")
        CLOSED = "closed", _("Closed")

    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.RECEIVED, editable=False)
    locator = models.CharField(_("locator"), max_length=receipts.LOCATOR_LENGTH, unique=True, editable=False)
    salt = models.BinaryField(editable=False)
    digest = models.BinaryField(editable=False)
    submission = models.BinaryField(_("hash of the form it came with"), unique=True, editable=False)
    receipt_saved = models.BooleanField(_("the reporter has kept the receipt"), default=False, editable=False)
    family = models.ForeignKey(
        ModelFamily, models.PROTECT, null=True, blank=True, related_name="misuse_reports", verbose_name=_("model")
    )
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="misuse_reports", verbose_name=_("release")
    )
    model_text = models.CharField(_("model, as the reporter wrote it"), max_length=200, blank=True)
    category = models.CharField(_("kind of misuse"), max_length=20, choices=Category.choices)
    what_happened = models.TextField(_("what happened"), max_length=4000)
    happened_when = models.CharField(_("when"), max_length=100, blank=True)
    happened_where = models.CharField(_("where"), max_length=200, blank=True)
    link = models.URLField(_("link to it"), max_length=500, blank=True)
    contact_sealed = models.BinaryField(_("contact, sealed"), default=bytes, editable=False)
    severity = models.CharField(_("severity"), max_length=10, choices=Band.choices, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_reports",
        verbose_name=_("owner"),
    )
    close_reason = models.CharField(
        _("why it was closed"), max_length=20, choices=CloseReason.choices, blank=True, editable=False
    )
    awaits_handler = models.BooleanField(_("waits for us"), default=True, editable=False)
    form_version = models.CharField(_("form"), max_length=20, default=FORM_VERSION, editable=False)
    received_at = models.DateTimeField(_("received"), default=this_hour, editable=False)
    first_answered_at = models.DateTimeField(_("first answered"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    searched = models.GeneratedField(
        expression=SearchVector("what_happened", "model_text", "happened_where", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = MisuseReportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["received", "triaged", "answered", "closed"]), name="report_stage_is_known"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["received", "closed"]) | (~Q(severity="") & Q(owner__isnull=False)),
                name="judged_report_has_severity_and_owner",
            ),
            models.CheckConstraint(condition=~Q(stage="closed") | ~Q(close_reason=""), name="closed_report_says_why"),
            models.CheckConstraint(
                condition=Q(release__isnull=True) | Q(family__isnull=False), name="report_release_has_family"
            ),
        ]
        indexes = [
            *WithAudience.Meta.indexes,
            GinIndex(fields=["searched"], name="misusereport_searched"),
            # The queue: what waits for us, oldest first, is a small part of a growing table.
            models.Index(fields=["id"], name="report_queue", condition=Q(awaits_handler=True)),
            models.Index(fields=["stage", "-id"], name="report_by_stage"),
            models.Index(fields=["severity", "-id"], name="report_by_severity"),
            models.Index(fields=["category", "-id"], name="report_by_category"),
            models.Index(fields=["owner", "-id"], name="report_by_owner"),
            # What was received in a period, for the safety report.
            models.Index(fields=["received_at"], name="report_by_time"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        return f"MR-{self.pk}"

    @property
    def locator_text(self) -> str:
        """The first two groups of the receipt: enough to speak of a report by, not to open it."""
        halves = (self.locator[:4], self.locator[4:])
        return "-".join(receipts.with_check(number, half) for number, half in enumerate(halves))

    @property
    def about(self) -> str:
        """The model it is about, as well as we know."""
        return str(self.release or self.family or self.model_text or _("Model not known"))

    @property
    def age(self) -> str:
        return hours_ago(self.received_at)

    @property
    def is_open(self) -> bool:
        return self.stage != self.Stage.CLOSED

    @property
    def has_contact(self) -> bool:
        return bool(self.contact_sealed)

    def get_absolute_url(self) -> str:
        return address("incidents:misuse_report", self.pk)

    @staticmethod
    def submission_hash(submission: bytes) -> bytes:
        return hashlib.sha256(submission).digest()


class Visibility(models.TextChoices):
    PUBLIC = "public", _("The reporter and us")
    INTERNAL = "internal", _("Only us")


class ReportMessage(models.Model):
    """Something written about a report: by its reporter, to its reporter, or among ourselves."""

    class Author(models.TextChoices):
        REPORTER = "reporter", _("Reporter")
        HANDLER = "handler", _("Handler")

    Visibility = Visibility

    report = models.ForeignKey(MisuseReport, models.CASCADE, related_name="messages")
    author = models.CharField(_("written by"), max_length=10, choices=Author.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    visibility = models.CharField(_("read by"), max_length=10, choices=Visibility.choices)
    body = models.TextField(_("message"), max_length=4000)
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(author="handler", user__isnull=False)
                | Q(author="reporter", user__isnull=True, visibility="public"),
                name="message_has_one_kind_of_author",
            )
        ]

    def __str__(self) -> str:
        return f"Message {self.pk} on MR-{self.report_id}"


def evidence_location(attachment: "ReportAttachment", filename: str) -> str:
    return f"reports/{attachment.report_id}/{attachment.sha256}"


class ReportAttachment(models.Model):
    """A file somebody added to a report. Handed out to readers of the report only, never shown in a page."""

    report = models.ForeignKey(MisuseReport, models.CASCADE, related_name="attachments")
    message = models.ForeignKey(ReportMessage, models.CASCADE, null=True, blank=True, related_name="attachments")
    visibility = models.CharField(_("seen by"), max_length=10, choices=Visibility.choices, default=Visibility.PUBLIC)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=110)
    media_type = models.CharField(_("type"), max_length=40)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    file = models.FileField(upload_to=evidence_location, max_length=200)
    created_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class HandlerDigest(models.Model):
    """Whether there is something new to tell a handler of by mail, and when they were last told."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    pending = models.BooleanField(default=True)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Digest of {self.user_id}"
