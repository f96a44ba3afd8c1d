"""The lists of a card's metadata as rows of fields: change one, add one, take one away.

A field that was not sent counts as untouched, so a page can show a part of a long list and nothing is lost.
"""

import copy
import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from registry.documentation import rows
from registry.documentation.rows import Cell, Entry

MOST_ROWS = 500
_LISTS = ("results", "widget", "questions")


def with_row(data: Any, where: str) -> Any:
    """What was sent, with one more empty row in a list, or one more metric in a result (``result3``)."""
    data = data.copy()
    counter = (
        f"{where}_total" if where in _LISTS else f"{where}_metrics" if re.fullmatch(r"result\d{1,4}", where) else ""
    )
    if counter in data:
        typed = data[counter]
        data[counter] = str(int(typed) + 1) if typed.isascii() and typed.isdigit() and len(typed) < 5 else "0"
    return data


class Row:
    """One entry on the page: its fields, what it is called, and what it holds besides."""

    def __init__(self, owner: "CardRows", prefix: str, entry: Entry, title: str, *, new: bool) -> None:
        self.owner, self.prefix, self.entry, self.title, self.new = owner, prefix, entry, title, new
        self.cells: dict[Cell, str] = {}
        self.remove = f"{prefix}_remove"
        self.metrics: list[Row] = []
        self.kept: list[str] = []
        self.verified = entry.get("verified") is True

    def fields(self, *names: str) -> list[Any]:
        """The fields of the named cells, or all of them, for the page."""
        return [self.owner.form[name] for cell, name in self.cells.items() if not names or cell.name in names]

    @property
    def all_fields(self) -> list[Any]:
        return self.fields()

    @property
    def metrics_total(self) -> Any:
        return self.owner.form[f"{self.prefix}_metrics"]

    @property
    def next_anchor(self) -> str:
        """Where the next metric will stand."""
        return f"row-{self.prefix}_metric{int(self.owner.form.shown_text(f'{self.prefix}_metrics'))}"

    @property
    def removerow_field(self) -> Any:
        return self.owner.form[self.remove] if self.remove in self.owner.form.fields else None

    @property
    def is_open(self) -> bool:
        """Whether the row is unfolded: it is new, was touched, or is wrong."""
        return self.new or self.touched or any(metric.touched or metric.new for metric in self.metrics)

    @property
    def removed(self) -> bool:
        return bool(self.owner.form.text_of(self.remove))

    @property
    def changed(self) -> dict[Cell, str]:
        """The cells that were typed differently, with what was typed."""
        form = self.owner.form
        return {cell: form.text_of(name) for cell, name in self.cells.items() if form.is_typed(name)}

    @property
    def touched(self) -> bool:
        return self.removed or bool(self.changed)

    def text(self, name: str) -> str:
        """What a cell says now."""
        cell, field = next((cell, field) for cell, field in self.cells.items() if cell.name == name)
        return str(self.changed.get(cell, self.owner.form.initial[field]))

    def has(self, name: str) -> bool:
        return any(cell.name == name for cell in self.cells)

    def require(self, name: str, words: Any) -> None:
        if self.has(name) and not self.text(name):
            self.wrong(name, words)

    def wrong(self, name: str, words: Any) -> None:
        field = next((field for cell, field in self.cells.items() if cell.name == name), None)
        self.owner.form.add_error(field, words)


class CardRows(ABC):
    """The rows of one key. ``form`` is the ``MetadataForm`` that they are fields of."""

    name: ClassVar[str]
    prefix: ClassVar[str]
    rows_template: ClassVar[str]

    def __init__(self, form: Any, value: Any, number: int) -> None:
        self.form = form
        self.value = copy.deepcopy(value)
        self.names: list[str] = []
        self.rows: list[Row] = []
        self.stored = self.count_stored()
        self._hidden(f"{self.name}_number", str(number))
        total = self._count(f"{self.name}_total", self.stored)
        for place in range(total):
            self.rows += self.make(place)
        self.next_anchor = f"row-{self.prefix}{total}"

    def count_stored(self) -> int:
        return len(self.value or ())

    @abstractmethod
    def make(self, place: int) -> list[Row]:
        """The row at ``place``; none where it is on another page."""

    @abstractmethod
    def new_value(self) -> Any:
        """What was typed as the new value of the key, with errors noted at their fields."""

    @property
    def number(self) -> Any:
        return self.form[f"{self.name}_number"]

    @property
    def total(self) -> Any:
        return self.form[f"{self.name}_total"]

    @property
    def touched(self) -> bool:
        return any(row.touched or any(metric.touched for metric in row.metrics) for row in self.rows)

    def _row(self, prefix: str, entry: Entry, cells: tuple[Cell, ...], title: str, *, new: bool) -> Row:
        row = Row(self, prefix, entry, title, new=new)
        for cell in cells:
            shown = cell.shown(entry)
            if shown is None:
                continue
            name = row.cells[cell] = f"{prefix}_{cell.name}"
            self._take(name, row_field(cell, shown), shown)
        if not new:
            self._take(row.remove, forms.BooleanField(label=_("Take out"), required=False), "")
        return row

    def _take(self, name: str, field: forms.Field, initial: str) -> None:
        self.form.take(name, field, initial)
        self.names.append(name)
        if self.form.is_bound and not isinstance(field, forms.BooleanField):
            # What was not sent is shown as it is stored, lest the next time it is sent empty.
            self.form.data.setdefault(name, initial)

    def _hidden(self, name: str, initial: str) -> None:
        self._take(name, forms.CharField(required=False, widget=forms.HiddenInput), initial)

    def _count(self, name: str, stored: int) -> int:
        """How many rows there are on the page: those stored, and those asked for."""
        self._hidden(name, str(stored))
        typed = self.form.text_of(name)
        asked = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0
        count = max(stored, min(asked, stored + MOST_ROWS))
        if self.form.is_bound:
            self.form.data[name] = str(count)
        return count


class _NeededText(forms.CharField):
    """Has no “optional” beside it; whether it may be empty, its row decides."""

    def validate(self, value: Any) -> None:
        pass


class _NeededChoice(forms.ChoiceField):
    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


def row_field(cell: Cell, shown: str) -> forms.Field:
    options: dict[str, Any] = {"label": cell.label, "help_text": cell.help, "required": cell.needed}
    kind = _NeededText if cell.needed else forms.CharField
    if cell.long:
        return forms.CharField(**options, strip=False, widget=forms.Textarea(attrs={"rows": 2}))
    return kind(**options, max_length=max(500, len(shown)))


class WidgetRows(CardRows):
    """``widget``: the examples that the Hub offers to try."""

    name = "widget"
    prefix = "widget"
    rows_template = "registry/_card_examples.html"

    def make(self, place: int) -> list[Row]:
        new = place >= self.stored
        entry = {} if new else self.value[place]
        title = str(entry.get("example_title") or entry.get("text") or entry.get("src") or "")[:120]
        row = self._row(f"widget{place}", entry, rows.WIDGET, title, new=new)
        row.kept = rows.kept(entry, rows.WIDGET)
        return [row]

    def new_value(self) -> Any:
        made = []
        for row in self.rows:
            if row.removed or (row.new and not row.touched):
                continue
            if row.changed and not (row.kept or any(row.has(name) and row.text(name) for name in ("text", "src"))):
                row.wrong("text", _now("Give a text, or the address of a file."))
            made.append(rows.renewed(row.entry, row.changed))
        return made or None


class QuestionRows(CardRows):
    """``extra_gated_fields``: what the Hub asks a person who wants the files."""

    name = "questions"
    prefix = "question"
    rows_template = "registry/_card_questions.html"

    def make(self, place: int) -> list[Row]:
        new = place >= self.stored
        label, question = ("", "") if new else list(self.value.items())[place]
        stored = question if isinstance(question, dict) else {"type": question}
        row = Row(self, f"question{place}", {"label": label, "question": question}, label, new=new)
        options = "\n".join(map(rows.option_line, stored.get("options", ())))
        known = [kind for kind, _label in rows.QUESTION_KINDS]
        choices = [
            ("", "–"),
            *rows.QUESTION_KINDS,
            *([] if not stored["type"] or stored["type"] in known else [(stored["type"],) * 2]),
        ]
        made: list[tuple[str, Any, str]] = [
            ("label", _NeededText(label=_("Question"), max_length=max(500, len(label))), label),
            ("kind", _NeededChoice(label=_("Kind of answer"), choices=choices), stored["type"]),
            ("options", row_field(_OPTIONS, options), options),
        ]
        for name, field, initial in made:
            row.cells[_QUESTION[name]] = f"{row.prefix}_{name}"
            self._take(f"{row.prefix}_{name}", field, initial)
        if not new:
            self._take(row.remove, forms.BooleanField(label=_("Take out"), required=False), "")
        return [row]

    def new_value(self) -> Any:
        made: dict[str, Any] = {}
        for row in self.rows:
            if row.removed or (row.new and not row.touched):
                continue
            row.require("label", _now("Write the question."))
            label = row.text("label")
            if label in made:
                row.wrong("label", _now("This question is there already."))
            made[label] = self._question(row) if row.changed else row.entry["question"]
        return made or None

    def _question(self, row: Row) -> Any:
        row.require("kind", _now("Choose how it is answered."))
        kind = row.text("kind")
        options = list(dict.fromkeys(each.strip() for each in row.text("options").split("\n") if each.strip()))
        if kind == "select" and not options:
            row.wrong("options", _now("List what can be chosen."))
        elif kind != "select" and options and row.changed.keys() - {_QUESTION["label"]}:
            row.wrong("options", _now("Only “One of a few” has these."))
        old = row.entry["question"]
        if isinstance(old, str) or not old:
            return {"type": kind, "options": options} if options else kind
        as_before = {rows.option_line(each): each for each in old.get("options", ())}
        made = {**old, "type": kind}
        if options:
            made["options"] = [as_before.get(each, each) for each in options]
        else:
            made.pop("options", None)
        return made


_OPTIONS = Cell("options", ("options",), _("What can be chosen"), _("One a line, for “One of a few”."), long=True)
_QUESTION = {name: Cell(name, (name,), "") for name in ("label", "kind")} | {"options": _OPTIONS}
