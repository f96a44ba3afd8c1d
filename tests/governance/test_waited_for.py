"""Whoever waited for somebody else's lock decides on what is stored then, in joined rows and subqueries as well.

``FOR UPDATE`` reads the locked row again after it waited, but neither the rows it was joined with nor what a subquery
in the same statement had counted.
"""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from common import audit
from common.lifecycle import Refused
from common.models import Job
from governance.services import enter_phase, publish_release, withdraw_release
from registry import services
from registry.models import AssessmentProposal, Phase, Risk, RiskReview
from tests.factories.registry import PhaseFactory, RiskFactory, RiskImportFactory

pytestmark = pytest.mark.django_db(transaction=True)


def after_waiting(first, second):
    """What ``second`` comes to when it begins while ``first`` has its lock, and waits for its commit."""
    came_to = []

    def wait():
        try:
            came_to.append(second())
        except Exception as error:
            came_to.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=wait)
    with transaction.atomic():
        first()
        other.start()
        other.join(1.0)
        assert other.is_alive(), came_to
    other.join(20)
    return came_to[0]


def test_a_judgement_overtakes_a_proposal_that_was_made_while_it_waited(family, risk_owner, release_manager):
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=3)
    after_waiting(
        lambda: services.assess_risk(
            risk, actor=risk_owner, kind="residual", likelihood=1, severity=1, rationale="Less."
        ),
        lambda: services.assess_risk(
            risk, actor=release_manager, kind="residual", likelihood=4, severity=5, rationale="More."
        ),
    )
    assert AssessmentProposal.objects.get().stage == "withdrawn"


def test_a_phase_becomes_no_internal_one_while_its_release_is_published(
    family, draft_release, release_manager, reviewer
):
    phase = services.plan_phase(draft_release, actor=release_manager, kind="end_of_support", decider=reviewer)
    refused = after_waiting(
        lambda: publish_release(draft_release, actor=release_manager),
        lambda: services.edit_phase(phase, actor=release_manager, kind="internal"),
    )
    assert isinstance(refused, Refused), refused
    assert refused.field == "kind"


def test_whoever_enters_a_phase_names_who_decides_now(draft_release, release_manager, reviewer):
    phase = services.plan_phase(draft_release, actor=release_manager, kind="internal", decider=reviewer)
    entered = after_waiting(
        lambda: services.edit_phase(phase, actor=release_manager, decider=release_manager),
        lambda: enter_phase(Phase.objects.get(pk=phase.pk), actor=release_manager),
    )
    assert entered.decider == release_manager
    assert audit.trail(phase).first().evidence["decider"]["label"] == "Release manager"


def test_a_withdrawal_keeps_who_was_named_to_decide_it(release, release_manager, reviewer, incident_handler):
    phase = PhaseFactory(release=release, kind="withdrawn", decider=reviewer)
    after_waiting(
        lambda: services.edit_phase(phase, actor=release_manager, decider=release_manager),
        lambda: withdraw_release(release, actor=incident_handler, reason="A safeguard did not hold."),
    )
    phase.refresh_from_db()
    assert (phase.stage, phase.decider) == ("entered", release_manager)


@pytest.mark.parametrize("second", ["start_applying", "check_again", "discard_import"])
def test_an_import_that_has_just_begun_to_be_applied_is_left_alone(second, publisher, release_manager):
    done = {"state": "succeeded", "queued_at": timezone.now(), "requested_by": release_manager}
    checked = Job.objects.create(kind="registry.check_import", **done)
    row = RiskImportFactory(publisher=publisher, uploaded_by=release_manager, checked=True, new_count=1, job=checked)
    refused = after_waiting(
        lambda: services.start_applying(row, actor=release_manager),
        lambda: getattr(services, second)(row, actor=release_manager),
    )
    assert isinstance(refused, Refused), refused
    row.refresh_from_db()
    assert (row.stage, row.job.kind, row.job.state) == ("checked", "registry.apply_import", "queued")


def test_nobody_becomes_deputy_of_a_risk_that_they_have_just_come_to_own(family, risk_owner, reviewer, release_manager):
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
    refused = after_waiting(
        lambda: services.assign_risk_owner(risk, actor=release_manager, owner=reviewer),
        lambda: services.assign_risk_deputy(Risk.objects.get(pk=risk.pk), actor=release_manager, deputy=reviewer),
    )
    assert isinstance(refused, Refused), refused
    assert refused.field == "deputy"


def test_a_look_at_a_risk_counts_although_its_round_was_ended_meanwhile(publisher, family, risk_owner, release_manager):
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
    soon = timezone.localdate() + dt.timedelta(days=9)
    found = services.start_round(publisher, actor=release_manager, title="Spring", due_on=soon, chosen={})
    review = after_waiting(
        lambda: services.abandon_round(found, actor=release_manager, reason="No time."),
        lambda: services.review_risk(risk, actor=risk_owner, verdict="right"),
    )
    assert isinstance(review, RiskReview), review
    assert (review.round, found.items.get().review) == (None, None)
