"""Files of a release: stored while they arrive, whatever their size, and known by their digest."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from common import audit
from common.lifecycle import Refused
from registry import permissions
from registry.models import Artifact, Release
from registry.services import _store
from registry.services.cards import lock_draft

log = logging.getLogger(__name__)

CHUNK = 1024 * 1024


class Measured(File):
    """A stream that is counted and hashed as the storage reads it. Never more than a chunk is in memory."""

    DEFAULT_CHUNK_SIZE = CHUNK

    def __init__(self, read: Callable[[int], bytes]) -> None:
        super().__init__(None, name="artifact")
        self._read, self._hash, self.length = read, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        data = self._read(CHUNK if size is None or size < 0 else size)
        self._hash.update(data)
        self.length += len(data)
        return data

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while data := self.read(chunk_size or CHUNK):
            yield data

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def __bool__(self) -> bool:
        return True

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def add_artifact(
    release: Release, *, actor: Any, path: str, content: Any, sha256: str = "", expected_size: int | None = None
) -> Artifact:
    """Store ``content`` (anything with ``read(size)``) as the file ``path`` of a draft release.

    With ``sha256`` the digest is compared, with ``expected_size`` the length: a file that was cut off on
    its way is refused. Whatever goes wrong, no row and no stored file is left. The transaction is short
    and comes last, so a slow upload holds no lock. The same file again answers with the one that is there
    if its declared digest says so.
    """
    with received(release, actor=actor, path=path, content=content, sha256=sha256, expected_size=expected_size) as row:
        return keep_artifact(row, actor=actor)


@contextmanager
def received(
    release: Release, *, actor: Any, path: str, content: Any, sha256: str = "", expected_size: int | None = None
) -> Iterator[Artifact]:
    """The first half of ``add_artifact``, for a caller with a transaction of its own that must not last as long as
    the bytes travel: a row that is not saved, or the one that is there. The bytes go if the block raises."""
    if not permissions.can_edit_release(actor, release):
        raise PermissionDenied
    sha256 = sha256.strip().lower().removeprefix("sha256:")
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise Refused(_("A SHA-256 digest is 64 hexadecimal digits."), field="sha256")
    row = Artifact(release=release, path=path, size=0, sha256=sha256 or "0" * 64, created_by=actor)
    _store.check(row, ["path"])
    _refuse_published(release)
    if present := Artifact.objects.filter(release=release, path=path).first():
        if not sha256 or present.sha256 != sha256:
            raise Refused(
                _("The release has a file with this path. Remove it first, or choose another path."), field="path"
            )
        yield present
        return
    storage, location = row.file.storage, row.file.field.generate_filename(row, "artifact")
    stream = Measured(content.read)
    try:
        row.file.name = storage.save(location, stream)
        _compare(stream, sha256, expected_size)
        row.size, row.sha256 = stream.length, stream.sha256
        yield row
    except BaseException:
        _discard(storage, row.file.name or location)
        raise


@transaction.atomic
def keep_artifact(row: Artifact, *, actor: Any) -> Artifact:
    """The second half of ``add_artifact``: the row, and that it was added, on record."""
    if row.pk is None:
        lock_draft(row.release, field=None)
        _store.insert(row, taken={"one_file_per_path": "path"})
        audit.record(
            actor,
            "registry.release.add_artifact",
            row.release,
            after={"path": row.path, "size": row.size, "sha256": row.sha256},
        )
    return row


@transaction.atomic
def remove_artifact(artifact: Artifact, *, actor: Any) -> None:
    """Take a file out of a draft release. The stored bytes go once the transaction has committed."""
    if not permissions.can_edit_release(actor, artifact.release):
        raise PermissionDenied
    release = lock_draft(artifact.release, field=None)
    storage, name = artifact.file.storage, artifact.file.name
    removed, _by_model = Artifact.objects.filter(pk=artifact.pk).delete()
    if not removed:
        return
    audit.record(
        actor,
        "registry.release.remove_artifact",
        release,
        before={"path": artifact.path, "size": artifact.size, "sha256": artifact.sha256},
    )
    transaction.on_commit(lambda: _discard(storage, name))


def _refuse_published(release: Release) -> None:
    """Say so before a large file travels; the lock at the end is what counts."""
    if release.stage != Release.Stage.DRAFT:
        with transaction.atomic():
            lock_draft(release, field=None)


def _compare(stream: Measured, sha256: str, expected_size: int | None) -> None:
    if expected_size is not None and stream.length != expected_size:
        words = _("The upload was cut off: %(got)s of %(expected)s bytes arrived. Nothing was stored; send it again.")
        raise Refused(words % {"got": stream.length, "expected": expected_size}, field="file")
    if sha256 and stream.sha256 != sha256:
        words = _("The file that arrived has the SHA-256 %(got)s, not the one you declared. Nothing was stored.")
        raise Refused(words % {"got": stream.sha256}, field="sha256")


def _discard(storage: Any, name: Any) -> None:
    try:
        storage.delete(name)
    except Exception:
        # The row is what counts; a file without a row is only wasted space.
        log.exception("Could not delete %s", name)
