from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.models import Staged, Timestamped, Versioned
from registry.models.catalogue import PUBLIC_STAGES, Release


class PhaseKind(models.TextChoices):
    """What a phase is, in the order in which a release usually goes through them."""

    INTERNAL = "internal", _("Internal")
    BETA = "beta", _("Supervised beta")
    GATED = "gated", _("Gated")
    PUBLIC = "public", _("Public")
    END_OF_SUPPORT = "end_of_support", _("End of support")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# Phases in which the gate opens to somebody: the release has to be published for that.
OPENING = (PhaseKind.BETA, PhaseKind.GATED, PhaseKind.PUBLIC, PhaseKind.END_OF_SUPPORT)


class PhaseStage(models.TextChoices):
    """Where a phase is.

    - planned: to come; its criteria can still change
    - entered: the one the release is in; it alone says which tiers are open
    - left: over; another one was entered
    - dropped: will not come, with the reason on record
    """

    PLANNED = "planned", _("Planned")
    ENTERED = "entered", _("In this phase")
    LEFT = "left", _("Left")
    DROPPED = "dropped", _("Dropped")


def _inside(held: Any, path: str = "") -> Q:
    return Q(**{f"{path}release__family__publisher_id__in": held.publisher_ids()}) | Q(
        **{f"{path}release__family_id__in": held.family_ids()}
    )


class PhaseQuerySet(models.QuerySet["Phase"]):
    def visible_to(self, user: Any) -> "PhaseQuerySet":
        """All of a plan for people with a role there; for everybody else what is shown."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(self._shown() | _inside(held))

    def shown(self) -> "PhaseQuerySet":
        """What everybody sees: phases that came, and those to come that were announced; never internal ones."""
        return self.filter(self._shown())

    def _shown(self) -> Q:
        came = Q(stage__in=[PhaseStage.ENTERED, PhaseStage.LEFT])
        announced = Q(stage=PhaseStage.PLANNED, is_announced=True)
        return Q(came | announced, release__stage__in=PUBLIC_STAGES) & ~Q(kind=PhaseKind.INTERNAL)

    def entered(self) -> "PhaseQuerySet":
        """The phases that releases are in."""
        return self.filter(stage=PhaseStage.ENTERED)

    def in_order(self) -> "PhaseQuerySet":
        return self.order_by("release_id", "number", "pk")


class Phase(Staged, Timestamped):
    """A step of a release's plan: what it opens, when, who decides, and what has to hold first.

    Which tiers it opens is kept by ``access``, which is above this app.
    """

    Kind = PhaseKind
    Stage = PhaseStage

    release = models.ForeignKey(Release, models.PROTECT, related_name="phases", verbose_name=_("release"))
    number = models.PositiveSmallIntegerField(_("place in the plan"), default=1)
    kind = models.CharField(_("kind"), max_length=14, choices=PhaseKind.choices)
    title = models.CharField(
        _("name"), max_length=120, blank=True, help_text=_("If the kind does not say enough: “Hospitals first”.")
    )
    stage = models.CharField(
        _("stage"), max_length=24, choices=PhaseStage.choices, default=PhaseStage.PLANNED, editable=False
    )
    planned_on = models.DateField(_("planned for"), null=True, blank=True)
    is_announced = models.BooleanField(
        _("announced"),
        default=False,
        help_text=_("The public page shows it, with its date, before it comes. Internal phases are never shown."),
    )
    decider = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who decides"),
    )
    decision = models.CharField(
        _("decision behind it"),
        max_length=20,
        blank=True,
        help_text=_("Its permanent reference, such as D-12, where the decision log holds it."),
    )
    note = models.TextField(_("note"), max_length=4000, blank=True, help_text=_("For people with a role here."))
    entered_at = models.DateTimeField(_("entered"), null=True, editable=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("by")
    )
    left_at = models.DateTimeField(_("left"), null=True, editable=False)

    objects = PhaseQuerySet.as_manager()

    class Meta:
        ordering = ["number", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PhaseKind.values), name="phase_kind_is_known"),
            models.CheckConstraint(condition=Q(stage__in=PhaseStage.values), name="phase_stage_is_known"),
            models.UniqueConstraint(fields=["release"], condition=Q(stage="entered"), name="release_is_in_one_phase"),
            models.CheckConstraint(
                condition=Q(stage__in=["planned", "dropped"], entered_at__isnull=True)
                | Q(
                    stage__in=["entered", "left"],
                    entered_at__isnull=False,
                    entered_by__isnull=False,
                    decider__isnull=False,
                ),
                name="entered_phase_says_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(stage="left", left_at__isnull=False) | ~Q(stage="left") & Q(left_at__isnull=True),
                name="left_phase_says_when",
            ),
        ]
        indexes = [models.Index(fields=["release", "number"], name="phase_of_release")]

    def __str__(self) -> str:
        return f"{self.release}: {self.name}"

    @property
    def name(self) -> str:
        return f"{self.kind_label}: {self.title}" if self.title else self.kind_label

    @property
    def kind_label(self) -> str:
        return str(PhaseKind(self.kind).label)

    @property
    def family(self) -> Any:
        """The model family, as predicates expect it. Needs ``release__family`` loaded."""
        return self.release.family

    @property
    def opens(self) -> bool:
        """Whether the gate can open in this phase at all."""
        return self.kind in OPENING

    @property
    def late(self) -> bool:
        return (
            self.stage == PhaseStage.PLANNED and self.planned_on is not None and self.planned_on < timezone.localdate()
        )


class EntryCriterionQuerySet(models.QuerySet["EntryCriterion"]):
    def visible_to(self, user: Any) -> "EntryCriterionQuerySet":
        """Criteria are for people with a role there."""
        held = scopes(user)
        return self if held.everywhere else self.filter(_inside(held, "phase__"))

    def missing(self) -> "EntryCriterionQuerySet":
        """What still keeps a phase from being entered."""
        return self.filter(is_required=True, met_at__isnull=True)


class EntryCriterion(Versioned, Timestamped):
    """Something that has to hold before a phase is entered, and who said that it does."""

    phase = models.ForeignKey(Phase, models.CASCADE, related_name="criteria", verbose_name=_("phase"))
    text = models.CharField(_("criterion"), max_length=500, help_text=_("So that two people would judge it alike."))
    is_required = models.BooleanField(
        _("required"), default=True, help_text=_("The phase cannot be entered before it is met.")
    )
    met_at = models.DateTimeField(_("met"), null=True, editable=False)
    met_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("by")
    )
    evidence = models.TextField(_("what shows it"), max_length=4000, blank=True)
    evidence_url = models.URLField(_("where that is"), max_length=500, blank=True)

    objects = EntryCriterionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "entry criteria"
        constraints = [
            models.CheckConstraint(
                condition=Q(met_at__isnull=True, met_by__isnull=True) | Q(met_at__isnull=False, met_by__isnull=False),
                name="met_criterion_says_who",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_met(self) -> bool:
        return self.met_at is not None
