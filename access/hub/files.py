"""Handing out a file: whole, in part, or by a short-lived address at the storage itself."""

import os
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)

from access.evaluator import Verdict
from registry.models import Artifact, ModelCard, Release

CARD = "README.md"
CHUNK = 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def listing(release: Release) -> list[dict[str, object]]:
    """The files of a release as the client's tree reads them: its card first, which anybody may read."""
    entries = []
    card = card_of(release)
    if card is not None:
        content = card.source.encode()
        entries.append({"type": "file", "path": CARD, "size": len(content), "oid": card.sha256[:40]})
    for path, size, sha256 in release.artifacts.order_by("path").values_list("path", "size", "sha256"):
        if card is not None and path == CARD:
            continue
        lfs = {"oid": sha256, "size": size, "pointerSize": 134}
        entries.append({"type": "file", "path": path, "size": size, "oid": sha256[:40], "lfs": lfs})
    return entries


def card_of(release: Release) -> ModelCard | None:
    """The card that the revision covers: clients that pinned a commit get exactly its bytes, corrected or not."""
    return release.cards.of_record().first()


def is_local(storage: Storage) -> bool:
    """Whether the files lie on a disk that this process can open."""
    return isinstance(storage, FileSystemStorage)


def wanted_range(request: HttpRequest, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; the whole file when no range or one we do not serve is asked for.

    None when the range lies outside the file. One range only: clients that resume ask for nothing else.
    """
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not found or found.group(0) == "bytes=-":
        return 0, size - 1
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last or size - 1), size - 1)
    return (start, end) if start <= end else None


def headers(release: Release, sha256: str, size: int) -> dict[str, str]:
    return {
        "ETag": f'"{sha256}"',
        "X-Repo-Commit": release.revision,
        "X-Linked-Etag": f'"{sha256}"',
        "X-Linked-Size": str(size),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
    }


def head(release: Release, sha256: str, size: int) -> HttpResponse:
    """What the client asks before it downloads. The address at a storage is given only to the download itself."""
    response = HttpResponse(headers=headers(release, sha256, size), content_type="application/octet-stream")
    response.headers["Content-Length"] = str(size)
    return response


def noted(response: Any, verdict: Verdict) -> Any:
    """``response`` with when support ended, as programs read it (RFC 9745). The file is handed out all the same."""
    phase = verdict.phase
    if phase is not None and phase.support_ended_at is not None:
        response.headers["Deprecation"] = f"@{int(phase.support_ended_at.timestamp())}"
        page = f"{settings.BASE_URL}{verdict.release.get_absolute_url()}"
        response.headers["Link"] = f'<{page}>; rel="deprecation"; type="text/html"'
    return response


def outside(size: int) -> HttpResponse:
    return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})


def send(release: Release, artifact: Artifact, span: tuple[int, int]) -> HttpResponseBase:
    """The bytes of ``artifact`` from the local disk, or a redirect to a short-lived address at the storage.

    Clients send no token along with such a redirect, so the storage never sees ours.
    """
    storage, known = artifact.file.storage, headers(release, artifact.sha256, artifact.size)
    if not is_local(storage):
        return HttpResponseRedirect(storage.url(artifact.file.name, expire=300), headers=known)
    start, end = span
    stream = artifact.file.open("rb")
    if artifact.size == 0 or (start, end) == (0, artifact.size - 1):
        return FileResponse(stream, content_type="application/octet-stream", headers=known)
    stream.seek(start, os.SEEK_SET)
    known |= {"Content-Range": f"bytes {start}-{end}/{artifact.size}", "Content-Length": str(end - start + 1)}
    part = _Part(stream, end - start + 1)
    return StreamingHttpResponse(part, status=206, content_type="application/octet-stream", headers=known)


class _Part:
    """``left`` bytes of ``stream`` from where it stands. Closed with the answer, even if nobody reads it."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self.stream, self.left = stream, left

    def __iter__(self) -> Iterator[bytes]:
        while self.left > 0 and (chunk := self.stream.read(min(CHUNK, self.left))):
            self.left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.stream.close()
