import hashlib
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.roles import STAFF
from accounts.permissions import scopes
from common.addresses import address
from common.models import Timestamped, Versioned
from registry.models import ModelFamily


class TierKind(models.TextChoices):
    RESEARCHER = "researcher", _("Researcher")
    DEVELOPER = "developer", _("Developer")
    END_USER = "end_user", _("End user")
    OTHER = "other", _("Other")


class TierQuerySet(models.QuerySet["Tier"]):
    def visible_to(self, user: Any) -> "TierQuerySet":
        """Tiers that are offered on a family ``user`` may know of, those they asked for at some time, whose terms
        they may have accepted, and all tiers of families they work for."""
        held = scopes(user)
        if held.everywhere:
            return self
        mine = Q(family__publisher_id__in=held.publisher_ids(*STAFF)) | Q(family_id__in=held.family_ids(*STAFF))
        if getattr(user, "is_authenticated", False):
            mine |= Q(pk__in=Tier.objects.filter(requests__requester_id=user.pk).order_by().values("pk"))
        return self.filter(Q(is_offered=True, family__in=ModelFamily.objects.visible_to(user)) | mine)

    def offered(self) -> "TierQuerySet":
        return self.filter(is_offered=True)


class Tier(Versioned, Timestamped):
    """One kind of access to a model family: for whom, on which terms, for how long."""

    Kind = TierKind

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="tiers", verbose_name=_("model family"))
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("for whom"), max_length=20, choices=Kind.choices, default=Kind.RESEARCHER)
    description = models.TextField(_("who it is for and what it opens, in plain words"), max_length=1000)
    order = models.PositiveSmallIntegerField(_("place in the list"), default=1)
    is_offered = models.BooleanField(
        _("offered"), default=True, help_text=_("People can ask for it. Taking this away leaves grants as they are.")
    )
    decided_singly = models.BooleanField(
        _("every request is read on its own"),
        default=True,
        help_text=_("Requests for this tier are never approved several at once."),
    )
    grant_days = models.PositiveSmallIntegerField(
        _("access lasts (days)"), default=365, validators=[MinValueValidator(1), MaxValueValidator(1827)]
    )
    decision_days = models.PositiveSmallIntegerField(
        _("we answer within (days)"), default=10, validators=[MinValueValidator(1), MaxValueValidator(180)]
    )
    renewal_days = models.PositiveSmallIntegerField(
        _("renewal opens before the end (days)"), default=30, validators=[MaxValueValidator(365)]
    )
    support_channel = models.CharField(
        _("where to ask for help"),
        max_length=200,
        help_text=_("An e-mail address or a web address. The gate shows it when it refuses."),
    )
    form_version = models.PositiveIntegerField(_("version of the questions"), default=1, editable=False)

    objects = TierQuerySet.as_manager()

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "name"],
                name="one_tier_per_name",
                violation_error_message=_("This model family has a tier with this name."),
            ),
            models.CheckConstraint(condition=Q(grant_days__range=(1, 1827)), name="tier_grant_has_an_end"),
            models.CheckConstraint(condition=Q(decision_days__range=(1, 180)), name="tier_has_a_decision_target"),
        ]

    def __str__(self) -> str:
        return self.name


class QuestionKind(models.TextChoices):
    SHORT = "short", _("One line")
    LONG = "long", _("Several lines")
    CHOICE = "choice", _("One of a list")
    CHECKBOX = "checkbox", _("Tick to confirm")


class TierQuestion(models.Model):
    """A question that everybody who asks for the tier answers."""

    Kind = QuestionKind

    tier = models.ForeignKey(Tier, models.CASCADE, related_name="questions")
    text = models.CharField(_("question"), max_length=300)
    help = models.CharField(_("help"), max_length=500, blank=True)
    kind = models.CharField(_("kind of answer"), max_length=10, choices=Kind.choices, default=Kind.LONG)
    choices = ArrayField(models.CharField(max_length=200), verbose_name=_("choices"), default=list, blank=True)
    required = models.BooleanField(_("must be answered"), default=True)
    order = models.PositiveSmallIntegerField(_("place in the list"), default=1)

    class Meta:
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.text

    @property
    def field_name(self) -> str:
        """The name of its input on the form, in the API and in the list of fields to fix."""
        return f"question_{self.pk}"


class TermsVersion(models.Model):
    """The terms of a tier as they were published on one day. Never changed: new words are a new version.

    The database refuses UPDATE, DELETE and TRUNCATE of this table.
    """

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="terms")
    number = models.PositiveIntegerField(_("version"))
    can = ArrayField(models.CharField(max_length=300), verbose_name=_("you can"), default=list, blank=True)
    must = ArrayField(models.CharField(max_length=300), verbose_name=_("you must"), default=list, blank=True)
    must_not = ArrayField(models.CharField(max_length=300), verbose_name=_("you must not"), default=list, blank=True)
    text = models.TextField(_("full text"))
    change_note = models.TextField(_("what changed"), blank=True)
    is_material = models.BooleanField(_("must be accepted again"), default=True)
    enforced_from = models.DateTimeField(_("must be accepted from"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["tier", "number"], name="terms_versions_count_up"),
            models.CheckConstraint(condition=Q(number__gt=1) | Q(is_material=True), name="first_terms_are_material"),
            models.CheckConstraint(
                condition=Q(enforced_from__gte=models.F("published_at")), name="terms_not_enforced_before_published"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier.name}, terms version {self.number}"

    @property
    def document(self) -> str:
        """The whole agreement as one text, which is what the digest is of."""
        return terms_document(self.can, self.must, self.must_not, self.text)

    def get_absolute_url(self) -> str:
        return address("access:terms", self.pk)


def terms_document(can: list[str], must: list[str], must_not: list[str], text: str) -> str:
    """The agreement as Markdown: summary and full text, always in the same form."""
    parts = []
    for heading, lines in (("You can", can), ("You must", must), ("You must not", must_not)):
        if lines:
            parts.append(f"## {heading}\n\n" + "\n".join(f"- {line}" for line in lines))
    return "\n\n".join([*parts, text.strip()]) + "\n"


def terms_digest(can: list[str], must: list[str], must_not: list[str], text: str) -> str:
    return hashlib.sha256(terms_document(can, must, must_not, text).encode()).hexdigest()
