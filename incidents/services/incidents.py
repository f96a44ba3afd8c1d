"""What is done about incidents."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import scopes
from common import audit, events
from common.editing import edit
from common.lifecycle import Move, Refused, apply
from governance.models import Decision
from incidents import permissions
from incidents.lifecycle import INCIDENT_MOVES
from incidents.models import EVERYONE_CONCERNED, Incident, IncidentReport, MisuseReport, audience_for
from incidents.models.incident import concerned
from registry import services as registry
from registry.models import ModelFamily, Release, Risk

MOVES = {move.name: move for move in INCIDENT_MOVES}
LINKS = ("families", "releases", "risks")


def _require(user: Any, incident: Incident) -> None:
    if not permissions.can_handle_incident(user, incident):
        raise PermissionDenied


@transaction.atomic
def open_incident(
    *,
    actor: Any,
    title: str,
    summary: str = "",
    severity: str = "",
    owner: User | None = None,
    families: Iterable[ModelFamily] = (),
    releases: Iterable[Release] = (),
    risks: Iterable[Risk] = (),
    occurred_on: Any = None,
    report: MisuseReport | None = None,
) -> Incident:
    """Open an incident about some models, perhaps from a report. Raises ``PermissionDenied`` to whoever
    does not handle incidents of every one of these models."""
    named = {family.pk: family for family in families}
    chosen = list(releases)
    for release in chosen:
        named.setdefault(release.family_id, release.family)
    if report is not None and report.family is not None:
        named.setdefault(report.family.pk, report.family)
    threatened = list(risks)
    about = [*named.values(), *(risk.family for risk in threatened)]
    if not about and not permissions.can_open_incident(actor, audience_for([])):
        raise PermissionDenied
    _may_concern(actor, about)
    incident = Incident.objects.create(
        title=title,
        summary=summary,
        severity=severity,
        owner=owner,
        occurred_on=occurred_on,
        opened_by=actor,
        audience=audience_for(about),
    )
    _check_owner(incident, owner)
    incident.families.set(named.values())
    incident.releases.set(chosen)
    incident.risks.set(threatened)
    audit.record(actor, "incidents.incident.open", incident, after={"stage": incident.stage, "severity": severity})
    events.emit("incidents.incident.opened", incident, severity=severity)
    if report is not None:
        link_report(incident, report, actor=actor)
    return incident


def _family_of(row: Any) -> ModelFamily:
    return row if isinstance(row, ModelFamily) else row.family


def _handles(actor: Any, family: ModelFamily) -> bool:
    return permissions.can_open_incident(actor, audience_for([family]))


def _may_concern(actor: Any, families: Iterable[ModelFamily]) -> None:
    """Who opens something about several models must handle all of them, or they could fill other people's queues."""
    if not all(_handles(actor, family) for family in families):
        raise PermissionDenied


def _check_owner(incident: Incident, owner: User | None) -> None:
    if owner is not None and not permissions.can_handle_incident(owner, incident):
        raise Refused(_("This person is not an incident handler of this model."), field="owner")


@transaction.atomic
def edit_incident(incident: Incident, *, actor: Any, expected_version: int | None = None, **changes: Any) -> Incident:
    """Change fields and links (``families``, ``releases``, ``risks``).

    Of the links, only those to models that ``actor`` handles change: what others linked stays, named or not.
    Raises ``PermissionDenied`` for a link that is new and not theirs to make, ``Stale`` when somebody was faster,
    and ``Refused`` when the last model would go, since the incident would then be everybody's to read.
    """
    _require(actor, incident)
    links = {name: list(changes.pop(name)) for name in LINKS if name in changes}
    incident = edit(
        incident, actor=actor, verb="incidents.incident.edit", changes=changes, expected_version=expected_version
    )
    for name, rows in links.items():
        _relink(incident, name, rows, actor)
    if links:
        had_models = EVERYONE_CONCERNED not in incident.audience
        incident = _follow_audience(incident)
        if had_models and EVERYONE_CONCERNED in incident.audience and not scopes(actor).everywhere:
            raise Refused(_("Name at least one model: without one, all publishers could read this."), field="families")
    _check_owner(incident, changes.get("owner"))
    return incident


def _relink(incident: Incident, name: str, rows: list[Any], actor: Any) -> None:
    relation = getattr(incident, name)
    present = relation.all() if name == "families" else relation.select_related("family")
    before = {row.pk: row for row in present}
    after = {row.pk: row for row in rows}
    _may_concern(actor, [_family_of(row) for pk, row in after.items() if pk not in before])
    after |= {pk: row for pk, row in before.items() if not _handles(actor, _family_of(row))}
    if before.keys() != after.keys():
        relation.set(after.values())
        was, now = {name: list(before.values())}, {name: list(after.values())}
        audit.record(actor, "incidents.incident.relate", incident, before=was, after=now)


def _follow_audience(incident: Incident) -> Incident:
    audience = audience_for(concerned(incident))
    if audience != incident.audience:
        Incident.objects.filter(pk=incident.pk).update(audience=audience)
        incident.audience = audience
    return incident


@transaction.atomic
def move_incident(incident: Incident, move: str, *, actor: Any, reason: str) -> Incident:
    """Carry out the move called ``move``, with its reason on record."""
    known: Move | None = MOVES.get(move)
    if known is None:
        raise Refused(_("There is no such step."), field="move")
    if not reason.strip():
        raise Refused(_("Say why."), field="reason")
    now = timezone.now()
    times: dict[str, dict[str, Any]] = {
        "contain": {"contained_at": now},
        "resolve": {"resolved_at": now},
        "close": {"closed_at": now},
        "reopen": {"contained_at": None, "resolved_at": None, "closed_at": None},
    }
    incident = apply(known, incident, actor=actor, changes=times[move], reason=reason)
    events.emit(f"incidents.incident.{move}", incident, stage=incident.stage)
    return incident


@transaction.atomic
def record_lessons(incident: Incident, *, actor: Any, lessons: str, expected_version: int | None = None) -> Incident:
    """Write down what was learned."""
    _require(actor, incident)
    return edit(
        incident,
        actor=actor,
        verb="incidents.incident.record_lessons",
        changes={"lessons": lessons},
        expected_version=expected_version,
    )


@transaction.atomic
def link_report(incident: Incident, report: MisuseReport, *, actor: Any) -> None:
    """Say that ``report`` is about ``incident``; saying it twice changes nothing.

    An incident without a model takes the report's: otherwise everybody could read about it.
    """
    _require(actor, incident)
    if not permissions.can_handle_report(actor, report):
        raise PermissionDenied
    _link, created = IncidentReport.objects.get_or_create(
        incident=incident, report=report, defaults={"linked_by": actor}
    )
    if not created:
        return
    if report.family_id and report.family is not None:
        incident.families.add(report.family)
        _follow_audience(incident)
    audit.record(actor, "incidents.incident.link_report", incident, after={"report": report})
    audit.record(actor, "incidents.misusereport.link", report, after={"incident": incident})


@transaction.atomic
def unlink_report(incident: Incident, report: MisuseReport, *, actor: Any) -> None:
    """Take back that ``report`` is about ``incident``."""
    _require(actor, incident)
    gone, _counts = IncidentReport.objects.filter(incident=incident, report=report).delete()
    if gone:
        audit.record(actor, "incidents.incident.unlink_report", incident, before={"report": report})
        audit.record(actor, "incidents.misusereport.unlink", report, before={"incident": incident})


@transaction.atomic
def raise_risk(incident: Incident, *, actor: Any, family: ModelFamily, title: str) -> Risk:
    """Raise a stub in the risk register of ``family`` because of ``incident``, and link it."""
    _require(actor, incident)
    _may_concern(actor, [family])
    stub = registry.raise_stub(
        family, actor=actor, title=title, origin=Risk.Origin.INCIDENT, origin_reference=incident.reference
    )
    before = list(incident.risks.all())
    incident.risks.add(stub)
    _follow_audience(incident)
    audit.record(
        actor, "incidents.incident.relate", incident, before={"risks": before}, after={"risks": [*before, stub]}
    )
    return stub


@transaction.atomic
def link_decision(incident: Incident, decision: Decision, *, actor: Any) -> None:
    """Say that ``decision`` was taken because of ``incident``. Raises ``Refused`` for one the actor cannot see."""
    _require(actor, incident)
    if not Decision.objects.visible_to(actor).filter(pk=decision.pk).exists():
        raise Refused(_("There is no such decision."), field="decision")
    if not incident.decisions.filter(pk=decision.pk).exists():
        incident.decisions.add(decision)
        audit.record(actor, "incidents.incident.link_decision", incident, after={"decision": decision})


@transaction.atomic
def import_incidents(rows: list[dict[str, Any]], *, actor: Any, source: str) -> int:
    """Add outside reports as open incidents, each once; returns how many were new.

    Every row names its ``external_reference``. One transaction for the whole list, so a crash leaves
    none of it. Only service accounts import.
    """
    if not permissions.can_open_incident(actor, audience_for([])):
        raise PermissionDenied
    wanted = {row["external_reference"]: row for row in rows}
    known = Incident.objects.filter(source=source, external_reference__in=wanted)
    for reference in known.values_list("external_reference", flat=True):
        del wanted[reference]
    fresh = [Incident(source=source, opened_by=actor, audience=audience_for([]), **row) for row in wanted.values()]
    for incident in Incident.objects.bulk_create(fresh):
        audit.record(actor, "incidents.incident.import", incident, after=incident.stage, source=source)
    return len(fresh)
