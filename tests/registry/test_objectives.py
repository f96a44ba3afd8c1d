"""Objectives: what makes one measurable, how it stands and for whom, and what the database itself refuses."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, InternalError, connection, connections, transaction
from django.db.utils import Error
from django.utils import timezone

from common import audit
from common.lifecycle import Refused, Stale
from registry import selectors, services
from registry.models import Objective, ObjectiveMeasurement
from tests.factories.registry import (
    ModelFamilyFactory,
    ObjectiveFactory,
    ObjectiveMeasurementFactory,
    ReleaseFactory,
    RiskFactory,
)

NOBODY = AnonymousUser()
ASKED = {"metric": "Refusal rate", "comparator": "at_least", "threshold": Decimal("0.9")}


@pytest.fixture
def objective(family):
    return ObjectiveFactory(family=family, title="Refuses", **ASKED)


def stands(objective, reader=NOBODY):
    return selectors.standing(selectors.judged(Objective.objects.all(), reader).get(pk=objective.pk))


def measure(objective, value, *, days_ago=0, **fields):
    when = timezone.now() - timedelta(days=days_ago)
    return ObjectiveMeasurementFactory(objective=objective, value=Decimal(value), measured_at=when, **fields)


def test_a_title_is_enough_and_it_says_that_it_cannot_be_measured(family, risk_owner):
    made = services.add_objective(family, actor=risk_owner, title="Nobody is deceived")
    assert stands(made).state == "not_measurable"
    event = audit.trail(made).get()
    assert (event.verb, event.actor_id) == ("registry.objective.add", risk_owner.pk)


@pytest.mark.parametrize("missing", ["metric", "comparator", "threshold"])
def test_metric_comparator_and_threshold_come_together(family, risk_owner, missing):
    given = {name: value for name, value in ASKED.items() if name != missing}
    with pytest.raises(Refused) as refusal:
        services.add_objective(family, actor=risk_owner, title="Refuses", **given)
    assert refusal.value.field == missing
    with pytest.raises(IntegrityError, match="objective_is_measurable_or_not"), transaction.atomic():
        ObjectiveFactory(family=family, **given)


def test_taking_only_the_metric_away_is_refused(objective, risk_owner):
    with pytest.raises(Refused) as refusal:
        services.edit_objective(objective, actor=risk_owner, metric="")
    assert refusal.value.field == "metric"
    services.edit_objective(objective, actor=risk_owner, metric="", comparator="", threshold=None)
    assert stands(objective).state == "not_measurable"


def test_a_value_says_whose_it_is(family, risk_owner):
    with pytest.raises(Refused) as refusal:
        services.add_objective(family, actor=risk_owner, title="Refuses", value="Do no harm")
    assert refusal.value.field == "value_kind"


def test_two_writers_at_once(objective, risk_owner, release_manager):
    services.edit_objective(objective, actor=release_manager, statement="First", expected_version=1)
    with pytest.raises(Stale):
        services.edit_objective(objective, actor=risk_owner, statement="Second", expected_version=1)


@pytest.mark.parametrize(
    ("comparator", "value", "state"),
    [
        ("at_least", "0.9", "met"),
        ("at_least", "0.89999999", "not_met"),
        ("at_most", "0.9", "met"),
        ("at_most", "0.90000001", "not_met"),
        ("above", "0.9", "not_met"),
        ("above", "0.90000001", "met"),
        ("below", "0.9", "not_met"),
        ("below", "0.89999999", "met"),
    ],
)
def test_met_is_judged_exactly(family, release, comparator, value, state):
    objective = ObjectiveFactory(family=family, **{**ASKED, "comparator": comparator})
    assert stands(objective).state == "not_measured"
    measure(objective, value)
    assert stands(objective).state == state
    assert stands(objective).current.value == Decimal(value)


@pytest.mark.parametrize(
    ("comparator", "before", "now", "trend"),
    [
        ("at_least", "0.5", "0.6", "better"),
        ("above", "0.6", "0.5", "worse"),
        ("at_most", "0.5", "0.6", "worse"),
        ("below", "0.6", "0.5", "better"),
        ("below", "0.5", "0.50", "same"),
    ],
)
def test_the_trend_goes_the_way_the_comparator_wants(family, release, comparator, before, now, trend):
    objective = ObjectiveFactory(family=family, **{**ASKED, "comparator": comparator})
    measure(objective, before, days_ago=2)
    assert stands(objective).trend == ""
    measure(objective, now)
    assert stands(objective).trend == trend


def test_the_newest_by_the_day_it_was_measured_counts(objective, release):
    measure(objective, "0.95", days_ago=1)
    measure(objective, "0.5", days_ago=9)
    assert (stands(objective).state, stands(objective).before.value) == ("met", Decimal("0.5"))


def test_another_threshold_judges_the_same_value_anew(objective, release, risk_owner):
    measure(objective, "0.92")
    assert stands(objective).state == "met"
    services.edit_objective(objective, actor=risk_owner, threshold=Decimal("0.95"))
    assert stands(objective).state == "not_met"


@pytest.mark.parametrize("name", ["metric", "unit", "data_set", "population"])
def test_what_was_measured_for_something_else_no_longer_counts(objective, release, risk_owner, name):
    measure(objective, "0.92")
    services.edit_objective(objective, actor=risk_owner, **{name: "Another"})
    assert stands(objective).state == "not_measured"
    assert objective.measurements.count() == 1
    services.edit_objective(objective, actor=risk_owner, **{name: getattr(objective, name)})
    assert stands(objective).state == "met"


def test_a_measurement_is_on_record_with_what_was_asked(objective, release, risk_owner):
    made = services.record_measurement(
        objective, actor=risk_owner, value=Decimal("0.93"), source="Run 12", release=release
    )
    assert (made.metric, made.release, made.recorded_by) == ("Refusal rate", release, risk_owner)
    event = audit.trail(objective).get()
    assert (event.verb, event.after["source"]) == ("registry.objective.measure", "Run 12")


def test_measurements_are_not_for_those_who_only_read(objective, auditor, reviewer, stranger):
    for person in (auditor, reviewer, stranger):
        with pytest.raises(PermissionDenied):
            services.record_measurement(objective, actor=person, value=Decimal(1), source="Run")


def test_what_a_measurement_is_refused_for(objective, family, risk_owner):
    other = ObjectiveMeasurementFactory(objective=ObjectiveFactory(family=family, title="Other", **ASKED))
    foreign = ReleaseFactory(family=ModelFamilyFactory())
    vague = ObjectiveFactory(family=family)
    tomorrow = timezone.now() + timedelta(days=1)
    for of, field, given in (
        (vague, "value", {}),
        (objective, "measured_at", {"measured_at": tomorrow}),
        (objective, "release", {"release": foreign}),
        (objective, "corrects", {"corrects": other}),
    ):
        with pytest.raises(Refused) as refusal:
            services.record_measurement(of, actor=risk_owner, value=Decimal(1), source="Run", **given)
        assert refusal.value.field == field


def test_a_correction_stands_in_the_place_of_what_it_corrects(objective, release, risk_owner):
    wrong = measure(objective, "0.2", days_ago=3, release=release)
    measure(objective, "0.91", days_ago=5)
    right = services.record_measurement(
        objective, actor=risk_owner, value=Decimal("0.95"), source="Run 3 again", corrects=wrong
    )
    assert (right.measured_at, right.release) == (wrong.measured_at, release)
    now = stands(objective)
    assert (now.state, now.current.value, now.before.value) == ("met", Decimal("0.95"), Decimal("0.91"))
    with pytest.raises(Refused, match="corrected already"):
        services.record_measurement(objective, actor=risk_owner, value=Decimal(1), source="x", corrects=wrong)


def test_people_outside_are_not_told_what_was_measured_on_a_draft(objective, release, family, auditor, stranger):
    draft = ReleaseFactory(family=family)
    measure(objective, "0.5", days_ago=1, release=release)
    hidden = measure(objective, "0.99", release=draft)
    assert stands(objective, auditor).state == "met"
    for reader in (NOBODY, stranger):
        assert stands(objective, reader).state == "not_met"
        assert hidden not in ObjectiveMeasurement.objects.visible_to(reader)
    assert hidden in ObjectiveMeasurement.objects.visible_to(auditor)


def test_the_database_keeps_measurements(objective):
    row = measure(objective, "0.9")
    for attempt in (
        lambda: ObjectiveMeasurement.objects.filter(pk=row.pk).update(value=1),
        lambda: ObjectiveMeasurement.objects.filter(pk=row.pk).delete(),
        lambda: connection.cursor().execute("TRUNCATE registry_objectivemeasurement CASCADE"),
    ):
        # What is still to be checked at the end would be refused first.
        connection.check_constraints()
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            attempt()


def test_the_database_keeps_families_apart(objective, family):
    with pytest.raises((IntegrityError, InternalError), match="of a release of the family"), transaction.atomic():
        measure(objective, "0.9", release=ReleaseFactory(family=ModelFamilyFactory()))
    other = ObjectiveMeasurementFactory()
    with pytest.raises((IntegrityError, InternalError), match="corrects one of the same"), transaction.atomic():
        measure(objective, "0.9", corrects=other)
    with pytest.raises((IntegrityError, InternalError), match="stays with its model family"), transaction.atomic():
        Objective.objects.filter(pk=objective.pk).update(family=ModelFamilyFactory())


@pytest.mark.django_db(transaction=True)
def test_two_people_correct_the_same_measurement_at_once(family, risk_owner, release_manager):
    objective = ObjectiveFactory(family=family, **ASKED)
    wrong = measure(objective, "0.2")
    gate, outcomes = threading.Barrier(2), []

    def correct(person):
        gate.wait()
        try:
            services.record_measurement(objective, actor=person, value=Decimal("0.9"), source="Again", corrects=wrong)
            outcomes.append("recorded")
        except Refused:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=correct, args=(person,)) for person in (risk_owner, release_manager)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["recorded", "refused"]


def test_the_page_names_the_risks_that_threaten_it(client, objective, family, risk_owner):
    risk = RiskFactory(family=family, number=7, title="Fraud")
    risk.objectives.add(objective)
    measure(objective, "0.92")
    client.force_login(risk_owner)
    page = client.get(f"/workspace/releases/objectives/{objective.pk}/measurements/").content.decode()
    assert "R-7" in page
    assert "Refusal rate: at least 0.9" in page


def test_who_lowered_the_bar_is_on_the_page(client, objective, risk_owner):
    services.edit_objective(objective, actor=risk_owner, threshold=Decimal("0.5"))
    client.force_login(risk_owner)
    page = client.get(f"/workspace/releases/objectives/{objective.pk}/measurements/").content.decode()
    assert "changed the objective: threshold" in page


def test_the_form_keeps_what_was_typed_when_it_is_refused(client, objective, risk_owner):
    client.force_login(risk_owner)
    path = f"/workspace/releases/objectives/{objective.pk}/measurements/"
    answer = client.post(path, {"value": "0.97", "measured_at": "2999-01-01T10:00", "source": "Run of the future"})
    assert answer.status_code == 422
    assert "Run of the future" in answer.content.decode()
    assert not objective.measurements.exists()


@pytest.mark.parametrize("count", [1, 25])
def test_the_public_page_costs_the_same_for_many(client, family, release, count, django_assert_num_queries):
    for number in range(count):
        each = ObjectiveFactory(family=family, title=f"Objective {number}", **ASKED)
        measure(each, "0.5", days_ago=1, release=release)
        measure(each, "0.95")
    with django_assert_num_queries(2):
        answer = client.get("/models/harbour-lab/pilot-7b/objectives/")
    assert answer.content.decode().count("getting better") == count


@pytest.mark.parametrize("count", [1, 25])
def test_the_api_lists_them_by_how_they_stand(client, family, release, count, django_assert_num_queries):
    for number in range(count):
        measure(ObjectiveFactory(family=family, title=f"Objective {number}", **ASKED), "0.95")
    ObjectiveFactory(family=family, title="Missed", **ASKED)
    with django_assert_num_queries(1):
        rows = client.get("/api/v1/objectives/?state=met").json()["results"]
    assert [row["state"] for row in rows] == ["met"] * count
    assert (rows[0]["current"]["value"], rows[0]["trend"]) == ("0.95000000", "")


def test_the_api_tells_people_outside_nothing_of_who_measured(client, objective, release, risk_owner):
    ObjectiveMeasurementFactory(objective=objective, recorded_by=risk_owner)
    assert client.get("/api/v1/measurements/").json()["results"][0]["recorded_by_name"] is None
    client.force_login(risk_owner)
    assert client.get("/api/v1/measurements/").json()["results"][0]["recorded_by_name"] == "Risk owner"


def test_a_measurement_sent_twice_is_recorded_once(client, objective, risk_owner, django_assert_max_num_queries):
    client.force_login(risk_owner)
    body = {"objective": objective.pk, "value": "0.93", "source": "Run 12"}
    with django_assert_max_num_queries(15):
        first = client.post("/api/v1/measurements/", body, "application/json")
    again = [
        client.post("/api/v1/measurements/", body, "application/json", headers={"Idempotency-Key": "run-12-once"})
        for _ in range(2)
    ]
    assert first.status_code == 201
    assert again[0].json() == again[1].json()
    assert objective.measurements.count() == 2
