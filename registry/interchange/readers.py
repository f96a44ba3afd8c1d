"""Files that people bring along, read row by row. Nothing in them is trusted, and nothing is run or fetched."""

import codecs
import csv
import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

from django.utils.translation import gettext as _

from registry.interchange.columns import COLUMNS, FORMAT, READ, VERSION
from registry.interchange.text import CUT, from_xml, joined, restored

LARGEST_FILE = 20_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 120
# What a spreadsheet may unpack to: as a whole, and the part that has to be held in memory.
UNPACKED = 300 * 1024 * 1024
HELD = 60 * 1024 * 1024
MOST_PARTS = 500
# The parser holds one text whole, however large the file is that it comes from.
LONGEST_TEXT = 4 * 1024 * 1024
DELIMITERS = ",;\t|"
# What a list of refused rows says about them.
OURS = {"row", "problem"}
csv.field_size_limit(1024 * 1024)


class Unreadable(Exception):
    """The file cannot be read as what it says it is; the message is for the person who brought it."""


@dataclass
class Given:
    """A row as the file has it: text by column, and what could not be read with the reason."""

    number: int
    cells: dict[str, str]
    unread: dict[str, str] = field(default_factory=dict)


@dataclass
class Source:
    """The rows of a file; ``total`` is about how many there are, ``remarks`` grow while they are read."""

    rows: Iterator[Given]
    total: int
    remarks: list[str]


def read(file: BinaryIO, format: str) -> Source:
    """The rows of ``file``. Raises ``Unreadable``, now or while the rows are taken."""
    try:
        return {"csv": _csv, "xlsx": _xlsx, "json": _json}[format](file)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
        raise Unreadable(_("This file is damaged, or not what its name says.")) from error


# --- the head of the table --------------------------------------------------------------------------


def _name_of(head: str) -> str:
    return re.sub(r"[\s_-]+", "_", head.strip().lstrip("\ufeff").casefold())


def _known() -> dict[str, str]:
    """Names and labels of columns, as a head may spell them."""
    labels = {_name_of(str(column.label)): name for name, column in READ.items()}
    return labels | {name: name for name in {*COLUMNS, *READ}}


def _columns(heads: list[str], remarks: list[str]) -> list[str | None]:
    """Which column each cell of a row belongs to; None for what is not read. Raises ``Unreadable``."""
    known, found, unknown, told = _known(), [], [], []
    for head in heads:
        name = known.get(_name_of(head))
        if name is None and head.strip() and _name_of(head) not in OURS:
            unknown.append(head.strip()[:60])
        if name is not None and name not in READ:
            told.append(name)
        found.append(name if name in READ else None)
    named = [name for name in found if name]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise Unreadable(_("The column “%s” is there twice.") % twice[0])
    if not {"title", "reference", "key"} & set(named):
        raise Unreadable(
            _("The first row has to name the columns, “title”, “reference” or “key” among them. It says: %s")
            % ", ".join(head.strip()[:40] for head in heads[:12] if head.strip())
        )
    if unknown:
        remarks.append(_("Not read, because there is no such column: %s.") % ", ".join(unknown[:20]))
    if told:
        remarks.append(_("Not read, because it follows from the rest: %s.") % ", ".join(told))
    return found


def _numbered(rows: Iterable[tuple[int, list[Any]]], names: list[str | None], cell: Callable[..., None]) -> Any:
    """Rows that say anything, by column. ``cell`` puts a value into the row, or why it cannot be read."""
    count, first = 0, next(name for name in names if name)
    for number, values in rows:
        given = Given(number, {})
        for name, value in zip(names, values, strict=False):
            if name is not None:
                cell(given, name, value)
        if not any(given.cells.values()) and not given.unread:
            continue
        if len(values) > len(names) and any(map(str, values[len(names) :])):
            given.unread[first] = _("The row has more cells than there are columns.")
        elif len(values) < len(names):
            given.unread[first] = _("The row has fewer cells than there are columns.")
        count += 1
        if count > MOST_ROWS:
            raise Unreadable(_("There are more than %d rows. Bring them in several files.") % MOST_ROWS)
        yield given
    if not count:
        raise Unreadable(_("There is no row in this file."))


def _put(given: Given, name: str, text: str) -> None:
    if CUT in text:
        given.unread[name] = _("A spreadsheet has cut this text. Take the CSV or JSON of the register.")
    # PostgreSQL holds no NUL.
    given.cells[name] = text.replace("\x00", "")


# --- CSV --------------------------------------------------------------------------------------------


def _csv(file: BinaryIO) -> Source:
    remarks: list[str] = []
    encoding = _encoding(file, remarks)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    head = text.readline(200_000)
    delimiter = max(DELIMITERS, key=lambda each: _fits(head, each))
    text.seek(0)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        heads = next(reader, [])
    except csv.Error as error:
        raise Unreadable(_("This is no valid CSV: %s") % error) from error
    names = _columns(heads, remarks)
    return Source(_csv_rows(reader, names), _lines(file, text), remarks)


def _encoding(file: BinaryIO, remarks: list[str]) -> str:
    start = file.read(4)
    if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    for encoding in ("utf-8-sig", "cp1252"):
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while chunk := file.read(1 << 20):
                if "\x00" in decoder.decode(chunk):
                    raise Unreadable(_("This file is not text."))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            remarks.append(_("The file is not in UTF-8; it was read as Windows-1252. Look at accents and umlauts."))
        return encoding
    raise Unreadable(_("This file is not text in UTF-8."))


def _fits(head: str, delimiter: str) -> tuple[int, int]:
    """How well a first line is cut by a delimiter: columns we know, then columns at all."""
    try:
        cells = next(csv.reader([head], delimiter=delimiter), [])
    except csv.Error:
        return 0, 0
    known = _known()
    return sum(_name_of(cell) in known for cell in cells), len(cells)


def _lines(file: BinaryIO, text: io.TextIOWrapper) -> int:
    """About how many rows there are: a line break inside of a cell counts too."""
    at = file.tell()
    file.seek(0)
    count = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    file.seek(at)
    return max(count - 1, 1)


def _csv_rows(reader: Any, names: list[str | None]) -> Iterator[Given]:
    def rows() -> Iterator[tuple[int, list[Any]]]:
        number = 1
        try:
            for values in reader:
                number += 1
                yield number, values
        except csv.Error as error:
            raise Unreadable(_("Row %(row)d is no valid CSV: %(why)s") % {"row": number + 1, "why": error}) from error
        except UnicodeDecodeError as error:
            raise Unreadable(_("This file is not text in UTF-8.")) from error

    def cell(given: Given, name: str, value: str) -> None:
        _put(given, name, restored(value))

    return _numbered(rows(), names, cell)


# --- XLSX -------------------------------------------------------------------------------------------


def _xlsx(file: BinaryIO) -> Source:
    from openpyxl import load_workbook  # noqa: PLC0415 -- large, and needed by workers only

    _check_package(file)
    file.seek(0)
    try:
        book = load_workbook(file, read_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        total = min(sheet.max_row or MOST_ROWS, MOST_ROWS)
        sheet.reset_dimensions()
        lines = sheet.iter_rows(max_col=MOST_COLUMNS)
        first = next(lines, ())
    except Exception as error:
        # openpyxl lets through whatever its parsers raise on a file that is made to break them.
        raise Unreadable(_("This is no spreadsheet that can be read (XLSX).")) from error
    remarks: list[str] = []
    if len(book.worksheets) > 1:
        remarks.append(_("Only the first sheet is read: %s.") % sheet.title[:60])
    heads = [from_xml(str(cell.value)) if cell.value is not None else "" for cell in first]
    while heads and not heads[-1]:
        heads.pop()
    names = _columns(heads, remarks)
    rows = _sheet_rows(lines, len(names))
    return Source(_numbered(rows, names, _sheet_cell), max(total - 1, 1), remarks)


def _check_package(file: BinaryIO) -> None:
    """Look at what a spreadsheet would unpack to before anything does."""
    with zipfile.ZipFile(file) as package:
        parts = package.infolist()
        held = sum(part.file_size for part in parts if not part.filename.startswith("xl/worksheets/"))
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED or held > HELD:
            raise Unreadable(_("This spreadsheet unpacks to more than the portal takes. Save it as CSV."))
        for part in parts:
            if part.flag_bits & 1:
                raise Unreadable(_("This spreadsheet is protected by a password."))
            if part.filename.lower().endswith((".xml", ".rels")):
                with package.open(part) as content:
                    # Nothing that a spreadsheet program writes declares entities.
                    if b"<!DOCTYPE" in content.read(4096).replace(b"\x00", b"").upper():
                        raise Unreadable(_("This is no spreadsheet that can be read (XLSX)."))
                    _check_texts(content)


def _check_texts(content: IO[bytes]) -> None:
    """Refuse a part in which one text, or one tag, is longer than anything that people write."""
    length = 0
    while piece := content.read(1024 * 1024):
        first, last = piece.find(b"<"), piece.rfind(b"<")
        length = length + len(piece) if first < 0 else length + first
        if length > LONGEST_TEXT:
            raise Unreadable(_("A cell of this spreadsheet holds more text than the portal takes."))
        if first >= 0:
            length = len(piece) - last


def _sheet_rows(lines: Any, width: int) -> Iterator[tuple[int, list[Any]]]:
    number = 1
    try:
        for cells in lines:
            number += 1
            if number > 2 * MOST_ROWS:
                raise Unreadable(_("There are more than %d rows. Bring them in several files.") % MOST_ROWS)
            values = list(cells)
            while len(values) > width and values[-1].value in {None, ""}:
                values.pop()
            # A spreadsheet does not write the empty cells at the end of a row.
            yield number, values + [None] * (width - len(values))
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(_("Row %d of this spreadsheet cannot be read.") % (number + 1)) from error


def _sheet_cell(given: Given, name: str, cell: Any) -> None:
    value = cell.value if cell is not None else None
    if value is None:
        given.cells[name] = ""
        return
    if cell.data_type == "f" or not isinstance(value, str | int | float | dt.date | dt.time):
        given.unread[name] = _("This is a formula. Put in its value.")
        return
    if cell.data_type == "e":
        given.unread[name] = _("The spreadsheet shows an error here.")
        return
    _put(given, name, _sheet_text(value))


def _sheet_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return from_xml(value) if isinstance(value, str) else str(value)


# --- JSON -------------------------------------------------------------------------------------------


def _json(file: BinaryIO) -> Source:
    try:
        data = json.loads(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(_("This file is not text in UTF-8.")) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(_("This is no valid JSON: %s") % str(error)[:200]) from error
    if isinstance(data, dict) and "format" in data and (data["format"], data.get("version")) != (FORMAT, VERSION):
        raise Unreadable(
            _("This is %(found)s. What can be read is %(format)s, version %(version)d.")
            % {"found": str(data["format"])[:60], "format": FORMAT, "version": VERSION}
        )
    rows = data.get("risks") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable(_("The JSON has no list of objects called “risks”."))
    if len(rows) > MOST_ROWS:
        raise Unreadable(_("There are more than %d rows. Bring them in several files.") % MOST_ROWS)
    remarks: list[str] = []
    heads = list(dict.fromkeys(str(name) for row in rows for name in row))
    if not rows:
        raise Unreadable(_("There is no row in this file."))
    names = dict(zip(heads, _columns(heads, remarks), strict=True))
    return Source(_json_rows(rows, names), len(rows), remarks)


def _json_rows(rows: list[dict[str, Any]], names: dict[str, str | None]) -> Iterator[Given]:
    for number, row in enumerate(rows, start=1):
        given = Given(number, {})
        for head, value in row.items():
            name = names[str(head)]
            if name is not None:
                _json_cell(given, name, value)
        if any(given.cells.values()) or given.unread:
            yield given


def _json_cell(given: Given, name: str, value: Any) -> None:
    if isinstance(value, list) and READ[name].kind == "list" and all(isinstance(each, str) for each in value):
        given.cells[name] = joined(value).replace("\x00", "")
    elif isinstance(value, bool):
        _put(given, name, "yes" if value else "no")
    elif isinstance(value, str | int | float) or value is None:
        _put(given, name, _sheet_text(value) if not isinstance(value, str) else _encodable(value))
    else:
        given.unread[name] = _("This is no single value.")


def _encodable(text: str) -> str:
    """JSON can spell halves of characters, which nothing else can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
