from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.models import Timestamped, Versioned
from registry.models.catalogue import PUBLIC_STAGES, ModelFamily, Release

# Far more than any metric needs; the database counts exactly, so 0.1 stays 0.1.
DIGITS: dict[str, Any] = {"max_digits": 24, "decimal_places": 8}


def figure(value: Decimal, unit: str) -> str:
    """A value with its unit, without the zeros that the column adds."""
    return f"{value.normalize():f}\N{NO-BREAK SPACE}{unit}".rstrip()


class ObjectiveQuerySet(models.QuerySet["Objective"]):
    def visible_to(self, user: Any) -> "ObjectiveQuerySet":
        """Objectives of the families that ``user`` may know of."""
        return self.filter(family__in=ModelFamily.objects.visible_to(user).values("pk"))


class Objective(Versioned, Timestamped):
    """What a model family must hold to, so that a risk can say what it threatens.

    It is measurable once it names a metric and the value to hold. Whether it is met is judged when it is read,
    from its newest measurement: see ``selectors.objectives``.
    """

    class Comparator(models.TextChoices):
        AT_LEAST = "at_least", _("at least")
        AT_MOST = "at_most", _("at most")
        ABOVE = "above", _("more than")
        BELOW = "below", _("less than")

    class ValueKind(models.TextChoices):
        ORGANISATION = "organisation", _("Value of the organisation")
        BUSINESS = "business", _("Business objective")

    class State(models.TextChoices):
        """How an objective stands for whoever reads it; never stored.

        - not_measurable: it names no metric and threshold yet
        - not_measured: nothing has been measured yet, or only what it asked for before it changed
        - met, not_met: what its newest measurement says
        """

        NOT_MEASURABLE = "not_measurable", _("Not measurable yet")
        NOT_MEASURED = "not_measured", _("Not measured")
        MET = "met", _("Met")
        NOT_MET = "not_met", _("Not met")

    family = models.ForeignKey(ModelFamily, models.CASCADE, related_name="objectives")
    title = models.CharField(_("objective"), max_length=200)
    statement = models.TextField(_("what it means"), blank=True)
    metric = models.CharField(_("metric"), max_length=120, blank=True)
    comparator = models.CharField(_("has to be"), max_length=10, choices=Comparator.choices, blank=True)
    threshold = models.DecimalField(_("threshold"), **DIGITS, null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=40, blank=True)
    data_set = models.CharField(_("measured on"), max_length=200, blank=True)
    population = models.CharField(_("for whom"), max_length=200, blank=True)
    value_kind = models.CharField(_("serves a"), max_length=12, choices=ValueKind.choices, blank=True)
    value = models.CharField(_("which one"), max_length=300, blank=True)

    objects = ObjectiveQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["family", "title"], name="one_objective_per_title"),
            models.CheckConstraint(
                condition=Q(metric="", comparator="", threshold__isnull=True)
                | (~Q(metric="") & ~Q(comparator="") & Q(threshold__isnull=False)),
                name="objective_is_measurable_or_not",
            ),
            models.CheckConstraint(
                condition=Q(comparator__in=["", "at_least", "at_most", "above", "below"]),
                name="objective_comparator_is_known",
            ),
            models.CheckConstraint(condition=Q(value="") | ~Q(value_kind=""), name="objective_value_says_whose"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_measurable(self) -> bool:
        return self.threshold is not None

    @property
    def target(self) -> str:
        """What has to be held, in one line; empty while it is not measurable."""
        if self.threshold is None:
            return ""
        return f"{self.metric}: {self.get_comparator_display()} {figure(self.threshold, self.unit)}"


class MeasurementQuerySet(models.QuerySet["ObjectiveMeasurement"]):
    def visible_to(self, user: Any) -> "MeasurementQuerySet":
        """Measurements of the families that ``user`` may know of."""
        known = ModelFamily.objects.visible_to(user).values("pk")
        return self.of_shown_releases(user).filter(objective__family__in=known)

    def of_shown_releases(self, user: Any) -> "MeasurementQuerySet":
        """All where ``user`` holds a role; elsewhere none of a release that is not public yet.

        For measurements of families that ``user`` may know of.
        """
        held = scopes(user)
        if held.everywhere:
            return self
        shown = Q(release=None) | Q(release__stage__in=PUBLIC_STAGES)
        publishers, families = held.publisher_ids(), held.family_ids()
        mine = Q(objective__family__publisher_id__in=publishers) | Q(objective__family_id__in=families)
        return self.filter(shown | mine if publishers or families else shown)


class ObjectiveMeasurement(models.Model):
    """What was measured for an objective, when, and where that is written down. Never changed: a wrong one is
    corrected by another, which then stands in its place.

    It keeps what the objective asked for at that moment. Once the objective asks for something else, such as
    another data set, the value stays on record and no longer counts.
    """

    objective = models.ForeignKey(Objective, models.PROTECT, related_name="measurements")
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="measurements", verbose_name=_("release")
    )
    metric = models.CharField(_("metric"), max_length=120, editable=False)
    unit = models.CharField(_("unit"), max_length=40, blank=True, editable=False)
    data_set = models.CharField(_("measured on"), max_length=200, blank=True, editable=False)
    population = models.CharField(_("for whom"), max_length=200, blank=True, editable=False)
    value = models.DecimalField(_("value"), **DIGITS)
    measured_at = models.DateTimeField(_("measured"), default=timezone.now)
    source = models.CharField(_("where it comes from"), max_length=500)
    evidence_url = models.URLField(_("address of the evidence"), max_length=500, blank=True)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    objects = MeasurementQuerySet.as_manager()

    class Meta:
        ordering = ["-measured_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(metric=""), name="measurement_names_its_metric"),
            models.CheckConstraint(condition=~Q(source=""), name="measurement_says_where_it_comes_from"),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(corrects=models.F("id")), name="measurement_corrects_another"
            ),
        ]
        indexes = [
            # The newest of an objective is looked up for every row of every list of objectives.
            models.Index(fields=["objective", "-measured_at", "-id"], name="measurement_newest")
        ]

    def __str__(self) -> str:
        return f"{self.metric}: {self.figure}"

    @property
    def figure(self) -> str:
        return figure(self.value, self.unit)
