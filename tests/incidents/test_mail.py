import pytest
from django.core import mail

from incidents import services, tasks
from incidents.models import HandlerDigest
from tests.factories.incidents import MisuseReportFactory
from tests.incidents.conftest import file

pytestmark = pytest.mark.django_db


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
