"""Looking at risks again: one at a time, and many in a round with what changed since the last time."""

import datetime as dt
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import audit
from common.lifecycle import Refused, Stale
from incidents import services as incidents
from registry import selectors, services
from registry.models import ReviewRound, Risk, RiskReview, RoundItem
from tests.factories.accounts import UserFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.registry import (
    MitigationFactory,
    ModelFamilyFactory,
    ReviewRoundFactory,
    RiskFactory,
    RiskReviewFactory,
    RoundItemFactory,
)

SOON = dt.date(2050, 1, 1)


@pytest.fixture
def risk(family, risk_owner):
    """Moderate after mitigation: by the first scale due again after 180 days."""
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner)


def test_still_right_sets_when_it_is_due_next(risk, risk_owner):
    review = services.review_risk(risk, actor=risk_owner, verdict="right")
    risk.refresh_from_db()
    assert risk.review_due_on == review.due_on == timezone.localdate() + timedelta(days=180)
    assert risk.reviewed_at is not None
    event = audit.trail(risk).first()
    assert (event.verb, event.after["verdict"]) == ("registry.risk.review", "right")


def test_its_own_cadence_goes_before_that_of_its_level(risk, risk_owner):
    Risk.objects.filter(pk=risk.pk).update(review_days=10)
    assert services.review_risk(risk, actor=risk_owner, verdict="right").due_on == timezone.localdate() + timedelta(10)


def test_a_cadence_counts_from_the_last_look_and_is_no_rarer_than_its_level_asks(risk, risk_owner, reviewer):
    services.review_risk(risk, actor=risk_owner, verdict="right")
    services.set_review_cadence(risk, actor=risk_owner, review_days=30)
    risk.refresh_from_db()
    assert risk.review_due_on == timezone.localdate() + timedelta(days=30)
    assert audit.trail(risk).first().verb == "registry.risk.set_cadence"
    for wrong in (0, 181):
        with pytest.raises(Refused, match="180"):
            services.set_review_cadence(risk, actor=risk_owner, review_days=wrong)
    with pytest.raises(PermissionDenied):
        services.set_review_cadence(risk, actor=reviewer, review_days=30)
    services.set_review_cadence(risk, actor=risk_owner, review_days=None)
    risk.refresh_from_db()
    assert risk.review_due_on == timezone.localdate() + timedelta(days=180)


def test_a_new_judgement_is_due_today_until_it_is_made(risk, risk_owner):
    services.review_risk(risk, actor=risk_owner, verdict="judge", note="The model was fine-tuned.")
    risk.refresh_from_db()
    assert risk.review_due_on == timezone.localdate()
    assert list(selectors.waiting_risks(risk_owner)) == [risk]
    services.assess_risk(risk, actor=risk_owner, kind="residual", likelihood=4, severity=4, rationale="Measured.")
    assert not selectors.waiting_risks(risk_owner).exists()


def test_closing_by_review_has_the_note_as_reason(risk, risk_owner):
    services.review_risk(risk, actor=risk_owner, verdict="close", note="The feature is gone.")
    risk.refresh_from_db()
    assert (risk.stage, risk.review_due_on) == ("closed", None)
    assert [event.verb for event in audit.trail(risk)][:2] == ["registry.risk.close", "registry.risk.review"]
    assert audit.trail(risk).first().reason == "The feature is gone."


def test_a_change_needs_words(risk, risk_owner):
    for verdict in ("judge", "close"):
        with pytest.raises(Refused, match="what you found"):
            services.review_risk(risk, actor=risk_owner, verdict=verdict, note=" ")


def test_who_looks_again(risk, reviewer, release_manager, auditor, incident_handler, stranger):
    for person in (reviewer, release_manager):
        assert services.review_risk(risk, actor=person, verdict="right").pk
    for person in (auditor, incident_handler, stranger):
        with pytest.raises(PermissionDenied):
            services.review_risk(risk, actor=person, verdict="right")


def test_a_reviewer_does_not_close_by_review(risk, reviewer):
    with pytest.raises(PermissionDenied), transaction.atomic():
        services.review_risk(risk, actor=reviewer, verdict="close", note="Gone.")
    risk.refresh_from_db()
    assert risk.stage == "open"
    assert not RiskReview.objects.exists()


def test_only_what_the_reviewer_saw_is_still_right(risk, risk_owner, release_manager):
    services.edit_risk(risk, actor=release_manager, harm="It is much worse.")
    with pytest.raises(Stale, match="Release manager"):
        services.review_risk(risk, actor=risk_owner, verdict="right", expected_version=1)


def test_drafts_and_closed_risks_are_not_looked_at_again(family, risk_owner):
    for stage in ("draft", "stub"):
        with pytest.raises(Refused, match="open"):
            services.review_risk(RiskFactory(family=family, stage=stage), actor=risk_owner, verdict="right")


def test_overdue_is_judged_when_it_is_read(risk, risk_owner):
    Risk.objects.filter(pk=risk.pk).update(review_due_on=timezone.localdate() - timedelta(days=1))
    risk.refresh_from_db()
    assert risk.review_overdue
    assert selectors.waiting_risks(risk_owner).exists()
    services.review_risk(risk, actor=risk_owner, verdict="right")
    risk.refresh_from_db()
    assert not risk.review_overdue


def test_reviews_never_change(risk):
    review = RiskReviewFactory(risk=risk)
    for change in ("UPDATE registry_riskreview SET note = 'x'", "DELETE FROM registry_riskreview"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert RiskReview.objects.get().pk == review.pk


# Rounds


def start(publisher, actor, **options):
    return services.start_round(publisher, actor=actor, title="Autumn round", due_on=SOON, **options)


def test_a_round_takes_the_open_risks_the_filter_finds(publisher, family, risk, risk_owner, release_manager):
    unowned = RiskFactory(family=family, number=2, opened=True, residual_likelihood=5, residual_severity=5)
    RiskFactory(family=family, number=3)
    RiskFactory(family=ModelFamilyFactory(), number=4, opened=True)
    assert set(start(publisher, release_manager).items.values_list("risk", flat=True)) == {risk.pk, unowned.pk}
    some = start(publisher, release_manager, chosen={"band": "critical"})
    assert list(some.items.values_list("risk", flat=True)) == [unowned.pk]
    assert some.chosen_by == {"band": "critical"}
    mine = start(publisher, risk_owner, chosen={"owner": "me"})
    assert list(mine.items.values_list("risk", flat=True)) == [risk.pk]
    event = audit.trail(some).get()
    assert (event.verb, event.after["risks"]) == ("registry.reviewround.start", 1)


def test_a_round_over_what_is_overdue(publisher, family, risk, release_manager):
    late = RiskFactory(family=family, number=2, opened=True, review_due_on=dt.date(2020, 1, 1))
    found = start(publisher, release_manager, chosen={"overdue": "review"})
    assert list(found.items.values_list("risk", flat=True)) == [late.pk]


def test_a_round_over_nothing_is_refused(publisher, family, release_manager):
    with pytest.raises(Refused, match="No open risk"):
        start(publisher, release_manager)
    with pytest.raises(Refused, match="from today"):
        services.start_round(publisher, actor=release_manager, title="Late", due_on=dt.date(2020, 1, 1))


def test_who_starts_a_round(publisher, family, risk, risk_owner, reviewer, auditor, stranger):
    assert start(publisher, risk_owner).pk
    for person in (reviewer, auditor, stranger):
        with pytest.raises(PermissionDenied):
            start(publisher, person)


def test_a_role_for_one_family_starts_a_round_over_that_family(publisher, family, risk):
    RiskFactory(family=ModelFamilyFactory(publisher=publisher), opened=True)
    person = UserFactory()
    assign_role(person, Role.RISK_OWNER, family, actor=service_account("Set-up"))
    with pytest.raises(PermissionDenied):
        start(publisher, person)
    found = start(publisher, person, family=family)
    assert list(found.items.values_list("risk", flat=True)) == [risk.pk]
    assert list(ReviewRound.objects.visible_to(person)) == [found]


def test_the_page_asks_them_for_their_family(client, publisher, family, risk):
    person = UserFactory()
    assign_role(person, Role.RISK_OWNER, family, actor=service_account("Set-up"))
    client.force_login(person)
    body = {"publisher": publisher.pk, "title": "Ours", "due_on": SOON}
    answer = client.post(reverse("registry:round_create"), body)
    assert (answer.status_code, "Choose a model family" in answer.content.decode()) == (422, True)
    assert client.post(reverse("registry:round_create"), body | {"family": family.pk}).status_code == 302


def test_somebody_with_one_family_sees_only_its_risks_in_a_round(client, publisher, family, risk, release_manager):
    other = RiskFactory(family=ModelFamilyFactory(publisher=publisher), number=7, title="MARKER", opened=True)
    found = start(publisher, release_manager)
    person = UserFactory()
    assign_role(person, Role.RISK_OWNER, family, actor=service_account("Set-up"))
    client.force_login(person)
    text = client.get(found.get_absolute_url()).content.decode()
    assert risk.title in text
    assert "MARKER" not in text
    rows = client.get(reverse("api:review-round-items", args=[found.pk])).json()["results"]
    assert [row["risk"] for row in rows] == [risk.pk]
    assert client.get(reverse("registry:round_item_skip", args=[found.items.get(risk=other).pk])).status_code == 404


def test_a_round_is_done_with_its_last_item(publisher, family, risk, risk_owner, release_manager):
    second = RiskFactory(family=family, number=2, opened=True, owner=risk_owner)
    found = start(publisher, release_manager)
    services.review_risk(risk, actor=risk_owner, verdict="right")
    found.refresh_from_db()
    assert found.stage == "open"
    item = found.items.get(risk=second)
    with pytest.raises(Refused, match="Say why"):
        services.skip_item(item, actor=risk_owner, reason="")
    services.skip_item(item, actor=risk_owner, reason="Looked at last week.")
    found.refresh_from_db()
    assert (found.stage, bool(found.ended_at)) == ("done", True)
    assert audit.trail(found).first().verb == "registry.reviewround.finish"
    states = {each.risk_id: each.state for each in found.items.all()}
    assert states == {risk.pk: "reviewed", second.pk: "skipped"}


def test_a_risk_that_is_closed_elsewhere_does_not_keep_a_round_open(
    client, publisher, family, risk, risk_owner, release_manager
):
    second, third = (RiskFactory(family=family, number=n, opened=True, owner=risk_owner) for n in (2, 3))
    found = start(publisher, release_manager)
    services.close_risk(second, actor=risk_owner, reason="The feature is gone.")
    client.force_login(risk_owner)
    page = client.get(found.get_absolute_url())
    assert (page.context["round"].waiting_count, page.context["settled"]) == (2, 1)
    row = next(item for item, _changes in page.context["items"] if item.risk_id == second.pk)
    assert row.state == "closed"
    assert "Closed on" in page.content.decode()
    assert not selectors.round_items_waiting(risk_owner).filter(risk=second).exists()
    with pytest.raises(Refused, match="settled already: Closed meanwhile"):
        services.skip_item(row, actor=risk_owner, reason="It is closed.")
    url = reverse("api:review-round-detail", args=[found.pk])
    (told,) = client.get(f"{url}items/?state=closed").json()["results"]
    assert (told["risk"], told["state"], bool(told["closed_at"])) == (second.pk, "closed", True)
    assert client.get(f"{url}progress/").json()[0] | {"owner": 0, "owner_name": ""} == {
        "owner": 0,
        "owner_name": "",
        "items": 3,
        "waiting": 2,
        "reviewed": 0,
        "skipped": 0,
        "closed": 1,
    }
    # Opened again while the round lasts, it waits again.
    services.reopen_risk(second, actor=risk_owner, reason="It came back.")
    assert found.items.get(risk=second).state == "waiting"
    services.close_risk(second, actor=risk_owner, reason="Gone for good.")
    services.review_risk(risk, actor=risk_owner, verdict="right")
    found.refresh_from_db()
    assert found.stage == "open"
    # The last that waits is closed on its own page: with it the round is done.
    services.close_risk(third, actor=release_manager, reason="Gone as well.")
    found.refresh_from_db()
    assert (found.stage, bool(found.ended_at)) == ("done", True)
    assert {each.risk_id: each.state for each in found.items.all()} == {
        risk.pk: "reviewed",
        second.pk: "closed",
        third.pk: "closed",
    }
    # What ended stays as it was told, whatever becomes of the risk.
    services.reopen_risk(third, actor=risk_owner, reason="It came back.")
    assert found.items.get(risk=third).state == "closed"
    assert selectors.rounds_of(risk_owner).get(pk=found.pk).waiting_count is None


def test_closing_the_last_risk_of_a_round_writes_with_few_queries(client, publisher, risk, release_manager):
    found = start(publisher, release_manager)
    client.force_login(release_manager)
    client.get("/workspace/")
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(f"/api/v1/risks/{risk.pk}/closure/", {"reason": "Gone."}, "application/json")
    assert answer.status_code == 200
    # SAVEPOINT and RELEASE SAVEPOINT, which only mark the transaction, are not counted.
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 15
    found.refresh_from_db()
    assert found.stage == "done"


def test_the_last_item_closed_by_review_counts_as_reviewed(publisher, risk, risk_owner, release_manager):
    found = start(publisher, release_manager)
    services.review_risk(risk, actor=risk_owner, verdict="close", note="Gone.")
    found.refresh_from_db()
    assert (found.stage, found.items.get().state) == ("done", "reviewed")


@pytest.mark.django_db(transaction=True)
def test_closing_and_looking_at_the_last_two_at_once_finish_the_round(publisher, family, risk_owner, release_manager):
    risks = [RiskFactory(family=family, number=n, opened=True, owner=risk_owner) for n in (1, 2)]
    found = start(publisher, release_manager)
    barrier, failures = threading.Barrier(2), []

    def act(act_on):
        try:
            barrier.wait(10)
            act_on()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    acts = (
        lambda: services.review_risk(risks[0], actor=risk_owner, verdict="right"),
        lambda: services.close_risk(risks[1], actor=release_manager, reason="Gone."),
    )
    threads = [threading.Thread(target=act, args=(each,)) for each in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []
    found.refresh_from_db()
    assert found.stage == "done"


def test_one_look_counts_in_every_round_it_waits_in(publisher, risk, risk_owner, release_manager):
    rounds = [start(publisher, release_manager), start(publisher, release_manager)]
    review = services.review_risk(risk, actor=risk_owner, verdict="right")
    assert review.round_id == rounds[0].pk
    assert set(ReviewRound.objects.values_list("stage", flat=True)) == {"done"}


def test_a_settled_item_stays_settled(publisher, family, risk, risk_owner, release_manager):
    RiskFactory(family=family, number=2, opened=True)
    found = start(publisher, release_manager)
    services.review_risk(risk, actor=risk_owner, verdict="right")
    item = found.items.get(risk=risk)
    with pytest.raises(Refused, match="settled already"):
        services.skip_item(item, actor=risk_owner, reason="No.")
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        RoundItem.objects.filter(pk=item.pk).update(review=None)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        RoundItem.objects.filter(pk=item.pk).delete()


def test_the_database_refuses_a_round_that_is_done_too_early(risk):
    found = ReviewRoundFactory(publisher=risk.family.publisher, risks=[risk])
    with pytest.raises(DatabaseError, match="risks wait"), transaction.atomic():
        ReviewRound.objects.filter(pk=found.pk).update(stage="done", ended_at=timezone.now())


def test_an_abandoned_round_asks_for_nothing(publisher, risk, risk_owner, reviewer, release_manager):
    found = start(publisher, release_manager)
    with pytest.raises(PermissionDenied):
        services.abandon_round(found, actor=reviewer, reason="No time.")
    services.abandon_round(found, actor=risk_owner, reason="No time.")
    assert not selectors.waiting_risks(risk_owner).filter(round_items__isnull=False, residual_score=None).exists()
    assert not RoundItem.objects.waiting().exists()
    services.review_risk(risk, actor=risk_owner, verdict="right")
    assert found.items.get().state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_two_people_settling_the_last_two_items_at_once_finish_the_round(
    publisher, family, risk_owner, release_manager
):
    risks = [RiskFactory(family=family, number=n, opened=True, owner=risk_owner) for n in (1, 2)]
    found = start(publisher, release_manager)
    barrier, failures = threading.Barrier(2), []

    def look(risk, person):
        try:
            barrier.wait(10)
            services.review_risk(risk, actor=person, verdict="right")
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    pairs = zip(risks, (risk_owner, release_manager), strict=True)
    threads = [threading.Thread(target=look, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []
    found.refresh_from_db()
    assert found.stage == "done"


def test_what_changed_since_the_last_look(publisher, family, risk, risk_owner, release_manager, incident_handler):
    services.edit_risk(risk, actor=risk_owner, harm="Before the last look.")
    services.review_risk(risk, actor=risk_owner, verdict="right")
    mitigation = MitigationFactory(family=family, owner=risk_owner, risks=[risk], title="Filter")
    services.start_mitigation(mitigation, actor=risk_owner)
    services.assess_risk(risk, actor=risk_owner, kind="residual", likelihood=5, severity=4, rationale="Red team.")
    incident = IncidentFactory(families=[family], title="Voices cloned")
    incidents.edit_incident(incident, actor=incident_handler, risks=[risk])
    # An assessment is a look too: the round counts from before it.
    since = RiskReview.objects.get().reviewed_at
    changes = selectors.changes_since({risk.pk: since}, release_manager)[risk.pk]
    verbs = [change.event.verb if change.event else change.words for change in changes]
    assert verbs == [
        f"linked it to the risk: {incident}",
        "registry.risk.assess",
        "registry.mitigation.start",
    ]
    assert changes[0].url == incident.get_absolute_url()


def test_a_link_of_an_incident_is_told_of_the_risk_it_leads_to_alone(family, risk, incident_handler, release_manager):
    other = RiskFactory(family=family, number=2, opened=True)
    incident = IncidentFactory(families=[family], title="Voices cloned", owner=incident_handler)
    incidents.edit_incident(incident, actor=incident_handler, risks=[risk])
    since = timezone.now()
    incidents.edit_incident(incident, actor=incident_handler, risks=[risk, other])
    incidents.move_incident(incident, "contain", actor=incident_handler, reason="The key was revoked.")
    changes = selectors.changes_since(dict.fromkeys((risk.pk, other.pk), since), release_manager)
    assert [change.words for change in changes[risk.pk]] == [f"contained it: {incident}"]
    assert [change.words for change in changes[other.pk]] == [
        f"contained it: {incident}",
        f"linked it to the risk: {incident}",
    ]
    # A change of its models alone is told of no risk.
    since = timezone.now()
    more = ModelFamilyFactory(publisher=family.publisher)
    incidents.edit_incident(incident, actor=incident_handler, families=[family, more])
    assert selectors.changes_since({risk.pk: since}, release_manager)[risk.pk] == []


def test_what_changed_hides_incidents_from_those_who_may_not_know_of_them(family, risk, administrator):
    incident = IncidentFactory(families=[family])
    incident.risks.add(risk)
    with transaction.atomic():
        audit.record(service_account("Set-up"), "incidents.incident.contain", incident)
    since = {risk.pk: timezone.now() - timedelta(days=1)}
    assert selectors.changes_since(since, administrator)[risk.pk] == []


def test_the_page_of_a_round_is_flat_in_queries(client, publisher, family, risk_owner, release_manager):
    client.force_login(release_manager)
    counts = []
    for many in (1, 12):
        for _each in range(many):
            risk = RiskFactory(family=family, opened=True, owner=risk_owner)
            MitigationFactory(family=family, owner=risk_owner, risks=[risk])
        found = start(publisher, release_manager)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(found.get_absolute_url()).status_code == 200
        counts.append(len(queries))
    assert counts == [8, 8]


def test_a_risk_of_a_round_is_looked_at_on_its_page(client, publisher, family, risk, risk_owner, release_manager):
    RiskFactory(family=family, number=2, opened=True)
    found = start(publisher, release_manager)
    client.force_login(risk_owner)
    page = client.get(found.get_absolute_url() + f"?owner={risk_owner.pk}&state=waiting").content.decode()
    address = reverse("registry:risk_review", args=[risk.pk]) + f"?round={found.pk}"
    assert address in page
    assert "Nothing changed since." in page
    assert client.post(address, {"verdict": "judge", "note": ""}).status_code == 422
    answer = client.post(address, {"verdict": "right", "row_version": risk.row_version})
    assert answer.headers["Location"] == found.get_absolute_url()
    shown = client.get(found.get_absolute_url()).content.decode()
    assert "Still right" in shown


def test_the_form_does_not_offer_to_close_to_whoever_may_not(client, risk, reviewer, risk_owner):
    address = reverse("registry:risk_review", args=[risk.pk])
    for person, offered in ((reviewer, False), (risk_owner, True)):
        client.force_login(person)
        assert ('value="close"' in client.get(address).content.decode()) is offered


def test_whoever_came_second_is_told_on_the_page(client, risk, risk_owner, release_manager):
    client.force_login(risk_owner)
    address = reverse("registry:risk_review", args=[risk.pk])
    client.get(address)
    services.edit_risk(risk, actor=release_manager, harm="It is worse.")
    answer = client.post(address, {"verdict": "right", "note": "All fine.", "row_version": 1})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Release manager changed this" in text
    assert "All fine." in text
    assert 'name="row_version" value="2"' in text


def test_the_register_leads_to_a_round_with_its_filter(client, family, risk, risk_owner):
    client.force_login(risk_owner)
    address = reverse("registry:round_create") + f"?family={family.pk}&band=moderate&owner=me"
    page = client.get(address)
    assert "Only these risks" in page.content.decode()
    answer = client.post(
        address, {"publisher": family.publisher_id, "family": family.pk, "title": "Mine", "due_on": SOON}, follow=True
    )
    assert risk.title in answer.content.decode()
    assert ReviewRound.objects.get().chosen_by == {"band": "moderate", "owner": "me"}


def test_rounds_over_the_api(client, publisher, family, risk, risk_owner):
    client.force_login(risk_owner)
    body = {"publisher": publisher.pk, "title": "By program", "due_on": "2050-01-01", "chosen": {"owner": "me"}}
    made = client.post(reverse("api:review-round-list"), body, content_type="application/json").json()
    assert (made["items"], made["waiting"], made["stage"]) == (1, 1, "open")
    services.edit_risk(risk, actor=risk_owner, title="Renamed")
    rows = client.get(reverse("api:review-round-items", args=[made["id"]])).json()["results"]
    assert rows[0]["state"] == "waiting"
    assert rows[0]["changes"][0]["words"] == "changed the risk: title"
    answer = client.post(
        reverse("api:risk-review-list"), {"risk": risk.pk, "verdict": "right"}, content_type="application/json"
    )
    assert answer.json()["round"] == made["id"]
    done = client.get(reverse("api:review-round-detail", args=[made["id"]])).json()
    assert (done["waiting"], done["stage"]) == (0, "done")
    progress = client.get(reverse("api:review-round-progress", args=[made["id"]])).json()
    assert (progress[0]["owner"], progress[0]["reviewed"]) == (risk_owner.pk, 1)


def test_many_risks_make_a_round_in_one_go(publisher, family, release_manager, django_assert_max_num_queries):
    scale = selectors.scale_in_force(publisher.pk)
    judged = {"inherent_likelihood": 2, "inherent_severity": 2, "opened_at": timezone.now(), "scale": scale}
    Risk.objects.bulk_create(
        Risk(family=family, number=n, title=f"Risk {n}", harm="x", stage="open", owner=release_manager, **judged)
        for n in range(1, 2001)
    )
    with django_assert_max_num_queries(15):
        found = start(publisher, release_manager)
    assert found.items.count() == 2000


def test_an_item_of_a_round_belongs_to_one_risk_once(risk):
    item = RoundItemFactory(risk=risk)
    with pytest.raises(DatabaseError, match="one_item_per_risk_and_round"), transaction.atomic():
        RoundItemFactory(risk=risk, round=item.round)
