"""An upgrade of a database that people work with: the tables as they first were, filled, then brought up to date."""

import datetime as dt
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from registry.models import Objective, Publisher, Release, Risk, RiskAcceptance, RiskAssessment, RiskScale
from registry.scale import Band

# What the first version had.
FIRST = [
    ("accounts", "0005_country_and_domain_in_any_spelling"),
    ("common", "0002_audit_is_append_only"),
    ("registry", "0004_published_releases_do_not_change"),
    ("governance", "0002_published_decisions_are_frozen"),
    ("access", "0004_search_by_purpose"),
    ("incidents", "0002_risks_count_for_the_audience"),
    ("reports", "0002_made_reports_do_not_change"),
]
LONG_AGO = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@contextmanager
def another_database():
    """An empty database of its own behind the default connection."""
    own, name = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_upgrade"
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = own
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def migrate(targets):
    executor = MigrationExecutor(connection)
    return executor.migrate(targets).apps


def fill(apps):
    """A publisher with a released model, objectives, and a risk in every state."""
    model = apps.get_model
    person = model("accounts", "User").objects.create(email="risk.owner@example.org", display_name="Risk owner")
    publisher = model("registry", "Publisher").objects.create(slug="pub", name="Publisher")
    family = model("registry", "ModelFamily").objects.create(
        publisher=publisher, slug="pilot", name="Pilot", summary="A model."
    )
    model("registry", "Release").objects.create(
        family=family,
        version="1.0",
        stage="published",
        licence="Some licence of our own, see LICENSE",
        base_model="elsewhere/base",
        revision="a" * 40,
        published_at=LONG_AGO,
        created_by=person,
    )
    objective = model("registry", "Objective").objects.create(family=family, title="Nobody is deceived")
    risks, assessments = model("registry", "Risk").objects, model("registry", "RiskAssessment").objects
    risks.create(family=family, number=1, title="Draft", harm="Harm", objective=objective)
    judged = {"inherent_likelihood": 5, "inherent_severity": 4, "residual_likelihood": 2, "residual_severity": 5}
    shared = {"family": family, "harm": "Harm", "owner": person, **judged}
    opened = risks.create(number=2, title="Open", stage="open", opened_at=LONG_AGO, objective=objective, **shared)
    risks.create(number=3, title="Closed, and nobody wrote down since when", stage="closed", **shared)
    for kind in ("inherent", "residual"):
        assessments.create(
            risk=opened,
            kind=kind,
            likelihood=judged[f"{kind}_likelihood"],
            severity=judged[f"{kind}_severity"],
            rationale="Seen.",
            assessed_by=person,
        )


@pytest.mark.django_db(transaction=True)
def test_what_was_recorded_is_still_there_after_an_upgrade():
    with another_database():
        fill(migrate(FIRST))
        migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())

        scale = RiskScale.objects.get()
        assert (scale.number, scale.stage, scale.publisher) == (1, "active", Publisher.objects.get())
        assert {rule.band for rule in scale.rules.all()} == set(Band.values)
        draft, opened, closed = Risk.objects.order_by("number")
        assert (draft.stage, draft.inherent, draft.opened_at) == ("draft", None, None)
        assert (opened.inherent.score, opened.inherent.band) == (20, Band.CRITICAL)
        assert (opened.residual.score, opened.residual.band) == (10, Band.HIGH)
        assert opened.current_band == Band.HIGH
        assert closed.opened_at is not None
        assert list(opened.objectives.all()) == list(draft.objectives.all()) == [Objective.objects.get()]
        assert [(each.kind, each.band, each.scale) for each in RiskAssessment.objects.order_by("pk")] == [
            ("inherent", "critical", scale),
            ("residual", "high", scale),
        ]
        # The next look is due as long after the last judgement as the level asks.
        days = scale.rules.get(band="high").review_days
        assert opened.review_due_on == opened.reviewed_at.date() + dt.timedelta(days=days)
        # The digest is there, so that the risk can be accepted as it stands.
        assert len(opened.digest) == 64
        accepted = RiskAcceptance.objects.create(
            risk=opened,
            reason="The benefit outweighs it.",
            band=opened.current_band,
            digest=opened.digest,
            accepted_by=Release.objects.get().created_by.__class__.objects.create_user(
                email="release.manager@example.org", password=None
            ),
            ends_on=timezone.localdate() + dt.timedelta(days=30),
        )
        assert list(RiskAcceptance.objects.in_force()) == [accepted]
        release = Release.objects.get()
        assert (release.licence, release.base_model) == ("Some licence of our own, see LICENSE", "elsewhere/base")
