from typing import Any

from django.conf.locale import LANG_INFO
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.models import Timestamped, Versioned
from registry.models.catalogue import PUBLIC_STAGES, SHA256, Modality, ModelFamily, Release


class TrainingDatasetQuerySet(models.QuerySet["TrainingDataset"]):
    def visible_to(self, user: Any) -> "TrainingDatasetQuerySet":
        """Data sets shown to the public, and all of the families ``user`` holds a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        released = Exists(Release.objects.filter(family_id=OuterRef("family_id"), stage__in=PUBLIC_STAGES))
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(Q(released) & _shown() | mine)

    def shown(self) -> "TrainingDatasetQuerySet":
        """What anybody may see of the training data of a public family."""
        return self.filter(_shown())


def _shown() -> Q:
    """A data set of named releases is shown no earlier than the first of them."""
    through = TrainingDataset.releases.through.objects.filter(trainingdataset=OuterRef("pk"))
    public = Exists(through.filter(release__stage__in=PUBLIC_STAGES))
    return Q(is_public=True) & (~Q(Exists(through)) | Q(public))


class TrainingDataset(Versioned, Timestamped):
    """Data that a model family was trained on: where it comes from, whose it is, and what was done with it."""

    class Kind(models.TextChoices):
        """Where data comes from, in the order in which the EU's template for the public summary asks."""

        PUBLIC = "public", _("Publicly available data set")
        LICENSED = "licensed", _("Licensed from rights holders")
        THIRD_PARTY = "third_party", _("Private, from other third parties")
        CRAWLED = "crawled", _("Crawled from websites")
        USERS = "users", _("From users of our services")
        SYNTHETIC = "synthetic", _("Synthetic, made by a model")
        OTHER = "other", _("Other source")

    class PersonalData(models.TextChoices):
        NONE = "none", _("None")
        PSEUDONYMISED = "pseudonymised", _("Pseudonymised")
        PRESENT = "present", _("Present")
        UNKNOWN = "unknown", _("Not known")

    class LegalBasis(models.TextChoices):
        NOT_NEEDED = "not_needed", _("Not needed: no personal data")
        CONSENT = "consent", _("Consent of the people")
        CONTRACT = "contract", _("Contract with the people")
        LEGITIMATE_INTERESTS = "legitimate_interests", _("Legitimate interests")
        PUBLIC_TASK = "public_task", _("Law or a public task")
        NOT_ESTABLISHED = "not_established", _("Not established")

    family = models.ForeignKey(
        ModelFamily, models.PROTECT, related_name="training_datasets", verbose_name=_("model family")
    )
    releases = models.ManyToManyField(
        Release, blank=True, related_name="training_datasets", verbose_name=_("releases trained on it")
    )
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("where it comes from"), max_length=12, choices=Kind.choices)
    description = models.TextField(_("what it holds"), blank=True)
    source_url = models.URLField(_("address"), max_length=500, blank=True)
    publisher = models.CharField(_("published by"), max_length=200, blank=True)
    licence = models.CharField(_("licence"), max_length=300, blank=True)
    collection = models.TextField(_("how it was collected"), blank=True)
    collected_from = models.DateField(_("collected from"), null=True, blank=True)
    collected_until = models.DateField(_("collected until"), null=True, blank=True)
    size = models.CharField(_("size"), max_length=200, blank=True)
    modalities = ArrayField(
        models.CharField(max_length=20, choices=Modality.choices),
        verbose_name=_("modalities"),
        default=list,
        blank=True,
    )
    languages = ArrayField(models.CharField(max_length=20), verbose_name=_("languages"), default=list, blank=True)
    personal_data = models.CharField(
        _("personal data"), max_length=14, choices=PersonalData.choices, default=PersonalData.UNKNOWN
    )
    legal_basis = models.CharField(
        _("consent or other legal basis"), max_length=24, choices=LegalBasis.choices, default=LegalBasis.NOT_ESTABLISHED
    )
    consent = models.TextField(_("about consent"), blank=True)
    copyright_handling = models.TextField(_("copyright and opt-outs"), blank=True)
    filtering = models.TextField(_("filtering"), blank=True)
    known_gaps = models.TextField(_("known gaps"), blank=True)
    auditor = models.CharField(_("audited by"), max_length=200, blank=True)
    audited_on = models.DateField(_("audited on"), null=True, blank=True)
    notes = models.TextField(_("notes for people with a role here"), blank=True)
    is_public = models.BooleanField(_("shown to the public"), default=True)
    croissant = models.TextField(_("Croissant description as it came"), blank=True, editable=False)
    croissant_sha256 = models.CharField(max_length=64, blank=True, validators=[SHA256], editable=False)

    objects = TrainingDatasetQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["family", "name"],
                name="one_training_dataset_per_name",
                violation_error_message=_("This model family has a data set with this name."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["public", "licensed", "third_party", "crawled", "users", "synthetic", "other"]),
                name="training_dataset_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(personal_data__in=["none", "pseudonymised", "present", "unknown"]),
                name="training_dataset_says_whether_personal",
            ),
            models.CheckConstraint(
                condition=Q(collected_from__isnull=True)
                | Q(collected_until__isnull=True)
                | Q(collected_from__lte=F("collected_until")),
                name="training_dataset_collected_in_order",
            ),
            models.CheckConstraint(
                condition=Q(audited_on__isnull=True) | ~Q(auditor=""), name="audited_training_dataset_says_by_whom"
            ),
            models.CheckConstraint(
                condition=~Q(personal_data__in=["pseudonymised", "present"]) | ~Q(legal_basis="not_needed"),
                name="personal_data_needs_a_legal_basis",
            ),
            models.CheckConstraint(
                condition=Q(croissant="", croissant_sha256="") | ~Q(croissant="") & ~Q(croissant_sha256=""),
                name="training_dataset_croissant_has_digest",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def language_words(self) -> list[str]:
        """The languages by name where we know the code, else the code itself."""
        return [
            str(get_language_info(code)["name_translated"]) if code in LANG_INFO else code for code in self.languages
        ]

    @property
    def modality_words(self) -> list[str]:
        return [str(Modality(name).label) for name in self.modalities if name in Modality.values]
