"""What somebody decided about a risk as it stood: that it is borne for a while, or that its score may fall."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.addresses import address
from common.models import Staged
from registry.models.assessments import RiskAssessment
from registry.models.risks import Risk
from registry.scale import Band, Level


def day_of_record() -> dt.date:
    """Today as acceptances count it: in UTC, so that one ends at the same moment for every reader."""
    return timezone.now().date()


class AcceptanceQuerySet(models.QuerySet["RiskAcceptance"]):
    def visible_to(self, user: Any) -> "AcceptanceQuerySet":
        """Acceptances of the risks ``user`` may know of. Who sees what of them is ``registry.visibility``'s."""
        return self.filter(risk__in=Risk.objects.visible_to(user).values("pk"))

    def in_force(self, on: dt.date | None = None) -> "AcceptanceQuerySet":
        """Those that hold on a day (today): not revoked, not lapsed, and the risk is still what was accepted.

        Judged when it is asked, so that an acceptance lapses although no worker ran.
        """
        day = on or day_of_record()
        return self.filter(revoked_at__isnull=True, ends_on__gte=day, digest=F("risk__digest"), risk__stage="open")

    def ended(self, on: dt.date | None = None) -> "AcceptanceQuerySet":
        """Those that no longer hold although nobody revoked them: lapsed, or the risk is no longer what it was."""
        day = on or day_of_record()
        over = Q(ends_on__lt=day) | ~Q(digest=F("risk__digest"))
        return self.filter(over, revoked_at__isnull=True, risk__stage="open")


class RiskAcceptance(models.Model):
    """Somebody other than the owner bears a risk knowingly, with a reason, until a day."""

    class State(models.TextChoices):
        """Whether it holds. Nothing is stored: it is judged whenever somebody asks.

        - in force: the risk is borne until the day named
        - lapsed: that day is over
        - stale: the risk has changed since, or is not open
        - revoked: taken back, with the reason
        """

        IN_FORCE = "in_force", _("In force")
        LAPSED = "lapsed", _("Lapsed")
        STALE = "stale", _("No longer fits")
        REVOKED = "revoked", _("Revoked")

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="acceptances")
    reason = models.TextField(_("why it can be borne"))
    conditions = models.TextField(_("on what conditions"), blank=True)
    band = models.CharField(_("level"), max_length=10, choices=Band.choices, editable=False)
    # The risk as it stood: its digest, and the words and levels that the digest is of.
    digest = models.CharField(max_length=64, editable=False)
    snapshot = models.JSONField(default=dict, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("accepted by"), editable=False
    )
    accepted_at = models.DateTimeField(_("accepted"), auto_now_add=True)
    ends_on = models.DateField(_("until"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    revocation_reason = models.TextField(_("why it was revoked"), blank=True, editable=False)
    # When people were told that it ended. It ends without: this only keeps them from being told twice.
    announced_at = models.DateTimeField(null=True, editable=False)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(band__in=Band.values), name="acceptance_band_is_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="acceptance_has_reason"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(revocation_reason=""),
                name="revoked_acceptance_says_who_and_why",
            ),
            # One at a time: a longer one is a new decision, and the one before it is revoked by it.
            models.UniqueConstraint(fields=["risk"], condition=Q(revoked_at=None), name="one_acceptance_at_a_time"),
        ]
        indexes = [models.Index(fields=["ends_on"], name="acceptance_ends", condition=Q(revoked_at=None))]

    def __str__(self) -> str:
        return f"{self.risk.reference} – {self.ends_on:%Y-%m-%d}"

    @property
    def state(self) -> "RiskAcceptance.State":
        """Needs the stage and the digest of the risk at hand."""
        if self.revoked_at is not None and self.revoked_at.date() <= self.ends_on:
            return self.State.REVOKED
        if self.ends_on < day_of_record():
            return self.State.LAPSED
        if self.risk.stage != Risk.Stage.OPEN or self.digest != self.risk.digest:
            return self.State.STALE
        return self.State.IN_FORCE

    @property
    def in_force(self) -> bool:
        return self.state == self.State.IN_FORCE


class ProposalQuerySet(models.QuerySet["AssessmentProposal"]):
    def visible_to(self, user: Any) -> "ProposalQuerySet":
        """Proposals are the team's: of the families ``user`` holds a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(
            Q(risk__family__publisher_id__in=held.publisher_ids()) | Q(risk__family_id__in=held.family_ids())
        )

    def waiting(self) -> "ProposalQuerySet":
        return self.filter(stage=AssessmentProposal.Stage.PROPOSED)


class AssessmentProposal(Staged):
    """A lower score that its owner may not set alone: it counts once somebody else has confirmed it."""

    class Stage(models.TextChoices):
        """Where a proposal is.

        - proposed: waits for a second person
        - confirmed: counts; the assessment names both people
        - declined: does not count, with the reason on record
        - withdrawn: taken back by whoever proposed it, or overtaken by another judgement
        """

        PROPOSED = "proposed", _("Waits for a second person")
        CONFIRMED = "confirmed", _("Confirmed")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="proposals")
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.PROPOSED, editable=False)
    # The digest of the risk as the proposer saw it; a risk that changed since has to be judged anew.
    digest = models.CharField(max_length=64, editable=False)
    kind = models.CharField(_("when"), max_length=10, choices=RiskAssessment.Kind.choices)
    likelihood = models.PositiveSmallIntegerField(_("likelihood"))
    severity = models.PositiveSmallIntegerField(_("severity"))
    detectability = models.PositiveSmallIntegerField(_("how soon it is noticed"), null=True, blank=True)
    reversibility = models.PositiveSmallIntegerField(_("how far it can be undone"), null=True, blank=True)
    confidence = models.CharField(_("confidence"), max_length=8, choices=Risk.Confidence.choices, blank=True)
    rationale = models.TextField(_("why"))
    evidence = models.TextField(_("evidence"), blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    proposed_at = models.DateTimeField(_("proposed"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decline_reason = models.TextField(_("why not"), blank=True, editable=False)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["proposed", "confirmed", "declined", "withdrawn"]),
                name="proposal_stage_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(stage="confirmed") | ~Q(decided_by=F("proposed_by")) & Q(decided_by__isnull=False),
                name="proposal_confirmed_by_somebody_else",
            ),
            models.UniqueConstraint(fields=["risk"], condition=Q(stage="proposed"), name="one_proposal_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.likelihood} × {self.severity}"

    @property
    def stale(self) -> bool:
        """Whether the risk has changed since this was proposed. Needs the risk at hand."""
        return self.digest != self.risk.digest

    @property
    def level(self) -> Level | None:
        """The level it would give, where the scale of the risk is at hand and has such steps."""
        try:
            return Level(self.likelihood * self.severity, self.risk.scale.band(self.likelihood, self.severity))
        except ValueError:
            return None

    def get_absolute_url(self) -> str:
        return address("registry:proposal", self.pk)
