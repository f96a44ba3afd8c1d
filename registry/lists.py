"""Taxonomies and question sets as files: the shipped ones, and what people bring along as JSON or CSV."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from common.lifecycle import Refused
from registry.models import Question, Taxonomy
from registry.models.question_sets import answers_of

HERE = Path(__file__).parent
LARGEST_FILE = 512 * 1024
LARGEST_LIST = 1000
LARGEST_SET = 200
TERM_COLUMNS = ("code", "name", "description")
QUESTION_COLUMNS = ("key", "section", "text", "help", "kind", "raises_when", "risk_title", "is_required")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_CODE = re.compile(r"\S(.{0,38}\S)?")


def shipped(kind: str) -> Iterator[dict[str, Any]]:
    """The lists that come with the portal: ``kind`` is ``taxonomies`` or ``question_sets``."""
    for path in sorted((HERE / kind).glob("*.json")):
        yield json.loads(path.read_text("utf-8"))


def digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def parse(content: bytes, *, rows: str, columns: tuple[str, ...], about: dict[str, Any]) -> dict[str, Any]:
    """What a file says, as the shipped files are laid out. A CSV has only the ``rows``; ``about`` says the rest.

    Raises ``Refused`` at the field ``file`` when it is neither.
    """
    if len(content) > LARGEST_FILE:
        raise Refused(_("This file is larger than 512 kB."), field="file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(_("This file is not text in UTF-8."), field="file") from error
    given = {name: value for name, value in about.items() if value not in {None, ""}}
    if text.lstrip().startswith(("{", "[")):
        return _from_json(text, rows) | given
    return {**given, rows: list(_from_csv(text, columns))}


def _from_json(text: str, rows: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(_("This is no valid JSON: %s") % error, field="file") from error
    if isinstance(data, list):
        data = {rows: data}
    if not isinstance(data.get(rows), list) or not all(isinstance(row, dict) for row in data[rows]):
        raise Refused(_("The JSON has no list of objects called “%s”.") % rows, field="file")
    return dict(data)


def _from_csv(text: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    try:
        dialect: Any = csv.Sniffer().sniff(text.partition("\n")[0], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, strict=True)
        names = [str(name).strip().lower() for name in reader.fieldnames or []]
        reader.fieldnames = names
        if unknown := [name for name in names if name not in columns]:
            raise Refused(
                _("Unknown column “%(name)s”. The columns are: %(columns)s.")
                % {"name": unknown[0], "columns": ", ".join(columns)},
                field="file",
            )
        for number, row in enumerate(reader):
            if number > LARGEST_LIST:
                raise Refused(_("There are more than %d rows.") % LARGEST_LIST, field="file")
            if None in row:
                raise Refused(_("Row %d has more cells than columns.") % (number + 2), field="file")
            if any((value or "").strip() for value in row.values()):
                yield {name: (value or "").strip() for name, value in row.items()}
    except csv.Error as error:
        raise Refused(_("This is no valid CSV: %s") % error, field="file") from error


def checked_taxonomy(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with clean values. Raises ``Refused`` with everything that is wrong, each with its place."""
    wrong: list[str] = []
    head = _head(data, wrong, {"slug": 60, "name": 200, "version": 40, "url": 200, "licence": 120}, needed=("name",))
    head["kind"] = _text(data.get("kind")) or Taxonomy.Kind.RISK.value
    if head["kind"] not in Taxonomy.Kind.values:
        wrong.append(_("“kind” is risk or harm."))
    if head["url"]:
        try:
            URLValidator(schemes=["https", "http"])(head["url"])
        except ValidationError:
            wrong.append(_("“url” is no address of the web."))
    terms = [_term(row, number, wrong) for number, row in enumerate(data["terms"], start=1)]
    _counted(terms, "code", LARGEST_LIST, wrong)
    if wrong:
        raise Refused(*wrong[:20], field="file")
    return {**head, "terms": terms}


def _term(row: dict[str, Any], number: int, wrong: list[str]) -> dict[str, str]:
    term = {name: _text(row.get(name)) for name in TERM_COLUMNS}
    if not _CODE.fullmatch(term["code"]):
        wrong.append(_("Entry %d: a code has 1 to 40 characters.") % number)
    if not 1 <= len(term["name"]) <= 200:
        wrong.append(_("Entry %d: a name has 1 to 200 characters.") % number)
    if len(term["description"]) > 2000:
        wrong.append(_("Entry %d: the description has more than 2000 characters.") % number)
    return term


def checked_questions(data: dict[str, Any]) -> dict[str, Any]:
    """The same for a question set."""
    wrong: list[str] = []
    head = _head(data, wrong, {"slug": 60, "title": 200, "about": 2000}, needed=("title",))
    try:
        head["review_days"] = int(data.get("review_days") or 365)
    except (TypeError, ValueError):
        head["review_days"] = 0
    if not 1 <= head["review_days"] <= 3650:
        wrong.append(_("“review_days” is a number from 1 to 3650."))
    questions = [_question(row, number, wrong) for number, row in enumerate(data["questions"], start=1)]
    _counted(questions, "key", LARGEST_SET, wrong)
    if wrong:
        raise Refused(*wrong[:20], field="file")
    return {**head, "questions": questions}


def _question(row: dict[str, Any], number: int, wrong: list[str]) -> dict[str, Any]:
    longest = {"key": 60, "section": 120, "text": 400, "help": 2000, "risk_title": 200}
    question: dict[str, Any] = {name: _text(row.get(name)) for name in longest}
    for name, most in longest.items():
        if len(question[name]) > most:
            wrong.append(
                _("Question %(number)d: “%(name)s” has more than %(most)d characters.")
                % {"number": number, "name": name, "most": most}
            )
    if not _SLUG.fullmatch(question["key"]):
        wrong.append(_("Question %d: “key” takes small letters, digits and “-”.") % number)
    if not question["text"]:
        wrong.append(_("Question %d asks nothing: “text” is empty.") % number)
    question["kind"] = _text(row.get("kind")) or Question.Kind.YES_NO.value
    raises = row.get("raises_when") or []
    raises = re.split(r"[,;|\s]+", raises) if isinstance(raises, str) else raises
    question["raises_when"] = [str(value).strip() for value in raises if str(value).strip()]
    if question["kind"] not in Question.Kind.values:
        wrong.append(
            _("Question %(number)d: “kind” is one of %(kinds)s.")
            % {"number": number, "kinds": ", ".join(Question.Kind.values)}
        )
    elif unknown := [v for v in question["raises_when"] if v not in dict(answers_of(question["kind"])) or v == "na"]:
        wrong.append(
            _("Question %(number)d: “%(answer)s” cannot be answered, so it raises nothing.")
            % {"number": number, "answer": unknown[0]}
        )
    if question["raises_when"] and not question["risk_title"]:
        question["risk_title"] = question["text"][:200]
    required = row.get("is_required", True)
    question["is_required"] = _text(required).lower() not in {"false", "no", "0"}
    return question


def _head(data: dict[str, Any], wrong: list[str], longest: dict[str, int], needed: tuple[str, ...]) -> dict[str, Any]:
    head: dict[str, Any] = {name: _text(data.get(name)) for name in longest}
    for name, most in longest.items():
        if len(head[name]) > most:
            wrong.append(_("“%(name)s” has more than %(most)d characters.") % {"name": name, "most": most})
    wrong.extend(_("“%s” is missing.") % name for name in needed if not head[name])
    if not _SLUG.fullmatch(head["slug"]):
        wrong.append(_("“slug” is the short name: small letters, digits and “-”."))
    return head


def _counted(rows: list[dict[str, Any]], name: str, most: int, wrong: list[str]) -> None:
    if not 1 <= len(rows) <= most:
        wrong.append(_("There must be 1 to %d entries.") % most)
    seen: set[str] = set()
    for row in rows:
        if row[name] in seen:
            wrong.append(_("“%s” is there twice.") % row[name])
        seen.add(row[name])


def _text(value: Any) -> str:
    # A NUL cannot be stored by PostgreSQL.
    return "" if value is None else str(value).replace("\x00", "").strip()
