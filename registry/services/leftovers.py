"""Bytes that nobody owns: what a process that was killed while a file arrived has left behind."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.services import service_account
from common import audit
from registry.models import Artifact, Release

log = logging.getLogger(__name__)

# No upload lasts so long that its bytes could still be about to get their row.
OLD_ENOUGH = timedelta(days=1)
FOLDER = "releases"
AT_ONCE = 200


def sweep_leftovers() -> list[str]:
    """Remove stored files of releases that no row names, and uploads nobody waits for, a day after they were written.

    Answers with what was removed; each file of a release is on that release's record. Run again it finds
    nothing. Folders of releases that this database does not know are left alone: they are another portal's,
    or the database is not the one that belongs to the files.
    """
    before = timezone.now() - OLD_ENOUGH
    return [*_sweep_artifacts(before), *_sweep_temporary(before)]


def _sweep_artifacts(before: datetime) -> Iterator[str]:
    storage = Artifact._meta.get_field("file").storage  # type: ignore[union-attr]
    try:
        folders = (int(name) for name in storage.listdir(FOLDER)[0] if name.isascii() and name.isdigit())
    except FileNotFoundError:
        return
    while numbers := list(islice(folders, AT_ONCE)):
        # Listed first and looked up then: a row that is made meanwhile is seen.
        files = {number: storage.listdir(f"{FOLDER}/{number}")[1] for number in numbers}
        rows = Artifact.objects.filter(release_id__in=numbers).order_by()
        known = set(rows.values_list("file", flat=True))
        for release in Release.objects.filter(pk__in=numbers).order_by("pk"):
            for name in (f"{FOLDER}/{release.pk}/{file}" for file in files[release.pk]):
                if name not in known and _remove(storage, name, release, before):
                    yield name


def _remove(storage: object, name: str, release: Release, before: datetime) -> bool:
    """Remove one file if it is old enough and still there. The record goes if the storage refuses."""
    try:
        if storage.get_modified_time(name) > before:  # type: ignore[attr-defined]
            return False
        size = storage.size(name)  # type: ignore[attr-defined]
    except FileNotFoundError:
        return False
    with transaction.atomic():
        found = {"file": name, "size": size}
        audit.record(service_account("Housekeeping"), "registry.release.sweep_file", release, before=found)
        storage.delete(name)  # type: ignore[attr-defined]
    log.warning("Removed %s (%s bytes) of release %s: no row names it.", name, size, release.pk)
    return True


def _sweep_temporary(before: datetime) -> Iterator[str]:
    """Django's own files of forms that were arriving. Only in a folder that is ours alone."""
    if not settings.FILE_UPLOAD_TEMP_DIR:
        return
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        try:
            written, size = datetime.fromtimestamp(path.stat().st_mtime, UTC), path.stat().st_size
            if written > before:
                continue
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError:
            log.exception("Could not remove %s", path)
            continue
        log.warning("Removed %s (%s bytes): an upload that never ended.", path, size)
        yield str(path)
