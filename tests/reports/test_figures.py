import datetime as dt
import itertools
import zoneinfo

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from access.models import AccessRequest
from accounts.permissions import forget_scopes
from governance.services import publish_release, reinstate_release, withdraw_release
from incidents.models import MisuseReport
from registry import services as registry
from registry.models import Risk
from reports.figures import figures, heat
from reports.metrics import BY_KEY, METRICS, duration, printed
from reports.scope import Period, Scope, one_snapshot
from tests.factories.access import AccessRequestFactory, TierFactory
from tests.factories.governance import DecisionFactory
from tests.factories.incidents import IncidentFactory, MisuseReportFactory
from tests.factories.registry import ArtifactFactory, ModelCardFactory, ModelFamilyFactory, ReleaseFactory, RiskFactory

UTC = dt.UTC


def values(scope, period):
    return {key: figure["value"] for key, figure in figures(scope, period).items()}


def day(number, hour=12, month=4):
    return dt.datetime(2026, month, number, hour, tzinfo=UTC)


def _decided(family, tier, sent, after, **how):
    AccessRequestFactory(release__family=family, tier=tier, submitted_at=sent, decided_at=sent + after, **how)


class TestPeriod:
    def test_half_open(self):
        period = Period(dt.date(2026, 4, 1), dt.date(2026, 7, 1))
        assert (period.begins, period.ends) == (day(1, 0), day(1, 0, month=7))
        assert (period.last_day, period.days) == (dt.date(2026, 6, 30), 91)

    @pytest.mark.parametrize("end", [dt.date(2026, 4, 1), dt.date(2026, 3, 31)])
    def test_ends_after_it_begins(self, end):
        with pytest.raises(ValueError, match="ends after"):
            Period(dt.date(2026, 4, 1), end)

    def test_a_leap_day_belongs_to_february(self):
        assert Period(dt.date(2028, 2, 1), dt.date(2028, 3, 1)).days == 29

    def test_a_scope_is_one_thing(self, family, publisher):
        for both in ({}, {"family": family, "publisher": publisher}):
            with pytest.raises(ValueError, match="publisher or a model family"):
                Scope(**both)


class TestDictionary:
    def test_every_key_is_there_and_once(self, scope, quarter):
        assert len(BY_KEY) == len(METRICS)
        assert list(figures(scope, quarter)) == [metric.key for metric in METRICS]

    def test_nothing_to_measure_is_not_zero(self, scope, quarter):
        found = figures(scope, quarter)
        assert found["access.median_seconds"] == {"value": None, "text": "n/a"}
        assert found["access.submitted"] == {"value": 0, "text": "0"}

    def test_only_integers_and_text(self, filled, scope, quarter):
        for figure in figures(scope, quarter).values():
            assert figure["value"] is None or type(figure["value"]) is int
            assert type(figure["text"]) is str

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            *((0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 0 min")),
            *((86399, "23 h 59 min"), (86400, "1 d 0 h"), (700_000, "8 d 2 h")),
        ],
    )
    def test_durations_are_cut_off_and_exact(self, seconds, text):
        assert duration(seconds) == text
        assert printed(BY_KEY["access.median_seconds"], seconds) == text


class TestSums:
    """What an auditor adds up first."""

    @pytest.fixture
    def found(self, filled, scope, quarter):
        return values(scope, quarter)

    def test_releases(self, found):
        change = found["releases.published"] + found["releases.reinstated"] - found["releases.withdrawn"]
        assert found["releases.live_before"] + change == found["releases.live"]
        assert (found["releases.published"], found["releases.withdrawn"], found["releases.live"]) == (1, 1, 2)

    def test_risks(self, found):
        assert found["risks.open_before"] + found["risks.opened"] - found["risks.closed"] == found["risks.open"]
        for kind in ("inherent", "current"):
            bands = sum(found[f"risks.{kind}.{band}"] for band in ("low", "moderate", "high", "critical"))
            assert bands == found["risks.open"] > 0

    def test_the_heat_map_shows_every_open_risk(self, found, scope, quarter):
        assert sum(heat(scope, quarter).values()) == found["risks.open"]

    def test_access(self, found):
        decided = found["access.approved"] + found["access.declined"]
        change = found["access.submitted"] - decided - found["access.withdrawn"]
        assert found["access.waiting_before"] + change == found["access.waiting"]
        assert sum(value for key, value in found.items() if key.startswith("access.decided_in.")) == decided > 0
        assert found["access.median_seconds"] <= found["access.p90_seconds"]

    def test_incidents(self, found):
        change = found["incidents.opened"] + found["incidents.reopened"] - found["incidents.resolved"]
        assert found["incidents.unresolved_before"] + change == found["incidents.unresolved"]
        cells = sum(
            found[f"incidents.{severity}.{stage}"]
            for severity in ("low", "moderate", "high", "critical", "unrated")
            for stage in ("open", "contained", "resolved", "closed")
        )
        assert cells == found["incidents.total"] == 14

    def test_misuse(self, found):
        kinds = sum(value for key, value in found.items() if key.startswith("misuse.category."))
        assert kinds == found["misuse.received"] > 0

    def test_a_quarter_is_its_three_months(self, filled, scope, found):
        """Flows add up over months that meet without gap or overlap; levels join at the seams."""
        months = [Period(dt.date(2026, month, 1), dt.date(2026, month + 1, 1)) for month in (4, 5, 6)]
        parts = [values(scope, month) for month in months]
        for key in (
            "access.submitted",
            "access.approved",
            "misuse.received",
            "misuse.answered",
            "decisions.published",
            "incidents.opened",
        ):
            assert sum(part[key] for part in parts) == found[key], key
        for before, after in itertools.pairwise(parts):
            assert before["risks.open"] == after["risks.open_before"]
            assert before["incidents.unresolved"] == after["incidents.unresolved_before"]
            assert before["access.waiting"] == after["access.waiting_before"]

    def test_a_publisher_is_the_sum_of_its_families(self, filled, publisher, release_manager, quarter, found):
        from tests.reports import scene

        other = ModelFamilyFactory(publisher=publisher, slug="second", name="Second")
        RiskFactory(family=other, number=1, opened=True, opened_at=scene.at(5, 1))
        Risk.objects.filter(family=other).update(created_at=scene.at(5, 1))
        whole = values(Scope(publisher=publisher), quarter)
        assert whole["risks.open"] == found["risks.open"] + 1
        assert whole["misuse.received"] == found["misuse.received"]

    def test_few_queries_however_much_there_is(self, filled, scope, quarter, django_assert_num_queries):
        # releases, risks, requests, grants, incidents, reports, decisions
        with django_assert_num_queries(7):
            figures(scope, quarter)


class TestEdges:
    def test_the_first_moment_belongs_and_the_last_does_not(self, family, scope):
        april = Period(dt.date(2026, 4, 1), dt.date(2026, 5, 1))
        micro = dt.timedelta(microseconds=1)
        for moment in (april.begins - micro, april.begins, april.ends - micro, april.ends):
            MisuseReportFactory(family=family, received_at=moment)
        assert values(scope, april)["misuse.received"] == 2

    @pytest.mark.parametrize(
        ("zone", "on"), [("Europe/Brussels", dt.date(2026, 3, 29)), ("America/New_York", dt.date(2026, 11, 1))]
    )
    def test_no_hour_is_lost_or_counted_twice_where_clocks_change(self, zone, on, family, scope):
        """One report for each of the 24 hours of that day in UTC, read by somebody who lives in the zone."""
        period = Period(on, on + dt.timedelta(days=1))
        for hour in range(-2, 26):
            MisuseReportFactory(family=family, received_at=period.begins + dt.timedelta(hours=hour))
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            found = [
                values(scope, Period(on + dt.timedelta(days=n), on + dt.timedelta(days=n + 1))) for n in (-1, 0, 1)
            ]
        assert [part["misuse.received"] for part in found] == [2, 24, 2]

    def test_a_duration_across_a_clock_change_is_the_time_that_passed(self, family, scope):
        sent = dt.datetime(2026, 3, 28, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Brussels"))
        decided = dt.datetime(2026, 3, 29, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Brussels"))
        AccessRequestFactory(
            release__family=family,
            tier=TierFactory(family=family),
            approved=True,
            submitted_at=sent,
            decided_at=decided,
        )
        found = figures(scope, Period(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))
        assert found["access.median_seconds"] == {"value": 23 * 3600, "text": "23 h 0 min"}

    def test_a_leap_day(self, family, scope):
        MisuseReportFactory(family=family, received_at=dt.datetime(2028, 2, 29, 23, tzinfo=UTC))
        assert values(scope, Period(dt.date(2028, 2, 1), dt.date(2028, 3, 1)))["misuse.received"] == 1
        assert values(scope, Period(dt.date(2028, 3, 1), dt.date(2028, 4, 1)))["misuse.received"] == 0

    def test_bars_take_their_lower_limit(self, family, scope):
        tier, sent = TierFactory(family=family), day(1)
        for seconds in (86399, 86400, 5 * 86400, 20 * 86400):
            _decided(family, tier, sent, dt.timedelta(seconds=seconds), declined=True)
        found = values(scope, Period(dt.date(2026, 4, 1), dt.date(2026, 5, 1)))
        assert [found[f"access.decided_in.{bar}"] for bar in ("1d", "2d", "5d", "10d", "20d", "longer")] == [
            1,
            1,
            0,
            1,
            0,
            1,
        ]

    def test_percentiles_are_observed_values(self, family, scope):
        tier, sent = TierFactory(family=family), day(1)
        for hours in range(1, 11):
            _decided(family, tier, sent, dt.timedelta(hours=hours), approved=True)
        found = values(scope, Period(dt.date(2026, 4, 1), dt.date(2026, 5, 1)))
        assert (found["access.median_seconds"], found["access.p90_seconds"]) == (5 * 3600, 9 * 3600)

    def test_other_families_do_not_count(self, scope, quarter, filled):
        before = values(scope, quarter)
        stranger = ModelFamilyFactory()
        MisuseReportFactory(family=stranger, received_at=day(10))
        IncidentFactory(families=[stranger])
        DecisionFactory(family=stranger, number=7777, published=True, published_at=day(10))
        assert values(scope, quarter) == before

    def test_an_incident_of_two_families_counts_once(self, publisher, family, release, quarter):
        other = ModelFamilyFactory(publisher=publisher, slug="second")
        incident = IncidentFactory(families=[family, other])
        incident.releases.add(release)
        type(incident).objects.update(created_at=day(10))
        assert values(Scope(publisher=publisher), quarter)["incidents.total"] == 1

    def test_an_incident_known_by_its_risk_alone_counts(self, family, scope, quarter):
        incident = IncidentFactory()
        incident.risks.add(RiskFactory(family=family))
        type(incident).objects.update(created_at=day(10))
        assert values(scope, quarter)["incidents.total"] == 1


class TestPast:
    """What happened after a period does not change its figures, because the audit trail remembers."""

    def test_a_risk_closed_and_opened_again_later(self, family, scope, risk_owner):
        with time_machine.travel(day(2), tick=False):
            risk = RiskFactory(family=family, number=1, owner=risk_owner, inherent_likelihood=5, inherent_severity=5)
        with time_machine.travel(day(3), tick=False):
            registry.open_risk(risk, actor=risk_owner)
        with time_machine.travel(day(20), tick=False):
            registry.close_risk(risk, actor=risk_owner, reason="The feature is gone.")
        april = Period(dt.date(2026, 4, 1), dt.date(2026, 5, 1))
        before = values(scope, april)
        assert (before["risks.open"], before["risks.opened"]) == (0, 0)
        with time_machine.travel(day(10, month=6), tick=False):
            registry.reopen_risk(risk, actor=risk_owner, reason="It is back.")
        assert values(scope, april) == before
        assert values(scope, Period(dt.date(2026, 6, 1), dt.date(2026, 7, 1)))["risks.opened"] == 1

    def test_the_level_is_that_of_the_end(self, family, scope, risk_owner, release_manager):
        def assess(moment, kind, likelihood, severity):
            with time_machine.travel(moment, tick=False):
                registry.assess_risk(
                    risk, actor=release_manager, kind=kind, likelihood=likelihood, severity=severity, rationale="Seen."
                )

        with time_machine.travel(day(2), tick=False):
            risk = RiskFactory(family=family, number=1, owner=risk_owner)
        assess(day(3), "inherent", 5, 5)
        with time_machine.travel(day(4), tick=False):
            registry.open_risk(risk, actor=risk_owner)
        assess(day(10, month=5), "residual", 2, 2)
        april, may = (Period(dt.date(2026, month, 1), dt.date(2026, month + 1, 1)) for month in (4, 5))
        then, later = values(scope, april), values(scope, may)
        assert (then["risks.current.critical"], then["risks.unassessed_residual"]) == (1, 1)
        assert (later["risks.current.critical"], later["risks.current.low"]) == (0, 1)
        assert later["risks.inherent.critical"] == 1
        assert heat(scope, april) == {(5, 5): 1}
        assert heat(scope, may) == {(2, 2): 1}

    def test_a_release_withdrawn_and_reinstated_later(self, family, scope, release_manager, colleague):
        with time_machine.travel(day(2), tick=False):
            release = ReleaseFactory(family=family, version="5.0", created_by=release_manager)
            ModelCardFactory(release=release, created_by=release_manager)
            ArtifactFactory(release=release, created_by=release_manager)
            release = publish_release(release, actor=release_manager)
        with time_machine.travel(day(20), tick=False):
            release = withdraw_release(release, actor=release_manager, reason="A safeguard failed.")
        april, june = (Period(dt.date(2026, month, 1), dt.date(2026, month + 1, 1)) for month in (4, 6))
        before = values(scope, april)
        assert (before["releases.published"], before["releases.withdrawn"], before["releases.live"]) == (1, 1, 0)
        forget_scopes(colleague)
        with time_machine.travel(day(10, month=6), tick=False):
            reinstate_release(release, actor=colleague, reason="It is mended.")
        assert values(scope, april) == before
        later = values(scope, june)
        assert (later["releases.reinstated"], later["releases.live"]) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_snapshot_sees_one_moment(family):
    """What somebody else commits while the figures are read is in all of them or in none."""
    import threading

    MisuseReportFactory(family=family)

    def other():
        try:
            MisuseReport.objects.all().delete()
            AccessRequest.objects.all().delete()
        finally:
            connection.close()

    with one_snapshot():
        assert MisuseReport.objects.count() == 1
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert MisuseReport.objects.count() == 1
    assert MisuseReport.objects.count() == 0
