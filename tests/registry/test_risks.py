"""The risk register: owners, judgements, stages, mitigations, and what the database itself refuses."""

import datetime as dt
import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from common import audit
from common.lifecycle import Refused, Stale
from registry import services
from registry.models import Mitigation, Risk, RiskAssessment
from registry.selectors import waiting_releases, waiting_risks
from tests.factories.registry import (
    MitigationFactory,
    ModelFamilyFactory,
    ObjectiveFactory,
    ReleaseFactory,
    RiskAssessmentFactory,
    RiskFactory,
)

TOMORROW = dt.date(2030, 1, 1)


@pytest.fixture
def draft(family):
    return RiskFactory(family=family, number=1)


@pytest.fixture
def risk(family, risk_owner):
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner)


def assess(risk, actor, kind="inherent", **changes):
    values = {"likelihood": 4, "severity": 4, "rationale": "Seen in red teaming.", **changes}
    return services.assess_risk(risk, actor=actor, kind=kind, **values)


def test_create_risk_numbers_within_the_family(family, reviewer):
    other = ModelFamilyFactory(publisher=family.publisher)
    numbers = [
        services.create_risk(where, actor=reviewer, title="A", harm="B").number for where in (family, family, other)
    ]
    assert numbers == [1, 2, 1]


def test_create_risk_is_on_record(family, incident_handler):
    risk = services.create_risk(family, actor=incident_handler, title="Fraud", harm="Loss")
    event = audit.trail(risk).get()
    assert (event.verb, event.actor_id, event.after["stage"]) == ("registry.risk.create", incident_handler.pk, "draft")


def test_create_risk_is_not_for_those_who_only_read(family, auditor, administrator, stranger, researcher):
    for person in (auditor, administrator, stranger, researcher):
        with pytest.raises(PermissionDenied):
            services.create_risk(family, actor=person, title="A", harm="B")
    assert not Risk.objects.exists()


def test_create_risk_refuses_what_belongs_to_another_family(family, risk_owner):
    objective = ObjectiveFactory(family=ModelFamilyFactory())
    with pytest.raises(Refused) as refusal:
        services.create_risk(family, actor=risk_owner, title="A", harm="B", objectives=[objective])
    assert refusal.value.field == "objectives"


def test_create_risk_needs_a_title_and_the_harm(family, risk_owner):
    with pytest.raises(ValidationError) as invalid:
        services.create_risk(family, actor=risk_owner, title="", harm="")
    assert sorted(invalid.value.error_dict) == ["harm", "title"]


def test_an_unassigned_risk_cannot_leave_draft(draft, release_manager):
    assess(draft, release_manager)
    with pytest.raises(Refused, match="unassigned risk cannot leave draft"):
        services.open_risk(draft, actor=release_manager)
    draft.refresh_from_db()
    assert draft.stage == Risk.Stage.DRAFT


def test_an_unassessed_risk_cannot_leave_draft(draft, release_manager, risk_owner):
    services.assign_risk_owner(draft, actor=release_manager, owner=risk_owner)
    with pytest.raises(Refused, match="Assess the risk"):
        services.open_risk(draft, actor=release_manager)


def test_open_risk_with_owner_and_assessment(draft, release_manager, risk_owner):
    services.assign_risk_owner(draft, actor=release_manager, owner=risk_owner)
    draft.refresh_from_db()
    assess(draft, risk_owner)
    opened = services.open_risk(draft, actor=risk_owner)
    assert opened.stage == Risk.Stage.OPEN
    assert opened.opened_at is not None
    event = audit.trail(opened).first()
    assert (event.verb, event.before, event.after) == ("registry.risk.open", "draft", "open")


def test_whoever_comes_second_is_told_who_came_first(draft, release_manager, risk_owner):
    services.assign_risk_owner(draft, actor=release_manager, owner=risk_owner)
    assess(draft, release_manager)
    services.open_risk(draft, actor=release_manager)
    with pytest.raises(Refused, match="already “Open”: Release manager"):
        services.open_risk(draft, actor=risk_owner)


def test_an_owner_who_lost_the_role_does_not_count(draft, release_manager, researcher):
    Risk.objects.filter(pk=draft.pk).update(owner=researcher, inherent_likelihood=1, inherent_severity=1)
    draft.refresh_from_db()
    with pytest.raises(Refused, match="no longer holds a role"):
        services.open_risk(draft, actor=release_manager)


def test_only_somebody_with_a_role_can_answer_for_a_risk(draft, risk_owner, researcher, stranger):
    for person in (researcher, stranger):
        with pytest.raises(Refused) as refusal:
            services.assign_risk_owner(draft, actor=risk_owner, owner=person)
        assert refusal.value.field == "owner"


def test_assign_risk_owner_is_for_those_who_treat_risks(draft, reviewer, risk_owner):
    with pytest.raises(PermissionDenied):
        services.assign_risk_owner(draft, actor=reviewer, owner=risk_owner)


def test_assess_risk_keeps_every_judgement_and_the_newest_counts(risk, risk_owner):
    assess(risk, risk_owner, kind="residual", likelihood=1, severity=3)
    assess(risk, risk_owner, kind="residual", likelihood=2, severity=3)
    risk.refresh_from_db()
    assert (risk.residual.score, risk.residual.band, risk.current.score) == (6, "moderate", 6)
    assert [row.likelihood for row in risk.assessments.all()] == [2, 1]
    event = audit.trail(risk).first()
    assert event.before == {"residual_likelihood": 1}
    assert event.reason == "Seen in red teaming."


def test_the_same_judgement_again_is_on_record_too(risk, risk_owner):
    assess(risk, risk_owner, kind="residual", likelihood=2, severity=4)
    assert audit.trail(risk).count() == 1
    assert risk.assessments.count() == 1


def test_assess_risk_refuses_what_is_off_the_scale(risk, risk_owner):
    with pytest.raises(ValidationError) as invalid:
        assess(risk, risk_owner, likelihood=6, severity=0, rationale="")
    assert sorted(invalid.value.error_dict) == ["likelihood", "rationale", "severity"]
    assert not RiskAssessment.objects.exists()


def test_assess_risk_wants_the_level_before_mitigation_first(draft, release_manager):
    with pytest.raises(Refused, match="before mitigation first"):
        assess(draft, release_manager, kind="residual")


def test_two_people_scoring_at_once_do_not_overwrite_each_other(risk, risk_owner, release_manager):
    assess(risk, release_manager, kind="residual", likelihood=5, expected_version=1)
    with pytest.raises(Stale, match="Release manager"):
        assess(risk, risk_owner, kind="residual", likelihood=1, expected_version=1)
    assert risk.assessments.count() == 1


def test_another_risk_owner_does_not_score_an_owned_risk(risk, release_manager, colleague, reviewer):
    Risk.objects.filter(pk=risk.pk).update(owner=release_manager)
    risk.refresh_from_db()
    with pytest.raises(PermissionDenied):
        assess(risk, reviewer)


def test_close_and_reopen_say_why(risk, risk_owner):
    with pytest.raises(Refused) as refusal:
        services.close_risk(risk, actor=risk_owner, reason="  ")
    assert refusal.value.field == "reason"
    closed = services.close_risk(risk, actor=risk_owner, reason="The feature was removed.")
    assert closed.closed_at is not None
    with pytest.raises(Refused, match="closed"):
        assess(closed, risk_owner)
    reopened = services.reopen_risk(closed, actor=risk_owner, reason="It came back.")
    assert (reopened.stage, reopened.closed_at) == ("open", None)
    assert [event.reason for event in audit.trail(risk)][:2] == ["It came back.", "The feature was removed."]


def test_a_mitigation_serves_several_risks_of_one_family(risk, family, risk_owner):
    other = RiskFactory(family=family, number=2)
    mitigation = services.add_mitigation(
        [risk, other], actor=risk_owner, title="Filter", owner=risk_owner, due_on=TOMORROW
    )
    assert set(mitigation.risks.all()) == {risk, other}
    elsewhere = RiskFactory(family=ModelFamilyFactory(publisher=family.publisher))
    with pytest.raises(Refused) as refusal:
        services.add_mitigation([risk, elsewhere], actor=risk_owner, title="X", owner=risk_owner, due_on=TOMORROW)
    assert refusal.value.field == "risks"


def test_mitigations_move_forward_only(risk, family, risk_owner, reviewer):
    mitigation = MitigationFactory(family=family, owner=reviewer, risks=[risk])
    assert services.start_mitigation(mitigation, actor=reviewer).stage == "in_progress"
    assert services.finish_mitigation(mitigation, actor=reviewer).stage == "done"
    with pytest.raises(Refused, match="already “Done”"):
        services.drop_mitigation(mitigation, actor=risk_owner, reason="Too late")
    mitigation.refresh_from_db()
    with pytest.raises(Refused, match="stays as it is"):
        services.edit_mitigation(mitigation, actor=risk_owner, title="New")
    with pytest.raises(PermissionDenied):
        services.start_mitigation(MitigationFactory(family=family, owner=risk_owner), actor=reviewer)


def test_what_presses_most_waits_first(client, family, publisher, risk_owner, release_manager):
    today, day = timezone.localdate(), dt.timedelta(days=1)
    unscored = {"residual_likelihood": None, "residual_severity": None}
    mine = {"family": family, "opened": True, "owner": risk_owner}
    unjudged = RiskFactory(number=1, **mine, **unscored, review_due_on=today + 90 * day)
    in_round = RiskFactory(number=2, **mine)
    services.start_round(publisher, actor=release_manager, title="Spring", due_on=today + 9 * day, chosen={})
    unowned = RiskFactory(family=family, number=3)
    to_review = RiskFactory(number=4, **mine, review_due_on=today)
    late = RiskFactory(number=5, **mine, review_due_on=today)
    for days in (1, 40):
        MitigationFactory(family=family, risks=[late], due_on=today - days * day)
    stubs = [services.raise_stub(family, actor=risk_owner, title=f"Concern {n}") for n in range(2)]
    expected = [late, to_review, unjudged, in_round, *reversed(stubs), unowned]
    # Whatever waits in the same round is as pressing: what was there first comes first.
    assert list(waiting_risks(risk_owner)) == expected
    client.force_login(risk_owner)
    page = client.get(reverse("accounts:workspace"))
    rows = next(rows for item, rows in page.context["places"] if item.name == "risks")
    assert rows == expected[:5]
    assert stubs[1] in rows


def test_waiting_for_the_owner_and_for_those_who_assign(family, risk_owner, release_manager, reviewer, auditor):
    complete = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
    unassessed = RiskFactory(
        family=family, number=2, opened=True, owner=risk_owner, residual_likelihood=None, residual_severity=None
    )
    late = RiskFactory(family=family, number=3, opened=True, owner=risk_owner)
    MitigationFactory(family=family, risks=[late], due_on=timezone.localdate() - dt.timedelta(days=1))
    MitigationFactory(family=family, risks=[complete])
    unowned = RiskFactory(family=family, number=4)
    RiskFactory(family=ModelFamilyFactory(), number=1)
    assert set(waiting_risks(risk_owner)) == {unassessed, late, unowned}
    assert set(waiting_risks(release_manager)) == {unowned}
    assert set(waiting_risks(auditor)) == set(waiting_risks(reviewer)) == set()
    draft = ReleaseFactory(family=family)
    assert list(waiting_releases(release_manager)) == [draft]
    assert list(waiting_releases(risk_owner)) == []


def test_what_the_public_may_know_of(family, release, researcher, risk_owner):
    shown = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
    RiskFactory(family=family, number=2, opened=True, owner=risk_owner, is_public=False)
    RiskFactory(family=family, number=3)
    RiskFactory(family=family, number=4, opened=True, owner=risk_owner, release=ReleaseFactory(family=family))
    RiskFactory(family=ModelFamilyFactory(), opened=True)
    assert list(Risk.objects.visible_to(researcher)) == [shown]
    assert Risk.objects.visible_to(risk_owner).count() == 4
    seen = MitigationFactory(family=family, risks=[shown])
    MitigationFactory(family=family, risks=list(Risk.objects.filter(number=2)))
    assert list(Mitigation.objects.visible_to(researcher)) == [seen]


def test_words_find_risks(family, risk_owner):
    risk = RiskFactory(family=family, number=12, title="Targeted phishing", harm="People lose money.")
    RiskFactory(family=family, number=1, title="Bias", harm="People are treated unfairly.")
    for text in ("phish", "targeted phi", "R-12", "r-12", "money lose"):
        assert list(Risk.objects.matching(text)) == [risk], text
    for text in ("phish & !", "'); DROP", "money <-> unfair", ":*", "nothing"):
        assert risk not in Risk.objects.matching(text) or text in {"phish & !", ":*"}, text


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"owner_id": None}, "open_risk_has_owner"),
        ({"inherent_likelihood": None, "inherent_severity": None}, "open_risk_is_assessed"),
        ({"residual_likelihood": 6}, "is off scale"),
        ({"residual_likelihood": 8}, "is off scale"),
        ({"residual_severity": None}, "residual_judgement_is_whole"),
        ({"stage": "elsewhere"}, "risk_stage_is_known"),
    ],
)
def test_the_database_keeps_the_register_honest(risk, changes, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Risk.objects.filter(pk=risk.pk).update(**changes)


@pytest.mark.parametrize("statement", ["UPDATE {} SET rationale = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_judgements_cannot_be_rewritten(risk, statement):
    RiskAssessmentFactory(risk=risk)
    connection.check_constraints()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format("registry_riskassessment"))


@pytest.mark.django_db(transaction=True)
def test_risks_recorded_at_once_get_numbers_of_their_own(family, reviewer):
    numbers, start = [], threading.Barrier(6)

    def record():
        try:
            start.wait(10)
            numbers.append(services.create_risk(family, actor=reviewer, title="At once", harm="Harm").number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=record) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_a_risk_at_once_one_is_told(draft, release_manager, risk_owner):
    services.assign_risk_owner(draft, actor=release_manager, owner=risk_owner)
    assess(draft, release_manager)
    outcomes, start = [], threading.Barrier(2)

    def open_it(person):
        try:
            start.wait(10)
            outcomes.append(services.open_risk(draft, actor=person).stage)
        except Refused as refusal:
            outcomes.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=open_it, args=[person]) for person in (release_manager, risk_owner)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert outcomes.count("open") == 1
    assert any("already “Open”" in outcome for outcome in outcomes)


def test_a_deputy_who_becomes_owner_is_no_longer_deputy(risk, risk_owner, reviewer, release_manager):
    services.assign_risk_owner(risk, actor=release_manager, owner=risk_owner, deputy=reviewer)
    risk.refresh_from_db()
    assert (risk.owner, risk.deputy) == (risk_owner, reviewer)
    services.assign_risk_owner(risk, actor=release_manager, owner=reviewer)
    risk.refresh_from_db()
    assert (risk.owner, risk.deputy) == (reviewer, None)


def test_nobody_stands_in_for_themselves(risk, risk_owner, release_manager, researcher):
    for deputy, words in ((risk_owner, "owns it already"), (researcher, "holds no role")):
        with pytest.raises(Refused, match=words) as refusal:
            services.assign_risk_owner(risk, actor=release_manager, owner=risk_owner, deputy=deputy)
        assert refusal.value.field == "deputy"
