"""The views of the register: one filter for list, matrix, heat map and burn-down, and what is late."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from registry import selectors, services
from registry.models import ModelFamily, Risk
from registry.scale import Band
from reports import figures
from reports.scope import Period, Scope
from tests.factories.registry import (
    MitigationFactory,
    RiskAcceptanceFactory,
    RiskFactory,
    TermFactory,
)

pytestmark = pytest.mark.django_db
URL = "/workspace/risks/"


def listed(client, **query):
    return {risk.pk for risk in client.get(URL, query).context["page"]}


@pytest.fixture
def late(family, risk_owner):
    """One risk for each way of being late, and one that is on time."""
    yesterday = timezone.localdate() - timedelta(days=1)
    review = RiskFactory(family=family, number=1, opened=True, owner=risk_owner, review_due_on=yesterday)
    mitigation = RiskFactory(family=family, number=2, opened=True, owner=risk_owner)
    MitigationFactory(family=family, owner=risk_owner, risks=[mitigation], due_on=yesterday)
    acceptance = RiskFactory(family=family, number=3, opened=True, owner=risk_owner)
    RiskAcceptanceFactory(risk=acceptance, ends_on=yesterday)
    fine = RiskFactory(family=family, number=4, opened=True, owner=risk_owner, review_due_on=timezone.localdate())
    MitigationFactory(family=family, owner=risk_owner, risks=[fine])
    RiskAcceptanceFactory(risk=fine, ends_on=timezone.localdate())
    return {"review": review, "mitigation": mitigation, "acceptance": acceptance, "fine": fine}


def test_the_register_finds_what_is_late_and_why(client, risk_owner, late):
    client.force_login(risk_owner)
    for name in ("review", "mitigation", "acceptance"):
        assert listed(client, overdue=name) == {late[name].pk}, name
    everything = {late[name].pk for name in ("review", "mitigation", "acceptance")}
    assert listed(client, overdue="any") == listed(client, quick="overdue") == everything


def test_an_acceptance_ends_on_the_list_although_no_worker_ran(client, risk_owner, late):
    client.force_login(risk_owner)
    text = client.get(URL).content.decode()
    assert text.count("Acceptance ended") == 1
    assert text.count("Accepted until") == 1


def test_an_acceptance_of_a_risk_that_changed_holds_no_longer(client, risk_owner, late):
    services.edit_risk(late["fine"], actor=risk_owner, harm="It is worse than we thought.")
    client.force_login(risk_owner)
    assert late["fine"].pk in listed(client, overdue="acceptance")


def test_quick_views_and_filters(client, family, risk_owner, release_manager):
    term = TermFactory()
    mine = RiskFactory(family=family, number=1, opened=True, owner=risk_owner, treatment="accept")
    deputised = RiskFactory(family=family, number=2, opened=True, owner=release_manager, deputy=risk_owner)
    unowned = RiskFactory(family=family, number=3)
    unowned.terms.add(term)
    stub = RiskFactory(family=family, number=4, stage="stub", harm="")
    closed = RiskFactory(
        family=family, number=5, opened=True, owner=risk_owner, stage="closed", closed_at=timezone.now()
    )
    client.force_login(risk_owner)
    assert listed(client, quick="mine") == {mine.pk, deputised.pk}
    assert listed(client, quick="unowned") == {unowned.pk, stub.pk}
    assert listed(client, quick="stubs") == {stub.pk}
    assert listed(client, treatment="accept") == {mine.pk}
    assert listed(client, deputy="me") == {deputised.pk}
    assert listed(client, deputy="none", owner="me") == {mine.pk, closed.pk}
    assert listed(client, term=term.pk) == {unowned.pk}
    assert listed(client, quick="nonsense", term="0", weeks="-1") == {
        each.pk for each in (mine, deputised, unowned, stub, closed)
    }


def test_every_view_stands_under_the_same_filter(client, family, risk_owner):
    RiskFactory(family=family, number=1, opened=True, owner=risk_owner, title="Alpha leak")
    RiskFactory(family=family, number=2, opened=True, owner=risk_owner, title="Beta leak")
    client.force_login(risk_owner)
    page = client.get(URL, {"q": "alpha", "view": "matrix"})
    assert sum(matrix.count for matrix in page.context["matrices"]) == 1
    page = client.get(URL, {"q": "alpha", "view": "heat"})
    (heat,) = page.context["heats"]
    assert (heat.before.count, heat.now.count, heat.lowered) == (1, 1, 1)
    page = client.get(URL, {"q": "alpha", "view": "trend"})
    assert page.context["points"][0].total == 1
    # The address of every other view carries the filter along.
    text = page.content.decode()
    assert "?q=alpha&amp;view=matrix" in text
    assert "?q=alpha&amp;view=heat" in text


def test_a_cell_leads_to_exactly_the_risks_it_counts(client, family, risk_owner):
    for number in range(1, 10):
        RiskFactory(
            family=family,
            number=number,
            opened=True,
            owner=risk_owner,
            inherent_likelihood=number % 2 + 4,
            residual_severity=number % 3 + 1,
        )
    client.force_login(risk_owner)
    (heat,) = client.get(URL, {"view": "heat", "stage": "open"}).context["heats"]
    seen = 0
    for drawn in (heat.before, heat.now):
        for row in drawn.rows:
            for cell in row.cells:
                if len(cell.risks):
                    seen += 1
                    assert len(client.get(URL + cell.url).context["page"]) == len(cell.risks)
    assert seen > 3


@pytest.mark.parametrize("view", ["matrix", "heat", "trend"])
def test_views_of_an_empty_register(client, risk_owner, view):
    client.force_login(risk_owner)
    assert client.get(URL, {"view": view}).status_code == 200


@pytest.fixture
def told(family, risk_owner, release_manager, time_machine):
    """A risk with a past: opened 40 days ago as critical, lower since 20 days, closed 10 and reopened 5 days ago."""
    now = timezone.now()

    def back(days):
        time_machine.move_to(now - timedelta(days=days), tick=False)

    def judge(kind, step):
        services.assess_risk(
            risk, actor=release_manager, kind=kind, likelihood=step, severity=step, rationale="Measured."
        )

    back(50)
    risk = RiskFactory(family=family, number=1, owner=risk_owner)
    back(45)
    judge("inherent", 5)
    back(40)
    services.open_risk(risk, actor=release_manager)
    back(20)
    judge("residual", 2)
    back(15)
    judge("inherent", 3)
    back(10)
    services.close_risk(risk, actor=release_manager, reason="It is gone.")
    back(5)
    services.reopen_risk(risk, actor=release_manager, reason="It is back.")
    back(0)
    return risk


def ago(days):
    return timezone.now() - timedelta(days=days)


def at(days, risks=None):
    (point,) = selectors.at_moments(Risk.objects.all() if risks is None else risks, [ago(days)])
    return {band.value: count for band, count in point.counts.items() if count}


def test_the_burn_down_remembers_moves_and_judgements(told):
    assert at(42) == {}
    assert at(30) == {"critical": 1}
    assert at(18) == {"low": 1}
    # A later judgement before mitigation does not count once there is one after it.
    assert at(12) == {"low": 1}
    assert at(7) == {}
    assert at(1) == {"low": 1}
    assert at(1, Risk.objects.filter(number=2)) == {}


def test_the_burn_down_agrees_with_the_safety_report(told, family, risk_owner):
    # Loaded without a history.
    RiskFactory(family=family, number=2, opened=True, owner=risk_owner, opened_at=ago(30))
    Risk.objects.filter(number=2).update(created_at=ago(33))
    scope = Scope(family=ModelFamily.objects.select_related("publisher").get(pk=family.pk))
    today = timezone.localdate()
    for days in (45, 38, 28, 17, 12, 8, 6, 3, 0):
        period = Period(today - timedelta(days=days + 1), today - timedelta(days=days))
        (point,) = selectors.at_moments(Risk.objects.all(), [period.ends])
        values = figures.figures(scope, period)
        assert values["risks.open"]["value"] == point.total, days
        for band in Band:
            assert values[f"risks.current.{band.value}"]["value"] == point.counts[band], (days, band)


def test_the_burn_down_is_one_query_and_ends_today(told, django_assert_num_queries):
    for weeks in selectors.WEEKS:
        with django_assert_num_queries(1):
            points = selectors.trend(Risk.objects.all(), weeks=weeks)
        assert len(points) == weeks + 1
        assert points[-1].day == timezone.localdate()
        assert points[-1].total == 1


def test_a_risk_without_history_counts_from_its_own_stamps(family, risk_owner):
    RiskFactory(family=family, opened=True, owner=risk_owner, opened_at=ago(9), stage="closed", closed_at=ago(3))
    assert at(10) == {}
    assert at(5) == {"moderate": 1}
    assert at(2) == {}


def test_the_api_tells_heat_and_trend_under_the_same_filters(client, told, risk_owner, researcher, family):
    client.force_login(risk_owner)
    cells = client.get(reverse("api:risk-heat"), {"family": family.pk}).json()
    assert {(cell["kind"], cell["likelihood"], cell["severity"], cell["count"]) for cell in cells} == {
        ("inherent", 3, 3, 1),
        ("current", 2, 2, 1),
    }
    points = client.get(reverse("api:risk-trend"), {"weeks": 13}).json()
    assert len(points) == 14
    assert points[-1]["counts"] == {"critical": 0, "high": 0, "moderate": 0, "low": 1}
    assert client.get(reverse("api:risk-trend"), {"weeks": 5}).status_code == 400
    client.force_login(researcher)
    assert {point["total"] for point in client.get(reverse("api:risk-trend")).json()} == {0}


def test_the_api_filters_like_the_page(client, late, risk_owner):
    client.force_login(risk_owner)
    for query in ({"overdue": "review"}, {"overdue": "any"}, {"quick": "mine"}, {"treatment": "mitigate"}):
        rows = client.get(reverse("api:risk-list"), query).json()["results"]
        assert {row["id"] for row in rows} == listed(client, **query), query
