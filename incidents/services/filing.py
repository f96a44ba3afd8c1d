"""What a reporter does: file a report, come back to it, write again."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, events
from common.actors import ANONYMOUS_REPORTER, Actor
from common.anonymity import untraced
from common.lifecycle import Refused, apply
from incidents import receipts, selectors, submissions
from incidents.evidence import MAX_FILES_OF_REPORT, Evidence, examine
from incidents.lifecycle import FOLLOW_UP, REOPEN
from incidents.models import Category, MisuseReport, ReportAttachment, ReportMessage, audience_for
from incidents.models.report import Visibility, this_hour
from incidents.sealing import seal

log = logging.getLogger(__name__)

RECEIPT_SHOWN_FOR_HOURS = 24


@dataclass(frozen=True)
class Filed:
    """A report with its receipt, which exists nowhere but here; None once it is not given out any more."""

    report: MisuseReport
    receipt: receipts.Receipt | None
    is_new: bool


def file_report(
    *,
    actor: Actor,
    model: str,
    category: str,
    what_happened: str,
    version: str = "",
    happened_when: str = "",
    happened_where: str = "",
    link: str = "",
    contact: str = "",
    evidence: Iterable[File] = (),
    submission: bytes | None = None,
) -> Filed:
    """Take in a report and give back its receipt, which is not stored.

    ``submission`` is the random number of the form: sent a second time it answers with the first report
    and the same receipt. Models are matched against the public registry; what does not match is kept
    as text for a handler to match. Raises ``Refused`` for unwanted files.
    """
    known = was_filed(submission) if submission else None
    submission = submission or submissions.fresh()
    files = examine(evidence)
    if files and category == Category.CSAM:
        raise Refused(
            _("Do not send us such material: that can be an offence. Say where it is instead, and remove the files."),
            field="evidence",
        )
    if known:
        return known
    family, release = selectors.match_model(model, version)
    receipt = receipts.Receipt(receipts.new_locator(), receipts.secret_for(submission))
    salt = receipts.new_salt()
    report = MisuseReport(
        locator=receipt.locator,
        salt=salt,
        digest=receipts.digest(salt, receipt.secret),
        submission=MisuseReport.submission_hash(submission),
        family=family,
        release=release,
        model_text="" if release else f"{model} {version}".strip()[:200],
        category=category,
        what_happened=what_happened,
        happened_when=happened_when,
        happened_where=happened_where,
        link=link,
        contact_sealed=seal(contact) if contact else b"",
        audience=audience_for([family] if family else []),
    )
    try:
        with untraced(actor), transaction.atomic():
            report.save(force_insert=True)
            with kept(report, files, visibility=Visibility.PUBLIC):
                audit.record(actor, "incidents.misusereport.file", report, after=report.stage)
                events.emit("incidents.report.received", report, category=category)
    except IntegrityError:
        # The same form sent twice at the same moment; if it was the locator instead, there is none of it.
        if known := was_filed(submission):
            return known
        raise
    return Filed(report, receipt, is_new=True)


def was_filed(submission: bytes) -> Filed | None:
    """The report that this form has become already, with its receipt for as long as it may be shown."""
    report = MisuseReport.objects.filter(submission=MisuseReport.submission_hash(submission)).first()
    if report is None:
        return None
    hours = (timezone.now() - report.received_at).total_seconds() / 3600
    if report.receipt_saved or hours > RECEIPT_SHOWN_FOR_HOURS + 1:
        return Filed(report, None, is_new=False)
    stored = (bytes(report.salt), bytes(report.digest))
    secret = next((known for known in receipts.secrets_for(submission) if receipts.matches(known, stored)), None)
    return Filed(report, receipts.Receipt(report.locator, secret) if secret else None, is_new=False)


def keep_receipt(report: MisuseReport) -> None:
    """The reporter has saved the receipt: it is not shown again, whatever form is sent twice."""
    MisuseReport.objects.filter(pk=report.pk, receipt_saved=False).update(receipt_saved=True)


def find_by_receipt(text: str) -> MisuseReport:
    """The report that the receipt ``text`` belongs to.

    Raises ``receipts.Mistyped`` when it cannot be a receipt, and ``Refused`` with the same words whether
    there is no such report or the secret is wrong.
    """
    report = selectors.report_of_receipt(receipts.parse(text))
    if report is None:
        raise Refused(
            _("There is no report with this receipt. No group is mistyped: compare all of it with what you saved."),
            field="receipt",
        )
    return report


def reply_as_reporter(
    report: MisuseReport, *, body: str, evidence: Iterable[File] = (), actor: Actor = ANONYMOUS_REPORTER
) -> ReportMessage:
    """Add what the reporter writes. An answered report is looked at again, a closed one is opened again."""
    files = examine(evidence)
    if files and report.category == Category.CSAM:
        raise Refused(_("Do not send us such material. Say where it is instead."), field="evidence")
    with untraced(actor), transaction.atomic():
        report = MisuseReport.objects.select_for_update().get(pk=report.pk)
        message = ReportMessage.objects.create(
            report=report,
            author=ReportMessage.Author.REPORTER,
            visibility=Visibility.PUBLIC,
            body=body,
            created_at=this_hour(),
        )
        with kept(report, files, message=message, visibility=Visibility.PUBLIC):
            _tell(report, message, actor)
    return message


def _tell(report: MisuseReport, message: ReportMessage, actor: Actor) -> None:
    changes: dict[str, Any] = {"awaits_handler": True}
    if report.stage == MisuseReport.Stage.CLOSED:
        apply(
            REOPEN, report, actor=actor, changes={**changes, "close_reason": "", "closed_at": None}, message=message.pk
        )
    elif report.stage == MisuseReport.Stage.ANSWERED:
        apply(FOLLOW_UP, report, actor=actor, changes=changes, message=message.pk)
    else:
        MisuseReport.objects.filter(pk=report.pk).update(**changes)
        audit.record(actor, "incidents.misusereport.reply", report, message=message.pk)
    events.emit("incidents.report.replied", report)


@contextmanager
def kept(
    report: MisuseReport,
    files: list[Evidence],
    *,
    visibility: str,
    message: ReportMessage | None = None,
    user: Any = None,
) -> Iterator[list[ReportAttachment]]:
    """Store examined files with a report; they are removed again when the transaction does not survive the block."""
    there = report.attachments.count() if files else 0
    if there + len(files) > MAX_FILES_OF_REPORT:
        raise Refused(_("A report holds at most %(count)s files.") % {"count": MAX_FILES_OF_REPORT}, field="evidence")
    stored: list[ReportAttachment] = []
    try:
        for each in files:
            attachment = ReportAttachment(
                report=report,
                message=message,
                visibility=visibility,
                user=user,
                name=each.name,
                media_type=each.media_type,
                size=each.size,
                sha256=each.sha256,
                created_at=timezone.now() if user else this_hour(),
            )
            attachment.file.save(each.name, each.file, save=False)
            stored.append(attachment)
        ReportAttachment.objects.bulk_create(stored)
        yield stored
    except BaseException:
        for attachment in stored:
            _take_back(attachment)
        raise


def _take_back(attachment: ReportAttachment) -> None:
    """Remove the bytes of an attachment that does not come to be; what is in the way of that is not what went wrong."""
    name = attachment.file.name
    try:
        attachment.file.delete(save=False)
    except Exception:
        log.exception("Could not remove %s, which no row names.", name)
