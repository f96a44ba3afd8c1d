"""Reads of the access app that span tables, shaped for a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce, JSONObject
from django.utils.translation import gettext_lazy as _

from access.models import AccessRequest, Grant, PhaseTier, RequestMessage, TermsVersion, Tier
from access.roles import STAFF, of_my_families
from accounts.models import Organisation, OrganisationDomain
from accounts.roles import Role
from common import workspace
from common.addresses import address
from common.models import AuditEvent
from registry.models import Phase, Release, Risk, Stage
from registry.scale import Level, level

TABS = ("mine", "requester", "decided")
# Whole rows of a queue would be mostly texts that nobody reads there.
SHOWN_OF_A_ROW = (
    *("purpose", "stage", "due_at", "closed_at", "organisation_id", "tier_id", "family__name", "release__version"),
    *("requester__display_name", "requester__email", "assignee__display_name", "assignee__email"),
)
SHORTEST_TRIGRAM = 3
# Anybody can have an address there, so it says nothing about where somebody works.
FREE_MAIL = frozenset(
    [
        "aol.com",
        "gmail.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mail.com",
        "mail.ru",
        "outlook.com",
        "pm.me",
        "proton.me",
        "protonmail.com",
        "qq.com",
        "tutanota.com",
        "web.de",
        "yahoo.com",
        "yandex.com",
        "yandex.ru",
        "zoho.com",
        "163.com",
        "126.com",
    ]
)


def queue(user: Any, tab: str) -> QuerySet[AccessRequest]:
    """The requests of one tab of the queue, with what a row shows of the requester and of the model's risks.

    ``furnish`` a page of them: joined to everything a row shows, PostgreSQL plans for 30 ms what it reads in one.
    """
    rows = {
        "mine": AccessRequest.objects.waiting_for(user),
        "requester": AccessRequest.objects.for_staff(user).filter(stage=AccessRequest.Stage.RETURNED),
        "decided": AccessRequest.objects.for_staff(user).filter(closed_at__isnull=False),
    }[tab]
    return with_risk(rows.select_related("requester", "release", "family", "assignee")).only(*SHOWN_OF_A_ROW)


def order_of(tab: str) -> tuple[str, ...]:
    """Most urgent first; what is decided, newest first."""
    return ("-closed_at", "-pk") if tab == "decided" else ("due_at", "pk")


def tab_counts(user: Any) -> dict[str, str]:
    """How many wait in the first two tabs, counted to a hundred; the third is history.

    What waits for ``user`` is in the sidebar already: the same requests, counted once for both.
    """
    waiting = next((item.shown for item in workspace.items(user) if item.name == "access"), "")
    returned = AccessRequest.objects.for_staff(user).filter(stage=AccessRequest.Stage.RETURNED).order_by()
    count = returned[: workspace.CAP].count()
    return {"mine": waiting, "requester": f"{workspace.CAP - 1}+" if count >= workspace.CAP else str(count)}


def search(rows: QuerySet[AccessRequest], words: str) -> QuerySet[AccessRequest]:
    """Rows by number (AR-7), purpose, or name of the person or organisation."""
    words = words.strip()
    number = words.upper().removeprefix("AR-")
    if number.isascii() and number.isdigit() and len(number) < 19:
        return rows.filter(pk=int(number))
    if not words:
        return rows
    people = Q(requester__display_name__icontains=words) | Q(requester__email__icontains=words)
    parts = [Q(purpose__icontains=words), people, Q(organisation__name__icontains=words)]
    if len(words) < SHORTEST_TRIGRAM:
        # No index helps, and so short a text is in so many rows that the first page is found at once.
        return rows.filter(Q(*parts, _connector=Q.OR))
    # Table by table: joined by OR, PostgreSQL would use none of their trigram indexes.
    first, *others = [AccessRequest.objects.filter(part).order_by().values("pk") for part in parts]
    return rows.filter(pk__in=first.union(*others))


def with_risk(rows: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    """``rows`` with the level of the worst open risk of the model, read off the register's own order."""
    risks = Risk.objects.filter(family=OuterRef("family"), stage=Risk.Stage.OPEN).order_by("-urgency")
    judged = JSONObject(score="current_score", band="current_band")
    return rows.annotate(worst_risk=Subquery(risks.values(json=judged)[:1]))


def furnish(rows: Iterable[Any], tiers: Iterable[Tier]) -> None:
    """Give the rows of a page their tier out of ``tiers``, their organisation, flags and level.

    One query, for the organisations and whether they were given access before; none where there are none.
    """
    offered = {tier.pk: tier for tier in tiers}
    before = AccessRequest.objects.filter(organisation=OuterRef("pk"), stage=AccessRequest.Stage.APPROVED)
    named = Organisation.objects.only("name").annotate(is_known=Exists(before))
    organisations = named.in_bulk({row.organisation_id for row in rows if row.organisation_id})
    for row in rows:
        if row.tier_id in offered:
            row.tier = offered[row.tier_id]
        if row.organisation_id:
            row.organisation = organisations[row.organisation_id]
        row.flags, row.level = flags(row), risk_level(row)
        row.address = address("access:decision_page", row.pk)


def with_applicant(rows: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    """``rows`` with all that the decision page says of the requester and the model, in the same query."""
    earlier = AccessRequest.objects.filter(requester=OuterRef("requester"), submitted_at__isnull=False).exclude(
        pk=OuterRef("pk")
    )
    past = earlier.filter(family__publisher=OuterRef("family__publisher")).order_by("-pk")[:5]
    row = JSONObject(
        pk="pk", stage="stage", purpose="purpose", tier="tier__name", release="release__version", family="family__name"
    )
    risks = Risk.objects.filter(family=OuterRef("family"), stage=Risk.Stage.OPEN).order_by("-urgency")[:5]
    risk = JSONObject(pk="pk", number="number", title="title", score="current_score", band="current_band")
    here = {"user": OuterRef("requester"), "family__publisher": OuterRef("family__publisher")}
    revoked = Grant.objects.filter(**here, stage=Grant.Stage.REVOKED).order_by().values("user")
    domains = OrganisationDomain.objects.filter(organisation=OuterRef("organisation"), verified_at__isnull=False)
    return rows.select_related(
        "requester__organisation",
        "organisation",
        "tier",
        "release",
        "family__publisher",
        "assignee",
        "decided_by",
        "signed_terms",
    ).annotate(
        past=ArraySubquery(past.values(json=row)),
        risks=ArraySubquery(risks.values(json=risk)),
        revoked_before=Subquery(revoked.annotate(n=Count("pk")).values("n")),
        verified_domains=ArraySubquery(domains.values("domain")[:5]),
    )


def flags(request: Any) -> list[tuple[str, Any]]:
    """What somebody who decides should not overlook: pairs of tone and words."""
    found: list[tuple[str, Any]] = []
    if mail_host(request.requester.email) in FREE_MAIL:
        found.append(("warn", _("Free e-mail")))
    if request.organisation_id is None:
        found.append(("warn", _("No organisation")))
    elif not request.organisation.is_known:
        found.append(("warn", _("New organisation")))
    return found


def mail_host(address: str) -> str:
    return address.rpartition("@")[2].lower()


def risk_level(request: Any) -> Level | None:
    worst = request.worst_risk or {"score": None, "band": None}
    return level(worst["score"], worst["band"])


def risks_of(request: Any) -> list[dict[str, Any]]:
    return [{**row, "level": level(row["score"], row["band"])} for row in request.risks if row["score"]]


def tiers_to_filter(user: Any) -> QuerySet[Tier]:
    """All tiers of the families ``user`` works for, with the names alone."""
    rows = Tier.objects.filter(of_my_families(user, *STAFF)).select_related("family")
    return rows.only("name", "family__name").order_by("family__name", "order")


def managed_tiers(user: Any) -> QuerySet[Tier]:
    """Tiers ``user`` may change, with how many live grants each has and the number of its newest terms."""
    live = (
        Grant.objects.in_force()
        .filter(tier=OuterRef("pk"))
        .order_by()
        .values("tier")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return (
        Tier.objects.filter(of_my_families(user, Role.RELEASE_MANAGER))
        .select_related("family__publisher")
        .annotate(live_grants=Coalesce(Subquery(live), 0), terms_number=Subquery(_newest_terms("number")))
        .annotate(question_count=Count("questions"))
        .order_by("family__name", "family_id", "order", "pk")
    )


def offered_tiers(family: Any, release: Any = None) -> QuerySet[Tier]:
    """Tiers that are offered, with their newest terms, and ``open_now``: whether the plan of ``release`` has them open.

    Without ``release`` that is the newest published one. All in the same query.
    """
    parts = JSONObject(pk="pk", number="number", can="can", must="must", must_not="must_not")
    newest = Release.objects.filter(family=family, stage=Stage.PUBLISHED).order_by("-published_at", "-pk")
    present = Phase.objects.entered().filter(release=release.pk if release else Subquery(newest.values("pk")[:1]))
    opened = PhaseTier.objects.filter(tier=OuterRef("pk"), phase__in=present.values("pk"))
    return (
        Tier.objects.filter(family=family, is_offered=True)
        .annotate(summary=Subquery(_newest_terms(parts)), open_now=Exists(opened) | ~Exists(present))
        .filter(summary__isnull=False)
        .order_by("order", "pk")
    )


def phase_tiers(phase: Any) -> QuerySet[Tier]:
    """The tiers that ``phase`` opens, in the family's order."""
    return Tier.objects.filter(phases__phase=phase).order_by("order", "pk")


def tiers_by_phase(release: Any) -> dict[int, list[Tier]]:
    """The tiers that each phase of ``release`` opens, by its number. One query."""
    found: dict[int, list[Tier]] = {}
    rows = PhaseTier.objects.filter(phase__release=release).select_related("tier").order_by("tier__order", "tier_id")
    for row in rows:
        found.setdefault(row.phase_id, []).append(row.tier)
    return found


def _newest_terms(what: Any) -> QuerySet[Any]:
    rows = TermsVersion.objects.filter(tier=OuterRef("pk")).order_by("-number")
    return rows.values(what)[:1] if isinstance(what, str) else rows.values(json=what)[:1]


@dataclass(frozen=True)
class Entry:
    """One line of a request's history: a step, or something somebody wrote."""

    at: datetime
    who: str
    words: Any
    stage: str = ""
    reason: str = ""
    icon: str = ""
    internal: bool = False


STEPS = {
    "access.accessrequest.submit": (_("sent the request"), "submitted"),
    "access.accessrequest.resubmit": (_("sent the request again"), "submitted"),
    "access.accessrequest.return": (_("returned it with questions"), "returned"),
    "access.accessrequest.approve": (_("approved the request"), "approved"),
    "access.accessrequest.decline": (_("declined the request"), "declined"),
    "access.accessrequest.withdraw": (_("withdrew the request"), "withdrawn"),
    "access.grant.suspend": (_("suspended the access"), "suspended"),
    "access.grant.resume": (_("resumed the access"), "active"),
    "access.grant.revoke": (_("revoked the access"), "revoked"),
    "access.grant.supersede": (_("replaced the access by a renewal"), "superseded"),
}
INTERNAL_STEPS = {"access.accessrequest.assign": (_("said who looks at it"), "")}


def history(request: AccessRequest, messages: list[RequestMessage], *, internal: bool) -> list[Entry]:
    """Steps and messages in the order they happened. One query; ``messages`` are those the reader may see."""
    steps = STEPS | INTERNAL_STEPS if internal else STEPS
    grants = Grant.objects.filter(request=request).annotate(text=Cast("pk", CharField())).values("text")
    about = Q(object_type="access.accessrequest", object_id=str(request.pk))
    about |= Q(object_type="access.grant", object_id__in=grants)
    events = AuditEvent.objects.filter(about, verb__in=steps).order_by("pk")
    entries = [
        Entry(event.at, event.actor_label, steps[event.verb][0], steps[event.verb][1], _reason_of(event))
        for event in events
    ]
    for message in messages:
        note = message.visibility == RequestMessage.Visibility.INTERNAL
        words = _("noted for colleagues") if note else _("wrote")
        icon = "lock" if note else "message-square"
        entries.append(Entry(message.created_at, str(message.author), words, "", message.body, icon, note))
    return sorted(entries, key=lambda entry: entry.at)


def _reason_of(event: AuditEvent) -> str:
    # What a return asks for is a message as well, and shown there.
    return "" if event.verb.endswith(".return") else event.reason


def changed_fields(request: AccessRequest) -> dict[str, str]:
    """What answers were before the request was returned, where they differ now."""
    if not request.returned_copy:
        return {}
    before = {"purpose": request.returned_copy["purpose"]}
    before |= {entry["name"]: entry["value"] for entry in request.returned_copy["answers"]}
    now = {"purpose": request.purpose} | {entry["name"]: entry["value"] for entry in request.answers}
    return {name: value for name, value in before.items() if now.get(name, "") != value}


@dataclass(frozen=True)
class Standing:
    """How somebody stands with a tier: the stage of their grant or request, and its page."""

    stage: str
    label: str
    url: str


def standing(user: Any, family: Any) -> dict[int, Standing]:
    """By tier, the newest request of ``user`` for ``family`` or the grant it made. Two queries at most."""
    if not user.is_authenticated:
        return {}
    rows = AccessRequest.objects.filter(requester=user, family=family).exclude(stage=AccessRequest.Stage.WITHDRAWN)
    found: dict[int, Standing] = {}
    for row in rows.prefetch_related("grants").order_by("pk"):
        grant = next(iter(row.grants.all()), None)
        stage = grant.shown_stage if grant else row.stage
        label = grant.shown_stage_label if grant else row.get_stage_display()
        found[row.tier_id] = Standing(stage, label, row.get_absolute_url())
    return found
