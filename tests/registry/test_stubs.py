"""Concerns in one line: from the team, from incidents and from the public; worked out, or closed."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common import audit
from common.lifecycle import Refused
from common.models import AuditEvent, OutboxEvent
from incidents import services as incidents
from registry import services
from registry.models import PublicConcern, Risk
from registry.selectors import ageing_stubs, waiting_risks
from tests.factories.incidents import IncidentFactory
from tests.factories.registry import ModelFamilyFactory, PublicConcernFactory, RiskFactory

LINE = "It imitates the voices of real people"


@pytest.fixture
def stub(family, reviewer):
    return services.raise_stub(family, actor=reviewer, title=LINE)


@pytest.fixture
def listening(family, release):
    """A public family that takes concerns."""
    family.allows_public_concerns = True
    family.save()
    return family


def test_one_line_is_enough(stub, reviewer):
    assert (stub.stage, stub.reference, stub.harm, stub.owner) == ("stub", "R-1", "", None)
    event = audit.trail(stub).get()
    assert (event.verb, event.actor_id, event.after["origin"]) == ("registry.risk.raise_stub", reviewer.pk, "team")
    assert OutboxEvent.objects.filter(name="registry.risk.stub_raised", object_id=str(stub.pk)).exists()


def test_a_stub_needs_its_line_and_somebody_with_a_role(family, reviewer, auditor, stranger):
    with pytest.raises(ValidationError):
        services.raise_stub(family, actor=reviewer, title="  ")
    for person in (auditor, stranger):
        with pytest.raises(PermissionDenied):
            services.raise_stub(family, actor=person, title=LINE)


def test_a_stub_waits_for_those_who_treat_risks_and_ages(stub, risk_owner, reviewer):
    assert list(waiting_risks(risk_owner)) == [stub]
    assert not waiting_risks(reviewer).exists()
    assert not ageing_stubs(risk_owner).exists()
    Risk.objects.filter(pk=stub.pk).update(created_at=timezone.now() - timedelta(days=15))
    assert [(each.pk, each.age_days) for each in ageing_stubs(risk_owner)] == [(stub.pk, 15)]


@pytest.mark.parametrize(("days", "tone"), [(2, "info"), (14, "warn"), (30, "bad")])
def test_the_page_shows_how_old_a_stub_is(client, stub, risk_owner, days, tone):
    Risk.objects.filter(pk=stub.pk).update(created_at=timezone.now() - timedelta(days=days))
    client.force_login(risk_owner)
    text = client.get(reverse("registry:risk", args=[stub.pk])).content.decode()
    assert f"It has waited {days} days" in text
    assert f'data-stage="{tone}"' in text


def test_working_out_needs_the_harm_in_words(stub, risk_owner):
    with pytest.raises(Refused, match="harm"):
        services.work_out_stub(stub, actor=risk_owner)
    draft = services.work_out_stub(stub, actor=risk_owner, harm="People are deceived.")
    assert (draft.stage, draft.harm) == ("draft", "People are deceived.")
    assert [event.verb for event in audit.trail(stub)][:2] == ["registry.risk.work_out", "registry.risk.edit"]


def test_a_refused_working_out_keeps_nothing_by_half(stub, risk_owner):
    with pytest.raises(ValidationError), transaction.atomic():
        services.work_out_stub(stub, actor=risk_owner, harm="Harm", title="x" * 300)
    stub.refresh_from_db()
    assert (stub.stage, stub.harm) == ("stub", "")


def test_closing_a_stub_needs_a_reason_and_can_name_what_it_repeats(stub, family, risk_owner, reviewer):
    known = RiskFactory(family=family, number=9)
    with pytest.raises(Refused, match="Say why"):
        services.dismiss_stub(stub, actor=risk_owner, reason=" ")
    with pytest.raises(PermissionDenied):
        services.dismiss_stub(stub, actor=reviewer, reason="Known.")
    closed = services.dismiss_stub(stub, actor=risk_owner, reason="Known.", duplicate_of=known)
    assert (closed.stage, closed.duplicate_of_id) == ("closed", known.pk)
    event = audit.trail(stub).first()
    assert (event.reason, event.evidence["duplicate_of"]) == ("Known.", "R-9")


def test_a_stub_repeats_another_risk_of_its_family_only(stub, risk_owner):
    other = RiskFactory(family=ModelFamilyFactory(publisher=stub.family.publisher))
    for wrong in (stub, other):
        with pytest.raises(Refused, match="same model family"):
            services.dismiss_stub(stub, actor=risk_owner, reason="Known.", duplicate_of=wrong)


def test_what_repeats_is_named_itself(stub, family, risk_owner, reviewer):
    first = RiskFactory(family=family, number=9)
    services.dismiss_stub(stub, actor=risk_owner, reason="Known.", duplicate_of=first)
    second = services.raise_stub(family, actor=reviewer, title="Again")
    with pytest.raises(Refused, match="R-9"):
        services.dismiss_stub(second, actor=risk_owner, reason="Known.", duplicate_of=stub)


def test_a_closed_stub_is_no_risk_of_the_register_and_can_be_taken_up(stub, risk_owner, release):
    services.dismiss_stub(stub, actor=risk_owner, reason="It cannot happen.")
    assert not Risk.objects.visible_to(None).filter(pk=stub.pk).exists()
    with pytest.raises(PermissionDenied):
        services.reopen_risk(stub, actor=risk_owner, reason="Again.")
    again = services.take_up_stub(stub, actor=risk_owner, reason="It happened elsewhere.")
    assert (again.stage, again.closed_at, again.duplicate_of) == ("stub", None, None)


def test_a_closed_risk_that_was_open_is_reopened_and_not_taken_up(family, risk_owner):
    risk = RiskFactory(family=family, opened=True, owner=risk_owner)
    services.close_risk(risk, actor=risk_owner, reason="Gone.")
    with pytest.raises(PermissionDenied):
        services.take_up_stub(risk, actor=risk_owner, reason="Back.")
    assert services.reopen_risk(risk, actor=risk_owner, reason="Back.").stage == "open"


def test_the_database_refuses_an_open_duplicate(family):
    first, second = RiskFactory(family=family, number=1), RiskFactory(family=family, number=2)
    with pytest.raises(DatabaseError, match="only_a_closed_risk_is_a_duplicate"), transaction.atomic():
        Risk.objects.filter(pk=second.pk).update(duplicate_of=first)


@pytest.mark.django_db(transaction=True)
def test_two_stubs_closed_as_each_other_at_once_do_not_both_succeed(family, risk_owner, reviewer):
    one = services.raise_stub(family, actor=reviewer, title="One")
    other = services.raise_stub(family, actor=reviewer, title="Other")
    start, outcomes = threading.Barrier(2), []

    def close(stub, as_the_same):
        start.wait()
        try:
            services.dismiss_stub(stub, actor=risk_owner, reason="Known.", duplicate_of=as_the_same)
            outcomes.append("closed")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=close, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["closed", "refused"]


def test_an_incident_raises_a_risk_of_its_model(family, incident_handler, risk_owner):
    incident = IncidentFactory(families=[family])
    stub = incidents.raise_risk(incident, actor=incident_handler, family=family, title="It can happen again")
    assert (stub.origin, stub.origin_reference, stub.stage) == ("incident", incident.reference, "stub")
    assert list(incident.risks.all()) == [stub]
    assert audit.trail(incident).first().after["risks"][0]["id"] == stub.pk
    with pytest.raises(PermissionDenied):
        incidents.raise_risk(incident, actor=risk_owner, family=family, title="Again")


def test_an_incident_raises_no_risk_elsewhere(family, incident_handler):
    incident = IncidentFactory(families=[family])
    elsewhere = ModelFamilyFactory()
    with pytest.raises(PermissionDenied):
        incidents.raise_risk(incident, actor=incident_handler, family=elsewhere, title="Again")


def test_the_page_of_an_incident_offers_it(client, family, incident_handler):
    incident = IncidentFactory(families=[family])
    client.force_login(incident_handler)
    assert "Raise a risk" in client.get(incident.get_absolute_url()).content.decode()
    address = reverse("incidents:incident_risks", args=[incident.pk])
    answer = client.post(address, {"family": family.pk, "title": "It can happen again"}, follow=True)
    assert "It can happen again" in answer.content.decode()
    assert client.post(address, {"family": family.pk, "title": ""}).status_code == 422


# What the public raises


def concern_form(family, **answers):
    client = Client(enforce_csrf_checks=False)
    address = reverse("registry:concern_new", args=[family.publisher.slug, family.slug])
    token = client.get(address).context["form"].initial["form_token"]
    return client, address, {"title": LINE, "form_token": token, **answers}


def test_anybody_raises_a_concern(listening):
    client, address, answers = concern_form(listening, text="I read about it.", contact="me@example.org")
    answer = client.post(address, answers, follow=True)
    assert "Thank you" in answer.content.decode()
    concern = PublicConcern.objects.get()
    assert (concern.risk.title, concern.risk.stage, concern.risk.origin) == (LINE, "stub", "public")
    assert concern.risk.is_public is False
    assert b"me@example.org" not in bytes(concern.contact_sealed)


def test_nothing_tells_who_raised_a_concern(listening, risk_owner):
    """Also not that somebody was signed in."""
    client, address, answers = concern_form(listening)
    client.force_login(risk_owner)
    response = client.post(address, answers, headers={"X-Request-Id": "known-to-a-proxy"}, REMOTE_ADDR="192.0.2.7")
    event = AuditEvent.objects.get(verb="registry.risk.raise_stub")
    assert (event.actor_id, event.actor_label, event.request_id) == (None, "Somebody outside", "")
    stored = str([*PublicConcern.objects.values_list(), *Risk.objects.values_list(), *AuditEvent.objects.values_list()])
    assert "192.0.2.7" not in stored
    assert "known-to-a-proxy" not in stored
    assert "sessionid" not in response.cookies
    sent = PublicConcern.objects.get().received_at
    assert (sent.minute, sent.second) == (0, 0)


def test_the_same_form_sent_twice_is_one_concern(listening):
    client, address, answers = concern_form(listening)
    assert [client.post(address, answers).status_code for _twice in range(2)] == [302, 302]
    assert Risk.objects.count() == 1


@pytest.mark.parametrize(
    ("answers", "words"),
    [({"title": "Short"}, "10 characters"), ({"text": "x" * 4001}, "4000"), ({"title": ""}, "Say")],
)
def test_a_concern_has_its_limits(listening, answers, words):
    client, address, given = concern_form(listening, **answers)
    answer = client.post(address, given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Risk.objects.exists()


def test_concerns_are_taken_only_where_a_family_says_so(family, release, client):
    address = reverse("registry:concern_new", args=[family.publisher.slug, family.slug])
    assert client.get(address).status_code == 404
    assert client.post(address, {"title": LINE}).status_code == 404
    with pytest.raises(Refused):
        services.raise_concern(family, title=LINE)


def test_a_family_that_is_not_public_takes_none(family, client):
    family.allows_public_concerns = True
    family.save()
    assert client.get(reverse("registry:concern_new", args=[family.publisher.slug, family.slug])).status_code == 404


def test_a_flood_is_slowed_down_and_loses_nothing(listening, monkeypatch):
    monkeypatch.setattr("common.api.throttling.ConcernRate.rate", "2/hour", raising=False)
    monkeypatch.setattr("common.api.throttling.ConcernRate.get_rate", lambda self: "2/hour")
    answers = [concern_form(listening) for _each in range(3)]
    statuses = [client.post(address, given).status_code for client, address, given in answers]
    assert statuses == [302, 302, 429]
    client, address, given = answers[2]
    assert LINE in client.post(address, given).content.decode()
    # What was sent already is told apart from a new one.
    client, address, given = answers[0]
    assert client.post(address, given).status_code == 302


def test_the_public_page_leads_to_the_form_where_it_is_open(client, listening):
    address = reverse("registry:concern_new", args=[listening.publisher.slug, listening.slug])
    assert address in client.get(listening.get_absolute_url()).content.decode()
    listening.allows_public_concerns = False
    listening.save()
    assert address not in client.get(listening.get_absolute_url()).content.decode()


def test_release_managers_open_and_close_the_form(family, release_manager, risk_owner):
    services.edit_family(family, actor=release_manager, allows_public_concerns=True)
    family.refresh_from_db()
    assert family.allows_public_concerns
    with pytest.raises(PermissionDenied):
        services.edit_family(family, actor=risk_owner, allows_public_concerns=False)


def test_reading_the_contact_is_on_record_and_for_those_who_treat_risks(listening, risk_owner, reviewer):
    concern = services.raise_concern(listening, title=LINE, contact="me@example.org").concern
    with pytest.raises(PermissionDenied):
        services.reveal_contact(concern, actor=reviewer)
    assert services.reveal_contact(concern, actor=risk_owner) == "me@example.org"
    event = audit.trail(concern.risk).first()
    assert (event.verb, event.actor_id) == ("registry.risk.reveal_contact", risk_owner.pk)
    assert "me@example.org" not in str(event.__dict__)


def test_a_contact_goes_when_the_stub_is_closed(listening, risk_owner):
    concern = services.raise_concern(listening, title=LINE, contact="me@example.org").concern
    services.dismiss_stub(concern.risk, actor=risk_owner, reason="It cannot happen.")
    concern.refresh_from_db()
    assert not concern.has_contact
    with pytest.raises(Refused, match="deleted"):
        services.reveal_contact(concern, actor=risk_owner)


def test_a_contact_goes_when_the_risk_it_became_is_closed(family, release_manager):
    risk = RiskFactory(family=family, number=1, opened=True, owner=release_manager, origin="public")
    concern = PublicConcernFactory(risk=risk, contact_sealed=b"sealed")
    services.close_risk(risk, actor=release_manager, reason="It is not so.")
    concern.refresh_from_db()
    assert not concern.has_contact


def test_the_words_of_a_concern_are_not_shown_outside(client, family, release):
    concern = PublicConcernFactory(text="MARKER-WORDS", risk__family=family, risk__title="MARKER-TITLE")
    for address in (
        family.get_absolute_url(),
        reverse("registry:family_risks", args=[family.publisher.slug, family.slug]),
        reverse("registry:search") + "?q=MARKER",
        reverse("api:risk-list"),
        reverse("api:taxonomy-term-list"),
    ):
        assert "MARKER-" not in client.get(address).content.decode().replace("?q=MARKER", ""), address
    assert client.get(reverse("registry:risk", args=[concern.risk_id])).status_code == 404


def test_a_stub_is_raised_on_a_page_with_one_field(client, family, risk_owner):
    client.force_login(risk_owner)
    page = client.get(reverse("registry:stub_create"))
    assert page.content.decode().count('name="title"') == 1
    assert page.context["form"].fields["family"].widget.input_type == "hidden"
    answer = client.post(reverse("registry:stub_create"), {"family": family.pk, "title": LINE}, follow=True)
    assert LINE in answer.content.decode()


def test_working_out_over_the_page(client, stub, risk_owner):
    client.force_login(risk_owner)
    address = reverse("registry:stub_working_out", args=[stub.pk])
    assert client.post(address, {"title": stub.title, "harm": "", "row_version": 1}).status_code == 422
    answer = client.post(address, {"title": stub.title, "harm": "People are deceived.", "row_version": 1}, follow=True)
    assert "is a draft now" in answer.content.decode()


def test_the_api_takes_concerns_without_an_account(client, listening):
    answer = client.post(
        reverse("api:concern-list"), {"model": listening.repo_id, "title": LINE}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()) == (201, {"received": True})
    answer = client.post(
        reverse("api:concern-list"), {"model": "no/body", "title": LINE}, content_type="application/json"
    )
    assert answer.status_code == 400


def test_the_api_raises_a_stub_once_for_one_key(client, family, reviewer):
    client.force_login(reviewer)
    body = {"family": family.pk, "title": LINE}
    headers = {"Idempotency-Key": "stub-number-one"}
    answers = [
        client.post(reverse("api:stub-list"), body, content_type="application/json", headers=headers)
        for _twice in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Risk.objects.count() == 1
    listed = client.get(reverse("api:stub-list")).json()["results"]
    assert [(row["title"], row["age_days"], row["origin"]) for row in listed] == [(LINE, 0, "team")]
