from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Versioned(models.Model):
    """A row that two people may edit at once: every write raises ``row_version``, and a writer who read an
    older one is told (see ``common.editing`` and the API's ``If-Match``)."""

    row_version = models.PositiveIntegerField(_("row version"), default=1, editable=False)

    class Meta:
        abstract = True


class Timestamped(models.Model):
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    class Meta:
        abstract = True


class Staged(Versioned):
    """A row with a life cycle. The concrete model declares ``stage`` with its own ``Stage`` choices;
    ``common.lifecycle.apply`` is the only code that writes it."""

    stage: models.CharField

    class Meta:
        abstract = True

    @property
    def stage_label(self) -> str:
        """The stage in the reader's language. ``get_stage_display`` translates all other stages along with it."""
        field: Any = self._meta.get_field("stage")
        return str(dict(field.choices).get(self.stage, self.stage))


class AuditEvent(models.Model):
    """One thing that somebody did, as it was at that moment.

    It names the actor and the object by value, not by foreign key, so that an event outlives both.
    The database refuses UPDATE, DELETE and TRUNCATE of this table.
    """

    at = models.DateTimeField(_("when"), auto_now_add=True)
    actor_id = models.BigIntegerField(_("account number"), null=True)
    actor_label = models.CharField(_("who"), max_length=254)
    on_behalf_of_id = models.BigIntegerField(_("on behalf of account number"), null=True)
    on_behalf_of_label = models.CharField(_("on behalf of"), max_length=254, blank=True)
    verb = models.CharField(_("what"), max_length=100)
    object_type = models.CharField(_("kind of object"), max_length=100)
    object_id = models.CharField(_("object number"), max_length=64)
    object_label = models.CharField(_("object"), max_length=300)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    evidence = models.JSONField(_("evidence"), default=dict)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # The history of one object is read on its page.
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_object"),
            # What one account did is what an auditor asks first.
            models.Index(fields=["actor_id", "-id"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.verb} {self.object_label}"

    @property
    def reason(self) -> str:
        return self.evidence.get("reason", "") if self.evidence else ""


class OutboxEvent(models.Model):
    """Something that happened in one app and that others may react to, stored with the change itself."""

    name = models.CharField(max_length=100)
    object_type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class OutboxDelivery(models.Model):
    """One subscriber's copy of an event: delivered once, retried until it is."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        DONE = "done", _("delivered")
        FAILED = "failed", _("given up")

    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="deliveries")
    subscriber = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    due_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "outbox deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "subscriber"], name="outbox_once_per_subscriber")]
        # The sweeper looks only for what still waits, which is a handful of rows in a large table.
        indexes = [models.Index(fields=["due_at"], name="outbox_waiting", condition=models.Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.subscriber}"


class Job(Timestamped):
    """Long work done by a worker: what it is, how far it is, why it failed, who asked for it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting for a worker")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Done")
        FAILED = "failed", _("Failed")

    kind = models.CharField(_("kind"), max_length=100)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.QUEUED)
    payload = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["queued_at"], name="job_unfinished", condition=models.Q(state__in=["queued", "running"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def unfinished(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


class IdempotencyRecord(models.Model):
    """The answer to a create that carried an ``Idempotency-Key``, so that a retry gets the same answer.

    Only a hash of the key is stored, and the answer is encrypted with the key itself: an answer may
    hold what is shown once, such as a receipt or a token, and a copy of the database must not.
    """

    key_hash = models.CharField(max_length=64, unique=True)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.key_hash[:12]


class Heartbeat(models.Model):
    """Last sign of life of a scheduled process, by name."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
