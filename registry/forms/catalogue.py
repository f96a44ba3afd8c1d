from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, BaseModelForm
from common.lifecycle import Refused
from registry import cards, licences
from registry.models import Modality, ModelFamily, Publisher, Release, Stage


def choice(form: forms.BaseForm, name: str) -> Any:
    """The field whose choices depend on who asks."""
    return form.fields[name]


class VersionedForm(forms.Form):
    """Carries the version of the row that the writer had before them."""

    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        super().__init__(*args, **kwargs)
        self.fields["row_version"].initial = getattr(instance, "row_version", None)

    def _post_clean(self) -> None:
        """Shape only: rules are the service's, and the row must not change before it says so."""


class SearchForm(BaseForm):
    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class CatalogueFilterForm(BaseForm):
    q = forms.CharField(
        label=_("Name or words"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    publisher = forms.ModelChoiceField(
        label=_("Publisher"),
        queryset=Publisher.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label=_("All"),
    )
    modality = forms.ChoiceField(label=_("Modality"), required=False, choices=[("", _("All")), *Modality.choices])
    stage = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), (Stage.PUBLISHED, Stage.PUBLISHED.label), (Stage.WITHDRAWN, Stage.WITHDRAWN.label)],
    )

    def __init__(self, *args: Any, publishers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "publisher").queryset = publishers


class PublisherForm(VersionedForm, BaseModelForm):
    class Meta:
        model = Publisher
        fields = ["name", "about", "website", "contact_email"]


class FamilyForm(VersionedForm, BaseModelForm):
    """A new family, or the texts of one; the short name is asked for only once."""

    class Meta:
        model = ModelFamily
        fields = ["slug", "name", "summary", "intended_use", "out_of_scope_use", "allows_public_concerns"]
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}
        help_texts = {
            "slug": _("The name in addresses and for programs, such as “pilot-7b”. It cannot change later."),
            "intended_use": _("Markdown. One use a line reads best."),
            "out_of_scope_use": _("Markdown. Say it in the words of those who might try."),
        }

    def __init__(self, *args: Any, publishers: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["slug"]
        else:
            del self.fields["row_version"], self.fields["allows_public_concerns"]
            self.fields["publisher"] = forms.ModelChoiceField(label=_("Publisher"), queryset=publishers)
            self.order_fields(["publisher"])
            if choice(self, "publisher").queryset.count() == 1:
                self.initial.setdefault("publisher", choice(self, "publisher").queryset.first())


class LanguagesField(forms.CharField):
    """Language codes with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        codes = [code.strip() for code in (super().to_python(value) or "").split(",")]
        if any(len(code) > 20 for code in codes):
            raise ValidationError(_now("A language code has at most 20 characters. Put commas between them."))
        return [code for code in dict.fromkeys(codes) if code]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class ReleaseEditForm(VersionedForm, BaseModelForm):
    languages = LanguagesField(
        label=_("Languages"), required=False, help_text=_("Codes with commas between them: en, fr, sw.")
    )

    class Meta:
        model = Release
        fields = [
            *("version", "modality", "licence", "licence_name", "licence_url", "licence_text", "intended_users"),
            *("base_model", "languages"),
        ]
        widgets = {
            "licence": forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
            "licence_text": forms.Textarea(attrs={"rows": 5, "class": "mono"}),
            "intended_users": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.stage != Stage.DRAFT:
            del self.fields["version"], self.fields["licence"]
            text = self.instance.licence
            is_whole = bool(text) and licences.is_read(text) and not licences.own_references(text)
            for name in ("licence_name", "licence_url", "licence_text"):
                # What a published release left out of a licence of its own can still be filled in.
                if is_whole or getattr(self.instance, name):
                    del self.fields[name]


class CardForm(BaseForm):
    """A model card as a file or as text; ``cleaned_data["source"]`` is the card as it was given."""

    file = forms.FileField(
        label=_("Model card file"),
        required=False,
        help_text=_("A README.md as on the Hugging Face Hub, with front matter. Up to 1 MB."),
        widget=forms.FileInput(attrs={"accept": ".md,.markdown,text/markdown"}),
    )
    source = forms.CharField(
        label=_("Or paste it here"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono"}),
    )
    required_card = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        file, text = data.get("file"), data.get("source") or ""
        if file and text.strip():
            raise ValidationError(_now("Give the card once: as a file or as text."))
        try:
            if file:
                text = cards.decode(file.read(cards.LARGEST_CARD + 1), size=file.size)
            else:
                # A browser sends a pasted text with the line ends of a form, not with those of the card.
                text = text.replace("\r\n", "\n")
            if text.strip():
                cards.read(text)
            elif self.required_card:
                raise Refused(_now("Choose a file or paste the text of the card."), field="file")
        except Refused as refused:
            self.add_error("file" if file or refused.field == "file" else "source", list(refused.reasons))
        data["source"] = text
        return data


class ReleaseForm(CardForm):
    """A new release: its version, and its model card, which may answer the rest."""

    family = forms.ModelChoiceField(label=_("Model family"), queryset=ModelFamily.objects.none())
    version = forms.CharField(label=_("Version"), max_length=60, help_text=_("As you call it: 2.1, 2026-11, v3-beta."))
    field_order = ["family", "version", "file", "source"]
    required_card = False

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "family").queryset = families
        choice(self, "family").label_from_instance = lambda family: f"{family.name} ({family.repo_id})"
        self.fields["file"].help_text = _("Optional now. Licence, languages, modality and base model are read from it.")


class ArtifactForm(BaseForm):
    file = forms.FileField(
        label=_("File"), allow_empty_file=True, help_text=_("Any size. Its digest is computed while it arrives.")
    )
    path = forms.CharField(
        label=_("Path in the release"),
        required=False,
        max_length=300,
        help_text=_("Such as “weights/model.safetensors”. Left empty, it is the name of the file."),
    )
    sha256 = forms.CharField(
        label=_("SHA-256 that you expect"),
        required=False,
        max_length=80,
        help_text=_("What arrives is compared with it, and refused if it differs."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )
