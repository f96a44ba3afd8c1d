from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from common import audit, context
from common.models import AuditEvent, OutboxEvent
from incidents import services
from incidents.models import MisuseReport, ReportAttachment, ReportMessage
from tests.incidents.conftest import ANSWERS, file

pytestmark = pytest.mark.django_db


def test_filing_leaves_a_report_an_audit_event_and_an_event(release):
    filed = file(contact="somebody@example.org")
    report = filed.report
    assert filed.is_new
    assert (report.stage, report.awaits_handler, report.severity, report.owner) == ("received", True, "", None)
    assert report.audience == [f"f{release.family_id}", f"p{release.family.publisher_id}"]
    event = audit.trail(report).get()
    assert (event.verb, event.actor_id, event.actor_label) == (
        "incidents.misusereport.file",
        None,
        "Anonymous reporter",
    )
    outbox = OutboxEvent.objects.get(name="incidents.report.received")
    assert (outbox.object_id, outbox.payload) == (str(report.pk), {"category": "fraud"})


def test_what_a_reporter_does_is_known_to_the_hour_only_and_without_the_request(release):
    token = context.request_id.set("a-proxy-gave-this-id")
    try:
        filed = file(evidence=[SimpleUploadedFile("a.txt", b"a")])
        services.reply_as_reporter(filed.report, body="More.", evidence=[SimpleUploadedFile("b.txt", b"b")])
    finally:
        context.request_id.reset(token)
    moments = [MisuseReport.objects.get().received_at, ReportMessage.objects.get().created_at]
    moments += [attachment.created_at for attachment in ReportAttachment.objects.all()]
    assert {(moment.minute, moment.second, moment.microsecond) for moment in moments} == {(0, 0, 0)}
    assert set(
        AuditEvent.objects.filter(object_type="incidents.misusereport").values_list("request_id", flat=True)
    ) == {""}


def test_a_signed_in_filing_by_program_is_on_record_with_its_account(release, researcher):
    report = services.file_report(actor=researcher, **ANSWERS).report
    assert audit.trail(report).get().actor_id == researcher.pk


def test_the_same_submission_gives_the_same_report_and_receipt_until_it_is_saved(release):
    first, second = (
        file(submission=b"x" * 24),
        file(submission=b"x" * 24, what_happened="Something else entirely, it is."),
    )
    assert (second.report, second.receipt, second.is_new) == (first.report, first.receipt, False)
    services.keep_receipt(first.report)
    assert file(submission=b"x" * 24).receipt is None


def test_the_receipt_is_not_shown_again_after_a_day(release):
    filed = file(submission=b"x" * 24)
    MisuseReport.objects.update(received_at=timezone.now() - timedelta(hours=26))
    assert services.was_filed(b"x" * 24).receipt is None
    assert services.find_by_receipt(filed.receipt.text) == filed.report


def test_the_receipt_of_a_form_survives_a_change_of_the_portals_key(release, settings):
    filed = file(submission=b"x" * 24)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "y" * 50
    assert services.was_filed(b"x" * 24).receipt == filed.receipt
    assert services.find_by_receipt(filed.receipt.text) == filed.report


def test_files_go_when_the_report_does_not_come(release, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("incidents.services.filing.events.emit", broken)
    before = set(_stored())
    with pytest.raises(RuntimeError):
        file(evidence=[SimpleUploadedFile("a.txt", b"lost")])
    assert set(_stored()) == before
    assert not MisuseReport.objects.exists()


def test_a_storage_that_dies_between_two_files_is_cleaned_up_as_far_as_it_goes(release, monkeypatch, caplog):
    """It takes two of three files, and then will not remove the first either."""
    save, delete, taken = FileSystemStorage._save, FileSystemStorage.delete, []

    def dying(self, name, content):
        if len(taken) == 2:
            raise ConnectionError("the storage is away")
        taken.append(save(self, name, content))
        return taken[-1]

    def half_dead(self, name):
        if name == taken[0]:
            raise ConnectionError("the storage is still away")
        delete(self, name)

    before = set(_stored())
    monkeypatch.setattr(FileSystemStorage, "_save", dying)
    monkeypatch.setattr(FileSystemStorage, "delete", half_dead)
    with pytest.raises(ConnectionError, match="the storage is away"), caplog.at_level("ERROR", logger="incidents"):
        file(evidence=[SimpleUploadedFile(f"{n}.txt", n.encode()) for n in ("a", "b", "c")])

    assert [path.name for path in set(_stored()) - before] == [taken[0].rpartition("/")[2]]
    assert taken[0] in caplog.text
    assert not MisuseReport.objects.exists()


def _stored():
    from django.conf import settings

    return [path for path in (settings.DATA_DIR / "artifacts" / "reports").rglob("*") if path.is_file()]
