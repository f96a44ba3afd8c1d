import base64
import binascii
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, BaseModelForm, DateInput, UploadField
from registry.croissant import LARGEST, Reading
from registry.forms.catalogue import LanguagesField, VersionedForm, choice
from registry.forms.safeguards import short
from registry.models import Modality, ModelFamily, Release, TrainingDataset


def packed(source: str) -> str:
    """A text as a hidden field carries it: browsers change the line ends of what they send."""
    return base64.b64encode(source.encode()).decode()


class TrainingDatasetForm(VersionedForm, BaseModelForm):
    """A data set; made from a description, it carries that along in ``croissant``."""

    modalities = forms.MultipleChoiceField(
        label=_("Modalities"), choices=Modality.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    languages = LanguagesField(
        label=_("Languages"), required=False, help_text=_("Codes with commas between them: en, fr, sw.")
    )
    croissant = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = TrainingDataset
        fields = [
            *("name", "kind", "description", "releases", "source_url", "publisher", "licence", "collection"),
            *("collected_from", "collected_until", "size", "modalities", "languages", "personal_data", "legal_basis"),
            *("consent", "copyright_handling", "filtering", "known_gaps", "auditor", "audited_on", "notes"),
            "is_public",
        ]
        widgets = {
            "releases": forms.CheckboxSelectMultiple,
            "collected_from": DateInput,
            "collected_until": DateInput,
            "audited_on": DateInput,
            **short(description=3, collection=3, consent=3, copyright_handling=3, filtering=3, known_gaps=3, notes=3),
        }
        help_texts = {
            "releases": _("Leave all empty when it concerns every release of the family."),
            "licence": _("Its SPDX identifier where it has one, such as CC-BY-4.0."),
            "collection": _("For crawled data: the crawlers, the period, and the largest websites."),
            "size": _("Such as “1.2 TB” or “300 million documents”."),
            "consent": _("What the people were asked or told, and how they can object."),
            "copyright_handling": _("How opt-outs, such as robots.txt, and other reservations of rights were kept."),
            "filtering": _("What was taken out, illegal content above all, and how."),
            "known_gaps": _("Whom or what the data leaves out or shows wrongly."),
            "auditor": _("Who checked that this is true."),
            "notes": _("The public never sees these."),
            "is_public": _("Once one of its releases is public, the public page of the training data names it."),
        }

    def __init__(self, *args: Any, family: ModelFamily, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["croissant"]
        else:
            del self.fields["row_version"]
        releases = Release.objects.filter(family=family).order_by("-pk")
        choice(self, "releases").queryset = releases
        choice(self, "releases").label_from_instance = lambda release: release.version
        choice(self, "kind").choices = TrainingDataset.Kind.choices

    @classmethod
    def preview(cls, reading: Reading, *, family: ModelFamily) -> "TrainingDatasetForm":
        """The form filled with what was read; each field says from which property."""
        form = cls(family=family, initial={**reading.fields, "croissant": packed(reading.source)})
        for name, origin in reading.origins.items():
            field = form.fields[name]
            field.help_text = f"{field.help_text} {_now('Read from %s.') % origin}".strip()
        return form

    def clean_croissant(self) -> bytes:
        try:
            return base64.b64decode(self.cleaned_data["croissant"], validate=True)
        except binascii.Error as error:
            raise ValidationError(_now("The description was damaged on its way. Import it again.")) from error


class CroissantForm(BaseForm):
    """A Croissant description as a file or as text; ``cleaned_data["source"]`` is the text."""

    file = UploadField(
        label=_("Croissant file"),
        required=False,
        max_bytes=LARGEST,
        kinds={".json": "JSON", ".jsonld": "JSON-LD"},
        help_text=_("On the Hugging Face Hub: the “Croissant” button of the data set."),
    )
    source = forms.CharField(
        label=_("Or paste it here"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        file, text = data.get("file"), data.get("source") or ""
        if file and text.strip():
            raise ValidationError(_now("Give the description once: as a file or as text."))
        if file:
            data["source"] = file.read(LARGEST + 1)
        elif text.strip():
            # A browser sends a pasted text with the line ends of a form.
            data["source"] = text.replace("\r\n", "\n").encode()
        elif "file" not in self.errors:
            self.add_error("file", _now("Choose a file or paste the description."))
        return data
