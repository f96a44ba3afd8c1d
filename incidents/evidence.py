"""What may be attached to a report: few kinds, small, and really of the kind that the name says."""

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.http import FileResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.lifecycle import Refused

MAX_BYTES = 10_000_000
MAX_FILES = 5
MAX_FILES_OF_REPORT = 25
KINDS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".pdf": "PDF",
    ".txt": gettext_lazy("text"),
    ".log": gettext_lazy("text"),
}
MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".pdf": "application/pdf"}
TEXT = "text/plain"
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"%PDF-": "application/pdf"}


@dataclass(frozen=True)
class Evidence:
    """A file that has been looked at."""

    file: Any
    name: str
    media_type: str
    size: int
    sha256: str


def examine(files: Iterable[File]) -> list[Evidence]:
    """Look at every file before any is kept. Raises ``Refused`` naming the first that is not wanted."""
    given = list(files)
    if len(given) > MAX_FILES:
        raise Refused(_("Send at most %(count)s files at once.") % {"count": MAX_FILES}, field="evidence")
    return [_examine(file) for file in given]


def _examine(file: File) -> Evidence:
    name = safe_name(file.name or "")
    if not file.size:
        raise Refused(_("%(name)s is empty. Choose another file.") % {"name": name}, field="evidence")
    if file.size > MAX_BYTES:
        raise Refused(_("%(name)s is larger than 10 MB. Choose a smaller file.") % {"name": name}, field="evidence")
    expected = MEDIA_TYPES.get(_extension(name), TEXT if _extension(name) in KINDS else None)
    digest, is_text, first = hashlib.sha256(), True, b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in file.chunks():
        first = first or chunk[:16]
        digest.update(chunk)
        is_text = is_text and _decodes(decoder, chunk)
    file.seek(0)
    found = next((kind for start, kind in _BEGINNINGS.items() if first.startswith(start)), TEXT if is_text else None)
    if expected is None or found != expected:
        words = _("%(name)s is not a PNG, JPEG, PDF or plain text file, whatever its name says. Choose another file.")
        raise Refused(words % {"name": name}, field="evidence")
    return Evidence(file, name, expected, file.size, digest.hexdigest())


def _decodes(decoder: Any, chunk: bytes) -> bool:
    if b"\x00" in chunk:
        return False
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _extension(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""


def safe_name(name: str) -> str:
    """A file's own name without folders, control or direction characters, short enough to show."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(one for one in last if unicodedata.category(one)[0] != "C").strip(" .")
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[:90]}{dot}{ending[:10]}" if dot else shown[:100] or "file"


def media_response(attachment: Any) -> FileResponse:
    """A stored file as a download that no browser opens by itself, whatever is in it."""
    response = FileResponse(
        attachment.file.open("rb"), as_attachment=True, filename=attachment.name, content_type=attachment.media_type
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
