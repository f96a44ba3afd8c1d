"""Registers brought along as files, looked at row by row before anything is written; and one change to many risks."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from accounts.roles import Role
from common.addresses import address
from common.models import Staged, Timestamped
from registry.models.catalogue import ModelFamily, Publisher
from registry.models.risks import Risk
from registry.models.scales import RiskScale


class RiskKey(models.Model):
    """What a risk is called in the register it was imported from, so that a later file finds it again."""

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="+")
    risk = models.OneToOneField(Risk, models.PROTECT, related_name="import_key")
    key = models.CharField(_("own key"), max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family", "key"], name="one_risk_per_key"),
            models.CheckConstraint(condition=~Q(key=""), name="key_says_something"),
        ]

    def __str__(self) -> str:
        return self.key


def import_location(risk_import: "RiskImport", filename: str) -> str:
    """A name of its own: what the file was called is not trusted."""
    return f"imports/{uuid.uuid4().hex}"


class RiskImportQuerySet(models.QuerySet["RiskImport"]):
    def visible_to(self, user: Any) -> "RiskImportQuerySet":
        """One's own, while one holds a role there, and for its release managers all of a publisher."""
        held = scopes(user)
        if held.everywhere:
            return self
        families = ModelFamily.objects.filter(publisher=OuterRef("publisher"), pk__in=held.family_ids())
        still = Q(publisher__in=held.publisher_ids()) | Q(Exists(families))
        mine = Q(uploaded_by=user.pk) & still
        return self.filter(Q(publisher__in=held.publisher_ids(Role.RELEASE_MANAGER)) | mine)


class RiskImport(Staged, Timestamped):
    """A file with risks for one publisher. It is checked first; applied, it counts as a whole or not at all."""

    class Stage(models.TextChoices):
        """Where an import is.

        - checking: a worker reads the file and compares it with the register
        - checked: what every row would do is there to be read; nothing was written
        - applied: all rows are in the register
        - discarded: nothing was written and the file is gone
        """

        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        APPLIED = "applied", _("Applied")
        DISCARDED = "discarded", _("Discarded")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"
        JSON = "json", "JSON"

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="risk_imports", verbose_name=_("publisher"))
    family = models.ForeignKey(
        ModelFamily,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("model family of rows that name none"),
    )
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.CHECKING, editable=False)
    name = models.CharField(_("file"), max_length=200)
    format = models.CharField(_("format"), max_length=5, choices=Format.choices)
    size = models.BigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    file = models.FileField(upload_to=import_location, max_length=200, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    # The work under way, or the last there was: checking, then applying.
    job = models.ForeignKey("common.Job", models.PROTECT, null=True, related_name="+", editable=False)
    # The scale the rows were checked on.
    scale = models.ForeignKey(RiskScale, models.PROTECT, null=True, related_name="+", editable=False)
    new_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)
    # What the reader of the file noticed: columns that are not read, an encoding that was guessed.
    remarks = models.JSONField(default=list)
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    applied_at = models.DateTimeField(_("applied"), null=True, editable=False)
    discarded_at = models.DateTimeField(_("discarded"), null=True, editable=False)

    objects = RiskImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["checking", "checked", "applied", "discarded"]), name="import_stage_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(stage="applied") | Q(applied_at__isnull=False, refused_count=0),
                name="applied_import_refused_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["updated_at"], name="import_under_way", condition=Q(stage__in=["checking", "checked"]))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def row_count(self) -> int:
        return self.new_count + self.changed_count + self.unchanged_count + self.refused_count

    @property
    def changes_something(self) -> bool:
        return bool(self.new_count or self.changed_count)

    def get_absolute_url(self) -> str:
        return address("registry:risk_import", self.pk)


class ImportRow(models.Model):
    """One row of a file: what it says, and what applying it does or why it cannot be applied."""

    class Outcome(models.TextChoices):
        NEW = "new", _("New risk")
        CHANGED = "changed", _("Changes a risk")
        UNCHANGED = "unchanged", _("Changes nothing")
        REFUSED = "refused", _("Refused")

    risk_import = models.ForeignKey(RiskImport, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("row"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    # The risk it is about; for a new one, set when it is applied.
    risk = models.ForeignKey(Risk, models.PROTECT, null=True, related_name="+")
    # The version of the risk that it was compared with.
    version = models.PositiveIntegerField(null=True)
    title = models.CharField(_("risk"), max_length=240, blank=True)
    # By column, as text: what the file says, and cells that could not be read with the reason.
    given = models.JSONField(default=dict)
    unread = models.JSONField(default=dict)
    # [column, was, will be] and [column, reason]
    changes = models.JSONField(default=list)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["risk_import", "number"], name="one_row_per_number"),
            models.CheckConstraint(
                condition=Q(outcome__in=["new", "changed", "unchanged", "refused"]), name="outcome_is_known"
            ),
            models.CheckConstraint(condition=~Q(outcome="refused") | ~Q(problems=[]), name="refused_row_says_why"),
        ]
        indexes = [models.Index(fields=["risk_import", "outcome", "number"], name="rows_by_outcome")]

    def __str__(self) -> str:
        return f"{self.risk_import}: {self.number}"

    @property
    def outcome_label(self) -> str:
        return str(dict(self.Outcome.choices)[self.outcome])


class BulkChangeQuerySet(models.QuerySet["BulkChange"]):
    def visible_to(self, user: Any) -> "BulkChangeQuerySet":
        """One's own; what it did to each risk is on that risk's record."""
        return self if getattr(user, "is_superuser", False) else self.filter(requested_by=user.pk)


class BulkChange(Timestamped):
    """One change that somebody asks for many risks at once. Each is changed on its own, or says why it is not."""

    class Action(models.TextChoices):
        """What is done to each. Scores are not changed in bulk."""

        OWNER = "owner", _("Change the owner")
        DEPUTY = "deputy", _("Set the deputy")
        REVIEW = "review", _("Ask to look again")

    action = models.CharField(_("what to do"), max_length=10, choices=Action.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("reason"), blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    risks = ArrayField(models.BigIntegerField(), editable=False)
    # How many of them have had their turn, how many were changed, and of the rest [number, risk, reason].
    position = models.PositiveIntegerField(default=0)
    done_count = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    job = models.ForeignKey("common.Job", models.PROTECT, null=True, related_name="+", editable=False)

    objects = BulkChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(action__in=["owner", "deputy", "review"]), name="bulk_action_is_known"),
            models.CheckConstraint(
                condition=Q(action="review") | Q(person__isnull=False), name="bulk_change_names_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} ({len(self.risks)})"

    @property
    def action_label(self) -> str:
        return str(dict(self.Action.choices)[self.action])

    @property
    def total(self) -> int:
        return len(self.risks)

    def get_absolute_url(self) -> str:
        return address("registry:bulk_change", self.pk)
