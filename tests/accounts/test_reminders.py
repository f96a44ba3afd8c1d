"""One digest a person and day, by mail and on their page, as each wants it; what stays late goes further up."""

import datetime as dt
import threading

import pytest
from django.core import mail
from django.db import IntegrityError, connections, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import reminding, tasks
from accounts.models import ReminderDigest, ReminderPreference
from common import reminders
from registry import services
from registry.models import Phase, Risk, RiskAcceptance
from tests.factories.registry import MitigationFactory, PhaseFactory, RiskFactory

pytestmark = pytest.mark.django_db
NOW = "2026-11-18 09:00:00Z"


@pytest.fixture(autouse=True)
def now(time_machine, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    time_machine.move_to(NOW, tick=False)
    return timezone.now()


def days(number):
    return timezone.localdate() + dt.timedelta(days=number)


@pytest.fixture
def risk(family, risk_owner, reviewer):
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner, deputy=reviewer, review_due_on=days(-1))


def keys(person):
    found = reminders.waiting(person, timezone.localdate())
    return {each.kind.key: [(thing.label, thing.why) for thing in each.reminders] for each in found}


def hourly():
    for pk in reminding.unsent_digests(timezone.now()):
        tasks.send_digest(pk)
    for pk in reminding.people_to_remind(timezone.now()):
        tasks.remind(pk)


def test_one_mail_a_person_and_day_that_leads_to_the_thing(risk, risk_owner, settings, time_machine):
    hourly()
    hourly()
    assert [message.to for message in mail.outbox] == [[risk_owner.email]]
    message = mail.outbox[0]
    assert f"{settings.BASE_URL}{risk.get_absolute_url()}" in message.body
    assert f"{settings.BASE_URL}/account/reminders/" in message.body
    assert message.extra_headers["Message-ID"].startswith(f"<reminder-{risk_owner.pk}-20261118@")
    assert "17 Nov 2026" in message.body
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    time_machine.move_to("2026-11-19 06:59:00Z", tick=False)
    hourly()
    assert len(mail.outbox) == 1
    time_machine.move_to("2026-11-19 07:01:00Z", tick=False)
    hourly()
    assert len(mail.outbox) == 2


def test_what_is_late_goes_to_the_deputy_and_then_to_the_release_manager(
    risk, risk_owner, reviewer, release_manager, auditor
):
    MitigationFactory(family=risk.family, owner=risk_owner, risks=[risk], due_on=days(-1), title="Filter")
    for late, deputy, manager in ((-1, 0, 0), (-7, 0, 0), (-8, 1, 0), (-14, 1, 0), (-15, 1, 1)):
        Risk.objects.filter(pk=risk.pk).update(review_due_on=days(late))
        risk.mitigations.update(due_on=days(late))
        both = {"registry.review", "registry.mitigation"}
        assert set(keys(risk_owner)) == both, late
        assert set(keys(reviewer)) == (both if deputy else set()), late
        assert set(keys(release_manager)) == (both if manager else set()), late
        assert keys(auditor) == {}
    assert keys(reviewer)["registry.review"][0][1] == "as deputy"
    assert keys(release_manager)["registry.mitigation"][0][1] == "as release manager"


def test_due_soon_stubs_and_rounds(family, risk, risk_owner, release_manager, publisher, time_machine):
    Risk.objects.filter(pk=risk.pk).update(review_due_on=days(30))
    mitigation = MitigationFactory(family=family, owner=risk_owner, risks=[risk], due_on=days(8))
    assert keys(risk_owner) == {}
    type(mitigation).objects.filter(pk=mitigation.pk).update(due_on=days(7))
    assert set(keys(risk_owner)) == {"registry.mitigation"}
    stub = services.raise_stub(family, actor=risk_owner, title="A concern")
    services.start_round(publisher, actor=release_manager, title="Autumn", due_on=days(20), chosen={})
    assert set(keys(risk_owner)) == {"registry.mitigation", "registry.round"}
    Risk.objects.filter(pk=stub.pk).update(created_at=timezone.now() - dt.timedelta(days=14, minutes=1))
    assert "registry.stub" in keys(risk_owner)
    assert set(keys(release_manager)) == {"registry.stub"}


def test_a_phase_whose_day_has_come(release, reviewer, release_manager, auditor):
    phase = PhaseFactory(release=release, kind="public", title="Everybody", decider=reviewer, planned_on=days(1))
    for late, decider, manager in ((1, 0, 0), (0, 1, 0), (-14, 1, 0), (-15, 1, 1)):
        Phase.objects.filter(pk=phase.pk).update(planned_on=days(late))
        found = [keys(person).get("registry.phase") for person in (reviewer, release_manager, auditor)]
        label = f"{release}: {phase.name}"
        assert found == [
            [(label, "")] if decider else None,
            [(label, "as release manager")] if manager else None,
            None,
        ], late
    [kind] = reminders.waiting(reviewer, timezone.localdate())
    assert kind.reminders[0].url == reverse("registry:release_plan", args=[release.pk])
    assert kind.reminders[0].due_on == days(-15)
    Phase.objects.filter(pk=phase.pk).update(stage="dropped")
    assert keys(reviewer) == {}


def test_acceptances_that_end_soon_and_have_ended(risk, risk_owner, reviewer, release_manager, time_machine):
    Risk.objects.filter(pk=risk.pk).update(review_due_on=days(300))
    risk.refresh_from_db()
    RiskAcceptance.objects.create(
        risk=risk,
        reason="Small",
        band=risk.current_band,
        digest=risk.digest,
        accepted_by=release_manager,
        ends_on=days(8),
    )
    assert keys(risk_owner) == {}
    time_machine.move_to("2026-11-20 09:00:00Z", tick=False)
    for person in (risk_owner, reviewer, release_manager):
        assert "In force" in keys(person)["registry.acceptance"][0][0]
    time_machine.move_to("2026-11-27 09:00:00Z", tick=False)
    assert "Lapsed" in keys(risk_owner)["registry.acceptance"][0][0]
    assert keys(release_manager) == {}
    time_machine.move_to("2026-12-20 09:00:00Z", tick=False)
    assert "registry.acceptance" in keys(release_manager)


def test_nobody_is_told_of_a_model_where_they_hold_no_role_any_more(risk, risk_owner):
    Risk.objects.filter(pk=risk.pk).update(stage="closed", closed_at=timezone.now())
    risk_owner.groups.clear()
    Risk.objects.filter(pk=risk.pk).update(stage="open", closed_at=None)
    fresh = type(risk_owner).objects.get(pk=risk_owner.pk)
    assert keys(fresh) == {}
    hourly()
    assert mail.outbox == []


def test_own_hour_zone_day_and_kinds(risk, risk_owner, time_machine):
    risk_owner.time_zone = "Asia/Kolkata"
    risk_owner.save(update_fields=["time_zone"])
    reminding.set_reminders(risk_owner, actor=risk_owner, frequency="weekly", weekday=4, hour=6)
    hourly()
    assert mail.outbox == []  # a Wednesday
    time_machine.move_to("2026-11-20 00:29:00Z", tick=False)
    hourly()
    assert mail.outbox == []
    time_machine.move_to("2026-11-20 00:31:00Z", tick=False)
    hourly()
    assert len(mail.outbox) == 1
    assert ReminderDigest.objects.get(user=risk_owner).day == dt.date(2026, 11, 20)
    reminding.set_reminders(risk_owner, actor=risk_owner, frequency="daily", left_out=["registry.review"])
    time_machine.move_to("2026-11-21 09:00:00Z", tick=False)
    hourly()
    assert len(mail.outbox) == 1
    reminding.set_reminders(risk_owner, actor=risk_owner, frequency="never", left_out=[])
    time_machine.move_to("2026-11-22 09:00:00Z", tick=False)
    hourly()
    assert len(mail.outbox) == 1


def test_a_mail_that_did_not_go_out_is_sent_later_as_it_was(risk, risk_owner, monkeypatch):
    def away(self, *args, **options):
        raise OSError("the mail server is away")

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", away)
        with pytest.raises(OSError, match="away"):
            tasks.remind(risk_owner.pk)
    row = ReminderDigest.objects.get(user=risk_owner)
    assert (row.sent_at, row.item_count) == (None, 1)
    Risk.objects.filter(pk=risk.pk).update(title="Another title")
    hourly()
    hourly()
    assert len(mail.outbox) == 1
    assert "Another title" not in mail.outbox[0].body


def test_the_database_keeps_one_digest_a_person_and_day(risk_owner):
    ReminderDigest.objects.create(user=risk_owner, day=days(0))
    with pytest.raises(IntegrityError), transaction.atomic():
        ReminderDigest.objects.create(user=risk_owner, day=days(0))


def test_the_page_and_ending_the_mails_without_signing_in(client, risk, risk_owner):
    stop = reverse("accounts:reminder_stop", args=[reminding.stop_token(risk_owner)])
    strict = type(client)(enforce_csrf_checks=True)
    assert strict.get(stop).status_code == 200
    assert reminding.preference_of(risk_owner).frequency == "daily"
    assert strict.post(stop, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert reminding.preference_of(risk_owner).frequency == "never"
    assert client.get(reverse("accounts:reminder_stop", args=["forged:token"])).status_code == 404
    client.force_login(risk_owner)
    url = reverse("accounts:reminders")
    assert str(risk) in client.get(url).text
    wanted = {"frequency": "daily", "hour": "8", "weekday": "1", "kinds": ["registry.review"]}
    assert client.post(url, wanted).status_code == 302
    row = ReminderPreference.objects.get(user=risk_owner)
    assert (row.hour, "registry.review" in row.left_out, "registry.stub" in row.left_out) == (8, False, True)
    assert client.post(url, wanted | {"hour": "24"}).status_code == 422


def test_page_and_api_ask_as_much_for_all_kinds_as_for_none(
    client, family, risk, risk_owner, auditor, release_manager, publisher, django_assert_num_queries
):
    def costs(person):
        client.force_login(person)
        for url, queries in ((reverse("accounts:reminders"), 6), (reverse("api:me-reminders"), 5)):
            with django_assert_num_queries(queries):
                answer = client.get(url)
        return answer.json()["waiting"]

    assert costs(auditor) == {}
    for number in range(2, 4):
        RiskFactory(family=family, number=10 * number, opened=True, owner=risk_owner, review_due_on=days(-number))
        MitigationFactory(family=family, owner=risk_owner, risks=[risk], due_on=days(-number))
        stub = services.raise_stub(family, actor=release_manager, title="A concern")
        Risk.objects.filter(pk=stub.pk).update(created_at=timezone.now() - dt.timedelta(days=20))
    services.start_round(publisher, actor=release_manager, title="Autumn", due_on=days(20), chosen={})
    shown = costs(risk_owner)
    assert [thing["due_on"] for thing in shown["registry.review"]] == [str(days(late)) for late in (-3, -2, -1)]
    assert set(shown) == {"registry.review", "registry.mitigation", "registry.stub", "registry.round"}
    assert [len(things) for things in shown.values()] == [3, 2, 2, 3]


def test_the_api(client, risk, risk_owner):
    client.force_login(risk_owner)
    url = reverse("api:me-reminders")
    shown = client.get(url).json()
    assert shown["frequency"] == "daily"
    assert shown["waiting"]["registry.review"][0]["due_on"] == str(days(-1))
    changed = client.patch(url, {"hour": 9, "left_out": ["registry.stub"]}, content_type="application/json").json()
    assert (changed["hour"], changed["left_out"]) == (9, ["registry.stub"])
    assert client.patch(url, {"left_out": ["no.such"]}, content_type="application/json").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(risk, risk_owner):
    row = reminding.write_digest(risk_owner, timezone.now())
    answers = []

    def other():
        try:
            answers.append(reminding.send_digest(row.pk))
        finally:
            connections.close_all()

    with transaction.atomic():
        assert reminding.send_digest(row.pk)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert answers == [False]
    assert len(mail.outbox) == 1
    assert not reminding.send_digest(row.pk)
