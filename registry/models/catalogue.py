from typing import Any

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from accounts.roles import ROLE_PERMISSIONS
from common.models import Staged, Timestamped, Versioned

# The names that Hugging Face clients accept in a repository id.
_REPO_NAME = RegexValidator(
    r"^(?!.*(--|\.\.))[A-Za-z0-9_][A-Za-z0-9._-]*(?<![.-])$",
    _("Use letters, digits, “-”, “_” and “.”, and begin with a letter or digit."),
)
_VERSION = RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", _("Use letters, digits, “.”, “_”, “+” and “-”."))
SHA256 = RegexValidator(r"^[0-9a-f]{64}$", _("A SHA-256 digest is 64 hexadecimal digits."))


class Stage(models.TextChoices):
    """Where a release is.

    - draft: being prepared; only people with a role at the publisher know of it
    - published: public page, tiers can be asked for, the gate opens to those with a grant
    - withdrawn: public page stays and says why; the gate is closed to everybody
    """

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    WITHDRAWN = "withdrawn", _("Withdrawn")


PUBLIC_STAGES = (Stage.PUBLISHED, Stage.WITHDRAWN)


def public_risk_fields() -> list[str]:
    """What the public sees of a risk until its publisher says otherwise; the names are those of the API."""
    return ["harm", "affected", "objectives", "inherent", "residual", "current", "mitigations"]


class PublisherQuerySet(models.QuerySet["Publisher"]):
    def visible_to(self, user: Any) -> "PublisherQuerySet":
        """Publishers ``user`` may know of: those with a public release, and those they hold a role at."""
        held = scopes(user)
        if held.everywhere:
            return self
        released = Exists(Release.objects.filter(family__publisher=OuterRef("pk"), stage__in=PUBLIC_STAGES))
        theirs = Q(pk__in=held.publisher_ids()) | Q(families__pk__in=held.family_ids())
        mine = Publisher.objects.filter(theirs).values("pk")
        return self.filter(Q(released) | Q(pk__in=mine))


class Publisher(Versioned, Timestamped):
    """Who releases models here: the name before the slash."""

    slug = models.CharField(_("short name"), max_length=60, unique=True, validators=[_REPO_NAME])
    name = models.CharField(_("name"), max_length=200)
    about = models.TextField(_("about"), blank=True)
    website = models.URLField(_("website"), blank=True)
    contact_email = models.EmailField(_("contact for questions"), blank=True)
    public_risk_fields = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("what the public sees of a risk"),
        default=public_risk_fields,
        blank=True,
        editable=False,
    )
    # When a field was last taken from the public; the database writes it.
    risks_hidden_at = models.DateTimeField(null=True, editable=False)

    objects = PublisherQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = ROLE_PERMISSIONS

    def __str__(self) -> str:
        return self.name


class ModelFamilyQuerySet(models.QuerySet["ModelFamily"]):
    def visible_to(self, user: Any) -> "ModelFamilyQuerySet":
        """Families ``user`` may know of: those with a public release, and those they hold a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        released = Exists(Release.objects.filter(family=OuterRef("pk"), stage__in=PUBLIC_STAGES))
        return self.filter(Q(released) | Q(publisher_id__in=held.publisher_ids()) | Q(pk__in=held.family_ids()))

    def with_role(self, user: Any, *roles: Any) -> "ModelFamilyQuerySet":
        """Families for which ``user`` holds one of ``roles`` (any role when none is named)."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(Q(publisher_id__in=held.publisher_ids(*roles)) | Q(pk__in=held.family_ids(*roles)))


class ModelFamily(Versioned, Timestamped):
    """A model as its users speak of it; its releases are versions of it."""

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="families", verbose_name=_("publisher"))
    slug = models.CharField(_("short name"), max_length=80, validators=[_REPO_NAME])
    name = models.CharField(_("name"), max_length=200)
    summary = models.CharField(_("what it is, in one or two sentences"), max_length=500)
    intended_use = models.TextField(_("what it is for"), blank=True)
    out_of_scope_use = models.TextField(_("what it is not for"), blank=True)
    # When a risk was last taken from the public page; the database writes it.
    risks_hidden_at = models.DateTimeField(null=True, editable=False)
    allows_public_concerns = models.BooleanField(
        _("anybody may raise a concern"),
        default=False,
        help_text=_("The public page gets a form; what is written there becomes a stub in the risk register."),
    )

    objects = ModelFamilyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "model families"
        permissions = ROLE_PERMISSIONS
        constraints = [
            models.UniqueConstraint(
                fields=["publisher", "slug"],
                name="one_family_per_name",
                violation_error_message=_("This publisher has a model family with this short name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def repo_id(self) -> str:
        """publisher/family, which is also what Hugging Face clients ask for. Needs ``publisher`` loaded."""
        return f"{self.publisher.slug}/{self.slug}"

    def get_absolute_url(self) -> str:
        return reverse("registry:family", args=[self.publisher.slug, self.slug])


class ReleaseQuerySet(models.QuerySet["Release"]):
    def visible_to(self, user: Any) -> "ReleaseQuerySet":
        """Releases ``user`` may know exist: the public ones, and all of the families they hold a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(Q(stage__in=PUBLIC_STAGES) | mine)


class Modality(models.TextChoices):
    TEXT = "text", _("Text")
    IMAGE = "image", _("Image")
    AUDIO = "audio", _("Audio")
    VIDEO = "video", _("Video")
    CODE = "code", _("Code")
    MULTIMODAL = "multimodal", _("Multimodal")
    OTHER = "other", _("Other")


class Release(Staged, Timestamped):
    """One version of a model family, with its card and files."""

    Stage = Stage

    family = models.ForeignKey(ModelFamily, models.PROTECT, related_name="releases", verbose_name=_("model family"))
    version = models.CharField(_("version"), max_length=60, validators=[_VERSION])
    stage = models.CharField(_("stage"), max_length=24, choices=Stage.choices, default=Stage.DRAFT, editable=False)
    modality = models.CharField(_("modality"), max_length=20, choices=Modality.choices, blank=True)
    licence = models.CharField(
        _("licence"),
        max_length=300,
        blank=True,
        help_text=_(
            "An SPDX expression, such as Apache-2.0 or MIT OR OpenMDW-1.0. For a licence of your own write LicenseRef- "
            "and a name, such as LicenseRef-Harbour-1."
        ),
    )
    licence_name = models.CharField(_("name of your own licence"), max_length=200, blank=True)
    licence_url = models.URLField(_("where its text is"), max_length=500, blank=True)
    licence_text = models.TextField(
        _("its text"), max_length=60_000, blank=True, help_text=_("If it is nowhere else to be read.")
    )
    intended_users = models.TextField(
        _("for whom it is"), max_length=2000, blank=True, help_text=_("Who should use this release, in plain words.")
    )
    base_model = models.CharField(_("made from"), max_length=200, blank=True)
    languages = ArrayField(models.CharField(max_length=20), verbose_name=_("languages"), default=list, blank=True)
    revision = models.CharField(_("revision"), max_length=40, blank=True, editable=False)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)
    withdrawal_reason = models.TextField(_("why it was withdrawn"), blank=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "version"],
                name="one_release_per_version",
                violation_error_message=_("This model family has a release with this version."),
            ),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="release_stage_is_known"),
            models.CheckConstraint(
                condition=Q(stage=Stage.DRAFT) | ~Q(revision="") & Q(published_at__isnull=False),
                name="published_release_has_revision",
            ),
            models.CheckConstraint(
                condition=~Q(stage=Stage.WITHDRAWN) | ~Q(withdrawal_reason=""), name="withdrawn_release_says_why"
            ),
        ]
        indexes = [
            # The latest public release of a family is looked up for every family page and every gate decision.
            models.Index(
                fields=["family", "-published_at"],
                name="release_public",
                condition=Q(stage__in=["published", "withdrawn"]),
            ),
            models.Index(fields=["revision"], name="release_revision", condition=~Q(revision="")),
        ]

    def __str__(self) -> str:
        return f"{self.family.name} {self.version}"

    @property
    def is_public(self) -> bool:
        return self.stage in PUBLIC_STAGES

    @property
    def language_words(self) -> list[str]:
        """The languages by name where we know the code, else the code itself."""
        return [
            str(get_language_info(code)["name_translated"]) if code in LANG_INFO else code for code in self.languages
        ]

    @property
    def waiting_note(self) -> tuple[str, Any] | None:
        """The mark of a release that waits because of a phase of its plan; of a draft there is nothing to add."""
        return ("warn", _("A phase waits for you")) if getattr(self, "phase_waits", False) else None

    def get_workspace_url(self) -> str:
        """Where work on the release goes on: at its plan when a phase waits there."""
        name = "release_plan" if getattr(self, "phase_waits", False) else "manage_release"
        return reverse(f"registry:{name}", args=[self.pk])

    def get_absolute_url(self) -> str:
        return reverse("registry:release", args=[self.family.publisher.slug, self.family.slug, self.version])


class OfRelease(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "OfRelease":
        """Rows of the releases that ``user`` may know exist."""
        held = scopes(user)
        if held.everywhere:
            return self
        theirs = Q(release__family__publisher_id__in=held.publisher_ids()) | Q(release__family_id__in=held.family_ids())
        return self.filter(Q(release__stage__in=PUBLIC_STAGES) | theirs)
