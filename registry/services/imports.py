"""Bringing a register along: the file is kept, checked by a worker, and applied as a whole or not at all."""

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, cast

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import service_account
from common import audit, events, jobs, lifecycle
from common.jobs import JobFailed, JobTakenOver, Progress
from common.lifecycle import Refused
from common.models import Job
from registry import permissions
from registry.interchange import readers
from registry.interchange.matching import Desk
from registry.interchange.plans import Plan
from registry.lifecycle import APPLY_IMPORT, CHECK_IMPORT, DISCARD_IMPORT, RECHECK_IMPORT
from registry.models import ImportRow, ModelFamily, Publisher, Risk, RiskImport
from registry.selectors import scale_in_force
from registry.services import _imported
from registry.services.carrying import hold_scale

log = logging.getLogger(__name__)
CHECK, APPLY = "registry.check_import", "registry.apply_import"
LOT = 500
FORMATS = tuple(RiskImport.Format.values)
# How long a file waits for somebody to apply it.
KEPT = dt.timedelta(days=14)
FOLDER = "imports"


@transaction.atomic
def upload_import(publisher: Publisher, *, actor: Any, file: Any, family: ModelFamily | None = None) -> RiskImport:
    """Keep a file with risks and let a worker check it. Nothing is written to the register by that.

    ``family`` is for rows that name none.
    """
    if family is not None and family.publisher_id != publisher.pk:
        raise Refused(_("This model family belongs to another publisher."), field="family")
    if not permissions.can_import_risks(actor, publisher):
        raise PermissionDenied
    name = str(file.name or "risks").replace("\\", "/").rpartition("/")[2].replace("\x00", "")[-200:]
    format = name.rpartition(".")[2].lower()
    if format not in FORMATS:
        raise Refused(_("Bring a file that ends in .csv, .xlsx or .json."), field="file")
    if file.size > readers.LARGEST_FILE:
        raise Refused(_("The file is larger than %d MB.") % (readers.LARGEST_FILE // 1_000_000), field="file")
    if not file.size:
        raise Refused(_("The file is empty."), field="file")
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    row = RiskImport(
        publisher=publisher,
        family=family,
        name=name,
        format=format,
        size=file.size,
        sha256=digest.hexdigest(),
        uploaded_by=actor,
    )
    row.file.save(name, file, save=False)
    row.save(force_insert=True)
    row.job = _enqueue(CHECK, row, actor)
    row.save(update_fields=["job"])
    after = {"publisher": publisher, "family": family, "file": name, "size": row.size, "sha256": row.sha256}
    audit.record(actor, "registry.riskimport.upload", row, after=after)
    return row


def _enqueue(kind: str, row: RiskImport, actor: Any) -> Job:
    return jobs.enqueue(kind, actor=actor, payload={"import": row.pk})


# --- checking ---------------------------------------------------------------------------------------


def check_import(progress: Progress) -> dict[str, Any]:
    """The work of the job that ``upload_import`` leaves: what would every row do? Safe to run twice."""
    row = RiskImport.objects.select_related("publisher", "family", "uploaded_by").get(pk=progress.payload["import"])
    if row.stage != RiskImport.Stage.CHECKING:
        return _counts(row)
    row.rows.all().delete()
    scale = scale_in_force(row.publisher_id)
    desk = Desk(row.publisher, scale, actor=row.uploaded_by, family=row.family)
    counts: dict[str, Any] = dict.fromkeys(ImportRow.Outcome.values, 0)
    done = 0
    progress(0, 0, _("Reading the file"))
    try:
        with row.file.open("rb") as file:
            source = readers.read(cast(BinaryIO, file), row.format)
            for lot in _lots(source.rows):
                plans = desk.plan(lot)
                ImportRow.objects.bulk_create([_row(row, plan) for plan in plans], batch_size=LOT)
                for plan in plans:
                    counts[plan.outcome] += 1
                done += len(plans)
                progress(done, max(source.total, done), _("Comparing with the register"))
    except readers.Unreadable as error:
        raise JobFailed(str(error)) from error
    except FileNotFoundError as error:
        raise JobFailed(_("The file is gone. Bring it again.")) from error
    changes: dict[str, Any] = {f"{name}_count": count for name, count in counts.items()}
    changes |= {"remarks": source.remarks, "scale": scale, "checked_at": timezone.now()}
    with transaction.atomic():
        current = RiskImport.objects.select_for_update().get(pk=row.pk)
        if current.stage == RiskImport.Stage.CHECKING:
            lifecycle.apply(CHECK_IMPORT, current, actor=row.uploaded_by, changes=changes, **counts)
        elif current.stage == RiskImport.Stage.DISCARDED:
            ImportRow.objects.filter(risk_import=row).delete()
    return counts


def _lots(rows: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(rows)
    while lot := list(islice(remaining, LOT)):
        yield lot


def _row(row: RiskImport, plan: Plan) -> ImportRow:
    return ImportRow(
        risk_import=row,
        number=plan.given.number,
        outcome=plan.outcome,
        risk=plan.risk,
        version=plan.risk.row_version if plan.risk is not None else None,
        title=plan.title[:240],
        given=plan.given.cells,
        unread=plan.given.unread,
        changes=plan.shown if plan.outcome != ImportRow.Outcome.REFUSED else [],
        problems=plan.problems,
    )


def _counts(row: RiskImport) -> dict[str, Any]:
    return {name: getattr(row, f"{name}_count") for name in ImportRow.Outcome.values}


# --- applying ---------------------------------------------------------------------------------------


def _locked(risk_import: RiskImport) -> RiskImport:
    """The stored row, locked. Its job is read after that: joined, it would be the job of before the lock."""
    return RiskImport.objects.select_for_update().get(pk=risk_import.pk)


@transaction.atomic
def start_applying(risk_import: RiskImport, *, actor: Any) -> RiskImport:
    """Let a worker apply an import whose rows are all possible. Raises ``Refused`` with what stands in its way."""
    row = _locked(risk_import)
    if not permissions.can_apply_import(actor, row):
        raise PermissionDenied
    if row.stage not in APPLY_IMPORT.sources:
        raise Refused(_("This import is “%s”.") % row.stage_label)
    if reasons := [reason for need in APPLY_IMPORT.needs if (reason := need(row))]:
        raise Refused(*reasons)
    if row.job is not None and row.job.unfinished:
        raise Refused(_("It is being worked on already."))
    row.job = _enqueue(APPLY, row, actor)
    row.save(update_fields=["job"])
    return row


def apply_import(progress: Progress) -> dict[str, Any]:
    """The work of the job that ``start_applying`` leaves: every row in one transaction, or none.

    What the rows would do is worked out again, on rows that are locked: where it is no longer what somebody was
    shown, nothing is written. Safe to run twice.
    """
    pk = progress.payload["import"]
    with _aside(progress) as tell, transaction.atomic():
        row = RiskImport.objects.select_for_update(of=("self",)).select_related("publisher", "family").get(pk=pk)
        if row.stage == RiskImport.Stage.APPLIED:
            return _counts(row)
        actor = User.objects.get(pk=row.uploaded_by_id)
        # The order of everybody who judges: the scale, then families, then risks.
        hold_scale(row.publisher_id)
        scale = scale_in_force(row.publisher_id)
        if scale.pk != row.scale_id:
            raise JobFailed(_("The scale was replaced since the file was checked. Check it again."))
        _lock(row)
        desk = Desk(row.publisher, scale, actor=actor, family=row.family)
        writer = _imported.Writer(row, scale, actor=actor)
        done, total = 0, row.row_count
        rows = ImportRow.objects.filter(risk_import=row).order_by("number")
        for lot in _lots(rows.iterator(chunk_size=LOT)):
            plans = desk.plan([readers.Given(each.number, each.given, each.unread) for each in lot])
            _as_shown(lot, plans)
            writer.write(plans, lot)
            done += len(lot)
            tell(done, total, _("Writing to the register"))
        counts = _counts(row)
        lifecycle.apply(APPLY_IMPORT, row, actor=actor, changes={"applied_at": timezone.now(), "file": ""}, **counts)
        events.emit("registry.risks.imported", row, **counts)
        _forget_file(row)
    return counts


def _lock(row: RiskImport) -> None:
    """Nobody records or changes the risks concerned until the import is through."""
    about = ImportRow.objects.filter(risk_import=row)
    families = ModelFamily.objects.filter(publisher=row.publisher_id).order_by("pk")
    list(families.select_for_update(no_key=True).values_list("pk", flat=True))
    risks = Risk.objects.filter(pk__in=about.exclude(risk=None).values("risk")).order_by("pk")
    list(risks.select_for_update().values_list("pk", flat=True))


def _as_shown(lot: list[ImportRow], plans: list[Plan]) -> None:
    """Raises ``JobFailed`` where a row would do something else than what was shown when it was checked."""
    for row, plan in zip(lot, plans, strict=True):
        words = {"row": row.number, "risk": plan.title}
        if plan.problems:
            column, reason = plan.problems[0]
            told = _("Row %(row)d (%(risk)s) is not possible any more: %(column)s: %(reason)s Nothing was written.")
            raise JobFailed(told % {**words, "column": column, "reason": reason})
        same_risk = (plan.risk.pk if plan.risk is not None else None) == row.risk_id
        if not same_risk or plan.outcome != row.outcome or (plan.risk and plan.risk.row_version != row.version):
            told = _("Row %(row)d (%(risk)s): the register was changed since the file was checked. Check it again.")
            raise JobFailed(told % words)


@contextmanager
def _aside(progress: Progress) -> Iterator[Any]:
    """Tell how far a long transaction is through a connection of its own: what it writes itself nobody sees yet."""

    def tell(done: int, total: int, message: str) -> None:
        try:
            progress(done, total, message)
        except JobTakenOver:
            # The lock of the import decides who of the two goes first; the other finds it applied.
            log.info("Job %s is told of by another worker too", progress.job.pk)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import-progress") as pool:
        try:
            yield lambda *told: pool.submit(tell, *told)
        finally:
            # Looked up there: each thread has a connection of its own.
            pool.submit(lambda: connection.close())


# --- again, never, and in the end -------------------------------------------------------------------


@transaction.atomic
def check_again(risk_import: RiskImport, *, actor: Any) -> RiskImport:
    """Check a file once more: the register has changed since, or the worker failed."""
    row = _locked(risk_import)
    if not permissions.can_apply_import(actor, row):
        raise PermissionDenied
    if row.job is not None and row.job.unfinished:
        raise Refused(_("It is being worked on already."))
    if row.stage == RiskImport.Stage.CHECKING:
        if row.job is not None and row.job.state == Job.State.FAILED:
            jobs.run_again(row.job, actor=actor)
        return row
    changes: dict[str, Any] = {f"{name}_count": 0 for name in ImportRow.Outcome.values}
    changes |= {"job": _enqueue(CHECK, row, actor), "checked_at": None, "remarks": []}
    return lifecycle.apply(RECHECK_IMPORT, row, actor=actor, changes=changes)


@transaction.atomic
def discard_import(risk_import: RiskImport, *, actor: Any) -> RiskImport:
    """Leave the register as it is and delete the file and what was read from it."""
    row = _locked(risk_import)
    if row.job is not None and row.job.kind == APPLY and row.job.unfinished:
        raise Refused(_("It is being applied already."))
    gone = lifecycle.apply(DISCARD_IMPORT, row, actor=actor, changes={"discarded_at": timezone.now(), "file": ""})
    ImportRow.objects.filter(risk_import=row).delete()
    _forget_file(row)
    return gone


def expire_imports() -> int:
    """Discard what nobody applied in time. Run twice it finds nothing more."""
    unfinished = Q(job__state__in=[Job.State.QUEUED, Job.State.RUNNING])
    old = RiskImport.objects.filter(
        stage__in=[RiskImport.Stage.CHECKING, RiskImport.Stage.CHECKED], updated_at__lt=timezone.now() - KEPT
    ).exclude(unfinished)
    count = 0
    for row in old.order_by("pk")[:200]:
        discard_import(row, actor=service_account("Housekeeping"))
        count += 1
    return count


def _forget_file(row: RiskImport) -> None:
    storage, name = row.file.storage, row.file.name or ""

    def forget() -> None:
        try:
            storage.delete(name)
        except Exception:
            log.exception("Could not delete %s", name)

    if name:
        transaction.on_commit(forget)
