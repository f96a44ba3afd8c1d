"""What handlers do with a report."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, events
from common.editing import edit
from common.lifecycle import Refused, apply
from incidents import permissions
from incidents.evidence import examine
from incidents.lifecycle import ANSWER, CLOSE, REOPEN, TRIAGE
from incidents.models import CloseReason, Incident, MisuseReport, ReportAttachment, ReportMessage, audience_for
from incidents.models.report import Visibility
from incidents.sealing import unseal
from incidents.services.filing import kept
from incidents.services.incidents import link_report
from registry.models import ModelFamily, Release


def _locked(report: MisuseReport, actor: Any) -> MisuseReport:
    """The row as it is stored, held until the end of the transaction, for somebody who may handle it."""
    report = MisuseReport.objects.select_for_update().get(pk=report.pk)
    if not permissions.can_handle_report(actor, report):
        raise PermissionDenied
    return report


@transaction.atomic
def triage_report(
    report: MisuseReport,
    *,
    actor: Any,
    severity: str,
    owner: User,
    incident: Incident | None = None,
    expected_version: int | None = None,
) -> MisuseReport:
    """Judge ``report``: how severe, whose, part of which incident. Later calls change the judgement.

    Raises ``Refused`` when ``owner`` may not handle the report or it is closed.
    """
    report = _locked(report, actor)
    if not permissions.can_handle_report(owner, report):
        raise Refused(_("This person is not an incident handler of this model."), field="owner")
    judged: dict[str, Any] = {"severity": severity, "owner": owner}
    if report.stage == MisuseReport.Stage.CLOSED:
        raise Refused(_("It is closed. Open it again first."))
    if report.stage == MisuseReport.Stage.RECEIVED:
        if expected_version is not None:
            # Locks the row and tells who was faster; the move then starts from what it found.
            edit(
                report, actor=actor, verb="incidents.misusereport.judge", changes={}, expected_version=expected_version
            )
        report = apply(TRIAGE, report, actor=actor, changes=judged, severity=severity, owner=owner)
    else:
        report = edit(
            report, actor=actor, verb="incidents.misusereport.judge", changes=judged, expected_version=expected_version
        )
    if incident is not None:
        link_report(incident, report, actor=actor)
    return report


@transaction.atomic
def match_report(
    report: MisuseReport, *, actor: Any, family: ModelFamily, release: Release | None = None
) -> MisuseReport:
    """Say which model a report is about; from then on that model's people see it, and others do not."""
    report = _locked(report, actor)
    if release is not None and release.family_id != family.pk:
        raise Refused(_("This release belongs to another model."), field="release")
    changes = {"family": family, "release": release, "audience": audience_for([family])}
    return edit(report, actor=actor, verb="incidents.misusereport.match", changes=changes)


def _write(report: MisuseReport, actor: Any, body: str, visibility: str) -> ReportMessage:
    if not body.strip():
        raise Refused(_("Write a message."), field="body")
    return ReportMessage.objects.create(
        report=report, author=ReportMessage.Author.HANDLER, user=actor, visibility=visibility, body=body
    )


@transaction.atomic
def answer_report(report: MisuseReport, *, actor: Any, body: str) -> ReportMessage:
    """Write to the reporter, who reads it with the receipt. Raises ``Refused`` before the report is judged."""
    report = _locked(report, actor)
    message = _write(report, actor, body, Visibility.PUBLIC)
    first = report.first_answered_at or timezone.now()
    report = apply(
        ANSWER, report, actor=actor, changes={"awaits_handler": False, "first_answered_at": first}, message=message.pk
    )
    events.emit("incidents.report.answered", report)
    return message


@transaction.atomic
def add_internal_note(report: MisuseReport, *, actor: Any, body: str, evidence: Iterable[File] = ()) -> ReportMessage:
    """Write down something that the reporter never sees."""
    report = _locked(report, actor)
    files = examine(evidence)
    message = _write(report, actor, body, Visibility.INTERNAL)
    with kept(report, files, message=message, visibility=Visibility.INTERNAL, user=actor):
        audit.record(actor, "incidents.misusereport.note", report, message=message.pk)
    return message


@transaction.atomic
def attach_evidence(report: MisuseReport, *, actor: Any, files: Iterable[File]) -> list[ReportAttachment]:
    """Add files that a handler found; the reporter does not see them."""
    report = _locked(report, actor)
    with kept(report, examine(files), visibility=Visibility.INTERNAL, user=actor) as stored:
        digests = [attachment.sha256 for attachment in stored]
        audit.record(actor, "incidents.misusereport.attach", report, after=digests)
    return stored


@transaction.atomic
def close_report(report: MisuseReport, *, actor: Any, reason: str, body: str) -> MisuseReport:
    """Close ``report`` with a reason and words that the reporter reads."""
    report = _locked(report, actor)
    if reason not in CloseReason.values:
        raise Refused(_("Choose a reason."), field="reason")
    message = _write(report, actor, body, Visibility.PUBLIC)
    now = timezone.now()
    changes = {
        "close_reason": reason,
        "closed_at": now,
        "awaits_handler": False,
        "first_answered_at": report.first_answered_at or now,
    }
    report = apply(CLOSE, report, actor=actor, changes=changes, why=reason, message=message.pk)
    events.emit("incidents.report.closed", report, reason=reason)
    return report


@transaction.atomic
def reopen_report(report: MisuseReport, *, actor: Any, reason: str) -> MisuseReport:
    """Look at a closed report again. Its reporter sees that, not the reason, which is ours."""
    report = _locked(report, actor)
    if not reason.strip():
        raise Refused(_("Say why."), field="reason")
    changes = {"close_reason": "", "closed_at": None, "awaits_handler": True}
    return apply(REOPEN, report, actor=actor, changes=changes, reason=reason)


@transaction.atomic
def reveal_contact(report: MisuseReport, *, actor: Any) -> str:
    """Read how the reporter may be reached. Every reading is on record."""
    if not permissions.can_see_contact(actor, report):
        raise PermissionDenied
    if not report.contact_sealed:
        raise Refused(_("The reporter left no contact."))
    audit.record(actor, "incidents.misusereport.reveal_contact", report)
    return unseal(bytes(report.contact_sealed))
