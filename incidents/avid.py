"""Reading reports of the AI Vulnerability Database (https://avidml.org), one JSON object a line."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from registry.scale import Band

SCHEMA = Path(__file__).parent / "schemas" / "avid_report.json"
# A line longer than this is no report, and is not held in memory to find out.
LONGEST_LINE = 2_000_000
_SEVERITY = {"low": Band.LOW, "medium": Band.MODERATE, "high": Band.HIGH, "critical": Band.CRITICAL}


@dataclass(frozen=True)
class Rejected:
    """A line that is not taken: its number in the file, from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Accepted:
    line: int
    row: dict[str, Any]


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())


def lines(file: Any) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of a binary file; of a line that is too long only the beginning."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        yield number, line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE + 1)


def read(file: Any) -> Iterator[Accepted | Rejected]:
    """Each line of ``file`` as an incident's fields, or the reason why not. Empty lines are passed over."""
    seen: dict[str, int] = {}
    for number, line in lines(file):
        if not line.strip():
            continue
        found = _read_line(number, line)
        if isinstance(found, Accepted):
            reference = found.row["external_reference"]
            if (first := seen.setdefault(reference, number)) != number:
                found = Rejected(number, f"metadata.report_id: {reference} is on line {first} already")
        yield found


def _read_line(number: int, line: bytes) -> Accepted | Rejected:
    if len(line) > LONGEST_LINE:
        return Rejected(number, f"longer than {LONGEST_LINE} bytes")
    try:
        report = json.loads(line)
    except UnicodeDecodeError as error:
        return Rejected(number, f"not UTF-8 at byte {error.start}")
    except (json.JSONDecodeError, RecursionError) as error:
        where = (
            f" at character {error.pos + 1}: {error.msg}"
            if isinstance(error, json.JSONDecodeError)
            else ": nested too deeply"
        )
        return Rejected(number, f"not JSON{where}")
    if b"\\u0000" in line:
        return Rejected(number, "contains a NUL character, which PostgreSQL cannot store")
    if problems := list(_problems(report)):
        return Rejected(number, "; ".join(problems))
    return Accepted(number, _incident(report))


def _problems(report: Any, most: int = 3) -> Iterable[str]:
    errors = sorted(_validator().iter_errors(report), key=lambda error: list(map(str, error.absolute_path)))
    for error in errors[:most]:
        yield f"{_path(error.absolute_path)}: {_words(error)}"
    if len(errors) > most:
        yield f"and {len(errors) - most} more"


def _path(parts: Iterable[Any]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".") or "report"


def _words(error: Any) -> str:
    if error.validator == "pattern" and error.validator_value == "\\S":
        return "is empty"
    if error.validator == "enum" and error.instance == "":
        return "is empty"
    message: str = error.message
    return message if len(message) <= 160 else f"{message[:100]} … {message[-50:]}"


def _incident(report: dict[str, Any]) -> dict[str, Any]:
    """An incident's fields. Nothing of the report is lost: all of it is kept in ``external``."""
    title = " ".join(report["problemtype"]["description"]["value"].split())
    cvss = (report.get("impact") or {}).get("cvss") or {}
    return {
        "external_reference": report["metadata"]["report_id"],
        "title": title if len(title) <= 200 else f"{title[:199].rstrip()}…",
        "summary": report["description"]["value"],
        "severity": _SEVERITY.get(str(cvss.get("baseSeverity", "")).lower(), ""),
        "occurred_on": date.fromisoformat(report["reported_date"]),
        "external": report,
    }
