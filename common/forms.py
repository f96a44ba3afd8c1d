"""The shape of every form: label, hint, error, control, in this order, and one error summary."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.templatetags.tidegate import bytes_filter

# The field templates count the characters of a text longer than this.
COUNT_FROM = 200


class PortalBoundField(BoundField):
    """A field that also knows its character limit and says so to a screen reader."""

    @property
    def limit(self) -> int | None:
        """How many characters fit, for a text long enough to be worth counting."""
        length = getattr(self.field, "max_length", None)
        return length if length and length >= COUNT_FROM and isinstance(self.field.widget, forms.Textarea) else None

    @property
    def aria_describedby(self) -> str | None:  # type: ignore[override]
        described = super().aria_describedby
        if described is None or self.is_hidden or not self.auto_id:
            return described
        parts = [described] if described else []
        if self.limit:
            parts.append(f"{self.auto_id}_count")
        if getattr(self.field.widget, "limits", ""):
            parts.append(f"{self.auto_id}_limits")
        return " ".join(parts)

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        if self.label and "placeholder" in (widget or self.field.widget).attrs:
            # A placeholder that repeats the label is gone as soon as it is needed.
            built["placeholder"] = False
        return built

    @property
    def columns(self) -> int:
        return getattr(self.field.widget, "columns", 1)


class Renderer(TemplatesSetting):
    """Draws all forms, allauth's too, from ``templates/forms/``."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
    formset_template_name = "forms/formset.html"
    bound_field_class = PortalBoundField


class FormMixin:
    """What every form of the portal shares. The browser's own bubbles are off: the page explains
    errors itself, in one place, in words, and without JavaScript."""

    use_required_attribute = False
    label_suffix = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # type: ignore[attr-defined]
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs.setdefault("rows", 4)
                field.widget.attrs.pop("cols", None)

    def add_refusal(self, refused: Exception) -> None:
        """Show a service's ``Refused`` on the form: at its field if it names one, else on top."""
        field = getattr(refused, "field", None)
        reasons = list(getattr(refused, "reasons", ())) or [str(refused)]
        target = field if field in self.fields else None  # type: ignore[attr-defined]
        self.add_error(target, [ValidationError(str(reason)) for reason in reasons])  # type: ignore[attr-defined]


class BaseForm(FormMixin, forms.Form):
    pass


class BaseModelForm(FormMixin, forms.ModelForm):  # type: ignore[type-arg]
    pass


class _Hinted:
    """Choices that can each carry a line of explanation: ``hints={"fraud": _("Scams, phishing")}``."""

    def __init__(
        self,
        attrs: dict[str, Any] | None = None,
        choices: Iterable[Any] = (),
        *,
        hints: Mapping[str, Any] | None = None,
        columns: int = 1,
    ) -> None:
        super().__init__(attrs, choices)  # type: ignore[call-arg]
        self.hints = dict(hints or {})
        self.columns = columns

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)  # type: ignore[misc]
        option["hint"] = self.hints.get(str(value), "")
        return option


class RadioCards(_Hinted, forms.RadioSelect):
    pass


class CheckboxCards(_Hinted, forms.CheckboxSelectMultiple):
    pass


class DateInput(forms.DateInput):
    """The browser's own date picker; without one, a text field that takes 2026-11-18."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class UploadInput(forms.ClearableFileInput):
    """A file control that says its limits before somebody meets them."""

    limits: Any = ""


class ManyUploadsInput(UploadInput):
    allow_multiple_selected = True


class UploadField(forms.FileField):
    """One file of a few named kinds and a largest size, both written into the hint.

    ``kinds`` maps an extension to the word for it: ``{".pdf": "PDF", ".png": "PNG"}``. The extension
    is only a courtesy to the honest; what a file really is, its receiver decides from its bytes.
    """

    widget = UploadInput
    default_error_messages = {
        "too_big": _("%(name)s is larger than %(limit)s. Choose a smaller file."),
        "kind": _("%(name)s is not one of: %(kinds)s."),
    }

    def __init__(self, *, max_bytes: int, kinds: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        self.max_bytes = max_bytes
        self.kinds = dict(kinds or {})
        super().__init__(**kwargs)
        self.widget.limits = self.limits_text()
        if self.kinds:
            self.widget.attrs["accept"] = ",".join(self.kinds)

    def kinds_text(self) -> str:
        return get_text_list([str(word) for word in dict.fromkeys(self.kinds.values())], gettext("or"))

    def limits_text(self) -> str:
        size = bytes_filter(self.max_bytes)
        if self.kinds:
            return gettext("%(kinds)s, up to %(size)s.") % {"kinds": self.kinds_text(), "size": size}
        return gettext("Up to %(size)s.") % {"size": size}

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if isinstance(file, UploadedFile):
            self.check(file)
        return file

    def check(self, file: UploadedFile) -> None:
        name = file.name or ""
        if (file.size or 0) > self.max_bytes:
            limit = bytes_filter(self.max_bytes)
            raise ValidationError(self.error_messages["too_big"], "too_big", {"name": name, "limit": limit})
        if self.kinds and not name.lower().endswith(tuple(self.kinds)):
            raise ValidationError(self.error_messages["kind"], "kind", {"name": name, "kinds": self.kinds_text()})


class ManyUploadsField(UploadField):
    """Several files in one control; cleans to a list. Limits are for each file."""

    widget = ManyUploadsInput
    default_error_messages = {"too_many": _("Choose at most %(limit)s files.")}

    def __init__(self, *, max_files: int = 10, **kwargs: Any) -> None:
        self.max_files = max_files
        super().__init__(**kwargs)

    def limits_text(self) -> str:
        each = super().limits_text()
        return gettext("%(each)s At most %(count)s files.") % {"each": each, "count": self.max_files}

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [file for file in (data if isinstance(data, list | tuple) else [data]) if file]
        if not files:
            super().clean(None, initial)
            return []
        if len(files) > self.max_files:
            raise ValidationError(self.error_messages["too_many"], "too_many", {"limit": self.max_files})
        return [super(ManyUploadsField, self).clean(file, initial) for file in files]
