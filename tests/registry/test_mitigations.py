"""Mitigations in depth: what they do, how well they work, which risks they are for, and how they end."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from common import audit
from common.lifecycle import Refused
from registry import services
from registry.models import Mitigation, MitigationMeasurement, Risk
from tests.factories.registry import MitigationFactory, RiskFactory

SOON = dt.date(2030, 1, 1)


@pytest.fixture
def risk(family, risk_owner):
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner)


@pytest.fixture
def done(family, risk_owner, risk):
    return MitigationFactory(family=family, owner=risk_owner, risks=[risk], stage=Mitigation.Stage.DONE)


def measured(mitigation, actor, **changes):
    values = {"measured": "Jailbreaks stopped", "result": "97 of 100", "effect": "works", **changes}
    return services.measure_mitigation(mitigation, actor=actor, **values)


def test_retiring_names_the_open_risks_and_lets_them_be_looked_at_again(done, risk, risk_owner):
    later = timezone.localdate() + dt.timedelta(days=90)
    Risk.objects.filter(pk=risk.pk).update(review_due_on=later)
    with pytest.raises(Refused, match="R-1") as refused:
        services.retire_mitigation(done, actor=risk_owner, reason="The filter was switched off.")
    assert refused.value.field == "confirmed"
    done.refresh_from_db()
    assert done.stage == "done"
    retired = services.retire_mitigation(done, actor=risk_owner, reason="The filter was switched off.", confirmed=True)
    risk.refresh_from_db()
    assert (retired.stage, retired.retirement_reason) == ("retired", "The filter was switched off.")
    assert risk.review_due_on == timezone.localdate()
    event = audit.trail(risk).first()
    assert event.verb == "registry.risk.ask_for_review"
    assert "The filter was switched off." in event.reason
    assert audit.trail(done).first().verb == "registry.mitigation.retire"


def test_a_risk_that_is_due_already_keeps_its_date(done, risk, risk_owner):
    past = timezone.localdate() - dt.timedelta(days=9)
    Risk.objects.filter(pk=risk.pk).update(review_due_on=past)
    services.retire_mitigation(done, actor=risk_owner, reason="Off", confirmed=True)
    risk.refresh_from_db()
    assert risk.review_due_on == past


def test_without_open_risks_nothing_has_to_be_confirmed(done, risk, risk_owner):
    services.close_risk(risk, actor=risk_owner, reason="Over")
    assert services.retire_mitigation(done, actor=risk_owner, reason="Off").stage == "retired"


def test_only_what_was_done_is_retired_and_it_does_not_come_back(family, risk, risk_owner, reviewer):
    planned = MitigationFactory(family=family, owner=risk_owner, risks=[risk])
    with pytest.raises(Refused, match="Planned"):
        services.retire_mitigation(planned, actor=risk_owner, reason="Off", confirmed=True)
    finished = services.finish_mitigation(planned, actor=risk_owner)
    with pytest.raises(PermissionDenied):
        services.retire_mitigation(finished, actor=reviewer, reason="Off", confirmed=True)
    with pytest.raises(Refused, match="Say why"):
        services.retire_mitigation(finished, actor=risk_owner, reason=" ", confirmed=True)
    services.retire_mitigation(finished, actor=risk_owner, reason="Off", confirmed=True)
    with pytest.raises(IntegrityError, match="does not come back"), transaction.atomic():
        Mitigation.objects.filter(pk=planned.pk).update(stage="done")


def test_the_database_wants_the_reason_of_a_retirement(done):
    with pytest.raises(IntegrityError, match="retired_mitigation_says_why"), transaction.atomic():
        Mitigation.objects.filter(pk=done.pk).update(stage="retired")


def test_measurements_are_only_added(done, reviewer, auditor, risk_owner, family, risk):
    first = measured(done, reviewer)
    second = measured(done, risk_owner, effect="partly", result="60 of 100")
    assert list(done.measurements.all()) == [second, first]
    assert audit.trail(done).first().after["result"] == "60 of 100"
    with pytest.raises(PermissionDenied):
        measured(done, auditor)
    with pytest.raises(Refused, match="future"):
        measured(done, reviewer, measured_on=SOON)
    with pytest.raises(Refused, match="nothing to measure"):
        measured(MitigationFactory(family=family, owner=risk_owner, risks=[risk]), reviewer)
    for change in (MitigationMeasurement.objects.update, MitigationMeasurement.objects.all()._raw_delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(result="100 of 100") if change.__name__ == "update" else change("default")


def test_risks_are_linked_and_unlinked(done, risk, risk_owner, family, reviewer):
    other = RiskFactory(family=family, number=2, opened=True, owner=risk_owner, review_due_on=SOON)
    services.link_risk(done, actor=risk_owner, risk=other)
    assert {each.pk for each in done.risks.all()} == {risk.pk, other.pk}
    for wrong, words in ((other, "already"), (RiskFactory(number=9), "one model family")):
        with pytest.raises(Refused, match=words):
            services.link_risk(done, actor=risk_owner, risk=wrong)
    with pytest.raises(PermissionDenied):
        services.unlink_risk(done, actor=reviewer, risk=other, reason="No")
    services.unlink_risk(done, actor=risk_owner, risk=other, reason="It only filters text.")
    other.refresh_from_db()
    assert other.review_due_on == timezone.localdate()
    with pytest.raises(Refused, match="no risk at all"):
        services.unlink_risk(done, actor=risk_owner, risk=risk, reason="No")


@pytest.mark.django_db(transaction=True)
def test_the_database_leaves_no_mitigation_without_a_risk(done):
    with pytest.raises(IntegrityError, match="without a risk"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM registry_mitigation_risks WHERE mitigation_id = %s", [done.pk])


def test_a_date_moves_with_a_reason(family, risk, risk_owner):
    planned = MitigationFactory(family=family, owner=risk_owner, risks=[risk])
    with pytest.raises(Refused, match="why the date moves") as refused:
        services.edit_mitigation(planned, actor=risk_owner, due_on=SOON)
    assert refused.value.field == "reason"
    services.edit_mitigation(planned, actor=risk_owner, due_on=planned.due_on, title="New")
    moved = services.edit_mitigation(planned, actor=risk_owner, due_on=SOON, reason="The vendor is late.")
    assert moved.due_on == SOON
    assert audit.trail(planned).first().reason == "The vendor is late."


def test_the_pages(client, done, risk, risk_owner, family):
    other = RiskFactory(family=family, number=2, opened=True, owner=risk_owner)
    client.force_login(risk_owner)

    def post(name, *args, **data):
        return client.post(reverse(f"registry:mitigation_{name}", args=[done.pk, *args]), data)

    assert post("link", risk="R-99").status_code == 422
    assert post("link", risk="r-2").status_code == 302
    assert post("unlink", other.pk, reason="Not after all").status_code == 302
    found = {"measured": "Jailbreaks stopped", "result": "97 of 100", "effect": "works", "measured_on": "2026-01-01"}
    assert post("measurement", **found).status_code == 302
    page = client.get(reverse("registry:mitigation_retirement", args=[done.pk]))
    assert str(risk) in page.text
    refused = post("retirement", reason="Off")
    assert refused.status_code == 422
    assert "Confirm" in refused.text
    assert post("retirement", reason="Off", confirmed="on").status_code == 302
    shown = client.get(reverse("registry:mitigation", args=[done.pk])).text
    assert "97 of 100" in shown
    assert "no longer at work" in shown


def test_the_api(client, done, risk, risk_owner, researcher, family):
    other = RiskFactory(family=family, number=2, opened=True, owner=risk_owner)
    client.force_login(risk_owner)

    def url(name):
        return reverse(f"api:mitigation-{name}", args=[done.pk])

    def post(name, **data):
        return client.post(url(name), data, content_type="application/json")

    found = {"measured": "Jailbreaks stopped", "result": "97 of 100", "effect": "works"}
    assert post("measurements", **found).status_code == 201
    assert client.get(url("measurements")).json()["results"][0]["result"] == "97 of 100"
    assert sorted(post("linking", risk=other.pk).json()["risks"]) == [risk.pk, other.pk]
    assert post("unlinking", risk=other.pk, reason="No").json()["risks"] == [risk.pk]
    assert post("retirement", reason="Off").status_code == 409
    assert post("retirement", reason="Off", confirmed=True).json()["stage"] == "retired"
    client.force_login(researcher)
    assert client.get(url("measurements")).status_code in {403, 404}


def test_the_public_is_not_told_of_what_no_longer_works(client, done, risk, risk_owner, release, family):
    Risk.objects.filter(pk=risk.pk).update(is_public=True)
    url = reverse("registry:family_risks", args=[family.publisher.slug, family.slug])
    assert done.title in client.get(url).text
    services.retire_mitigation(done, actor=risk_owner, reason="Off", confirmed=True)
    assert done.title not in client.get(url).text


def test_the_page_stays_within_its_budget(client, done, risk_owner, family, django_assert_max_num_queries):
    for _ in range(3):
        measured(done, risk_owner)
    client.force_login(risk_owner)
    url = reverse("registry:mitigation", args=[done.pk])
    client.get(url)
    with django_assert_max_num_queries(8):
        assert "97 of 100" in client.get(url).text
