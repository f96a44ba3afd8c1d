import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.panels import panel
from common.workspace import entry
from incidents import permissions, selectors
from incidents.models import Incident, MisuseReport
from registry.changes import Change, tells_changes

SHOWN = 5


@panel("registry.family", template="incidents/panels/family.html", order=60)
def family_misuse(request: HttpRequest, family: Any) -> dict[str, Any] | None:
    return {"counts": selectors.report_counts(family), "repo_id": family.repo_id}


@panel("registry.risk", template="incidents/panels/incidents.html", order=60)
def risk_incidents(request: HttpRequest, risk: Any) -> dict[str, Any] | None:
    return _some(Incident.objects.visible_to(request.user).filter(risks=risk))


@panel("governance.decision", template="incidents/panels/incidents.html", order=60)
def decision_incidents(request: HttpRequest, decision: Any) -> dict[str, Any] | None:
    return _some(Incident.objects.visible_to(request.user).filter(decisions=decision))


@tells_changes
def incidents_of_risks(since: Mapping[int, dt.datetime], user: Any) -> dict[int, list[Change]]:
    """What became of the incidents of risks since a moment of each, for the reviews of these risks."""
    return selectors.incident_changes(since, user)


def _some(rows: QuerySet[Incident]) -> dict[str, Any] | None:
    found = list(rows.defer("external", "summary").order_by("-pk")[:SHOWN])
    return {"incidents": found} if found else None


@entry(
    "misuse",
    label=_("Misuse reports"),
    url="incidents:misuse_list",
    icon="flag",
    order=30,
    empty=_("No report waits for an answer."),
)
def reports_waiting(user: Any) -> QuerySet[MisuseReport] | None:
    """Reports whose reporter wrote last, for handlers; for other readers the place without a count."""
    if not MisuseReport.objects.concern(user):
        return None
    visible = MisuseReport.objects.visible_to(user)
    return visible.waiting() if permissions.can_open_incidents(user) else visible.none()


@entry(
    "incidents",
    label=_("Incidents"),
    url="incidents:incident_list",
    icon="siren",
    order=40,
    empty=_("You own no unresolved incident."),
)
def incidents_waiting(user: Any) -> QuerySet[Incident] | None:
    """Unresolved incidents that ``user`` owns."""
    return Incident.objects.unresolved().filter(owner=user) if Incident.objects.concern(user) else None
