import pytest
from django.core.exceptions import PermissionDenied

from common.lifecycle import Refused, Stale
from common.models import AuditEvent, OutboxEvent
from incidents import services
from incidents.models import MisuseReport, ReportMessage
from incidents.selectors import handlers_for
from tests.factories.incidents import MisuseReportFactory
from tests.incidents.conftest import file, verbs

pytestmark = pytest.mark.django_db

OUTSIDE = ("release_manager", "risk_owner", "reviewer", "auditor", "administrator", "stranger", "researcher")


@pytest.mark.parametrize("role", OUTSIDE)
def test_only_handlers_work_on_reports(role, report, incident_handler, request):
    user = request.getfixturevalue(role)
    for attempt in (
        lambda: services.triage_report(report, actor=user, severity="low", owner=incident_handler),
        lambda: services.answer_report(report, actor=user, body="x"),
        lambda: services.add_internal_note(report, actor=user, body="x"),
        lambda: services.attach_evidence(report, actor=user, files=[]),
        lambda: services.close_report(report, actor=user, reason="spam", body="x"),
        lambda: services.reopen_report(report, actor=user, reason="x"),
        lambda: services.reveal_contact(report, actor=user),
        lambda: services.match_report(report, actor=user, family=report.family),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    report.refresh_from_db()
    assert report.stage == "received"
    assert not ReportMessage.objects.exists()
    assert verbs(report) == []


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("incident_handler", True),
        ("auditor", True),
        ("reviewer", True),
        ("release_manager", True),
        ("superuser", True),
        ("risk_owner", False),
        ("administrator", False),
        ("researcher", False),
        ("stranger", False),
    ],
)
def test_who_sees_a_report_of_a_model(role, sees, report, request):
    user = request.getfixturevalue(role)
    assert MisuseReport.objects.visible_to(user).filter(pk=report.pk).exists() is sees


def test_a_report_without_a_model_is_for_every_handler_and_nobody_else(incident_handler, stranger, auditor, superuser):
    report = MisuseReportFactory()
    seen = {
        user
        for user in (incident_handler, stranger, auditor, superuser)
        if MisuseReport.objects.visible_to(user).exists()
    }
    assert seen == {incident_handler, stranger, superuser}
    assert set(handlers_for(report.audience)) == {incident_handler, stranger}


def test_matching_a_report_takes_it_from_the_others(incident_handler, stranger, release):
    report = MisuseReportFactory()
    services.match_report(report, actor=incident_handler, family=release.family, release=release)
    assert MisuseReport.objects.visible_to(incident_handler).exists()
    assert not MisuseReport.objects.visible_to(stranger).exists()
    assert verbs(report) == ["match"]


def test_triage_sets_severity_and_owner_and_links_the_incident(report, incident, incident_handler):
    triaged = services.triage_report(
        report,
        actor=incident_handler,
        severity="critical",
        owner=incident_handler,
        incident=incident,
        expected_version=1,
    )
    assert (triaged.stage, triaged.severity, triaged.owner) == ("triaged", "critical", incident_handler)
    assert list(incident.reports.all()) == [report]
    assert verbs(report) == ["triage", "link"]
    assert verbs(incident) == ["link_report"]


def test_two_handlers_judging_at_once_do_not_overwrite_each_other(report, incident_handler):
    services.triage_report(report, actor=incident_handler, severity="low", owner=incident_handler, expected_version=1)
    with pytest.raises(Stale, match="Incident handler changed this"):
        services.triage_report(
            report, actor=incident_handler, severity="high", owner=incident_handler, expected_version=1
        )


def test_an_owner_must_be_able_to_handle_it(report, incident_handler, auditor):
    with pytest.raises(Refused, match="This person is not an incident handler") as caught:
        services.triage_report(report, actor=incident_handler, severity="low", owner=auditor)
    assert caught.value.field == "owner"


def test_no_answer_before_the_judgement(report, incident_handler):
    with pytest.raises(Refused):
        services.answer_report(report, actor=incident_handler, body="Hello.")
    assert not ReportMessage.objects.exists()


def test_answering_and_closing_stop_the_waiting_and_stamp_the_first_answer(triaged, incident_handler):
    services.answer_report(triaged, actor=incident_handler, body="We look at it.")
    triaged.refresh_from_db()
    first = triaged.first_answered_at
    assert (triaged.stage, triaged.awaits_handler) == ("answered", False)
    closed = services.close_report(triaged, actor=incident_handler, reason="duplicate", body="We knew.")
    assert (closed.stage, closed.close_reason, closed.first_answered_at) == ("closed", "duplicate", first)
    with pytest.raises(Refused, match="already “Closed”: Incident handler"):
        services.close_report(triaged, actor=incident_handler, reason="spam", body="Again.")
    with pytest.raises(Refused, match="Open it again first"):
        services.triage_report(triaged, actor=incident_handler, severity="low", owner=incident_handler)


def test_reopening_by_a_handler_says_why_to_us_only(triaged, incident_handler):
    services.close_report(triaged, actor=incident_handler, reason="resolved", body="Done.")
    services.reopen_report(triaged, actor=incident_handler, reason="canary-why")
    triaged.refresh_from_db()
    assert (triaged.stage, triaged.close_reason, triaged.awaits_handler) == ("received", "", True)
    from incidents.selectors import story_for_reporter

    assert "canary-why" not in "".join(f"{entry.title}{entry.reason}" for entry in story_for_reporter(triaged))


def test_contact_is_sealed_and_reading_it_is_on_record(release, incident_handler):
    report = file(contact="canary@example.org").report
    assert b"canary" not in bytes(MisuseReport.objects.values_list("contact_sealed", flat=True).get())
    assert services.reveal_contact(report, actor=incident_handler) == "canary@example.org"
    assert verbs(report)[-1] == "reveal_contact"
    with pytest.raises(Refused, match="left no contact"):
        services.reveal_contact(file().report, actor=incident_handler)


def test_audit_events_of_a_report_hold_no_words_of_its_reporter(release, incident_handler):
    report = file(what_happened="canary-story is what happened here", contact="canary-contact").report
    services.reply_as_reporter(report, body="canary-reply")
    services.triage_report(report, actor=incident_handler, severity="high", owner=incident_handler)
    services.add_internal_note(report, actor=incident_handler, body="canary-note")
    services.answer_report(report, actor=incident_handler, body="canary-answer")
    rows = AuditEvent.objects.filter(object_type="incidents.misusereport").values()
    assert "canary" not in str(list(rows))
    assert "canary" not in str(list(OutboxEvent.objects.values()))
