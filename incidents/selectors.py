"""Reads that span several tables."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Count, F, OuterRef, Prefetch, Q
from django.db.models.functions import Cast, JSONObject
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import scopes
from accounts.roles import Role, group_name
from common import audit
from common.models import AuditEvent
from common.prepared import Prepared, columns_of, instance
from governance.models import Decision
from incidents import receipts
from incidents.models import (
    EVERYONE_CONCERNED,
    CloseReason,
    Incident,
    MisuseReport,
    ReportAttachment,
    ReportMessage,
)
from incidents.models.audience import entries_of
from incidents.models.report import hours_ago
from registry.changes import Change
from registry.models import ModelFamily, Publisher, Release, Risk

SUGGESTED_MODELS = 300
SHOWN = 50


def report_of_receipt(receipt: receipts.Receipt) -> MisuseReport | None:
    """The report whose receipt this is. An unknown locator and a wrong secret take the same way through."""
    stored = MisuseReport.objects.filter(locator=receipt.locator).values_list("pk", "salt", "digest").first()
    if not receipts.matches(receipt.secret, stored and (bytes(stored[1]), bytes(stored[2]))) or stored is None:
        return None
    return MisuseReport.objects.select_related("family", "release__family").get(pk=stored[0])


def suggested_models() -> list[str]:
    """Names to choose from on the public form: models that anybody may know of."""
    rows = ModelFamily.objects.visible_to(None).select_related("publisher").order_by("name")[:SUGGESTED_MODELS]
    return [family.repo_id for family in rows]


_of_family = columns_of(ModelFamily)
# The one lookup that every report makes.
_named_family = Prepared(
    lambda publisher, slug: (
        ModelFamily.objects.visible_to(None)
        .filter(publisher__slug__iexact=publisher, slug__iexact=slug)
        .order_by("pk")[:1]
    ),
    [*_of_family, *columns_of(Publisher, "publisher__")],
    publisher=str,
    slug=str,
)


def with_publisher(values: tuple[Any, ...]) -> ModelFamily:
    family: ModelFamily = instance(ModelFamily, values[: len(_of_family)])
    family.publisher = instance(Publisher, values[len(_of_family) :])
    return family


def match_model(text: str, version: str = "") -> tuple[ModelFamily | None, Release | None]:
    """The public model and release that somebody's words mean; None for each that is not certain.

    Understood are "publisher/model", "publisher/model version", an address that contains them, and a
    model's plain name when only one public model has it.
    """
    words = text.strip()
    families = ModelFamily.objects.visible_to(None).select_related("publisher")
    found = re.search(
        r"([A-Za-z0-9_][\w.-]*)/([A-Za-z0-9_][\w.-]*)(?:/releases/|[\s@:]+v?)?([A-Za-z0-9][\w.+-]*)?", _path(words)
    )
    family = None
    if found:
        rows = _named_family.rows(publisher=found[1], slug=found[2])
        family = with_publisher(rows[0]) if rows else None
        version = version or (found[3] or "")
    if family is None:
        named = list(families.filter(Q(name__iexact=words) | Q(slug__iexact=words))[:2])
        family = named[0] if len(named) == 1 else None
    if family is None or not version:
        return family, None
    return family, Release.objects.visible_to(None).filter(family=family, version__iexact=version).first()


def _path(words: str) -> str:
    """The part of an address that names the model; anything else as it is."""
    return re.sub(r"^https?://[^/]+/(?:models/|hf/)?", "", words)


@dataclass
class Entry:
    """One line in the story of a report."""

    event: AuditEvent
    title: str
    stage: str = ""
    by_reporter: bool = False
    message: ReportMessage | None = None
    attachments: list[ReportAttachment] = field(default_factory=list)
    reason: str = ""

    @property
    def words(self) -> str:
        """What happened, in the handlers' words."""
        return str(_HISTORY.get(self.verb, self.verb))

    @property
    def verb(self) -> str:
        return self.event.verb.rpartition(".")[2]

    @property
    def age(self) -> str:
        """How long ago, as finely as a reporter's doings are shown."""
        return hours_ago(self.event.at.replace(minute=0, second=0, microsecond=0))

    @property
    def internal(self) -> bool:
        return self.message is not None and self.message.visibility == ReportMessage.Visibility.INTERNAL


_PREFIX = "incidents.misusereport."
# What the reporter is told of, with the words for it. Everything else is ours.
_TOLD = {
    "file": _("You sent the report"),
    "reply": _("You wrote"),
    "follow_up": _("You wrote"),
    "triage": _("Somebody is looking at it"),
    "answer": _("Answer"),
    "close": _("Closed"),
    "reopen": _("Opened again"),
}
_HISTORY = {
    "file": _("sent the report"),
    "reply": _("wrote"),
    "follow_up": _("wrote"),
    "triage": _("triaged it"),
    "judge": _("changed the judgement"),
    "match": _("matched it to a model"),
    "answer": _("answered the reporter"),
    "note": _("wrote a note"),
    "attach": _("added files"),
    "close": _("closed it"),
    "reopen": _("opened it again"),
    "link": _("linked it to an incident"),
    "unlink": _("unlinked it from an incident"),
    "reveal_contact": _("read the contact"),
    "open": _("opened the incident"),
    "import": _("imported it"),
    "edit": _("edited it"),
    "relate": _("changed models or risks"),
    "contain": _("contained it"),
    "resolve": _("resolved it"),
    "record_lessons": _("recorded lessons"),
    "link_report": _("linked a report"),
    "unlink_report": _("unlinked a report"),
    "link_decision": _("linked a decision"),
}
_STAGE_AFTER = {"file": "received", "triage": "triaged", "answer": "answered", "close": "closed", "reopen": "received"}


def _story(report: MisuseReport, *, for_reporter: bool) -> list[Entry]:
    """What happened to a report, oldest first, told from the audit trail: its order is certain, and one
    read serves both sides. Three queries."""
    events = audit.trail(report).order_by("pk")
    messages = report.messages.all() if for_reporter else report.messages.select_related("user")
    attachments: Any = getattr(report, "attachment_rows", None)
    attachments = report.attachments.all() if attachments is None else [ReportAttachment(**row) for row in attachments]
    if for_reporter:
        public = ReportMessage.Visibility.PUBLIC
        messages, attachments = messages.filter(visibility=public), report.attachments.filter(visibility=public)
        events = events.filter(verb__in=[_PREFIX + verb for verb in _TOLD])
    bodies = {message.pk: message for message in messages}
    files: dict[Any, list[ReportAttachment]] = {}
    for attachment in attachments:
        with_report = "file" if attachment.user_id is None else attachment.sha256
        files.setdefault(attachment.message_id or with_report, []).append(attachment)
    entries = []
    for event in events:
        verb = event.verb.removeprefix(_PREFIX)
        evidence = event.evidence or {}
        message = bodies.get(evidence.get("message", 0))
        if evidence.get("message") and message is None:
            continue  # an internal note, told to somebody who may not read it
        entries.append(
            Entry(
                event=event,
                title=str(_TOLD.get(verb, verb)),
                stage=_STAGE_AFTER.get(verb, ""),
                by_reporter=event.actor_id is None,
                message=message,
                attachments=_files_of(event, verb, message, files),
                reason=str(CloseReason(evidence["why"]).label) if evidence.get("why") in CloseReason.values else "",
            )
        )
    return entries


def _files_of(
    event: AuditEvent, verb: str, message: ReportMessage | None, files: dict[Any, Any]
) -> list[ReportAttachment]:
    keys: list[Any] = [message.pk] if message else list(event.after or []) if verb == "attach" else [verb]
    return [attachment for key in keys for attachment in files.get(key, [])]


def story_for_reporter(report: MisuseReport) -> list[Entry]:
    """What the reporter may read: public messages, moves and the reasons given to them; no names of staff."""
    return _story(report, for_reporter=True)


def story_for_handlers(report: MisuseReport) -> list[Entry]:
    return _story(report, for_reporter=False)


def handlers_for(audience: list[str]) -> Any:
    """Active people who may handle what has this audience, for a choice of owners. One query."""
    groups = [
        group_name("publisher" if entry[0] == "p" else "modelfamily", entry[1:], Role.INCIDENT_HANDLER)
        for entry in audience
        if entry != EVERYONE_CONCERNED
    ]
    chosen = Q(groups__name__in=groups)
    if EVERYONE_CONCERNED in audience:
        chosen |= Q(groups__name__endswith=f":{Role.INCIDENT_HANDLER.value}")
    return User.objects.filter(chosen, is_active=True).distinct().order_by("display_name", "pk")


def handled_by(user: Any) -> list[str]:
    """The audience entries for which ``user`` handles incidents: of all publishers for a superuser."""
    held = scopes(user)
    return [EVERYONE_CONCERNED] if held.everywhere else entries_of(held, [Role.INCIDENT_HANDLER], [])


def report_counts(family: ModelFamily) -> dict[str, int]:
    """How many reports about a model were filed and how many are open. One query."""
    return family.misuse_reports.aggregate(filed=Count("pk"), open=Count("pk", filter=~Q(stage="closed")))


def _stage_of(event: AuditEvent) -> str:
    return event.after if isinstance(event.after, str) and event.after in Incident.Stage.values else ""


def _rows(found: Any, *fields: str) -> ArraySubquery:
    """The rows of ``found`` inside the query of the row they belong to: a page of one object reads once.

    None where it is known beforehand that there can be no row.
    """
    return ArraySubquery(found.values(row=JSONObject(**{name: name for name in fields})))


def report_page_rows(user: Any) -> Any:
    """Reports that ``user`` may see, each with its files and the incidents it is part of."""
    incidents = Incident.objects.visible_to(user).filter(reports=OuterRef("pk")).order_by("pk")
    files = ReportAttachment.objects.filter(report=OuterRef("pk")).order_by("pk")
    return (
        MisuseReport.objects.visible_to(user)
        .select_related("family__publisher", "release__family__publisher", "owner")
        .annotate(
            incident_rows=_rows(incidents, "id", "title", "stage"),
            attachment_rows=_rows(files, "id", "name", "media_type", "size", "sha256", "message_id", "user_id"),
        )
    )


def incidents_of(report: Any) -> list[Incident]:
    return [Incident(**row) for row in report.incident_rows or []]


def links_seen_by(user: Any) -> list[Prefetch]:
    """The numbers of the models, releases and risks of incidents, as far as ``user`` may know of them."""
    kinds: dict[str, Any] = {"families": ModelFamily, "releases": Release, "risks": Risk}
    return [Prefetch(name, kind.objects.visible_to(user).only("pk").order_by("pk")) for name, kind in kinds.items()]


def incident_rows(user: Any) -> Any:
    """Incidents with what a row of the list shows and nothing else."""
    return (
        Incident.objects.visible_to(user)
        .select_related("owner")
        .prefetch_related(Prefetch("families", ModelFamily.objects.visible_to(user).only("name")))
        .only(
            *("title", "stage", "severity", "external_reference", "occurred_on"),
            *("owner__display_name", "owner__email"),
        )
    )


def incident_page_rows(user: Any) -> Any:
    """Incidents that ``user`` may see, each with what is linked to it, as far as ``user`` may see that."""
    here = OuterRef("pk")
    families = ModelFamily.objects.visible_to(user).filter(incidents=here).order_by("name")
    releases = Release.objects.visible_to(user).filter(incidents=here).order_by("-pk")[:SHOWN]
    risks = Risk.objects.visible_to(user).filter(incidents=here).order_by("-pk")[:SHOWN]
    reports = MisuseReport.objects.visible_to(user).filter(incidents=here).order_by("-pk")[:SHOWN]
    decisions = Decision.objects.visible_to(user).filter(incidents=here).order_by("-pk")[:SHOWN]
    owner = ("family__name", "family__slug", "family__publisher__slug")
    return (
        Incident.objects.visible_to(user)
        .select_related("owner", "opened_by")
        .annotate(
            family_rows=_rows(families, "id", "name", "slug", "publisher__slug"),
            release_rows=_rows(releases, "id", "version", *owner),
            risk_rows=_rows(risks, "id", "number", "title"),
            report_rows=_rows(reports, "id", "category", "stage"),
            decision_rows=_rows(decisions, "id", "number", "title", "stage"),
        )
    )


def incident_page(incident: Any) -> dict[str, Any]:
    """What the page of an incident from ``incident_page_rows`` shows. One query, for the history."""
    return {
        "families": [_family(row) for row in incident.family_rows or []],
        "releases": [
            Release(id=row["id"], version=row["version"], family=_family(row, "family__"))
            for row in incident.release_rows or []
        ],
        "risks": [Risk(**row) for row in incident.risk_rows or []],
        "reports": [MisuseReport(**row) for row in incident.report_rows or []],
        "decisions": [Decision(**row) for row in incident.decision_rows or []],
        "trail": [Entry(event, event.verb, stage=_stage_of(event)) for event in audit.trail(incident)[:SHOWN]],
    }


def families_to_raise_in(incident: Incident, user: Any) -> list[ModelFamily]:
    """The families an incident is about in whose register ``user`` can raise a risk. One query."""
    rows = ModelFamily.objects.with_role(user, Role.INCIDENT_HANDLER).select_related("publisher")
    about = Q(incidents=incident) | Q(releases__incidents=incident) | Q(risks__incidents=incident)
    return list(rows.filter(about).distinct().order_by("name"))


def _family(row: dict[str, Any], prefix: str = "") -> ModelFamily:
    publisher = Publisher(slug=row[f"{prefix}publisher__slug"])
    return ModelFamily(publisher=publisher, slug=row[f"{prefix}slug"], name=row[f"{prefix}name"])


_READ_OF_EVENTS = ("at", "actor_label", "verb", "before", "after")
_TOLD_OF_RISKS = ("open", "relate", "contain", "resolve", "close", "reopen")


def incident_changes(since: Mapping[int, dt.datetime], user: Any) -> dict[int, list[Change]]:
    """What happened to the incidents of risks since a moment of each, by the number of the risk. One query.

    That an old incident was linked to the risk counts from the day it was linked, and is told of that risk alone,
    whatever else the incident was linked to on that day.
    """
    events = AuditEvent.objects.filter(
        object_type=Incident._meta.label_lower,
        object_id=Cast(OuterRef("incident_id"), CharField()),
        verb__in=[f"incidents.incident.{verb}" for verb in _TOLD_OF_RISKS],
        at__gt=min(since.values()),
    ).order_by("-pk")
    links: Any = Incident.risks.through.objects.filter(
        risk_id__in=list(since), incident__in=Incident.objects.visible_to(user).values("pk")
    ).annotate(
        event_rows=ArraySubquery(events.values(row=JSONObject(**{name: name for name in _READ_OF_EVENTS}))[:20]),
        title=F("incident__title"),
    )
    found: dict[int, list[Change]] = defaultdict(list)
    for link in links:
        incident = Incident(pk=link.incident_id, title=link.title)
        for row in link.event_rows:
            at = parse_datetime(row["at"])
            verb = row["verb"].rpartition(".")[2]
            if at is None or at <= since[link.risk_id] or (verb == "relate" and not _linked_by(row, link.risk_id)):
                continue
            words = f"{_('linked it to the risk') if verb == 'relate' else _HISTORY.get(verb, verb)}: {incident}"
            found[link.risk_id].append(Change(at, row["actor_label"], words, incident.get_absolute_url()))
    return found


def _linked_by(row: dict[str, Any], risk: int) -> bool:
    """Whether an event that changed what an incident is about linked it to ``risk``."""
    was, now = ({each["id"] for each in (row[side] or {}).get("risks", ())} for side in ("before", "after"))
    return risk in now - was
