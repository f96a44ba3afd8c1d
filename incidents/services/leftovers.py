"""Attachments that nobody owns: bytes of a report or a message that did not come to be."""

import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.services import service_account
from common import audit
from incidents.models import MisuseReport, ReportAttachment

log = logging.getLogger(__name__)

# No form takes so long that its bytes could still be about to get their row.
OLD_ENOUGH = timedelta(days=1)
FOLDER = "reports"
AT_ONCE = 200
# As ``evidence_location`` names them, or with the storage's addition where the name was taken. Safety reports
# lie in the same folders; theirs end in .pdf.
ATTACHMENT = re.compile(r"[0-9a-f]{64}(_[A-Za-z0-9]+)?")


def sweep_attachments() -> list[str]:
    """Remove stored attachments that no row names, a day after they were written. Answers with their names.

    Each is on the record of its report, even of one that was never filed. Run again it finds nothing. Nothing is
    removed from a storage without the newest attachment of this database, nor of reports newer than its newest:
    the two do not belong together then, and what lies there may be somebody's evidence.
    """
    storage: Any = ReportAttachment._meta.get_field("file").storage  # type: ignore[union-attr]
    newest = ReportAttachment.objects.order_by("-pk").first()
    if newest is None or not storage.exists(newest.file.name):
        return []
    return list(_sweep(storage, timezone.now() - OLD_ENOUGH))


def _sweep(storage: Any, before: datetime) -> Iterator[str]:
    last = MisuseReport.objects.order_by("-pk").values_list("pk", flat=True)[0]
    folders = (int(name) for name in storage.listdir(FOLDER)[0] if name.isascii() and name.isdigit())
    ours = (number for number in folders if number <= last)
    while numbers := list(islice(ours, AT_ONCE)):
        # Listed first and looked up then: a row that is made meanwhile is seen.
        files = [
            (number, f"{FOLDER}/{number}/{file}")
            for number in numbers
            for file in storage.listdir(f"{FOLDER}/{number}")[1]
            if ATTACHMENT.fullmatch(file)
        ]
        known = set(ReportAttachment.objects.filter(report__in=numbers).order_by().values_list("file", flat=True))
        for number, name in files:
            if name not in known and _remove(storage, name, MisuseReport(pk=number), before):
                yield name


def _remove(storage: Any, name: str, report: MisuseReport, before: datetime) -> bool:
    """Remove one file if it is old enough and still there. The record goes if the storage refuses."""
    try:
        if storage.get_modified_time(name) > before:
            return False
        size = storage.size(name)
    except FileNotFoundError:
        return False
    with transaction.atomic():
        found = {"file": name, "size": size}
        audit.record(service_account("Housekeeping"), "incidents.misusereport.sweep_file", report, before=found)
        storage.delete(name)
    log.warning("Removed %s (%s bytes): no row names it.", name, size)
    return True
