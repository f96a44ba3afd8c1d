"""The scale of a publisher, by version: what a draft would move, putting it in force, and that levels follow it."""

import itertools
import threading
import time

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from common import audit, jobs
from common.lifecycle import Refused, Stale
from common.models import Job, OutboxEvent
from registry import selectors, services
from registry.models import BandRule, Publisher, Risk, RiskAcceptance, RiskAssessment, RiskScale
from registry.rescaling import falls, refit, spread
from registry.scale import RANK, Band, first_grid
from registry.services import carrying, scales
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory, RiskAcceptanceFactory, RiskFactory, RiskScaleFactory

THREE = {
    "likelihoods": ["Seldom", "Now and then", "Often"],
    "severities": ["Nuisance", "Harm", "Catastrophe"],
    "grid": [["low", "low", "high"], ["low", "moderate", "critical"], ["moderate", "high", "critical"]],
}


@pytest.fixture
def draft(publisher, release_manager):
    return services.draft_scale(publisher, actor=release_manager, note="Three steps are enough.")


def three(draft, actor):
    return services.edit_scale(draft, actor=actor, **THREE)


def activate(draft, actor, reason="The board decided so."):
    return services.activate_scale(draft, actor=actor, reason=reason)


def judge(risk, actor, likelihood, severity, kind="residual"):
    return services.assess_risk(
        risk, actor=actor, kind=kind, likelihood=likelihood, severity=severity, rationale="Measured."
    )


class TestSteps:
    @pytest.mark.parametrize(("old", "new"), [*itertools.product(range(2, 8), range(2, 8))])
    def test_ends_meet_and_order_stays(self, old, new):
        steps = spread(old, new)
        assert (len(steps), steps[0], steps[-1]) == (old, 1, new)
        assert steps == sorted(steps)
        if old == new:
            assert steps == list(range(1, old + 1))

    def test_what_falls_between_goes_to_the_worse(self):
        assert spread(5, 3) == [1, 2, 2, 3, 3]
        assert spread(3, 2) == [1, 2, 2]

    @pytest.mark.parametrize(("rows", "columns"), [*itertools.product(range(2, 8), range(2, 8))])
    def test_a_grid_drawn_anew_has_a_band_for_every_pair_and_never_falls(self, rows, columns):
        grid = refit(first_grid(), rows, columns)
        assert (len(grid), {len(row) for row in grid}) == (rows, {columns})
        assert falls(grid) is None
        assert (grid[0][0], grid[-1][-1]) == ("low", "critical")


class TestDrafts:
    def test_a_draft_is_a_copy_of_the_one_in_force(self, draft, publisher):
        first = selectors.scale_in_force(publisher.pk)
        assert (draft.number, draft.stage, draft.grid) == (2, "draft", first.grid)
        names = ("band", "review_days", "acceptance_days", "accepted_by", "needs_second_person")
        assert list(draft.rules.values_list(*names)) == list(first.rules.values_list(*names))
        assert audit.trail(draft).get().after["number"] == 2

    def test_one_at_a_time(self, draft, publisher, release_manager):
        with pytest.raises(Refused, match="being drafted already"):
            services.draft_scale(publisher, actor=release_manager)

    def test_only_release_managers_write(self, draft, publisher, risk_owner, administrator, auditor, stranger):
        for person in (risk_owner, administrator, auditor, stranger):
            with pytest.raises(PermissionDenied):
                services.draft_scale(publisher, actor=person)
            with pytest.raises(PermissionDenied):
                services.edit_scale(draft, actor=person, note="Other.")
            with pytest.raises(PermissionDenied):
                services.discard_scale(draft, actor=person)
            with pytest.raises(PermissionDenied):
                activate(draft, person)

    def test_fewer_words_draw_the_grid_anew_and_spread_the_steps(self, draft, release_manager):
        words = {"likelihoods": THREE["likelihoods"], "severities": THREE["severities"]}
        edited = services.edit_scale(draft, actor=release_manager, **words)
        assert (len(edited.grid), len(edited.grid[0])) == (3, 3)
        assert (edited.likelihood_map, edited.severity_map) == ([1, 2, 2, 3, 3], [1, 2, 2, 3, 3])
        back = services.edit_scale(edited, actor=release_manager, likelihoods=list("abcde"), severities=list("abcde"))
        assert (back.likelihood_map, back.severity_map) == ([], [])

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"likelihoods": ["One"]}, "likelihoods"),
            ({"severities": [str(n) for n in range(8)]}, "severities"),
            ({"likelihoods": ["Rare", "rare"]}, "likelihoods"),
            ({"detectabilities": ["Soon"]}, "detectabilities"),
            ({"grid": [["low"]]}, "grid"),
            ({"grid": [["high"] * 5, *first_grid()[1:]]}, "grid"),
            ({"grid": [["none"] * 5] * 5}, "grid"),
            ({"likelihood_map": [1, 2, 3]}, "likelihood_map"),
            ({"severity_map": [5, 4, 3, 2, 1]}, "severity_map"),
            ({"rules": {"none": {}}}, "rules"),
            ({"rules": {"high": {"review_days": 0}}}, "rules"),
            ({"rules": {"high": {"accepted_by": "nobody"}}}, "rules"),
        ],
    )
    def test_what_makes_no_sense_is_named_at_its_field(self, draft, release_manager, changes, field):
        with pytest.raises(ValidationError) as invalid:
            services.edit_scale(draft, actor=release_manager, **changes)
        assert list(invalid.value.error_dict) == [field]

    def test_rules_are_changed_and_on_record(self, draft, release_manager):
        edited = services.edit_scale(draft, actor=release_manager, rules={"low": {"review_days": 30, "label": "Fine"}})
        rule = BandRule.objects.get(scale=draft, band="low")
        assert (rule.review_days, rule.label, edited.row_version) == (30, "Fine", 2)
        assert audit.trail(draft).first().after["rules"]["low"]["review_days"] == 30

    def test_whoever_comes_second_is_told(self, draft, release_manager):
        services.edit_scale(draft, actor=release_manager, note="First.", expected_version=1)
        with pytest.raises(Stale):
            services.edit_scale(draft, actor=release_manager, note="Second.", expected_version=1)

    def test_a_draft_can_be_discarded_and_one_in_force_cannot(self, draft, publisher, release_manager):
        services.discard_scale(draft, actor=release_manager)
        assert not RiskScale.objects.filter(pk=draft.pk).exists()
        with pytest.raises(Refused, match="does not change"):
            services.discard_scale(selectors.scale_in_force(publisher.pk), actor=release_manager)


class TestActivation:
    def test_it_replaces_the_one_before(self, draft, publisher, release_manager):
        first = selectors.scale_in_force(publisher.pk)
        active = activate(draft, release_manager)
        first.refresh_from_db()
        assert (active.stage, first.stage) == ("active", "superseded")
        assert selectors.scale_in_force(publisher.pk) == active
        event = audit.trail(active).first()
        assert (event.verb, event.reason) == ("registry.riskscale.activate", "The board decided so.")
        assert OutboxEvent.objects.filter(name="registry.scale.activated").count() == 1
        with pytest.raises(Refused, match="already “In force”"):
            activate(draft, release_manager)

    def test_without_a_reason_or_a_note_nothing_happens(self, draft, release_manager, publisher):
        with pytest.raises(Refused):
            activate(draft, release_manager, reason=" ")
        services.edit_scale(draft, actor=release_manager, note="")
        with pytest.raises(Refused, match="why there is a new version"):
            activate(draft, release_manager)
        assert selectors.scale_in_force(publisher.pk).number == 1

    def test_risks_are_carried_over_with_their_history(self, draft, family, release_manager, risk_owner):
        risk = RiskFactory(family=family, number=1, owner=risk_owner)
        judge(risk, release_manager, 4, 4, "inherent")
        judge(risk, release_manager, 2, 4)
        judge(risk, release_manager, 1, 2, "target")
        services.open_risk(risk, actor=release_manager)
        risk.refresh_from_db()
        version = risk.row_version
        active = activate(three(draft, release_manager), release_manager)
        risk.refresh_from_db()
        assert risk.scale == active
        assert [risk.inherent_band, risk.residual_band, risk.target_band] == ["critical", "critical", "low"]
        assert (risk.residual_likelihood, risk.residual_severity, risk.row_version) == (2, 3, version + 1)
        rows = list(risk.assessments.order_by("pk").values_list("kind", "cause", "scale__number", "band"))
        assert rows == [
            ("inherent", "judged", 1, "critical"),
            ("residual", "judged", 1, "moderate"),
            ("target", "judged", 1, "low"),
            ("inherent", "rebanded", 2, "critical"),
            ("residual", "rebanded", 2, "critical"),
            ("target", "rebanded", 2, "low"),
        ]
        words = risk.assessments.get(kind="residual", cause="rebanded")
        assert "scale 1 to scale 2" in words.rationale
        assert "4 Major to 3 Catastrophe" in words.rationale
        assert words.assessed_by == release_manager
        event = audit.trail(risk).first()
        assert (event.verb, event.before, event.after) == (
            "registry.risk.carry_over",
            {"scale": 1, "level": "moderate"},
            {"scale": 2, "level": "critical"},
        )

    def test_the_next_look_is_due_as_the_new_level_asks(self, draft, family, release_manager, risk_owner):
        risk = RiskFactory(family=family, number=1, owner=risk_owner)
        judge(risk, release_manager, 1, 1, "inherent")
        risk.refresh_from_db()
        services.edit_scale(draft, actor=release_manager, rules={"low": {"review_days": 10}})
        before = risk.review_due_on
        activate(draft, release_manager)
        risk.refresh_from_db()
        assert (before - risk.review_due_on).days == 355

    def test_closed_risks_keep_theirs_until_they_are_reopened(self, draft, family, release_manager, risk_owner):
        risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
        services.close_risk(risk, actor=release_manager, reason="Gone.")
        active = activate(three(draft, release_manager), release_manager)
        risk.refresh_from_db()
        assert (risk.scale.number, risk.residual_band) == (1, "moderate")
        reopened = services.reopen_risk(risk, actor=release_manager, reason="Back.")
        assert (reopened.stage, reopened.scale, reopened.residual_band) == ("open", active, "critical")
        assert risk.assessments.filter(cause="rebanded").count() == 2

    def test_versions_passed_over_are_followed_one_after_the_other(self, draft, family, release_manager, risk_owner):
        risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
        services.close_risk(risk, actor=release_manager, reason="Gone.")
        second = activate(three(draft, release_manager), release_manager)
        third = services.draft_scale(second.publisher, actor=release_manager, note="Two.")
        third = services.edit_scale(
            third, actor=release_manager, likelihoods=["No", "Yes"], severities=["Small", "Big"]
        )
        activate(third, release_manager)
        reopened = services.reopen_risk(risk, actor=release_manager, reason="Back.")
        # 2 of 5 is 2 of 3 is 2 of 2; 4 of 5 is 3 of 3 is 2 of 2.
        assert (reopened.residual_likelihood, reopened.residual_severity) == (2, 2)

    def test_other_publishers_are_left_alone(self, draft, release_manager):
        other = RiskFactory(family=ModelFamilyFactory(), number=1, opened=True)
        activate(three(draft, release_manager), release_manager)
        other.refresh_from_db()
        assert (other.scale.number, other.row_version) == (1, 1)

    def test_factors_with_other_steps_are_dropped(self, publisher, family, release_manager, risk_owner):
        draft = services.draft_scale(publisher, actor=release_manager, note="More factors.")
        words = {"detectabilities": ["At once", "Late"], "reversibilities": ["Yes", "No"]}
        services.edit_scale(draft, actor=release_manager, **words)
        activate(draft, release_manager)
        risk = RiskFactory(family=family, number=1, owner=risk_owner, detectability=2, reversibility=2)
        draft = services.draft_scale(publisher, actor=release_manager, note="Finer.")
        services.edit_scale(draft, actor=release_manager, detectabilities=["At once", "Soon", "Late"])
        activate(draft, release_manager)
        risk.refresh_from_db()
        assert (risk.detectability, risk.reversibility) == (None, 2)

    def test_an_acceptance_of_what_was_judged_otherwise_ends(self, draft, family, release_manager, risk_owner):
        risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
        RiskAcceptanceFactory(risk=risk)
        assert sum(row["accepted"] for row in selectors.move_counts(selectors.moving(draft))) == 1
        activate(draft, release_manager)
        assert not RiskAcceptance.objects.in_force().exists()

    def test_nobody_lowers_their_own_risks_by_a_scale(self, draft, publisher, family, release_manager):
        risk = RiskFactory(family=family, number=1, opened=True, owner=release_manager, residual_likelihood=4)
        lenient = [["low"] * 5] * 5
        services.edit_scale(draft, actor=release_manager, grid=lenient)
        with pytest.raises(Refused, match=r"R-1, .* you answer for that yourself"):
            activate(draft, release_manager)
        assert selectors.scale_in_force(publisher.pk).number == 1
        activate(draft, UserFactory(is_superuser=True))
        risk.refresh_from_db()
        assert risk.current_band == "low"


def _bands(numbers):
    return Risk.objects.filter(pk__in=numbers).values_list("pk", "current_band", "inherent_band")


class TestDryRun:
    @pytest.fixture
    def risks(self, family, risk_owner):
        pairs = [(4, 4), (2, 4), (1, 1), (5, 1)]
        made = [
            RiskFactory(
                family=family, number=n, opened=True, owner=risk_owner, residual_likelihood=one, residual_severity=two
            )
            for n, (one, two) in enumerate(pairs, 1)
        ]
        RiskFactory(family=family, number=9)
        return made

    def test_it_says_exactly_what_activation_then_does(self, draft, risks, release_manager):
        draft = three(draft, release_manager)
        moves = selectors.moving(draft)
        foretold = {risk.pk: (risk.current_band, risk.new_current, risk.new_inherent) for risk in moves}
        counts = selectors.move_counts(moves)
        moved = set(selectors.moved_bands(moves).values_list("pk", flat=True))
        was = {pk: (current, inherent) for pk, current, inherent in _bands(foretold)}
        active = activate(draft, release_manager)
        assert len(foretold) == 4
        for risk in Risk.objects.filter(pk__in=foretold):
            assert (risk.current_band, risk.inherent_band) == foretold[risk.pk][1:]
        now = {pk: (current, inherent) for pk, current, inherent in _bands(foretold)}
        assert moved == {pk for pk in foretold if now[pk] != was[pk]}
        assert moved == {risks[1].pk}
        assert sum(row["count"] for row in counts) == 4
        assert [tuple(row.values()) for row in counts] == [
            ("critical", "critical", 1, 0, 0),
            ("moderate", "critical", 1, 2, 0),
            ("moderate", "moderate", 1, 0, 0),
            ("low", "low", 1, 0, 0),
        ]
        assert not selectors.moving(active).exists()

    def test_afterwards_it_is_read_from_the_record(self, draft, family, release_manager, risk_owner):
        risk = RiskFactory(family=family, number=1, owner=risk_owner)
        judge(risk, release_manager, 4, 4, "inherent")
        judge(risk, release_manager, 2, 4)
        draft = three(draft, release_manager)
        before = selectors.move_counts(selectors.moving(draft))
        active = activate(draft, release_manager)
        assert selectors.carried_counts(active) == before
        row = selectors.carried(active).get(kind="residual")
        assert (row.old_band, row.band, row.old_likelihood, row.likelihood) == ("moderate", "critical", 2, 2)

    def test_it_asks_little(self, draft, risks, release_manager, django_assert_num_queries):
        with django_assert_num_queries(2):
            list(selectors.moved_bands(selectors.moving(draft)))


def test_the_legend_names_numbers_only_where_they_tell_the_level(publisher):
    def grid(*bands):
        return RiskScale(
            likelihoods=["Rare", "Often"], severities=["Minor", "Severe"], grid=[[*bands[:2]], [*bands[2:]]]
        )

    mixed = selectors.empty_matrix(grid("low", "low", "high", "high")).legend
    assert [(entry.band, entry.range) for entry in mixed] == [("low", ""), ("high", "")]
    apart = selectors.empty_matrix(grid("low", "moderate", "moderate", "high")).legend
    assert [(entry.band, entry.range) for entry in apart] == [("low", "1–1"), ("moderate", "2–2"), ("high", "4–4")]


class TestManyRisks:
    def test_a_worker_carries_them_over_and_shows_how_far_it_is(
        self, draft, family, release_manager, risk_owner, monkeypatch
    ):
        monkeypatch.setattr(scales, "AT_ONCE", 3)
        monkeypatch.setattr(carrying, "CHUNK", 2)
        for number in range(1, 6):
            RiskFactory(family=family, number=number, opened=True, owner=risk_owner)
        active = activate(three(draft, release_manager), release_manager)
        assert active.job is not None
        assert selectors.lagging(active).count() == 5
        client = Client()
        client.force_login(release_manager)
        page = client.get(reverse("registry:scale_moves", args=[active.pk])).content.decode()
        assert "5 risks are still on an older version" in page
        assert reverse("registry:scale_job", args=[active.pk]) in page
        assert "Nothing was carried over" not in page
        assert "No risk with a level is touched" not in page
        # What is judged before its turn is carried over first.
        first = Risk.objects.get(number=1)
        judge(first, release_manager, 3, 3)
        first.refresh_from_db()
        assert (first.scale, first.inherent_likelihood, first.residual_band) == (active, 3, "critical")
        said = []
        monkeypatch.setattr(jobs.Progress, "__call__", lambda self, *told: said.append(told))
        jobs.run(active.job.pk)
        job = Job.objects.get(pk=active.job.pk)
        assert (job.state, job.error, job.result) == ("succeeded", "", {"risks": 4})
        assert [told[:2] for told in said] == [(2, 4), (4, 4)]
        assert not selectors.lagging(active).exists()
        assert RiskAssessment.objects.filter(cause="rebanded", scale=active).count() == 10
        # Safe to run twice.
        carrying.carry_all(active, actor=release_manager)
        assert RiskAssessment.objects.filter(cause="rebanded", scale=active).count() == 10

    def test_a_form_filled_in_under_the_old_words_is_not_taken(self, draft, family, release_manager, risk_owner):
        risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
        old = risk.scale_id
        activate(draft, release_manager)
        risk.refresh_from_db()
        with pytest.raises(Stale, match="scale was replaced"):
            services.assess_risk(
                risk, actor=release_manager, kind="residual", likelihood=1, severity=1, rationale="Old.", scale=old
            )


def _scales(publisher):
    """Several shapes, each put in force after the other."""
    yield RiskScale.objects.in_force().get(publisher=publisher)
    bands = list(Band)
    for rows, columns in ((2, 7), (7, 2), (3, 4), (6, 6)):
        grid = [[bands[min(3, (i + j) * 4 // (rows + columns - 1))].value for j in range(columns)] for i in range(rows)]
        actor = UserFactory(is_superuser=True)
        draft = services.draft_scale(publisher, actor=actor, note="Another.")
        services.edit_scale(
            draft,
            actor=actor,
            likelihoods=[f"l{n}" for n in range(rows)],
            severities=[f"s{n}" for n in range(columns)],
            grid=grid,
        )
        yield services.activate_scale(draft, actor=actor, reason="Property.")


def test_every_level_is_the_cell_of_its_scale_whoever_writes(publisher, family):
    """Through the service, through the ORM, and in plain SQL: for every pair of every scale."""
    judge_actor = UserFactory(is_superuser=True)
    seen = 0
    for scale in _scales(publisher):
        risk = RiskFactory(family=family, scale=scale)
        for likelihood, severity in itertools.product(
            range(1, len(scale.likelihoods) + 1), range(1, len(scale.severities) + 1)
        ):
            band = scale.grid[likelihood - 1][severity - 1]
            if seen % 5 == 0:
                made = judge(risk, judge_actor, likelihood, severity, "inherent")
                made.refresh_from_db()
                assert made.band == band
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE registry_risk SET inherent_likelihood = %s, inherent_severity = %s, "
                    "inherent_band = 'low', residual_likelihood = %s, residual_severity = %s, residual_band = 'low' "
                    "WHERE id = %s RETURNING inherent_band, residual_band, current_band, urgency >> 40",
                    [likelihood, severity, likelihood, severity, risk.pk],
                )
                assert cursor.fetchone() == (band, band, band, RANK[Band(band)] * 100 + likelihood * severity)
                cursor.execute(
                    "INSERT INTO registry_riskassessment (risk_id, kind, scale_id, likelihood, severity, band, "
                    "confidence, rationale, evidence, cause, assessed_by_id, assessed_at) "
                    "VALUES (%s, 'target', %s, %s, %s, 'low', '', 'SQL', '', 'judged', %s, now()) RETURNING band",
                    [risk.pk, scale.pk, likelihood, severity, judge_actor.pk],
                )
                assert cursor.fetchone() == (band,)
            seen += 1
        for wrong in ((0, 1), (len(scale.likelihoods) + 1, 1), (1, len(scale.severities) + 1)):
            with pytest.raises(IntegrityError), transaction.atomic():
                Risk.objects.filter(pk=risk.pk).update(inherent_likelihood=wrong[0], inherent_severity=wrong[1])
    assert seen == 25 + 14 + 14 + 12 + 36


class TestDatabase:
    def test_a_judgement_is_made_on_the_scale_in_force(self, draft, family, release_manager):
        risk = RiskFactory(family=family, number=1)
        old = risk.scale
        activate(draft, release_manager)
        values = {"risk": risk, "kind": "inherent", "likelihood": 1, "severity": 1, "rationale": "Late."}
        with pytest.raises(IntegrityError, match="on the scale in force"), transaction.atomic():
            RiskAssessment.objects.create(scale=old, band="low", assessed_by=release_manager, **values)

    def test_a_version_that_was_replaced_does_not_come_back(self, draft, publisher, release_manager):
        first = selectors.scale_in_force(publisher.pk)
        activate(draft, release_manager)
        with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("UPDATE registry_riskscale SET stage = 'active' WHERE id = %s", [first.pk])

    def test_a_grid_has_a_band_for_every_pair(self, publisher):
        for grid in ([["low"] * 5] * 4, [["low"] * 4] * 5, [["none"] * 5] * 5):
            with pytest.raises(IntegrityError), transaction.atomic():
                RiskScaleFactory(publisher=publisher, grid=grid)

    def test_one_draft_at_a_time(self, draft, publisher):
        with pytest.raises(IntegrityError), transaction.atomic():
            RiskScaleFactory(publisher=publisher)


@pytest.mark.django_db(transaction=True)
def test_a_judgement_during_activation_is_on_one_scale_or_the_other(family, release_manager, risk_owner):
    """Two real connections: whoever judges while the scale is replaced waits, and is then judged on the new one."""
    publisher = Publisher.objects.get(pk=family.publisher_id)
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
    draft = services.draft_scale(publisher, actor=release_manager, note="Three.")
    three(draft, release_manager)
    outcomes, replaced = [], threading.Event()

    def score():
        try:
            replaced.wait(10)
            outcomes.append(judge(risk, release_manager, 3, 3).scale_id)
        except (Refused, ValidationError) as refusal:
            outcomes.append(str(refusal))
        finally:
            connections.close_all()

    thread = threading.Thread(target=score)
    with transaction.atomic():
        thread.start()
        activate(draft, release_manager)
        replaced.set()
        time.sleep(0.5)
        assert outcomes == []
    thread.join(20)
    assert outcomes == [draft.pk]
    risk.refresh_from_db()
    assert (risk.scale_id, risk.residual_band, risk.inherent_band) == (draft.pk, "critical", "critical")


@pytest.mark.django_db(transaction=True)
def test_activation_and_many_judgements_at_once_never_stand_in_each_others_way(family, release_manager, risk_owner):
    publisher = Publisher.objects.get(pk=family.publisher_id)
    risks = [RiskFactory(family=family, number=n, opened=True, owner=risk_owner) for n in range(1, 5)]
    draft = services.draft_scale(publisher, actor=release_manager, note="Three.")
    three(draft, release_manager)
    start, wrong = threading.Barrier(5), []

    def score(risk):
        try:
            start.wait(10)
            for _n in range(5):
                judge(risk, release_manager, 3, 3)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=score, args=[risk]) for risk in risks]
    for thread in threads:
        thread.start()
    start.wait(10)
    activate(draft, release_manager)
    for thread in threads:
        thread.join(20)
    assert wrong == []
    for risk in Risk.objects.select_related("scale"):
        assert risk.scale_id == draft.pk
        assert risk.residual_band == risk.scale.band(risk.residual_likelihood, risk.residual_severity)
