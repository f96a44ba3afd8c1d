"""Registers as files. CSV and JSON are streamed as the rows are read; XLSX is built on the disk."""

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from registry import permissions, visibility
from registry.interchange.columns import FORMAT, READ, VERSION, Column, shown_columns, with_cells
from registry.interchange.text import defused, for_xml, plain
from registry.models import ImportRow, Risk, RiskImport

CHUNK = 1000
IN_MEMORY = 4 * 1024 * 1024
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
# What its reader may see of a risk: the risk without the rest, and the columns they get; None for all.
Screen = Callable[[Risk], tuple[Risk, frozenset[str] | None]]


class _Line:
    def write(self, line: str) -> str:
        return line


def cells(risks: QuerySet[Risk], columns: Iterable[Column], screen: Screen | None = None) -> Iterator[list[Any]]:
    """The rows of a register. ``screen`` takes off each risk what its reader may not see, before it is read."""
    wanted = list(columns)
    for risk in with_cells(risks).iterator(chunk_size=CHUNK):
        shown, names = screen(risk) if screen else (risk, None)
        yield [
            column.read(shown) if names is None or column.name in names else [] if column.kind == "list" else None
            for column in wanted
        ]


def for_public(fields: frozenset[str]) -> Screen:
    """What anybody sees of the risks of a publisher that shows ``fields``."""
    names = frozenset(column.name for column in shown_columns(fields, inside=False))
    return lambda risk: (visibility.screened(risk, fields), names)


def for_reader(user: Any) -> Screen:
    """What ``user`` sees of each risk: all of it with a role for the family, else what its publisher shows."""
    known: dict[int, Screen | None] = {}

    def screen(risk: Risk) -> tuple[Risk, frozenset[str] | None]:
        family: Any = risk.family
        if family.pk not in known:
            inside = permissions.can_see_inside(user, family)
            known[family.pk] = None if inside else for_public(visibility.public_fields(family.publisher))
        theirs = known[family.pk]
        return theirs(risk) if theirs else (risk, None)

    return screen


def as_csv(columns: list[Column], rows: Iterable[list[Any]]) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    # Spreadsheets take a file without the mark for something other than UTF-8.
    yield "\ufeff" + writer.writerow([column.name for column in columns])
    for row in rows:
        yield writer.writerow([defused(plain(value)) for value in row])


def as_json(columns: list[Column], rows: Iterable[list[Any]]) -> Iterator[str]:
    head = {"format": FORMAT, "version": VERSION, "exported_at": timezone.now().isoformat()}
    yield json.dumps(head)[:-1] + ', "risks": ['
    for number, row in enumerate(rows):
        values = {
            column.name: plain(value) if column.kind == "day" and value else value
            for column, value in zip(columns, row, strict=True)
        }
        yield f"{',' if number else ''}\n{json.dumps(values, ensure_ascii=False)}"
    yield "\n]}\n"


def as_xlsx(columns: list[Column], rows: Iterable[list[Any]]) -> Any:
    """A spreadsheet in a temporary file, open at its beginning. Text stays text, whatever it begins with."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("Risks")
    sheet.freeze_panes = "A2"
    bold = Font(bold=True)
    head = []
    for column in columns:
        cell: Any = WriteOnlyCell(sheet, column.name)
        cell.font = bold
        head.append(cell)
    sheet.append(head)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- the answer closes it
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: Any, value: Any) -> Any:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    text = for_xml(plain(value))
    if not text.startswith("="):
        return text
    cell: Any = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


def download(
    name: str, format: str, columns: list[Column], risks: QuerySet[Risk], screen: Screen | None = None
) -> HttpResponseBase:
    """The file of a register, called ``name``."""
    rows = cells(risks, columns, screen)
    response: HttpResponseBase
    if format == "xlsx":
        response = FileResponse(as_xlsx(columns, rows), content_type=TYPES[format])
    else:
        lines = as_csv(columns, rows) if format == "csv" else as_json(columns, rows)
        response = StreamingHttpResponse(lines, content_type=TYPES[format])
    return headed(response, f"{slugify(name) or 'risks'}.{format}")


def template(format: str, columns: list[Column]) -> HttpResponseBase:
    """A file with the names of the columns and no row, to fill in."""
    response: HttpResponseBase
    if format == "xlsx":
        response = FileResponse(as_xlsx(columns, []), content_type=TYPES[format])
    else:
        lines = as_csv(columns, []) if format == "csv" else as_json(columns, [[None] * len(columns)])
        response = StreamingHttpResponse(lines, content_type=TYPES[format])
    return headed(response, f"risks-template.{format}")


def headed(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def refused(risk_import: RiskImport) -> HttpResponseBase:
    """The refused rows of an import as they were brought, and why: to mend them and bring them again.

    The first two columns say where and why; an import does not read them.
    """
    names = [name for name in READ if name in _given(risk_import)]
    rows = ImportRow.objects.filter(risk_import=risk_import, outcome=ImportRow.Outcome.REFUSED).order_by("number")

    def lines() -> Iterator[str]:
        writer: Any = csv.writer(_Line())
        yield "\ufeff" + writer.writerow(["row", "problem", *names])
        for row in rows.iterator(chunk_size=CHUNK):
            why = " ".join(f"{column}: {reason}" for column, reason in row.problems)
            cells = [row.given.get(name, "") for name in names]
            yield writer.writerow([row.number, *(defused(text) for text in (why, *cells))])

    return headed(StreamingHttpResponse(lines(), content_type=TYPES["csv"]), f"refused-{risk_import.pk}.csv")


def _given(risk_import: RiskImport) -> set[str]:
    """The columns that the file has."""
    first = ImportRow.objects.filter(risk_import=risk_import).order_by("number").first()
    return set(first.given) if first else set()
