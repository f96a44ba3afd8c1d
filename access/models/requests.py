from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models.tiers import TermsVersion, Tier
from access.roles import STAFF, of_my_families
from accounts.models import Membership, Organisation
from accounts.roles import Role
from common.addresses import address
from common.models import Staged, Timestamped
from registry.models import ModelFamily, Release


class RequestStage(models.TextChoices):
    """Where a request is.

    - draft: being written; only its writer sees it
    - submitted: waits for a release manager, with a date by which it should be decided
    - returned: waits for the requester, who was told what to fix; the clock stands still
    - approved: a grant was made; the gate asks the grant from now on
    - declined: refused, with the reason on record; the requester may ask again
    - withdrawn: taken back by the requester
    """

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    RETURNED = "returned", _("Returned")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


OPEN_STAGES = (RequestStage.DRAFT, RequestStage.SUBMITTED, RequestStage.RETURNED)
DECIDED_STAGES = (RequestStage.APPROVED, RequestStage.DECLINED, RequestStage.WITHDRAWN)


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    def visible_to(self, user: Any) -> "AccessRequestQuerySet":
        """One's own requests, and what was sent to families one works for. Drafts belong to their writer."""
        if not getattr(user, "is_authenticated", False):
            return self.none()
        return self.filter(Q(requester_id=user.pk) | of_my_families(user, *STAFF) & Q(submitted_at__isnull=False))

    def for_staff(self, user: Any) -> "AccessRequestQuerySet":
        """What was sent to families ``user`` works for: the queue."""
        return self.filter(of_my_families(user, *STAFF), submitted_at__isnull=False)

    def waiting_for(self, user: Any) -> "AccessRequestQuerySet":
        """Submitted requests that ``user`` can decide: a release manager's, but not their own or a colleague's.

        What ``permissions.is_partial`` says of one row, in SQL.
        """
        rows = self.filter(of_my_families(user, Role.RELEASE_MANAGER), stage=RequestStage.SUBMITTED)
        mine = Membership.objects.filter(user_id=user.pk).order_by().values("organisation_id")
        colleagues = Membership.objects.filter(organisation_id__in=mine).order_by().values("user_id")
        return rows.exclude(requester_id=user.pk).exclude(organisation_id__in=mine).exclude(requester_id__in=colleagues)

    def open(self) -> "AccessRequestQuerySet":
        return self.filter(stage__in=OPEN_STAGES)


class AccessRequest(Staged, Timestamped):
    """Somebody asks for a tier of a release. It is not access: an approved request makes a grant."""

    Stage = RequestStage

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="requests", verbose_name=_("tier"))
    release = models.ForeignKey(Release, models.PROTECT, related_name="access_requests", verbose_name=_("release"))
    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="access_requests", editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="access_requests", verbose_name=_("who asks")
    )
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("organisation when asking"),
    )
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    purpose = models.CharField(_("what for"), max_length=200, blank=True)
    answers = models.JSONField(_("answers"), default=list, blank=True)
    form_version = models.PositiveIntegerField(_("version of the questions"), default=1)
    signed_terms = models.ForeignKey(TermsVersion, models.PROTECT, null=True, blank=True, related_name="+")
    signed_name = models.CharField(_("name typed under the terms"), max_length=120, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who looks at it"),
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)
    due_at = models.DateTimeField(_("answer due"), null=True, editable=False)
    returned_at = models.DateTimeField(_("returned"), null=True, editable=False)
    returned_fields = ArrayField(models.CharField(max_length=60), default=list, blank=True, editable=False)
    returned_copy = models.JSONField(_("as it was when returned"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    decision_reason = models.TextField(_("reason"), blank=True, editable=False)

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["requester", "release", "tier"],
                condition=Q(stage__in=["draft", "submitted", "returned"]),
                name="one_open_request_per_release_and_tier",
                violation_error_message=_("You already have an open request for this tier of this release."),
            ),
            models.CheckConstraint(condition=Q(stage__in=RequestStage.values), name="request_stage_is_known"),
            models.CheckConstraint(
                condition=~Q(stage__in=["submitted", "returned", "approved", "declined"])
                | Q(submitted_at__isnull=False, due_at__isnull=False),
                name="sent_request_has_a_due_date",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["approved", "declined"])
                | Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(decision_reason=""),
                name="decided_request_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("requester")),
                name="nobody_decides_their_own_request",
            ),
        ]
        indexes = [
            # The queue of a family, most urgent first, and the same across all families.
            models.Index(fields=["family", "stage", "due_at"], name="request_queue_family"),
            models.Index(fields=["stage", "due_at"], name="request_queue"),
            models.Index(fields=["-closed_at"], name="request_closed", condition=Q(closed_at__isnull=False)),
            models.Index(
                fields=["family", "-closed_at"], name="request_closed_family", condition=Q(closed_at__isnull=False)
            ),
            # Whether an organisation was given access before: one look, however many requests it made.
            models.Index(fields=["organisation"], name="request_approved_of", condition=Q(stage="approved")),
            # The search of the queue; people and organisations have theirs.
            GinIndex(OpClass(Upper("purpose"), name="gin_trgm_ops"), name="request_purpose_words"),
            # Figures for a period.
            models.Index(fields=["submitted_at"], name="request_submitted"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.purpose}".strip()

    def load_related(self) -> "AccessRequest":
        """Read in one query all that the rules ask about a row that was locked on its own."""
        names = ("family", "requester", "release", "tier")
        if not all(name in self._state.fields_cache for name in names):
            known = AccessRequest.objects.select_related(*names).get(pk=self.pk)
            for name in names:
                setattr(self, name, getattr(known, name))
        return self

    @property
    def reference(self) -> str:
        return f"AR-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES

    @property
    def waits(self) -> bool:
        return self.stage == self.Stage.SUBMITTED

    @property
    def overdue(self) -> bool:
        return self.waits and self.due_at is not None and self.due_at < timezone.now()

    @property
    def due_soon(self) -> bool:
        return self.waits and self.due_at is not None and self.due_at < timezone.now() + timedelta(days=1)

    def get_absolute_url(self) -> str:
        return address("access:request", self.pk)

    def get_workspace_url(self) -> str:
        """Where it waits for whoever it waits for: a release manager, or its writer."""
        return address("access:decision_page" if self.waits else "access:request", self.pk)


class RequestMessageQuerySet(models.QuerySet["RequestMessage"]):
    def public(self) -> "RequestMessageQuerySet":
        return self.filter(visibility=RequestMessage.Visibility.PUBLIC)

    def visible_to(self, user: Any) -> "RequestMessageQuerySet":
        """Messages of requests ``user`` sees; internal notes only for those who work for the family.

        Somebody who asks for access to a model of their own publisher is a requester there: on their
        own request they see no internal notes either.
        """
        rows = self.filter(request__in=AccessRequest.objects.visible_to(user))
        public = Q(visibility=RequestMessage.Visibility.PUBLIC)
        return rows.filter(public | ~Q(request__requester_id=user.pk)) if user.is_authenticated else rows.none()


class RequestMessage(models.Model):
    """Something said about a request: to both sides, or among those who work for the family. Never changed."""

    class Visibility(models.TextChoices):
        PUBLIC = "public", _("To the requester and us")
        INTERNAL = "internal", _("Internal note")

    request = models.ForeignKey(AccessRequest, models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    visibility = models.CharField(
        _("who reads it"), max_length=10, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    body = models.TextField(_("message"), max_length=4000)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    objects = RequestMessageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["request", "id"], name="message_of_request")]

    def __str__(self) -> str:
        return f"{self.get_visibility_display()} on {self.request_id}"


class Acceptance(models.Model):
    """Somebody accepted one version of the terms: the exact text by digest, the name typed, the language shown.

    The database refuses UPDATE, DELETE and TRUNCATE of this table.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="acceptances")
    terms = models.ForeignKey(TermsVersion, models.PROTECT, related_name="acceptances")
    sha256 = models.CharField(_("SHA-256 of the terms"), max_length=64)
    typed_name = models.CharField(_("name typed"), max_length=120)
    locale = models.CharField(_("language"), max_length=16)
    accepted_at = models.DateTimeField(_("accepted"), default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "terms"], name="one_acceptance_per_version")]

    def __str__(self) -> str:
        return f"{self.typed_name}: version {self.terms.number}"
