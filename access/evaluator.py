"""The one place that says whether somebody may have the files of a release, and why not.

Page, API and gate all ask here, so that no page can say “approved” while the gate says no. Time is judged
when somebody asks: a grant that ended is closed although no worker ran.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from access.models import Acceptance, AccessRequest, Grant, PhaseTier, TermsVersion, Tier
from common.prepared import Prepared, columns_of, instance
from registry.models import Phase, Release, Stage
from registry.models.plan import PhaseKind


@dataclass(frozen=True)
class Requirement:
    """One thing that has to hold. ``text`` says how it stands, ``next_action_url`` where to change that."""

    key: str
    met: bool
    text: str
    next_action_url: str = ""


@dataclass(frozen=True)
class PresentPhase:
    """The phase of its plan that a release is in, and whether that opens the tier in question."""

    kind: str
    title: str
    entered_at: datetime
    opens: bool

    @property
    def name(self) -> str:
        label = str(PhaseKind(self.kind).label)
        return f"{label}: {self.title}" if self.title else label

    @property
    def support_ended_at(self) -> datetime | None:
        return self.entered_at if self.kind == PhaseKind.END_OF_SUPPORT else None


@dataclass(frozen=True)
class Verdict:
    """Whether the gate of ``release`` is open to ``user`` at the moment ``at``, and what that hangs on."""

    user: Any
    release: Release
    at: datetime
    requirements: tuple[Requirement, ...]
    grant: Grant | None = None
    request: AccessRequest | None = None
    support_channel: str = ""
    phase: "PresentPhase | None" = None

    @property
    def allowed(self) -> bool:
        return all(requirement.met for requirement in self.requirements)

    @property
    def unmet(self) -> list[Requirement]:
        return [requirement for requirement in self.requirements if not requirement.met]

    @property
    def disabled(self) -> bool:
        """Closed to everybody, because the release is withdrawn."""
        return self.release.stage == Stage.WITHDRAWN


def evaluate(user: Any, release: Release, at: datetime | None = None) -> Verdict:
    """Judge whether ``user`` may have the files of ``release`` at the moment ``at`` (now).

    The grant that comes nearest to opening the gate is the one judged. One query when it opens, at most
    three when it does not. ``release`` needs ``family.publisher`` loaded.
    """
    at = at or timezone.now()
    first = (_account(user), _release(release))
    if not getattr(user, "is_authenticated", False):
        return _without_grant(user, release, at, first, None)
    grants = _grants(user.pk, release.pk, at)
    judged = [(judge(grant, at), grant) for grant in grants]
    judged.sort(key=lambda pair: sum(not requirement.met for requirement in pair[0]))
    if judged and (all(requirement.met for requirement in judged[0][0]) or _alive(judged[0][1], at)):
        found, grant = judged[0]
        channel = grant.tier.support_channel
        return Verdict(user, release, at, (*first, *found), grant, None, channel, present_phase(grant))
    latest = (
        AccessRequest.objects.filter(requester_id=user.pk, release_id=release.pk)
        .select_related("tier")
        .order_by("-pk")
        .first()
    )
    if judged and (latest is None or not latest.is_open):
        found, grant = judged[0]
        channel = grant.tier.support_channel
        return Verdict(user, release, at, (*first, *found), grant, latest, channel, present_phase(grant))
    return _without_grant(user, release, at, first, latest)


def judgeable(grants: QuerySet[Grant], at: datetime | None = None) -> QuerySet[Grant]:
    """``grants`` with all that ``judge`` needs to know, in the same query: newest first, replaced ones left out."""
    at = at or timezone.now()
    required = TermsVersion.objects.filter(tier=OuterRef("tier"), is_material=True, enforced_from__lte=at).order_by(
        "-number"
    )
    accepted = Acceptance.objects.filter(user=OuterRef("user"), terms__tier=OuterRef("tier")).order_by("-terms__number")
    return (
        with_phase(grants.exclude(stage=Grant.Stage.SUPERSEDED), OuterRef("release"), OuterRef("tier"))
        .select_related("tier")
        .annotate(
            required_terms=Subquery(required.values("number")[:1]),
            required_terms_id=Subquery(required.values("pk")[:1]),
            accepted_terms=Subquery(accepted.values("terms__number")[:1]),
        )
        .order_by("-pk")
    )


def with_phase(rows: QuerySet[Any], release: Any, tier: Any) -> QuerySet[Any]:
    """``rows`` with the phase that ``release`` is in and whether it opens ``tier``; see ``present_phase``.

    The plan is followed at the moment of asking: whoever enters a phase changes nothing but the phase.
    """
    present = Phase.objects.entered().filter(release=release)
    opened = PhaseTier.objects.filter(phase__release=release, phase__stage=Phase.Stage.ENTERED, tier=tier)
    return rows.annotate(
        phase_kind=Subquery(present.values("kind")[:1]),
        phase_title=Subquery(present.values("title")[:1]),
        phase_entered_at=Subquery(present.values("entered_at")[:1]),
        phase_opens=Exists(opened),
    )


def present_phase(row: Any) -> PresentPhase | None:
    """The phase of a row from ``with_phase``; None for a release that follows no plan, or not yet."""
    if row.phase_kind is None:
        return None
    return PresentPhase(row.phase_kind, row.phase_title, row.phase_entered_at, row.phase_opens)


def judge(grant: Any, at: datetime | None = None) -> tuple[Requirement, ...]:
    """What has to hold for a grant from ``judgeable``, apart from the account and the release."""
    at = at or timezone.now()
    parts = (_in_force(grant), _dates(grant, at), _terms(grant))
    phase = present_phase(grant)
    return parts if phase is None else (*parts, _phase(phase, grant.tier))


def opens(grant: Any, at: datetime | None = None) -> bool:
    """Whether ``grant`` (from ``judgeable``, with ``release`` and ``user`` loaded) opens the gate."""
    return (
        grant.user.is_active and grant.release.stage == Stage.PUBLISHED and all(part.met for part in judge(grant, at))
    )


def explain(user: Any, release: Release, at: datetime | None = None) -> dict[str, Any]:
    """The verdict as plain data: every requirement, whether it is met, and what to do next."""
    verdict = evaluate(user, release, at)
    return {
        "release": release.pk,
        "allowed": verdict.allowed,
        "judged_at": verdict.at,
        "grant": verdict.grant.pk if verdict.grant else None,
        "valid_until": verdict.grant.valid_until if verdict.grant else None,
        "support_channel": verdict.support_channel,
        "phase": verdict.phase.name if verdict.phase else "",
        "support_ended_at": verdict.phase.support_ended_at if verdict.phase else None,
        "requirements": [
            {"key": part.key, "met": part.met, "text": part.text, "next_action_url": part.next_action_url}
            for part in verdict.requirements
        ],
    }


_GRANT, _TIER, _TERMS = (
    columns_of(Grant),
    columns_of(Tier, "tier__"),
    [
        *("required_terms", "required_terms_id", "accepted_terms"),
        *("phase_kind", "phase_title", "phase_entered_at", "phase_opens"),
    ],
)
_grants_of_user = Prepared(
    lambda user, release, at: judgeable(Grant.objects.filter(user_id=user, release_id=release), at),
    [*_GRANT, *_TIER, *_TERMS],
    user=int,
    release=int,
    at=datetime,
)


def _grants(user_id: int, release_id: int, at: datetime) -> list[Grant]:
    """``judgeable`` for one person and one release, as the gate asks it thousands of times a minute."""
    found = []
    for row in _grants_of_user.rows(user=user_id, release=release_id, at=at):
        grant = instance(Grant, row[: len(_GRANT)])
        grant.tier = instance(Tier, row[len(_GRANT) : -len(_TERMS)])
        for name, value in zip(_TERMS, row[-len(_TERMS) :], strict=True):
            setattr(grant, name, value)
        found.append(grant)
    return found


def _alive(grant: Grant, at: datetime) -> bool:
    return grant.stage in {Grant.Stage.ACTIVE, Grant.Stage.SUSPENDED} and grant.valid_until > at


def _account(user: Any) -> Requirement:
    if not getattr(user, "is_authenticated", False):
        return Requirement("account", False, _("Sign in, or send a token that may download."), reverse("account_login"))
    if not user.is_active:
        return Requirement("account", False, _("This account is closed."))
    return Requirement("account", True, _("Your account is active."))


def _release(release: Release) -> Requirement:
    name = {"release": release}
    if release.stage == Stage.WITHDRAWN:
        words = _("%(release)s was withdrawn: %(reason)s") % {**name, "reason": release.withdrawal_reason}
        return Requirement("release", False, words, release.get_absolute_url())
    if release.stage != Stage.PUBLISHED:
        return Requirement("release", False, _("%(release)s is not published yet.") % name)
    return Requirement("release", True, _("%(release)s is published.") % name, release.get_absolute_url())


def _in_force(grant: Grant) -> Requirement:
    facts = {
        "tier": grant.tier.name,
        "reason": grant.stage_reason,
        "when": _day(grant.stage_changed_at) if grant.stage_changed_at else "",
    }
    page = reverse("access:request", args=[grant.request_id])
    if grant.stage == Grant.Stage.SUSPENDED:
        return Requirement("grant", False, _("Your access was suspended on %(when)s: %(reason)s") % facts, page)
    if grant.stage != Grant.Stage.ACTIVE:
        return Requirement("grant", False, _("Your access was revoked on %(when)s: %(reason)s") % facts, page)
    return Requirement("grant", True, _("Your request for “%(tier)s” was approved.") % facts, page)


def _dates(grant: Grant, at: datetime) -> Requirement:
    page = reverse("access:request", args=[grant.request_id])
    if at < grant.valid_from:
        return Requirement("period", False, _("Your access begins on %s.") % _day(grant.valid_from), page)
    if at >= grant.valid_until:
        words = _("Your access ended on %s. Ask for it again.") % _day(grant.valid_until)
        return Requirement("period", False, words, page)
    return Requirement("period", True, _("Your access lasts until %s.") % _day(grant.valid_until), page)


def _terms(grant: Any) -> Requirement:
    required, accepted = grant.required_terms, grant.accepted_terms or 0
    facts = {"number": required or accepted, "tier": grant.tier.name}
    if required is None:
        return Requirement("terms", False, _("The tier “%(tier)s” has no terms yet.") % facts)
    if accepted < required:
        page = reverse("access:terms_acceptance", args=[grant.tier_id])
        return Requirement("terms", False, _("Accept version %(number)s of the terms of “%(tier)s”.") % facts, page)
    words = _("You accepted the terms of “%(tier)s” that apply.") % facts
    return Requirement("terms", True, words, reverse("access:terms", args=[grant.required_terms_id]))


def _phase(phase: PresentPhase, tier: Tier) -> Requirement:
    facts = {"phase": phase.name, "tier": tier.name, "when": _day(phase.entered_at)}
    if not phase.opens:
        words = _("“%(tier)s” is closed in the phase that the release is in since %(when)s: “%(phase)s”.")
        return Requirement("phase", False, words % facts)
    if phase.support_ended_at:
        words = _("Support ended on %(when)s. What is open stays open: “%(tier)s” is.")
        return Requirement("phase", True, words % facts)
    return Requirement("phase", True, _("“%(tier)s” is open in the present phase, “%(phase)s”.") % facts)


def _without_grant(
    user: Any, release: Release, at: datetime, first: tuple[Requirement, ...], latest: AccessRequest | None
) -> Verdict:
    """The verdict on somebody without a grant: what became of their request, or how to make one."""
    if latest is not None and latest.stage not in {AccessRequest.Stage.WITHDRAWN, AccessRequest.Stage.APPROVED}:
        found = Requirement("grant", False, _request_words(latest), latest.get_absolute_url())
        return Verdict(user, release, at, (*first, found), None, latest, latest.tier.support_channel)
    offered = with_phase(Tier.objects.offered().filter(family_id=release.family_id), release.pk, OuterRef("pk"))
    tier = offered.order_by(F("phase_opens").desc(), "order", "pk").first()
    phase = present_phase(tier) if tier else None
    if tier is not None and phase is not None and not phase.opens and release.stage == Stage.PUBLISHED:
        words = _("%(release)s is in the phase “%(phase)s”, in which no tier that can be asked for is open.")
        closed = Requirement("phase", False, words % {"release": release, "phase": phase.name})
        return Verdict(user, release, at, (*first, closed), None, None, tier.support_channel, phase)
    if tier is None:
        words = _("No tier of this model is offered at present, so nobody can ask for access.")
        found = Requirement("grant", False, words, release.family.get_absolute_url())
        return Verdict(user, release, at, (*first, found))
    words = _("Ask for access to %(release)s and have the request approved.") % {"release": release}
    page = reverse("access:new_request", args=[release.family.publisher.slug, release.family.slug])
    missing = Requirement("grant", False, words, page)
    return Verdict(user, release, at, (*first, missing), None, None, tier.support_channel, phase)


def _request_words(request: AccessRequest) -> str:
    facts = {
        "reference": request.reference,
        "due": _day(request.due_at) if request.due_at else "",
        "when": _day(request.decided_at) if request.decided_at else "",
        "reason": request.decision_reason,
    }
    words = {
        AccessRequest.Stage.DRAFT: _("Your request %(reference)s is not sent yet. Finish it."),
        AccessRequest.Stage.SUBMITTED: _("Your request %(reference)s waits for a decision, which is due by %(due)s."),
        AccessRequest.Stage.RETURNED: _("Your request %(reference)s came back to you with questions. Answer them."),
        AccessRequest.Stage.DECLINED: _(
            "Your request %(reference)s was declined on %(when)s: %(reason)s You may ask again."
        ),
    }
    return words[AccessRequest.Stage(request.stage)] % facts


def _day(moment: datetime) -> str:
    return f"{date_format(timezone.localtime(moment), 'j M Y')}"
