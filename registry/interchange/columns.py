"""The columns of a register in a file: the same in CSV, XLSX and JSON, out and in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from registry.models import Mitigation, Objective, Risk, RiskKey, Term
from registry.selectors import public_address
from registry.selectors.embed import embedded
from registry.selectors.register import accepted

# Who may read a column: anybody to whom the risk is shown, people with a role, or as ``registry.visibility`` says.
EVERYBODY, INSIDE = "", "inside"
FORMAT, VERSION = "tidegate-risks", 1


@dataclass(frozen=True)
class Column:
    name: str
    label: Any
    read: Callable[[Any], Any]
    field: str = EVERYBODY
    # What an import takes; other columns are told but not read back.
    is_read: bool = True
    kind: str = "text"


def _level(kind: str) -> Callable[[Any], Any]:
    def read(risk: Any) -> Any:
        found = getattr(risk, kind)
        return found.band.value if found else None

    return read


def _of(name: str) -> Callable[[Any], Any]:
    return lambda risk: getattr(risk, name)


def _day(name: str) -> Callable[[Any], Any]:
    def read(risk: Any) -> Any:
        value = getattr(risk, name)
        return value.date() if value else None

    return read


def _email(name: str) -> Callable[[Any], Any]:
    return lambda risk: (person := getattr(risk, name)) and person.email


def _rows(name: str, key: str) -> Callable[[Any], list[str]]:
    return lambda risk: [row[key] for row in getattr(risk, name, None) or ()]


def _accepted(risk: Any) -> Any:
    found = risk.accepted
    return found["ends_on"] if found and found["holds"] else None


def _url(risk: Any) -> str:
    return f"{settings.BASE_URL.rstrip('/')}{public_address(risk)}"


def _judged() -> Iterable[Column]:
    labels = {
        "inherent": (_("Likelihood before"), _("Severity before"), _("Level before")),
        "residual": (_("Likelihood after"), _("Severity after"), _("Level after")),
        "target": (_("Target likelihood"), _("Target severity"), _("Target level")),
    }
    for kind, (likelihood, severity, level) in labels.items():
        yield Column(f"{kind}_likelihood", likelihood, _of(f"{kind}_likelihood"), kind, kind="number")
        yield Column(f"{kind}_severity", severity, _of(f"{kind}_severity"), kind, kind="number")
        yield Column(f"{kind}_level", level, _level(kind), kind, is_read=False)


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("publisher", _("Publisher"), lambda risk: risk.family.publisher.slug),
        Column("family", _("Model family"), lambda risk: risk.family.slug),
        Column("reference", _("Reference"), _of("reference")),
        Column("key", _("Own key"), _of("own_key"), INSIDE),
        Column("release", _("Only this release"), lambda risk: risk.release and risk.release.version),
        Column("stage", _("State"), _of("stage"), kind="choice"),
        Column("title", _("Risk"), _of("title")),
        Column("harm", _("The harm"), _of("harm"), "harm"),
        Column("cause", _("Cause"), _of("cause"), "cause"),
        Column("event", _("Event"), _of("event"), "event"),
        Column("consequence", _("Consequence"), _of("consequence"), "consequence"),
        Column("affected", _("Who it touches"), _of("affected"), "affected"),
        Column("objectives", _("Objectives"), _rows("objective_rows", "title"), "objectives", kind="list"),
        Column("terms", _("What others call it"), _rows("term_rows", "name"), "terms", kind="list"),
        Column("owner", _("Risk owner"), _email("owner"), INSIDE),
        Column("owner_name", _("Owner's name"), lambda risk: risk.owner and str(risk.owner), "owner", is_read=False),
        Column("deputy", _("Deputy"), _email("deputy"), INSIDE),
        Column("is_public", _("Shown to the public"), _of("is_public"), INSIDE, kind="yes or no"),
        Column("treatment", _("Treatment"), lambda risk: risk.treatment or None, "treatment", kind="choice"),
        *_judged(),
        Column("current_level", _("Level now"), _level("current"), "current", is_read=False),
        Column("confidence", _("Confidence"), lambda risk: risk.confidence or None, "confidence", kind="choice"),
        Column("detectability", _("How soon noticed"), _of("detectability"), "levels", kind="number"),
        Column("reversibility", _("How far undone"), _of("reversibility"), "levels", kind="number"),
        Column("review_days", _("Look again after days"), _of("review_days"), "review", kind="number"),
        Column("reviewed_on", _("Last looked at"), _day("reviewed_at"), "review", is_read=False, kind="day"),
        Column("review_due_on", _("Look again by"), _of("review_due_on"), "review", kind="day"),
        Column("accepted_until", _("Accepted until"), _accepted, "acceptance", is_read=False, kind="day"),
        Column("mitigations", _("Mitigations"), _rows("mitigation_rows", "title"), "mitigations", False, "list"),
        Column("origin", _("Raised by"), _of("origin"), INSIDE, is_read=False),
        Column("origin_reference", _("From"), _of("origin_reference"), INSIDE, is_read=False),
        Column("opened_on", _("Opened"), _day("opened_at"), is_read=False, kind="day"),
        Column("closed_on", _("Closed"), _day("closed_at"), is_read=False, kind="day"),
        Column("created_on", _("Recorded"), _day("created_at"), is_read=False, kind="day"),
        Column("url", _("Address"), _url, is_read=False),
    )
}
# Asked for by an import only: why a level is what it is. Every judgement has its reason on its own.
RATIONALE = Column("rationale", _("Why this level"), lambda risk: None, INSIDE)
READ = {name: column for name, column in {**COLUMNS, "rationale": RATIONALE}.items() if column.is_read}


def shown_columns(fields: Iterable[str], *, inside: bool) -> list[Column]:
    """The columns that a reader gets: all, or what a publisher shows to everybody."""
    if inside:
        return list(COLUMNS.values())
    shown = {EVERYBODY, *fields}
    if shown & {"inherent", "residual", "target", "current"}:
        shown.add("levels")
    return [column for column in COLUMNS.values() if column.field in shown]


def with_cells(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` with all that the columns read, in one query."""
    terms = Term.objects.filter(risks=OuterRef("pk")).order_by("taxonomy", "pk")
    code = Concat(F("taxonomy__slug"), Value(":"), F("code"), output_field=CharField())
    measures = Mitigation.objects.counting().filter(risks=OuterRef("pk"))
    return (
        risks.select_related("family__publisher", "owner", "deputy", "release")
        .defer("words")
        .annotate(
            own_key=Subquery(RiskKey.objects.filter(risk=OuterRef("pk")).values("key")),
            objective_rows=embedded(Objective.objects.filter(risks=OuterRef("pk")).order_by("pk"), "title"),
            term_rows=embedded(terms, name=code),
            mitigation_rows=embedded(measures.order_by("due_on", "pk"), "title"),
            accepted=accepted(),
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of an export, of its version."""
    types: dict[str, Any] = {
        "number": {"type": ["integer", "null"], "minimum": 1},
        "list": {"type": "array", "items": {"type": "string"}},
        "yes or no": {"type": ["boolean", "null"]},
        "day": {"type": ["string", "null"], "format": "date"},
    }
    properties = {
        name: {"title": str(column.label), **types.get(column.kind, {"type": ["string", "null"]})}
        for name, column in COLUMNS.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Risks",
        "type": "object",
        "required": ["format", "version", "risks"],
        "properties": {
            "format": {"const": FORMAT},
            "version": {"const": VERSION},
            "exported_at": {"type": "string", "format": "date-time"},
            "risks": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": properties,
                    "required": ["family", "reference", "title"],
                    "additionalProperties": False,
                },
            },
        },
    }


__all__ = ["COLUMNS", "FORMAT", "READ", "VERSION", "Column", "schema", "shown_columns", "with_cells"]
