"""What people answer for when something has gone wrong: open incidents, and reports they judged."""

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.permissions import scopes
from accounts.roles import Role
from common.ownership import Kind, owned
from incidents import permissions, selectors
from incidents.models import Incident, MisuseReport

GIVING = (Role.ADMINISTRATOR, Role.RELEASE_MANAGER)


def _may(actor: Any, row: Any) -> bool:
    """Who hands over for somebody else: those who give or hold the reins at a model it concerns."""
    held = scopes(actor)
    if held.everywhere:
        return True
    entries = {f"p{pk}" for pk in held.publisher_ids(*GIVING)} | {f"f{pk}" for pk in held.family_ids(*GIVING)}
    return bool(entries & set(row.audience))


def _fallback(row: Any) -> User | None:
    """Another handler of it."""
    return next((user for user in selectors.handlers_for(row.audience) if user.pk != row.owner_id), None)


def _give(row: Any, to: Any) -> None:
    type(row).objects.filter(pk=row.pk).update(owner=to, row_version=F("row_version") + 1)


def _incident_name(incident: Incident, reader: Any) -> str:
    handles = permissions.can_handle_incident(reader, incident)
    return str(incident) if handles else _("incident %s") % incident.pk


owned(
    Kind(
        key="incidents.incident",
        label=gettext_lazy("Incidents"),
        rows=lambda user: Incident.objects.filter(owner=user).exclude(stage=Incident.Stage.CLOSED).order_by("pk"),
        fits=permissions.can_handle_incident,
        may=_may,
        fallback=_fallback,
        give=_give,
        name=_incident_name,
        verb="incidents.incident.assign_owner",
    )
)
owned(
    Kind(
        key="incidents.report",
        label=gettext_lazy("Misuse reports"),
        rows=lambda user: (
            MisuseReport.objects.filter(owner=user).exclude(stage=MisuseReport.Stage.CLOSED).order_by("pk")
        ),
        fits=permissions.can_handle_report,
        may=_may,
        fallback=_fallback,
        give=_give,
        # Reports are for handlers only: others learn that there are some, not which.
        name=lambda report, _reader: _("misuse report %s") % report.pk,
        verb="incidents.misusereport.assign_owner",
    )
)
