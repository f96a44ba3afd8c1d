import datetime as dt

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.addresses import address
from common.models import Staged, Timestamped
from registry.models.catalogue import ModelFamily, Release
from registry.models.objectives import Objective
from registry.models.risk_queries import RiskQuerySet
from registry.models.scales import RiskScale
from registry.models.taxonomies import Term
from registry.scale import LARGEST, RANK, Band, Level, level

_NEW = ["stub", "draft"]
# After so many days a stub is marked as ageing, and as old.
STUB_AGES, STUB_IS_OLD = 14, 30

KINDS = ("inherent", "residual", "target")
JUDGED = tuple(f"{kind}_{part}" for kind in KINDS for part in ("likelihood", "severity"))


class Risk(Staged, Timestamped):
    """Something that can go wrong with a model family, and the person who answers for it."""

    class Stage(models.TextChoices):
        """Where a risk is.

        - stub: a concern in one line; it ages until it is worked out or closed
        - draft: recorded, perhaps without owner or assessment
        - open: owned, assessed, being treated
        - closed: no longer applies, with the reason on record
        """

        STUB = "stub", _("Stub")
        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    class Treatment(models.TextChoices):
        MITIGATE = "mitigate", _("Mitigate")
        AVOID = "avoid", _("Avoid")
        TRANSFER = "transfer", _("Transfer")
        ACCEPT = "accept", _("Accept")

    class Confidence(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    class Origin(models.TextChoices):
        """Who or what raised it."""

        TEAM = "team", _("The team")
        INCIDENT = "incident", _("An incident")
        EVALUATION = "evaluation", _("An evaluation")
        REVIEW = "review", _("A review")
        PUBLIC = "public", _("The public")
        IMPORT = "import", _("An import")

    # As long as whoever handed a risk over stays a party to it. The database counts the same days.
    PARTY_FOR = dt.timedelta(days=30)

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="risks", verbose_name=_("model family"))
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="risks", verbose_name=_("only this release")
    )
    number = models.PositiveIntegerField(_("number"), editable=False)
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    title = models.CharField(_("risk"), max_length=200)
    cause = models.TextField(_("cause"), blank=True, help_text=_("What has to be so for it to happen."))
    event = models.TextField(_("event"), blank=True, help_text=_("What happens then."))
    consequence = models.TextField(_("consequence"), blank=True, help_text=_("What follows from it, and for whom."))
    harm = models.TextField(_("the harm"), blank=True, help_text=_("What could happen, and how."))
    affected = models.TextField(_("who it touches"), blank=True)
    objectives = models.ManyToManyField(
        Objective, blank=True, related_name="risks", verbose_name=_("objectives it threatens")
    )
    terms = models.ManyToManyField(
        Term, blank=True, related_name="risks", verbose_name=_("what others call it"), help_text=_("Taxonomy entries.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_risks",
        verbose_name=_("risk owner"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputised_risks",
        verbose_name=_("deputy"),
    )
    is_public = models.BooleanField(_("shown on the public page"), default=True)
    treatment = models.CharField(
        _("treatment"), max_length=10, choices=Treatment.choices, default=Treatment.MITIGATE, editable=False
    )
    origin = models.CharField(
        _("raised by"), max_length=12, choices=Origin.choices, default=Origin.TEAM, editable=False
    )
    origin_reference = models.CharField(_("from"), max_length=200, blank=True, editable=False)
    duplicate_of = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="duplicates", verbose_name=_("the same as"), editable=False
    )
    # Judgements: the numbers count the words of the scale from 1; the database sets the bands from its grid.
    scale = models.ForeignKey(RiskScale, models.PROTECT, related_name="risks", editable=False)
    inherent_likelihood = models.PositiveSmallIntegerField(null=True, editable=False)
    inherent_severity = models.PositiveSmallIntegerField(null=True, editable=False)
    inherent_band = models.CharField(max_length=10, choices=Band.choices, null=True, editable=False)
    residual_likelihood = models.PositiveSmallIntegerField(null=True, editable=False)
    residual_severity = models.PositiveSmallIntegerField(null=True, editable=False)
    residual_band = models.CharField(max_length=10, choices=Band.choices, null=True, editable=False)
    target_likelihood = models.PositiveSmallIntegerField(null=True, editable=False)
    target_severity = models.PositiveSmallIntegerField(null=True, editable=False)
    target_band = models.CharField(max_length=10, choices=Band.choices, null=True, editable=False)
    detectability = models.PositiveSmallIntegerField(_("how soon it is noticed"), null=True, editable=False)
    reversibility = models.PositiveSmallIntegerField(_("how far it can be undone"), null=True, editable=False)
    confidence = models.CharField(_("confidence"), max_length=8, choices=Confidence.choices, blank=True, editable=False)
    inherent_score = models.GeneratedField(
        expression=F("inherent_likelihood") * F("inherent_severity"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    residual_score = models.GeneratedField(
        expression=F("residual_likelihood") * F("residual_severity"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    target_score = models.GeneratedField(
        expression=F("target_likelihood") * F("target_severity"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    # The judgement that counts now: after mitigation where there is one, else before it.
    current_likelihood = models.GeneratedField(
        expression=Coalesce("residual_likelihood", "inherent_likelihood"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    current_severity = models.GeneratedField(
        expression=Coalesce("residual_severity", "inherent_severity"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    current_band = models.GeneratedField(
        expression=Coalesce("residual_band", "inherent_band"),
        output_field=models.CharField(max_length=10),
        db_persist=True,
    )
    current_score = models.GeneratedField(
        expression=Coalesce(
            F("residual_likelihood") * F("residual_severity"), F("inherent_likelihood") * F("inherent_severity")
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    # The worst band first, in it the highest score, and no two alike, so that a page of the register begins
    # exactly where the last one ended.
    urgency = models.GeneratedField(
        expression=(
            Case(
                *(When(residual_band=band.value, then=Value(rank)) for band, rank in RANK.items()),
                *(
                    When(residual_band__isnull=True, inherent_band=band.value, then=Value(rank))
                    for band, rank in RANK.items()
                ),
                default=Value(0),
            )
            * 100
            + Coalesce(
                F("residual_likelihood") * F("residual_severity"), F("inherent_likelihood") * F("inherent_severity"), 0
            )
        )
        * 2**40
        + F("id"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    words = models.GeneratedField(
        expression=(
            SearchVector("title", weight="A", config="english")
            + SearchVector("harm", weight="B", config="english")
            + SearchVector("affected", weight="C", config="english")
            + SearchVector("cause", "event", "consequence", weight="D", config="english")
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    review_days = models.PositiveSmallIntegerField(
        _("look again after, in days"),
        null=True,
        blank=True,
        help_text=_("Leave empty to look again as often as the scale says for its level."),
    )
    reviewed_at = models.DateTimeField(_("last looked at"), null=True, editable=False)
    review_due_on = models.DateField(_("look again by"), null=True, editable=False)
    # SHA-256 of all that somebody who accepts the risk relies on; the database keeps it up to date.
    digest = models.CharField(max_length=64, default="", editable=False)
    # Who owned it or stood in for the owner before, and until when: {"7": "2026-11-24T…"}. The database writes it.
    former = models.JSONField(default=dict, db_default={}, editable=False)
    # Counts what changed of it, its mitigations included; part of the digest. The database writes it.
    material = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    opened_at = models.DateTimeField(_("opened"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)

    objects = RiskQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["family", "number"], name="risk_numbers_count_up"),
            models.CheckConstraint(
                condition=Q(stage__in=["stub", "draft", "open", "closed"]), name="risk_stage_is_known"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=_NEW) | Q(owner__isnull=False) | Q(stage="closed", opened_at__isnull=True),
                name="open_risk_has_owner",
                violation_error_message=_("Name a risk owner first."),
            ),
            models.CheckConstraint(
                condition=Q(stage__in=_NEW)
                | Q(inherent_likelihood__isnull=False, inherent_severity__isnull=False)
                | Q(stage="closed", opened_at__isnull=True),
                name="open_risk_is_assessed",
            ),
            models.CheckConstraint(
                condition=~Q(stage="open") | Q(opened_at__isnull=False), name="open_risk_says_since_when"
            ),
            models.CheckConstraint(condition=~Q(deputy=F("owner")), name="deputy_is_somebody_else"),
            models.CheckConstraint(
                condition=Q(duplicate_of=None) | Q(stage="closed") & ~Q(duplicate_of=F("id")),
                name="only_a_closed_risk_is_a_duplicate",
            ),
            models.CheckConstraint(
                condition=Q(treatment__in=["mitigate", "avoid", "transfer", "accept"]), name="risk_treatment_is_known"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__range": (1, LARGEST)}) | Q(**{f"{name}__isnull": True}),
                    name=f"{name}_on_scale",
                )
                for name in JUDGED
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{kind}_likelihood__isnull": True, f"{kind}_severity__isnull": True})
                    | Q(**{f"{kind}_likelihood__isnull": False, f"{kind}_severity__isnull": False}),
                    name=f"{kind}_judgement_is_whole",
                )
                for kind in KINDS
            ),
        ]
        indexes = [
            # The register of a family, worst first, and the same across all families.
            models.Index(fields=["family", "-urgency"], name="risk_of_family"),
            models.Index(fields=["-urgency"], name="risk_worst_first"),
            GinIndex(fields=["words"], name="risk_words"),
            models.Index(fields=["owner", "stage"], name="risk_of_owner"),
            models.Index(fields=["deputy"], name="risk_of_deputy", condition=Q(deputy__isnull=False)),
            # What is overdue is a small part of the open ones.
            models.Index(fields=["review_due_on"], name="risk_review_due", condition=Q(stage="open")),
            # Few are to be accepted; who may is asked on every page of the workspace.
            models.Index(fields=["family"], name="risk_to_accept", condition=Q(stage="open", treatment="accept")),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        """R-3: unique within the family."""
        return f"R-{self.number}"

    @property
    def inherent(self) -> Level | None:
        return level(self.inherent_score, self.inherent_band)

    @property
    def residual(self) -> Level | None:
        """The level after mitigation; None until somebody has assessed what mitigation does."""
        return level(self.residual_score, self.residual_band)

    @property
    def current(self) -> Level | None:
        """The level that counts now: after mitigation where it was assessed, else before it."""
        return level(self.current_score, self.current_band)

    def was_answered_for_by(self, user_pk: int | None, *, since: dt.datetime) -> bool:
        """Whether somebody was its owner or deputy at some time after ``since``, although they are no longer."""
        left = self.former.get(str(user_pk))
        return left is not None and dt.datetime.fromisoformat(left) > since

    @property
    def target(self) -> Level | None:
        """The level that the treatment is meant to reach."""
        return level(self.target_score, self.target_band)

    @property
    def review_overdue(self) -> bool:
        """Judged when it is read: no worker has to mark it."""
        due = self.review_due_on
        return self.stage == self.Stage.OPEN and due is not None and due < timezone.localdate()

    @property
    def age_days(self) -> int:
        """How long ago it was raised, in whole days: what a stub shows until somebody works it out."""
        return (timezone.now() - self.created_at).days

    @property
    def waiting_note(self) -> tuple[str, str] | None:
        """The mark of a stub that waits: its tone, and its age in words. None for other risks."""
        if self.stage != self.Stage.STUB:
            return None
        days = self.age_days
        tone = "bad" if days >= STUB_IS_OLD else "warn" if days >= STUB_AGES else "info"
        return tone, ngettext("%(n)d day old", "%(n)d days old", days) % {"n": days}

    def get_absolute_url(self) -> str:
        return address("registry:risk", self.pk)
