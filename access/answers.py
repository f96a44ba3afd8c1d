"""What somebody answered, kept together with the questions as they were asked."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from access.models import TierQuestion

SHORT, LONG = 300, 4000
YES = "yes"


def snapshot(questions: Iterable[TierQuestion], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each question as it reads now, with the answer given to it. Names no question left unanswered wrong."""
    return [
        {
            "name": question.field_name,
            "text": question.text,
            "help": question.help,
            "kind": question.kind,
            "choices": question.choices,
            "required": question.required,
            "value": _plain(question, values.get(question.field_name)),
        }
        for question in questions
    ]


def check(entries: Iterable[Mapping[str, Any]]) -> None:
    """Raise ``ValidationError`` that names each answer that is missing, too long or not one of the choices."""
    errors: dict[str, list[str]] = {}
    for entry in entries:
        if wrong := _wrong(entry):
            errors[entry["name"]] = [wrong]
    if errors:
        raise ValidationError(errors)


def values(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The answers by field name, as a form starts with them."""
    return {entry["name"]: entry["value"] for entry in entries}


def unknown(questions: Iterable[TierQuestion], given: Mapping[str, Any]) -> set[str]:
    return set(given) - {question.field_name for question in questions}


def _plain(question: TierQuestion, value: Any) -> str:
    if question.kind == TierQuestion.Kind.CHECKBOX:
        return YES if value in {True, YES, "on", "true", "True"} else ""
    return "" if value is None else str(value).strip()


def _wrong(entry: Mapping[str, Any]) -> str:
    value, kind = entry["value"], entry["kind"]
    if not value:
        if not entry["required"]:
            return ""
        if kind == TierQuestion.Kind.CHECKBOX:
            return _("Tick “%s” to go on.") % entry["text"]
        return _("Answer “%s”.") % entry["text"]
    limit = LONG if kind == TierQuestion.Kind.LONG else SHORT
    if len(value) > limit:
        return _("Answer “%(question)s” in at most %(limit)s characters.") % {"question": entry["text"], "limit": limit}
    if kind == TierQuestion.Kind.CHOICE and value not in entry["choices"]:
        return _("Choose one of the answers to “%s”.") % entry["text"]
    return ""
