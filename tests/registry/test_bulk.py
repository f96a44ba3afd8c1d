"""One change to many risks: each through its own service, each on record, and each that is not changed says why."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from common import jobs
from common.lifecycle import Refused
from common.models import AuditEvent
from registry import services
from registry.models import BulkChange, Risk
from tests.factories.registry import BulkChangeFactory, ModelFamilyFactory, RiskFactory


@pytest.fixture
def risks(family, risk_owner):
    later = timezone.localdate() + dt.timedelta(days=60)
    return [RiskFactory(family=family, opened=True, owner=risk_owner, review_due_on=later) for _ in range(3)]


def numbers(risks):
    return [risk.pk for risk in risks]


def test_owners_are_changed_each_on_its_own_record(risks, reviewer, release_manager):
    risks[0].deputy = reviewer
    risks[0].save()
    change = services.start_bulk_change(numbers(risks), actor=release_manager, action="owner", person=reviewer)
    assert (change.done_count, change.problems, change.finished_at is None) == (3, [], False)
    assert set(Risk.objects.values_list("owner", "deputy")) == {(reviewer.pk, None)}
    assert AuditEvent.objects.filter(verb="registry.risk.assign_owner", actor_id=release_manager.pk).count() == 3


def test_each_that_is_not_changed_says_why(risks, family, risk_owner, release_manager, stranger):
    elsewhere = RiskFactory()
    change = services.start_bulk_change(
        [*numbers(risks), elsewhere.pk], actor=release_manager, action="deputy", person=risk_owner
    )
    reasons = [reason for _number, _title, reason in change.problems]
    assert reasons == [*[f"{risk_owner} owns it already. Name somebody else."] * 3, "There is no such risk."]
    change = services.start_bulk_change(numbers(risks), actor=release_manager, action="deputy", person=stranger)
    assert "holds no role" in change.problems[0][2]
    assert not Risk.objects.exclude(deputy=None).exists()


def test_asking_to_look_again_makes_it_due_today_and_changes_no_score(risks, family, release_manager):
    draft = RiskFactory(family=family)
    before = dict(Risk.objects.values_list("pk", "current_score"))
    change = services.start_bulk_change(
        [*numbers(risks), draft.pk], actor=release_manager, action="review", reason="New evaluation."
    )
    assert change.done_count == 3
    assert "Only open risks" in change.problems[0][2]
    assert set(Risk.objects.filter(stage="open").values_list("review_due_on", flat=True)) == {timezone.localdate()}
    assert dict(Risk.objects.values_list("pk", "current_score")) == before
    event = AuditEvent.objects.filter(verb="registry.risk.ask_for_review").first()
    assert event.reason == "New evaluation."
    again = services.start_bulk_change(numbers(risks), actor=release_manager, action="review")
    assert again.done_count == 0


def test_many_are_changed_by_a_worker_that_goes_on_where_it_stopped(family, risk_owner, reviewer, release_manager):
    many = [RiskFactory(family=family, opened=True, owner=risk_owner) for _ in range(60)]
    change = services.start_bulk_change(numbers(many), actor=release_manager, action="owner", person=reviewer)
    assert change.finished_at is None
    # A worker that died after the first lot.
    BulkChange.objects.filter(pk=change.pk).update(position=25, done_count=25)
    jobs.run(change.job_id)
    change.refresh_from_db()
    assert (change.done_count, change.position, change.problems) == (60, 60, [])
    assert Risk.objects.filter(owner=reviewer).count() == 35


def test_only_those_who_treat_risks_change_many(risks, reviewer, auditor, release_manager):
    for other in (reviewer, auditor):
        with pytest.raises(PermissionDenied):
            services.start_bulk_change(numbers(risks), actor=other, action="review")
    for wrong in ({"action": "lower"}, {"action": "owner"}):
        with pytest.raises(Refused):
            services.start_bulk_change(numbers(risks), actor=release_manager, **wrong)


def test_the_list_offers_it_without_scripts(risks, family, reviewer, release_manager, client):
    client.force_login(release_manager)
    page = client.get("/workspace/risks/").content.decode()
    assert f'name="chosen" value="{risks[0].pk}"' in page
    ask = client.post("/workspace/risks/bulk/", {"action": "owner", "chosen": [risks[0].pk]})
    assert ask.status_code == 200
    assert "1 risk is chosen" in ask.content.decode()
    sent = {"action": "owner", "chosen": [risks[0].pk], "confirmed": "1", "person": reviewer.pk}
    done = client.post("/workspace/risks/bulk/", sent)
    assert done["Location"] == BulkChange.objects.get().get_absolute_url()
    risks[0].refresh_from_db()
    assert risks[0].owner == reviewer
    empty = client.post("/workspace/risks/bulk/", {"action": "owner", "query": "band=high"})
    assert empty["Location"] == "/workspace/risks/?band=high"


def test_all_under_the_filter_are_meant(risks, publisher, release_manager, reviewer, client):
    other = RiskFactory(family=ModelFamilyFactory(publisher=publisher), opened=True)
    RiskFactory(opened=True)
    client.force_login(release_manager)
    sent = {"action": "owner", "everything": "1", "query": f"family={other.family_id}", "confirmed": "1"}
    client.post("/workspace/risks/bulk/", {**sent, "person": reviewer.pk})
    assert list(Risk.objects.filter(owner=reviewer)) == [other]
    client.post("/workspace/risks/bulk/", {**sent, "query": "", "person": reviewer.pk})
    assert Risk.objects.filter(owner=reviewer).count() == 4


def test_a_reader_of_the_register_sees_no_boxes(risks, auditor, client):
    client.force_login(auditor)
    assert 'name="chosen"' not in client.get("/workspace/risks/").content.decode()


def test_results_are_ones_own(release_manager, reviewer, client, django_assert_max_num_queries):
    change = BulkChangeFactory(requested_by=release_manager, problems=[[1, "R-1 Risk", "Because."]])
    client.force_login(release_manager)
    with django_assert_max_num_queries(8):
        assert "Because." in client.get(change.get_absolute_url()).content.decode()
    client.force_login(reviewer)
    assert client.get(change.get_absolute_url()).status_code == 404


def test_over_the_api(risks, reviewer, stranger, release_manager, client):
    client.force_login(release_manager)
    body = {"action": "owner", "risks": numbers(risks), "person": reviewer.pk}
    made = client.post("/api/v1/bulk-changes/", body, "application/json")
    assert made.status_code == 201, made.content
    assert made.json()["done_count"] == 3
    unknown = client.post("/api/v1/bulk-changes/", body | {"person": stranger.pk}, "application/json")
    assert unknown.status_code == 400
