"""Every field of the Hub's metadata for models, and how it is edited.

Sources: the specification ``modelcard.md`` of ``huggingface/hub-docs`` and the pages of the Hub's documentation
on model cards, emissions, widgets and gated models. Keys that are not listed here are kept as they are.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from registry.documentation.rows import are_examples, are_questions, are_results


class Shape(StrEnum):
    """How a value is typed in: a line, several values, one of a few, yes or no, a text, a number, rows of fields, or
    its YAML."""

    TEXT = "text"
    LIST = "list"
    CHOICE = "choice"
    FLAG = "flag"
    LONG = "long"
    EMISSIONS = "emissions"
    YAML = "yaml"
    # Rows of fields; ``registry.documentation.rows`` knows what fits.
    RESULTS = "results"
    EXAMPLES = "examples"
    QUESTIONS = "questions"


ROWS = (Shape.RESULTS, Shape.EXAMPLES, Shape.QUESTIONS)


@dataclass(frozen=True)
class Field:
    key: str
    label: Any
    shape: Shape
    help: Any = ""
    choices: tuple[str, ...] = ()
    # A single value of a list is written as a plain value, as most cards do.
    single: bool = False


@dataclass(frozen=True)
class Group:
    title: Any
    fields: tuple[Field, ...]


EMISSIONS = (
    ("emissions", _("Emissions in grams of CO₂")),
    ("source", _("How they were estimated")),
    ("training_type", _("Pre-training or fine-tuning")),
    ("geographical_location", _("Where it was trained")),
    ("hardware_used", _("Hardware used")),
)
GROUPS = (
    Group(
        _("Licence"),
        (
            Field("license", _("Licence id"), Shape.TEXT, _("As on the Hub: apache-2.0, llama3.1, other.")),
            Field("license_name", _("Name of the licence"), Shape.TEXT, _("Where the id is “other”.")),
            Field(
                "license_link",
                _("Link to the licence"),
                Shape.TEXT,
                _("An address, or the path of a file of the release such as LICENSE."),
            ),
        ),
    ),
    Group(
        _("What it is"),
        (
            Field("model_name", _("Name of the model"), Shape.TEXT),
            Field("pipeline_tag", _("Task"), Shape.TEXT, _("As on the Hub: text-generation, image-to-text.")),
            Field("library_name", _("Library"), Shape.TEXT, _("Such as transformers, diffusers, gguf.")),
            Field("language", _("Languages"), Shape.LIST, _("Codes, one a line: en, nl, sw.")),
            Field("tags", _("Tags"), Shape.LIST, _("One a line. “not-for-all-audiences” warns readers on the Hub.")),
            Field("thumbnail", _("Thumbnail"), Shape.TEXT, _("Address of a picture for social media.")),
            Field("instance_prompt", _("Instance prompt"), Shape.TEXT, _("For image models trained on one subject.")),
            Field("mask_token", _("Mask token"), Shape.TEXT, _("For models that fill a gap in a text.")),
        ),
    ),
    Group(
        _("Where it comes from"),
        (
            Field("base_model", _("Base models"), Shape.LIST, _("Hub ids, one a line."), single=True),
            Field(
                "base_model_relation",
                _("What was done to the base model"),
                Shape.CHOICE,
                choices=("finetune", "adapter", "quantized", "merge"),
            ),
            Field("new_version", _("Newer version"), Shape.TEXT, _("Hub id of the model that replaces this one.")),
            Field("datasets", _("Data sets"), Shape.LIST, _("Hub ids of the data it was trained on, one a line.")),
        ),
    ),
    Group(
        _("Evaluation"),
        (
            Field("metrics", _("Metrics"), Shape.LIST, _("Ids, one a line: accuracy, wer.")),
            Field("model-index", _("Results (model-index)"), Shape.RESULTS),
        ),
    ),
    Group(
        _("Emissions"),
        (Field("co2_eq_emissions", _("CO₂ emissions"), Shape.EMISSIONS, _("The Hub counts in grams.")),),
    ),
    Group(
        _("How the Hub shows it"),
        (
            Field("widget", _("Examples for the widget"), Shape.EXAMPLES),
            Field("inference", _("Inference"), Shape.YAML, _("true, false, or “parameters:” with settings.")),
        ),
    ),
    Group(
        _("Asking for access on the Hub"),
        (
            Field("extra_gated_heading", _("Heading"), Shape.TEXT),
            Field("extra_gated_description", _("Description"), Shape.LONG),
            Field("extra_gated_prompt", _("What a person agrees to"), Shape.LONG),
            Field("extra_gated_fields", _("What a person is asked"), Shape.QUESTIONS),
            Field("extra_gated_button_content", _("Words on the button"), Shape.TEXT),
            Field("extra_gated_eu_disallowed", _("Closed to people in the EU"), Shape.FLAG),
        ),
    ),
)
FIELDS = {field.key: field for group in GROUPS for field in group.fields}


def shape_of(field: Field, value: Any) -> Shape:
    """How ``value`` is edited: as its field usually is, or as YAML where the card holds something else there."""
    fits = {
        Shape.TEXT: isinstance(value, str) and "\n" not in value,
        Shape.LONG: isinstance(value, str),
        Shape.CHOICE: isinstance(value, str),
        Shape.FLAG: isinstance(value, bool),
        Shape.LIST: _is_line(value) or (isinstance(value, list) and all(map(_is_line, value))),
        Shape.EMISSIONS: _are_emissions(value),
        Shape.YAML: True,
        Shape.RESULTS: are_results(value),
        Shape.EXAMPLES: are_examples(value),
        Shape.QUESTIONS: are_questions(value),
    }
    return field.shape if value is None or fits[field.shape] else Shape.YAML


def line(value: Any) -> str:
    """One item of a list as it is typed. YAML 1.1 reads Norwegian, “no”, as false."""
    return "no" if value is False else str(value)


def _is_line(value: Any) -> bool:
    return value is False or (isinstance(value, str) and bool(value) and "\n" not in value and value == value.strip())


def _are_emissions(value: Any) -> bool:
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    if not isinstance(value, dict):
        return False
    numbers = value.get("emissions")
    texts = [value.get(name) for name, _label in EMISSIONS[1:]]
    return (numbers is None or (isinstance(numbers, int | float) and not isinstance(numbers, bool))) and all(
        text is None or (isinstance(text, str) and "\n" not in text) for text in texts
    )
