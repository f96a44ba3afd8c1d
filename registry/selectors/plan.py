"""The plan of a release and the status of its capabilities, each shaped for the page that shows it."""

import datetime as dt
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet
from django.db.models.functions import JSONObject, Lower
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role, group_name
from registry.models import CapabilityStatus, EntryCriterion, ModelFamily, Phase, Release
from registry.selectors.embed import embedded, revived

DECIDING = (Role.RELEASE_MANAGER, Role.REVIEWER)
CAPABILITIES_SHOWN = 50
PHASES_SHOWN = 50


def deciders_of(family: ModelFamily) -> QuerySet[User]:
    """Who can be named to decide that a release of ``family`` enters a phase."""
    names = [
        group_name(kind, pk, role)
        for kind, pk in (("modelfamily", family.pk), ("publisher", family.publisher_id))
        for role in DECIDING
    ]
    people = User.objects.filter(groups__name__in=names, is_active=True, is_service=False)
    return people.distinct().order_by("display_name", "pk")


def waiting_phases(today: dt.date | None = None) -> QuerySet[Phase]:
    """Phases to come whose planned day has come, of releases that can still enter one."""
    due = Phase.objects.filter(stage=Phase.Stage.PLANNED, planned_on__lte=today or timezone.localdate())
    return due.exclude(release__stage=Release.Stage.WITHDRAWN)


def plan_of(release: Release) -> list[Phase]:
    """All phases of ``release`` in order, with who decides and their criteria. Two queries."""
    criteria = EntryCriterion.objects.select_related("met_by").order_by("pk")
    rows = release.phases.in_order().select_related("decider", "entered_by")
    phases = list(rows.prefetch_related(Prefetch("criteria", queryset=criteria))[:PHASES_SHOWN])
    for phase in phases:
        phase.release = release
    # Left on the release, so that what a move needs of the other phases is found without a query.
    known: Any = Phase.objects.none()
    known._result_cache, known._prefetch_done = phases, True
    release.__dict__.setdefault("_prefetched_objects_cache", {})["phases"] = known
    return phases


def with_plan(releases: QuerySet[Release]) -> QuerySet[Release]:
    """``releases`` with what everybody sees of their plan and capabilities, in the same query.

    ``shown_phases_of`` and ``capabilities_of`` unpack it.
    """
    phases = Phase.objects.filter(release=OuterRef("pk")).shown().in_order()[:PHASES_SHOWN]
    columns = ("id", "release_id", "number", "kind", "title", "stage", "planned_on", "entered_at", "left_at")
    newest = CapabilityStatus.objects.filter(release=OuterRef("pk")).latest()
    row = {name: name for name in ("id", "release_id", "capability", "status", "evidence", "evidence_url", "noted_at")}
    return releases.annotate(
        phase_rows=embedded(phases, *columns),
        capability_rows=ArraySubquery(newest.values(embedded_row=JSONObject(**row))[:CAPABILITIES_SHOWN]),
    )


def shown_phases_of(release: Any) -> list[Phase]:
    phases = revived(Phase, release.phase_rows)
    for phase in phases:
        phase.release = release
    return phases


def capabilities_of(release: Any) -> list[CapabilityStatus]:
    """The status of each capability of a release from ``with_plan``."""
    return revived(CapabilityStatus, release.capability_rows)


def current_phase(phases: list[Phase]) -> Phase | None:
    """The phase that the release is in; None before the first one."""
    return next((phase for phase in phases if phase.stage == Phase.Stage.ENTERED), None)


def newest_capabilities(release: Release) -> list[CapabilityStatus]:
    """The status of each capability of ``release``, by name, with who said so."""
    return list(release.capability_statuses.latest().select_related("noted_by"))


def history_of_capabilities(releases: Any, capability: str = "") -> QuerySet[CapabilityStatus]:
    """All that was said of the capabilities of ``releases``, newest first; of one of them when it is named."""
    rows = CapabilityStatus.objects.filter(release__in=releases)
    if capability:
        rows = rows.annotate(folded=Lower("capability")).filter(folded=capability.lower())
    return rows.order_by("-pk")
