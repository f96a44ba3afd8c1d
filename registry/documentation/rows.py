"""Lists in a card's metadata, entry by entry: results, examples for the widget, questions to who asks for access.

A cell is one plain value inside an entry, by its path. What an entry holds besides is kept as it is.
"""

import copy
import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

Entry = dict[str, Any]
_INT = re.compile(r"[+-]?\d{1,18}")
_FLOAT = re.compile(r"[+-]?(?:\d{1,18}\.\d*|\.\d+|\d{1,18}(?=[eE]))(?:[eE][+-]?\d{1,3})?")


@dataclass(frozen=True)
class Cell:
    """One value of an entry: its name in the form, where it stands, and what it is called."""

    name: str
    path: tuple[str, ...]
    label: Any
    help: Any = ""
    long: bool = False
    # Written as a number where it is one.
    number: bool = False
    # A row that says anything says this too.
    needed: bool = False

    def shown(self, entry: Entry) -> str | None:
        """The value as it is typed; None where it is something that one field cannot hold."""
        value: Any = entry
        for name in self.path:
            if value is None:
                return ""
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, dict | list):
            return None
        text = str(value)
        fits = text == text.strip() and "\r" not in text and "\x00" not in text and (self.long or "\n" not in text)
        return text if fits else None

    def write(self, entry: Entry, text: str) -> None:
        """Put what was typed into ``entry``, or take the value out, and with it a part that is empty then."""
        parts = [entry]
        for name in self.path[:-1]:
            if not isinstance(parts[-1].get(name), dict):
                parts[-1][name] = {}
            parts.append(parts[-1][name])
        if text:
            parts[-1][self.path[-1]] = number_or_text(text) if self.number else text
            return
        parts[-1].pop(self.path[-1], None)
        for part, name in zip(reversed(parts[:-1]), reversed(self.path[:-1]), strict=True):
            if not part[name]:
                del part[name]


TASK = (
    Cell("task_type", ("task", "type"), _("Task"), _("As on the Hub: text-generation."), needed=True),
    Cell("task_name", ("task", "name"), _("Name of the task")),
)
DATASET = (
    Cell("dataset_type", ("dataset", "type"), _("Data set"), _("Its id on the Hub, or a short name."), needed=True),
    Cell("dataset_name", ("dataset", "name"), _("Name of the data set"), needed=True),
    Cell("dataset_config", ("dataset", "config"), _("Configuration of the data set")),
    Cell("dataset_split", ("dataset", "split"), _("Split"), _("Such as test.")),
    Cell("dataset_revision", ("dataset", "revision"), _("Revision of the data set")),
)
METRIC = (
    Cell("type", ("type",), _("Metric"), _("Its id: accuracy, wer."), needed=True),
    Cell("value", ("value",), _("Value"), number=True, needed=True),
    Cell("name", ("name",), _("Name of the metric")),
    Cell("config", ("config",), _("Configuration of the metric")),
)
SOURCE = (
    Cell("source_name", ("source", "name"), _("Source")),
    Cell("source_url", ("source", "url"), _("Address of the source"), _("Begins with https://.")),
)
WIDGET = (
    Cell("example_title", ("example_title",), _("Title of the example")),
    Cell("text", ("text",), _("Text"), long=True),
    Cell("src", ("src",), _("Address of a file"), _("For pictures and sound.")),
    Cell("output_text", ("output", "text"), _("What the model answers"), long=True),
)
QUESTION_KINDS = (
    ("text", _("A line of text")),
    ("checkbox", _("A box to tick")),
    ("date_picker", _("A date")),
    ("country", _("A country")),
    ("select", _("One of a few")),
    ("ip_location", _("Where they are, found by the Hub")),
)


def are_results(value: Any) -> bool:
    """Whether ``value`` has the form of ``model-index``, so that its entries can be edited one by one."""
    return isinstance(value, list) and all(
        isinstance(model, dict) and _entries(model.get("results")) and all(map(_is_result, model["results"]))
        for model in value
    )


def are_examples(value: Any) -> bool:
    return _entries(value) and all(isinstance(each.get("output", {}), dict) for each in value)


def are_questions(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(label, str) and label == label.strip() and "\n" not in label and _is_question(question)
        for label, question in value.items()
    )


def kept(entry: Entry, cells: tuple[Cell, ...], besides: tuple[str, ...] = ()) -> list[str]:
    """What ``entry`` holds that no cell shows."""
    paths = {cell.path for cell in cells if cell.shown(entry) is not None}
    parts = {path[0] for path in paths if len(path) == 2}
    found = []
    for name, value in entry.items():
        if name in parts and isinstance(value, dict):
            found += [f"{name}.{inner}" for inner in value if (name, inner) not in paths]
        elif (name,) not in paths and name not in besides:
            found.append(str(name))
    return found


def option_line(option: Any) -> str:
    """An option of a question as it is typed: its label."""
    return "no" if option is False else str(option["label"] if isinstance(option, dict) else option)


def renewed(entry: Entry, texts: dict[Cell, str]) -> Entry:
    """A copy of ``entry`` with the cells of ``texts`` written."""
    made = copy.deepcopy(entry)
    for cell, text in texts.items():
        cell.write(made, text)
    return made


def number_or_text(text: str) -> Any:
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _entries(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _is_result(result: Entry) -> bool:
    parts = [result[name] for name in ("task", "dataset", "source") if name in result]
    return all(isinstance(part, dict) for part in parts) and _entries(result.get("metrics", []))


def _is_question(question: Any) -> bool:
    if isinstance(question, str):
        return bool(question)
    if not isinstance(question, dict) or not isinstance(question.get("type"), str):
        return False
    options = question.get("options", [])
    return isinstance(options, list) and all(_is_option(each) for each in options)


def _is_option(option: Any) -> bool:
    text = option.get("label") if isinstance(option, dict) else option
    return text is False or (isinstance(text, str) and bool(text) and text == text.strip() and "\n" not in text)
