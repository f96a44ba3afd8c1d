from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.models import Staged, Timestamped, Versioned
from registry import regions
from registry.models.catalogue import PUBLIC_STAGES, ModelFamily, Release

# What goes onto the one page of terms must fit there whatever somebody writes.
SUMMARY_LENGTH = 400
TITLE_LENGTH = 120


class GuidelinesStage(models.TextChoices):
    """Where a version of the usage guidelines is.

    - draft: being written; only people with a role at the publisher know of it
    - published: what holds; nothing in it changes any more
    - superseded: a newer version holds, or none; it stays readable
    """

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    SUPERSEDED = "superseded", _("Superseded")


class Sector(models.TextChoices):
    """Where people work whose law or custom may ask for other rules."""

    HEALTH = "health", _("Health and care")
    EDUCATION = "education", _("Education")
    EMPLOYMENT = "employment", _("Work and hiring")
    FINANCE = "finance", _("Banking and insurance")
    PUBLIC_SERVICES = "public_services", _("Public services and benefits")
    LAW_ENFORCEMENT = "law_enforcement", _("Police and borders")
    JUSTICE = "justice", _("Courts and legal services")
    ELECTIONS = "elections", _("Elections and political campaigns")
    MEDIA = "media", _("News and media")
    CHILDREN = "children", _("Services for children")
    INFRASTRUCTURE = "infrastructure", _("Energy, water, transport and networks")
    DEFENCE = "defence", _("Defence")
    RESEARCH = "research", _("Research")


class RuleKind(models.TextChoices):
    """What a rule says of a use, from the freest to the strictest."""

    PERMITTED = "permitted", _("Permitted")
    REQUIRED = "required", _("Required")
    RESTRICTED = "restricted", _("Restricted")
    PROHIBITED = "prohibited", _("Prohibited")


class Verdict(models.TextChoices):
    ALLOWED = "allowed", _("Allowed")
    CONDITIONAL = "conditional", _("Allowed on conditions")
    REFUSED = "refused", _("Not allowed")


class GuidelinesQuerySet(models.QuerySet["UsageGuidelines"]):
    def visible_to(self, user: Any) -> "GuidelinesQuerySet":
        """Guidelines ``user`` may know of: the published and superseded ones of public families and releases,
        and all of the families they hold a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(self._public() | mine)

    def public(self) -> "GuidelinesQuerySet":
        return self.filter(self._public())

    def versions_of(self, guidelines: Any) -> "GuidelinesQuerySet":
        """All versions of the same guidelines: those of one family as a whole, or of one release of it."""
        return self.filter(family_id=guidelines.family_id, release_id=guidelines.release_id)

    def _public(self) -> Q:
        released = Exists(Release.objects.filter(family_id=OuterRef("family_id"), stage__in=PUBLIC_STAGES))
        shown = Q(release=None) | Q(release__stage__in=PUBLIC_STAGES)
        return ~Q(stage=GuidelinesStage.DRAFT) & shown & Q(released)


class UsageGuidelines(Staged, Timestamped):
    """One version of what a model may be used for, what not, and what follows if it is."""

    Stage = GuidelinesStage

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="guidelines", verbose_name=_("model family"))
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="guidelines", verbose_name=_("only this release")
    )
    number = models.PositiveIntegerField(_("version"), editable=False)
    stage = models.CharField(
        _("stage"), max_length=24, choices=GuidelinesStage.choices, default=GuidelinesStage.DRAFT, editable=False
    )
    summary = models.TextField(_("in a few sentences"), blank=True, validators=[MaxLengthValidator(2000)])
    data = models.TextField(_("data"), blank=True, validators=[MaxLengthValidator(SUMMARY_LENGTH)])
    safeguards = models.TextField(_("safeguards"), blank=True, validators=[MaxLengthValidator(SUMMARY_LENGTH)])
    reporting = models.TextField(_("how to report"), blank=True, validators=[MaxLengthValidator(SUMMARY_LENGTH)])
    change_note = models.TextField(_("what changed and why"), blank=True, validators=[MaxLengthValidator(2000)])
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    superseded_at = models.DateTimeField(_("superseded"), null=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)

    objects = GuidelinesQuerySet.as_manager()

    class Meta:
        ordering = ["-number", "-pk"]
        verbose_name = _("usage guidelines")
        verbose_name_plural = _("usage guidelines")
        constraints = [
            models.UniqueConstraint(fields=["family", "number"], name="guidelines_versions_count_up"),
            models.UniqueConstraint(
                fields=["family", "release"],
                condition=Q(stage="draft"),
                nulls_distinct=False,
                name="one_draft_of_guidelines",
                violation_error_message=_("There is a draft already. Publish or discard it first."),
            ),
            models.UniqueConstraint(
                fields=["family", "release"],
                condition=Q(stage="published"),
                nulls_distinct=False,
                name="one_published_version_of_guidelines",
            ),
            models.CheckConstraint(condition=Q(stage__in=GuidelinesStage.values), name="guidelines_stage_is_known"),
            models.CheckConstraint(
                condition=Q(stage="draft") | Q(published_at__isnull=False, published_by__isnull=False),
                name="published_guidelines_say_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return _("Usage guidelines %(number)s of %(family)s") % {"number": self.number, "family": self.family.name}

    @property
    def is_draft(self) -> bool:
        return self.stage == GuidelinesStage.DRAFT

    def get_absolute_url(self) -> str:
        """The address of this version. Needs ``family.publisher`` loaded."""
        return reverse("registry:guidelines_version", args=[self.family.publisher.slug, self.family.slug, self.number])


class PartQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "PartQuerySet":
        """Parts of the guidelines that ``user`` may know of."""
        return self.filter(guidelines__in=UsageGuidelines.objects.visible_to(user).values("pk"))


class Part(Versioned):
    """Something in a version of the guidelines. ``key`` names it in every version, so that two can be compared."""

    guidelines = models.ForeignKey(UsageGuidelines, models.CASCADE)
    key = models.SlugField(_("short name"), max_length=80, editable=False)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)

    objects = PartQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["guidelines", "key"], name="one_%(class)s_per_key")]

    def __str__(self) -> str:
        return str(getattr(self, "title", "") or self.key)


class UsageRule(Part):
    """One use that is permitted, restricted or prohibited, or something everybody must do."""

    kind = models.CharField(_("this use is"), max_length=12, choices=RuleKind.choices)
    title = models.CharField(
        _("the rule in one line"), max_length=TITLE_LENGTH, help_text=_("As it stands in the one-page summary.")
    )
    text = models.TextField(_("in full"), blank=True, validators=[MaxLengthValidator(10_000)])
    condition = models.TextField(
        _("on which condition"),
        blank=True,
        validators=[MaxLengthValidator(2000)],
        help_text=_("A restricted use needs one."),
    )
    rationale = models.TextField(_("why"), blank=True, validators=[MaxLengthValidator(5000)])
    in_summary = models.BooleanField(_("shown in the one-page summary"), default=True)

    class Meta(Part.Meta):
        constraints = [
            *Part.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=RuleKind.values), name="usage_rule_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind="restricted") | ~Q(condition=""), name="restricted_use_has_a_condition"
            ),
        ]


class UsageScenario(Part):
    """A worked example: a situation, and what the rules say of it."""

    rule = models.ForeignKey(
        UsageRule,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="scenarios",
        verbose_name=_("rule it explains"),
    )
    title = models.CharField(_("scenario"), max_length=TITLE_LENGTH)
    situation = models.TextField(_("what somebody wants to do"), validators=[MaxLengthValidator(5000)])
    verdict = models.CharField(_("what the rules say"), max_length=12, choices=Verdict.choices)
    why = models.TextField(_("why"), validators=[MaxLengthValidator(5000)])

    class Meta(Part.Meta):
        constraints = [
            *Part.Meta.constraints,
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="scenario_verdict_is_known"),
        ]


class RecommendedConfiguration(Part):
    """Settings that keep a use within the rules."""

    title = models.CharField(_("configuration"), max_length=TITLE_LENGTH)
    settings = models.TextField(
        _("settings"), validators=[MaxLengthValidator(20_000)], help_text=_("As text or code; shown as it is.")
    )
    when = models.TextField(_("when to use it"), blank=True, validators=[MaxLengthValidator(2000)])


class CompliantWorkflow(Part):
    """An example of working within the rules, step by step."""

    title = models.CharField(_("workflow"), max_length=TITLE_LENGTH)
    steps = ArrayField(models.CharField(max_length=500), verbose_name=_("steps"))


class BreachRemedy(Part):
    """What follows when a rule is broken, who decides, and how to object."""

    title = models.CharField(_("breach"), max_length=TITLE_LENGTH)
    follows = models.TextField(_("what follows"), validators=[MaxLengthValidator(5000)])
    decided_by = models.CharField(_("who decides"), max_length=200)
    appeal = models.TextField(_("how to object"), blank=True, validators=[MaxLengthValidator(5000)])


class Effect(models.TextChoices):
    """What an override does to a rule: never a copy of it, only what differs."""

    REPLACE = "replace", _("Replaces what is filled in below")
    ADD = "add", _("Adds to the rule")
    NEW = "new", _("Is a rule of its own")


class RuleOverride(Part):
    """Where and for whom a rule differs, and which law says so."""

    effect = models.CharField(_("this override"), max_length=8, choices=Effect.choices)
    rule = models.ForeignKey(
        UsageRule, models.CASCADE, null=True, blank=True, related_name="overrides", verbose_name=_("rule")
    )
    region = models.CharField(_("region"), max_length=8, blank=True, validators=[regions.validate])
    sector = models.CharField(_("sector"), max_length=20, choices=Sector.choices, blank=True)
    kind = models.CharField(_("the use is"), max_length=12, choices=RuleKind.choices, blank=True)
    title = models.CharField(_("the rule in one line"), max_length=TITLE_LENGTH, blank=True)
    text = models.TextField(_("in full"), blank=True, validators=[MaxLengthValidator(10_000)])
    condition = models.TextField(_("on which condition"), blank=True, validators=[MaxLengthValidator(2000)])
    source_title = models.CharField(
        _("legal source"), max_length=200, help_text=_("The law, regulation or code that asks for this.")
    )
    source_citation = models.CharField(_("where in it"), max_length=120, help_text=_("Such as “Article 5(1)(f)”."))
    source_url = models.URLField(_("its address"), max_length=500, blank=True)

    class Meta(Part.Meta):
        constraints = [
            *Part.Meta.constraints,
            models.CheckConstraint(condition=~Q(region="") | ~Q(sector=""), name="override_says_where"),
            models.CheckConstraint(
                condition=~Q(source_title="") & ~Q(source_citation=""), name="override_has_a_legal_source"
            ),
            models.CheckConstraint(
                condition=Q(effect="new", rule=None) & ~Q(kind="") & ~Q(title="")
                | Q(effect="replace", rule__isnull=False) & ~Q(kind="", title="", text="", condition="")
                | Q(effect="add", rule__isnull=False, kind="", title="") & ~Q(text="", condition=""),
                name="override_says_what_differs",
            ),
            models.CheckConstraint(
                condition=~Q(effect="new", kind="restricted") | ~Q(condition=""),
                name="restricted_override_has_a_condition",
            ),
            models.UniqueConstraint(
                fields=["rule", "region", "sector"],
                name="one_override_per_place",
                violation_error_message=_("This rule has an override for this region and sector."),
            ),
        ]

    @property
    def region_name(self) -> str:
        return regions.name(self.region) if self.region else ""

    @property
    def place(self) -> str:
        """For whom this holds, in words."""
        sector = str(Sector(self.sector).label) if self.sector in Sector.values else ""
        return " · ".join(words for words in (self.region_name, sector) if words)


# Every kind of part by its name in addresses. Rules come first: others point at them.
PARTS: dict[str, type[Part]] = {
    "rules": UsageRule,
    "scenarios": UsageScenario,
    "overrides": RuleOverride,
    "configurations": RecommendedConfiguration,
    "workflows": CompliantWorkflow,
    "remedies": BreachRemedy,
}
