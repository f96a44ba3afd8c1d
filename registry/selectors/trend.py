"""The burn-down: how many risks were open at the end of each week, by the level that counted then.

Read from what is on record and never changed: the moves in the audit trail and the judgements. So a risk that was
closed and opened again does not rewrite the weeks between, and the figure of a day is the one that the safety
report of a period ending that day has. Rows that were loaded without a trail fall back on their own time stamps
and the level they have now.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from registry.models import Risk
from registry.scale import Band

WEEKS = (13, 26, 52)
# Drawn from the bottom up, the worst first: what should shrink stands on the ground.
ORDER = (Band.CRITICAL, Band.HIGH, Band.MODERATE, Band.LOW)

# Each risk has a line of stages and a line of bands. Where both overlap, it was open at that band from one moment
# until another; the number of points in time before each of the two says which points see it. So every row is
# read once, and only sums by point and band come back.
_SQL = """
WITH risks AS MATERIALIZED ({risks}),
moves AS (
    SELECT risks.id, event.at, event.id AS place, event.after #>> '{{}}' AS stage
    FROM common_auditevent event JOIN risks ON event.object_id = risks.id::text
    WHERE event.object_type = 'registry.risk' AND event.after #>> '{{}}' IN ('stub', 'draft', 'open', 'closed')
),
stamps AS (
    -- What the row itself says counts for the time before its first move on record.
    SELECT risks.id, stamp.at, stamp.place, stamp.stage
    FROM risks LEFT JOIN (SELECT id, min(at) AS at FROM moves GROUP BY id) first USING (id)
    CROSS JOIN LATERAL (VALUES (opened_at, 0, 'open'), (closed_at, 1, 'closed')) stamp (at, place, stage)
    WHERE stamp.at < coalesce(first.at, 'infinity')
),
stages AS (
    SELECT id, at, lead(at) OVER line AS until, stage
    FROM (SELECT id, at, place, stage FROM moves UNION ALL SELECT id, at, place, stage FROM stamps) every
    WINDOW line AS (PARTITION BY id ORDER BY at, place)
),
judgements AS (
    SELECT risk_id AS id, assessed_at AS at, judgement.id AS place, band, kind,
        bool_or(kind = 'residual') OVER (PARTITION BY risk_id ORDER BY judgement.id) AS mitigated
    FROM registry_riskassessment judgement JOIN risks ON risks.id = judgement.risk_id
    WHERE kind IN ('inherent', 'residual')
),
bands AS (
    SELECT id, CASE WHEN place = first THEN '-infinity' ELSE at END AS at, until, band FROM (
        -- The first judgement also stands for the time before it: nothing else is known of that.
        SELECT id, at, place, band, lead(at) OVER line AS until, first_value(place) OVER line AS first
        FROM judgements WHERE kind = 'residual' OR NOT mitigated
        WINDOW line AS (PARTITION BY id ORDER BY place)
    ) judged
    UNION ALL
    SELECT id, '-infinity', NULL, current_band FROM risks
    WHERE current_band IS NOT NULL AND NOT EXISTS (
        SELECT FROM registry_riskassessment judgement
        WHERE judgement.risk_id = risks.id AND judgement.kind IN ('inherent', 'residual')
    )
),
spans AS (
    SELECT width_bucket(greatest(stages.at, bands.at), %s) AS begins,
        width_bucket(least(coalesce(stages.until, 'infinity'), coalesce(bands.until, 'infinity')), %s) AS ends, band
    FROM stages JOIN bands USING (id)
    WHERE stage = 'open'
        AND greatest(stages.at, bands.at)
            < least(coalesce(stages.until, 'infinity'), coalesce(bands.until, 'infinity'))
)
SELECT point, band, sum(step)::int FROM (
    SELECT begins AS point, band, 1 AS step FROM spans WHERE begins < ends
    UNION ALL
    SELECT ends, band, -1 FROM spans WHERE begins < ends
) steps GROUP BY point, band
"""


@dataclass(frozen=True)
class Point:
    """The open risks at the end of a day, by band."""

    at: dt.datetime
    counts: dict[Band, int]

    @property
    def day(self) -> dt.date:
        """The last day that the count includes."""
        return timezone.localdate(self.at - dt.timedelta(microseconds=1))

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def trend(risks: QuerySet[Risk], *, weeks: int) -> list[Point]:
    """``risks`` at the end of each of the last ``weeks`` weeks, and today. One query."""
    return at_moments(risks, _ends(weeks))


def _ends(weeks: int) -> list[dt.datetime]:
    """The midnights between Sunday and Monday, the oldest first, and this very moment."""
    now = timezone.localtime()
    monday = now.date() - dt.timedelta(days=now.weekday())
    days = [monday - dt.timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]
    return [*(timezone.make_aware(dt.datetime.combine(day, dt.time())) for day in days), now]


def at_moments(risks: QuerySet[Risk], moments: Sequence[dt.datetime]) -> list[Point]:
    """``risks`` that were open just before each of ``moments``, which are in order, by the band they had then."""
    columns = ("id", "opened_at", "closed_at", "current_band")
    points = list(moments)
    steps: dict[int, dict[str, int]] = {}
    for point, band, step in _steps(risks.order_by().values(*columns), points):
        steps.setdefault(point, {})[band] = step
    found, running = [], dict.fromkeys(ORDER, 0)
    for place, at in enumerate(points):
        for band in ORDER:
            running[band] += steps.get(place, {}).get(band.value, 0)
        found.append(Point(at, dict(running)))
    return found


def _steps(risks: QuerySet[Any], points: list[dt.datetime]) -> list[tuple[int, str, int]]:
    """How many more, or fewer, risks were open in each band from each point on; nothing where nothing changed."""
    try:
        sql, values = risks.query.sql_with_params()
    except EmptyResultSet:
        # A filter that nothing can match is known before the database is asked.
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(risks=sql), [*values, points, points])
        return list(cursor.fetchall())
