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


class TestByFilterOverTheApi:
    URL = "/api/v1/bulk-changes/"

    @pytest.fixture
    def post(self, client, release_manager):
        client.force_login(release_manager)
        return lambda **body: client.post(self.URL, body, "application/json")

    @pytest.fixture
    def others(self, release_manager):
        """Of a family that the release manager has no role for, one of them shown to everybody."""
        elsewhere = ModelFamilyFactory()
        return [RiskFactory(family=elsewhere, number=n, opened=True, is_public=n == 1) for n in (1, 2)]

    def test_it_changes_what_the_list_finds_and_says_why_of_each_other(
        self, post, family, risks, others, reviewer, release_manager
    ):
        services.assign_risk_owner(risks[0], actor=release_manager, owner=reviewer)
        made = post(action="owner", filter={"stage": "open"}, expected_count=3, person=reviewer.pk)
        assert made.status_code == 201, made.content
        assert (made.json()["total"], made.json()["done_count"]) == (3, 2)
        ((number, _label, reason),) = made.json()["problems"]
        assert (number, reason) == (risks[0].pk, "Reviewer owns it already.")
        assert set(Risk.objects.filter(owner=reviewer)) == set(risks)
        # Names and values are those of the list.
        none = post(action="review", filter={"family": family.pk, "unowned": True}, expected_count=1)
        assert none.status_code == 409
        some = post(action="review", filter={"owner": reviewer.pk, "search": risks[1].reference}, expected_count=1)
        assert (some.status_code, some.json()["done_count"]) == (201, 1)

    def test_another_number_than_expected_changes_nothing(self, post, risks, reviewer):
        for expected in (2, 4):
            refused = post(action="owner", filter={"stage": "open"}, expected_count=expected, person=reviewer.pk)
            assert refused.status_code == 409
            assert "finds 3 risks now" in refused.content.decode()
        assert not Risk.objects.filter(owner=reviewer).exists()
        assert not BulkChange.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            {"filter": {"stage": "open"}},
            {"filter": {"stag": "open"}, "expected_count": 3},
            {"filter": {"stage": "opened"}, "expected_count": 3},
            {"filter": {"stage": ["open"]}, "expected_count": 3},
            {"filter": {"stage": None}, "expected_count": 3},
            {"filter": "stage=open", "expected_count": 3},
            {"filter": {}, "expected_count": 0},
            {"filter": {}, "risks": [1], "expected_count": 1},
            {"risks": [1], "expected_count": 1},
            {},
        ],
    )
    def test_what_is_not_clear_is_refused(self, post, risks, body):
        answer = post(action="review", **body)
        assert answer.status_code == 400, answer.content
        assert not BulkChange.objects.exists()

    @pytest.mark.parametrize("more", [{"likelihood": 1}, {"residual_likelihood": 1}])
    def test_nothing_in_bulk_lowers_a_score(self, post, risks, more):
        levels = list(Risk.objects.values_list("pk", "current_score"))
        assert post(action="assess", filter={}, expected_count=3, **more).status_code == 400
        assert post(action="review", filter={}, expected_count=3, **more).status_code == 201
        assert list(Risk.objects.values_list("pk", "current_score")) == levels

    def test_it_is_for_those_who_treat_risks(self, client, risks, auditor):
        client.force_login(auditor)
        body = {"action": "review", "filter": {}, "expected_count": 3}
        assert client.post(self.URL, body, "application/json").status_code == 403
