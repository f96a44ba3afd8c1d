"""The rules of reports and incidents, asked at the services where they live."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import audit, context
from common.actors import ANONYMOUS_REPORTER
from common.lifecycle import Refused, Stale
from common.models import AuditEvent, OutboxEvent
from incidents import services, tasks
from incidents.models import HandlerDigest, Incident, MisuseReport, ReportAttachment, ReportMessage, audience_for
from incidents.selectors import handlers_for
from tests.factories.incidents import IncidentFactory, MisuseReportFactory
from tests.factories.registry import ReleaseFactory, RiskFactory
from tests.incidents.conftest import ANSWERS

pytestmark = pytest.mark.django_db

OUTSIDE = ("release_manager", "risk_owner", "reviewer", "auditor", "administrator", "stranger", "researcher")


def verbs(obj):
    return [event.verb.rpartition(".")[2] for event in audit.trail(obj).order_by("pk")]


def file(**answers):
    return services.file_report(actor=ANONYMOUS_REPORTER, **ANSWERS | answers)


# --- filing -----------------------------------------------------------------------------------------


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


def _stored():
    from django.conf import settings

    return [path for path in (settings.DATA_DIR / "artifacts" / "reports").rglob("*") if path.is_file()]


# --- handling ---------------------------------------------------------------------------------------


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


# --- mail -------------------------------------------------------------------------------------------


def _deliver():
    from common.events import run_delivery, waiting

    for pk in waiting():
        run_delivery(pk)


def _sweep(settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    for pk in services.pending_digests():
        tasks.send_digest(pk)


def test_seven_hundred_reports_are_one_mail_an_hour(release, incident_handler, stranger, settings, time_machine):
    time_machine.move_to("2026-11-18 09:00:30Z", tick=False)
    for _ in range(7):
        file()
    MisuseReportFactory.create_batch(693, family=release.family)
    _deliver()
    _sweep(settings)
    _sweep(settings)
    assert [message.to for message in mail.outbox] == [[incident_handler.email]]
    file()
    _deliver()
    time_machine.move_to("2026-11-18 09:59:59Z", tick=False)
    _sweep(settings)
    assert len(mail.outbox) == 1
    time_machine.move_to("2026-11-18 10:00:01Z", tick=False)
    _sweep(settings)
    _sweep(settings)
    assert len(mail.outbox) == 2
    time_machine.move_to("2026-11-18 11:00:01Z", tick=False)
    _sweep(settings)
    assert len(mail.outbox) == 2  # nothing new, no mail


def test_the_mail_says_nothing_about_the_reports(release, incident_handler, settings):
    report = file(what_happened="canary-story is what happened here").report
    _deliver()
    _sweep(settings)
    message = mail.outbox[0]
    assert "/workspace/misuse/" in message.body
    for canary in ("canary", report.reference, "fraud", "Fraud", "Pilot"):
        assert canary not in message.body + message.subject


def test_a_reply_is_told_of_as_well(triaged, incident_handler):
    services.reply_as_reporter(triaged, body="More.")
    _deliver()
    assert HandlerDigest.objects.get().user == incident_handler


# --- incidents --------------------------------------------------------------------------------------


def test_opening_an_incident_from_a_report(report, incident_handler, family):
    incident = services.open_incident(
        actor=incident_handler, title="Bank letters", severity="high", owner=incident_handler, report=report
    )
    assert (incident.stage, list(incident.families.all()), list(incident.reports.all())) == ("open", [family], [report])
    assert incident.audience == report.audience
    assert verbs(incident) == ["open", "link_report"]
    assert OutboxEvent.objects.filter(name="incidents.incident.opened").exists()


@pytest.mark.parametrize("role", OUTSIDE)
def test_only_handlers_open_and_change_incidents(role, incident, family, request):
    user = request.getfixturevalue(role)
    for attempt in (
        lambda: services.open_incident(actor=user, title="x", families=[family]),
        lambda: services.edit_incident(incident, actor=user, title="x"),
        lambda: services.move_incident(incident, "contain", actor=user, reason="x"),
        lambda: services.record_lessons(incident, actor=user, lessons="x"),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


def test_nobody_opens_an_incident_about_somebody_elses_model(stranger, incident_handler, family):
    from tests.factories.registry import ModelFamilyFactory

    other = ModelFamilyFactory()
    with pytest.raises(PermissionDenied):
        services.open_incident(actor=incident_handler, title="x", families=[family, other])
    incident = services.open_incident(actor=incident_handler, title="x", families=[family])
    with pytest.raises(PermissionDenied):
        services.edit_incident(incident, actor=incident_handler, families=[family, other])


def test_an_incident_goes_through_its_stages_with_reasons(incident, incident_handler):
    incident.owner, incident.lessons = incident_handler, ""
    incident.save()
    with pytest.raises(Refused, match="Say why"):
        services.move_incident(incident, "contain", actor=incident_handler, reason=" ")
    with pytest.raises(Refused, match="no such step"):
        services.move_incident(incident, "explode", actor=incident_handler, reason="x")
    assert services.move_incident(incident, "contain", actor=incident_handler, reason="Blocked.").contained_at
    resolved = services.move_incident(incident, "resolve", actor=incident_handler, reason="Fixed.")
    assert resolved.resolved_at
    with pytest.raises(Refused, match="Record what was learned first"):
        services.move_incident(incident, "close", actor=incident_handler, reason="Done.")
    services.record_lessons(incident, actor=incident_handler, lessons="Test letters as well.")
    closed = services.move_incident(incident, "close", actor=incident_handler, reason="Done.")
    assert closed.stage == "closed"
    again = services.move_incident(incident, "reopen", actor=incident_handler, reason="It is back.")
    assert (again.stage, again.resolved_at, again.closed_at) == ("open", None, None)
    assert verbs(incident) == ["contain", "resolve", "record_lessons", "close", "reopen"]
    assert [event.reason for event in audit.trail(incident).exclude(evidence={})][:1] == ["It is back."]


@pytest.mark.parametrize("link", ["families", "releases"])
def test_nobody_draws_somebody_elses_model_into_an_incident(incident, incident_handler, link):
    other = ReleaseFactory(published=True)
    with pytest.raises(PermissionDenied):
        services.edit_incident(
            incident, actor=incident_handler, **{link: [other.family if link == "families" else other]}
        )
    assert f"f{other.family_id}" not in Incident.objects.get(pk=incident.pk).audience


@pytest.fixture
def shared(family, release, stranger):
    """An incident of the cast's model and of one that is handled elsewhere, with a release and a risk of each."""
    other = ReleaseFactory(family__publisher__slug="far-away", published=True)
    assign_role(stranger, Role.INCIDENT_HANDLER, other.family, actor=service_account("Set-up"))
    incident = IncidentFactory(families=[family, other.family])
    incident.releases.set([release, other])
    incident.risks.set([RiskFactory(family=family), RiskFactory(family=other.family)])
    incident.other = other
    return incident


def linked(incident):
    """The models of an incident, each as often as it is linked: itself, by a release, by a risk."""
    return sorted(
        [family.pk for family in incident.families.all()]
        + [row.family_id for relation in (incident.releases, incident.risks) for row in relation.all()]
    )


def test_a_handler_takes_only_their_own_models_off_a_shared_incident(shared, incident_handler, family):
    services.edit_incident(shared, actor=incident_handler, families=[], releases=[], risks=[])

    fresh = Incident.objects.get(pk=shared.pk)
    assert linked(fresh) == [shared.other.family_id] * 3
    assert fresh.audience == audience_for([shared.other.family])
    relates = [event for event in audit.trail(fresh) if event.verb == "incidents.incident.relate"]
    assert len(relates) == 3


def test_what_others_linked_needs_not_be_named_to_stay(shared, incident_handler, family, release):
    mine = list(shared.risks.filter(family=family))
    services.edit_incident(shared, actor=incident_handler, families=[family], releases=[release], risks=mine)

    assert linked(Incident.objects.get(pk=shared.pk)) == sorted([family.pk, shared.other.family_id] * 3)
    assert verbs(shared) == []


@pytest.mark.parametrize("link", ["releases", "risks"])
def test_a_handler_adds_nothing_of_a_shared_incidents_other_models(shared, incident_handler, link):
    family = shared.other.family
    more = ReleaseFactory(family=family, version="9") if link == "releases" else RiskFactory(family=family)
    with pytest.raises(PermissionDenied):
        services.edit_incident(shared, actor=incident_handler, **{link: [*getattr(shared, link).all(), more]})
    with pytest.raises(PermissionDenied):
        services.open_incident(actor=incident_handler, title="x", **{link: [more]})


def test_neither_page_nor_api_takes_somebody_elses_model_off(shared, incident_handler, family, client):
    client.force_login(incident_handler)
    by_api = client.patch(
        f"/api/v1/incidents/{shared.pk}/",
        {"families": [family.pk], "releases": [], "risks": []},
        content_type="application/json",
        headers={"If-Match": "*"},
    )
    data = {"title": "T", "severity": "low", "families": [family.pk], "row_version": shared.row_version}
    by_page = client.post(f"/workspace/incidents/{shared.pk}/edit/", data)

    assert (by_api.status_code, by_page.status_code) == (200, 302)
    assert linked(Incident.objects.get(pk=shared.pk)) == sorted([family.pk, *[shared.other.family_id] * 3])


def test_an_incident_without_owner_stays_open(family, incident_handler):
    incident = IncidentFactory(families=[family])
    with pytest.raises(Refused, match="Name an owner first"):
        services.move_incident(incident, "contain", actor=incident_handler, reason="x")


def test_a_linked_report_closes_an_open_ended_incident_to_the_others(report, incident_handler, stranger):
    incident = IncidentFactory()
    assert Incident.objects.visible_to(stranger).exists()
    services.link_report(incident, report, actor=incident_handler)
    services.link_report(incident, report, actor=incident_handler)
    assert not Incident.objects.visible_to(stranger).exists()
    assert verbs(incident) == ["link_report"]
    services.unlink_report(incident, report, actor=incident_handler)
    assert not incident.reports.exists()


def test_an_edit_over_somebody_elses_is_refused(incident, incident_handler):
    services.edit_incident(incident, actor=incident_handler, expected_version=1, title="New title")
    with pytest.raises(Stale):
        services.edit_incident(incident, actor=incident_handler, expected_version=1, title="Mine")
    assert Incident.objects.get().title == "New title"


def test_decisions_are_linked_when_they_may_be_seen(incident, incident_handler, release_manager, family):
    from tests.factories.governance import DecisionFactory

    decision = DecisionFactory(family=family)
    services.link_decision(incident, decision, actor=incident_handler)
    assert list(incident.decisions.all()) == [decision]
    hidden = DecisionFactory()
    with pytest.raises(Refused, match="no such decision"):
        services.link_decision(incident, hidden, actor=incident_handler)


def test_the_database_itself_refuses_what_makes_no_sense(report, incident):
    from django.db import IntegrityError, transaction

    for model, pk, changes in (
        (MisuseReport, report.pk, {"stage": "nowhere"}),
        (MisuseReport, report.pk, {"stage": "answered"}),
        (MisuseReport, report.pk, {"stage": "closed"}),
        (Incident, incident.pk, {"stage": "resolved"}),
        (Incident, incident.pk, {"stage": "nowhere"}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.filter(pk=pk).update(**changes)
