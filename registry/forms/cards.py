"""Editing a card: a section, its metadata, its whole source."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm
from common.lifecycle import Refused
from registry import cards
from registry.documentation import metadata
from registry.documentation.fields import EMISSIONS, FIELDS, GROUPS, ROWS, Field, Shape, line, shape_of
from registry.documentation.metadata import Lines
from registry.forms.card_results import ResultRows
from registry.forms.card_rows import CardRows, QuestionRows, WidgetRows
from registry.forms.catalogue import CardForm
from registry.services.cards import LONGEST_NOTE


class CorrectionForm(BaseForm):
    """Knows the version of the card that the writer had before them; after publication also asks what is corrected."""

    number = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)
    correction_note = forms.CharField(
        label=_("What is corrected, and why"),
        max_length=LONGEST_NOTE,
        help_text=_("Shown to everybody beside the card. The version that was published stays readable."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, corrects: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if corrects:
            self.order_fields([*(name for name in self.fields if name != "correction_note"), "correction_note"])
        else:
            del self.fields["correction_note"]


class SectionForm(CorrectionForm):
    text = forms.CharField(
        label=_("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=_("Markdown. Headings in it need more marks (#) than the section's own."),
    )
    field_order = ["text"]


class CardSourceForm(CorrectionForm):
    source = forms.CharField(
        label=_("Source of the card"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "class": "mono", "spellcheck": "false"}),
        help_text=_("Metadata as YAML between two lines “---”, then the text as Markdown."),
    )
    field_order = ["source"]

    def __init__(self, *args: Any, card: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored: str = card.source if card else ""
        self.initial.setdefault("source", _browser(self.stored))

    def clean_source(self) -> str:
        """The text with the line ends and the mark at the beginning that a browser takes away."""
        typed: str = _browser(self.cleaned_data["source"])
        if typed == _browser(self.stored):
            return self.stored
        if self.stored.count("\r\n") * 2 > self.stored.count("\n"):
            typed = typed.replace("\n", "\r\n")
        if self.stored.startswith("\ufeff"):
            typed = f"\ufeff{typed}"
        try:
            cards.read(typed)
        except Refused as refused:
            raise ValidationError(list(refused.reasons)) from refused
        return typed


class CardUploadForm(CardForm):
    """A card as a file or as text; for a published release with what it corrects."""

    correction_note = CorrectionForm.base_fields["correction_note"]

    def __init__(self, *args: Any, corrects: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not corrects:
            del self.fields["correction_note"]


def _with_key(key: str, text: str) -> str:
    """The lines of ``key``, also where somebody typed its value alone."""
    if text.startswith(f"{key}:"):
        return text
    if "\n" not in text and not text.startswith("- "):
        return f"{key}: {text}"
    return "\n".join([f"{key}:", *(f"  {each}" if each else each for each in text.split("\n"))])


def _browser(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _values(front: str) -> dict[str, Any]:
    read = yaml.safe_load(front)
    return read if isinstance(read, dict) else {}


class MetadataForm(CorrectionForm):
    """Every field of the Hub's metadata for models. ``changes`` holds those that were typed differently.

    ``version_of`` finds a version of the card by its number: lists are edited as rows of the version that the
    writer had before them. ``as_yaml`` shows these lists as YAML instead.
    """

    def __init__(
        self,
        *args: Any,
        card: Any = None,
        version_of: Callable[[int], Any] = lambda number: None,
        model: str = "",
        as_yaml: bool = False,
        part: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.data: Any = self.data.copy() if self.is_bound else {}  # type: ignore[attr-defined]
        self.card, self.version_of, self.model, self.part = card, version_of, model, part
        self.front: str = metadata.cut(card.source).front if card else ""
        self.values = _values(self.front)
        self.as_yaml = as_yaml
        self.shapes: dict[str, Shape] = {}
        self.rows: dict[str, CardRows] = {}
        self.groups: list[tuple[Any, list[Any]]] = []
        for group in GROUPS:
            items: list[Any] = []
            for field in group.fields:
                items += self._add(field)
            self.groups.append((group.title, items))
        placed = [name for field in FIELDS.values() for name in self._names(field)]
        self.order_fields(placed)

    @property
    def sections(self) -> list[tuple[Any, list[Any]]]:
        """Headings with the fields, or the rows of a list, below them, for the page."""
        return [
            (title, [self[item] if isinstance(item, str) else item for item in items]) for title, items in self.groups
        ]

    @property
    def others(self) -> list[str]:
        """Keys that the card has and this form does not know."""
        return [str(key) for key in self.values if key not in FIELDS]

    def without_judgement(self) -> "MetadataForm":
        """The form as it was sent, before anybody asked whether it is right."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        return self

    def _add(self, field: Field) -> list[Any]:
        value = self.values.get(field.key)
        shape = shape_of(field, value)
        if shape in ROWS and (self.as_yaml or self.data.get(field.key)):
            shape = Shape.YAML
        self.shapes[field.key] = shape
        if shape in ROWS:
            self.rows[field.key] = self._rows(shape, field.key)
            return [self.rows[field.key]]
        if shape == Shape.EMISSIONS:
            stored = value if isinstance(value, dict) else {"emissions": value}
            for name, label in EMISSIONS:
                made = forms.CharField(label=label, required=False, max_length=500)
                self.take(f"co2_{name}", made, "" if stored.get(name) is None else str(stored[name]))
            return [f"co2_{name}" for name, _label in EMISSIONS]
        self.take(field.key, self._field(field, shape, value), self._initial(field, shape, value))
        return [field.key]

    def _rows(self, shape: Shape, key: str) -> CardRows:
        """The rows of a list, of the version that they were taken from."""
        kind: type[CardRows] = {Shape.RESULTS: ResultRows, Shape.EXAMPLES: WidgetRows, Shape.QUESTIONS: QuestionRows}[
            shape
        ]
        typed = self.text_of(f"{kind.name}_number")
        card, front = self.card, self.front
        if typed.isascii() and typed.isdigit() and len(typed) < 9 and int(typed) != (card.number if card else 0):
            card = self.version_of(int(typed))
            front = metadata.cut(card.source).front if card else ""
        value = _values(front).get(key)
        if shape_of(FIELDS[key], value) not in ROWS:
            card, value = self.card, self.values.get(key)
        number = card.number if card else 0
        if shape == Shape.RESULTS:
            model = str(self.values.get("model_name") or self.model)
            return ResultRows(self, value, number, model=model, page=self.part)
        return kind(self, value, number)

    def take(self, name: str, field: forms.Field, initial: str) -> None:
        self.fields[name] = field
        self.initial[name] = initial

    def _field(self, field: Field, shape: Shape, value: Any) -> forms.Field:
        options: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": False}
        if shape == Shape.CHOICE:
            choices = [*field.choices, *([value] if value and value not in field.choices else [])]
            return forms.ChoiceField(**options, choices=[("", "–"), *((each, each) for each in choices)])
        if shape == Shape.FLAG:
            return forms.ChoiceField(**options, choices=[("", "–"), ("true", _("Yes")), ("false", _("No"))])
        rows = {Shape.LIST: 3, Shape.LONG: 4, Shape.YAML: 8 if value is not None else 2}.get(shape)
        if rows is None:
            return forms.CharField(**options, max_length=500)
        attrs: dict[str, Any] = {"rows": rows}
        if shape == Shape.YAML:
            attrs |= {"class": "mono", "spellcheck": "false"}
        return forms.CharField(**options, strip=False, widget=forms.Textarea(attrs=attrs))

    def _initial(self, field: Field, shape: Shape, value: Any) -> str:
        if value is None and (shape != Shape.YAML or field.key not in self.values):
            return ""
        if shape == Shape.YAML:
            return _browser(metadata.lines_of(self.front, field.key))
        if shape == Shape.LIST:
            return "\n".join(map(line, value if isinstance(value, list) else [value]))
        if shape == Shape.FLAG:
            return str(value).lower()
        return str(value)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        changes: dict[str, Any] = {}
        for group in GROUPS:
            for field in group.fields:
                try:
                    if self._typed_differently(field):
                        changes[field.key] = self._value(field, data)
                        metadata.change(self.front, {field.key: changes[field.key]})
                except Refused as refused:
                    for reason in refused.reasons:
                        self.add_error(field.key if field.key in self.fields else None, reason)
        self.cleaned_data = {name: data[name] for name in ("number", "correction_note") if name in data} | {
            "changes": changes
        }
        return self.cleaned_data

    def _names(self, field: Field) -> list[str]:
        if field.key in self.rows:
            return self.rows[field.key].names
        emissions = self.shapes[field.key] == Shape.EMISSIONS
        return [f"co2_{name}" for name, _label in EMISSIONS] if emissions else [field.key]

    def _typed_differently(self, field: Field) -> bool:
        if field.key in self.rows:
            return self.rows[field.key].touched
        return any(self.text_of(name) != self.initial[name].strip() for name in self._names(field))

    def text_of(self, name: str) -> str:
        """What was sent for a field."""
        return _browser(str(self.data.get(self.add_prefix(name)) or "")).strip()

    def is_typed(self, name: str) -> bool:
        """Whether a field was sent, and differs from what was stored."""
        return self.add_prefix(name) in self.data and self.text_of(name) != self.initial[name].strip()

    def shown_text(self, name: str) -> str:
        """What a field shows: what was sent, else what is stored."""
        return self.text_of(name) if self.add_prefix(name) in self.data else str(self.initial[name])

    def typed_keys(self) -> set[str]:
        """The keys whose text is not that of the version the writer had before them."""
        return {field.key for field in FIELDS.values() if self._typed_differently(field)}

    def names_of(self, key: str) -> list[str]:
        return self._names(FIELDS[key])

    def _value(self, field: Field, data: dict[str, Any]) -> Any:
        if field.key in self.rows:
            return self.rows[field.key].new_value()
        shape, text = self.shapes[field.key], self.text_of(field.key)
        if shape == Shape.EMISSIONS:
            return self._emissions()
        if not text:
            return None
        if shape == Shape.YAML:
            return Lines(_with_key(field.key, text))
        if shape == Shape.FLAG:
            return text == "true"
        if shape == Shape.LIST:
            return self._listed(field, text)
        return text

    def _listed(self, field: Field, text: str) -> Any:
        items = list(dict.fromkeys(each.strip() for each in text.split("\n") if each.strip()))
        old = self.values.get(field.key)
        as_before = {line(each): each for each in (old if isinstance(old, list) else [old])}
        values = [as_before.get(item, item) for item in items]
        was_single = not isinstance(old, list) if field.key in self.values else field.single
        return values[0] if len(values) == 1 and was_single else values

    def _emissions(self) -> Any:
        old = self.values.get("co2_eq_emissions")
        made: dict[str, Any] = dict(old) if isinstance(old, dict) else {}
        for name, _label in EMISSIONS:
            text = self.text_of(f"co2_{name}")
            if text == self.initial[f"co2_{name}"].strip():
                if not isinstance(old, dict) and name == "emissions" and old is not None:
                    made[name] = old
                continue
            if not text:
                made.pop(name, None)
            else:
                made[name] = self._grams(text) if name == "emissions" else text
        return made or None

    def _grams(self, text: str) -> int | float:
        try:
            number = Decimal(text.replace(" ", ""))
            if not number.is_finite() or not 0 <= number < 10**15:
                raise InvalidOperation
        except InvalidOperation:
            self.add_error("co2_emissions", _now("Give a number of grams, such as 1250 or 0.5."))
            return 0
        return int(number) if number == number.to_integral_value() and "." not in text else float(number)


class CompareForm(BaseForm):
    """Which two versions to compare."""

    old = forms.TypedChoiceField(label=_("From version"), coerce=int)
    new = forms.TypedChoiceField(label=_("To version"), coerce=int)

    def __init__(self, *args: Any, versions: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(card.number, _now("Version %s") % card.number) for card in versions]
        for name in ("old", "new"):
            field: Any = self.fields[name]
            field.choices = choices
