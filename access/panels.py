"""What this app shows on the pages of others, and in the workspace."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from access import permissions, selectors
from access.evaluator import evaluate
from access.models import AccessRequest
from common import workspace
from common.panels import panel
from registry.models import Stage

TIERS_ON_ONE_PAGE = 4


@workspace.entry(
    "access",
    label=_("Access requests"),
    url="access:queue",
    icon="key-round",
    order=20,
    empty=_("No request waits for your decision."),
)
def access_waiting(user: Any) -> QuerySet[AccessRequest] | None:
    return AccessRequest.objects.waiting_for(user) if permissions.can_see_queue(user) else None


@workspace.entry(
    "my-access",
    label=_("My access"),
    url="access:mine",
    icon="key",
    order=90,
    empty=_("None of your requests waits for you."),
)
def my_requests_waiting(user: Any) -> QuerySet[AccessRequest] | None:
    """Only what waits for the person: drafts to finish and requests that came back."""
    stages = (AccessRequest.Stage.DRAFT, AccessRequest.Stage.RETURNED)
    return AccessRequest.objects.filter(requester=user, stage__in=stages)


@panel("registry.family", template="access/panel_family.html", order=20)
def tiers_of_family(request: HttpRequest, family: Any) -> dict[str, Any]:
    """The tiers in plain words, and how the reader stands with each."""
    tiers = list(selectors.offered_tiers(family))
    mine = selectors.standing(request.user, family)
    for tier in tiers:
        tier.mine = mine.get(tier.pk)
    url = reverse("access:new_request", args=[family.publisher.slug, family.slug])
    return {"tiers": tiers, "ask_url": url if any(tier.open_now for tier in tiers) else ""}


@panel("registry.terms", template="access/panel_terms.html", order=20)
def tiers_on_one_page(request: HttpRequest, family: Any) -> dict[str, Any] | None:
    """The first tiers in a line each: the page of terms has room for no more."""
    tiers = list(selectors.offered_tiers(family))
    shown = tiers[:TIERS_ON_ONE_PAGE]
    return {"tiers": shown, "more": len(tiers) - len(shown), "family": family} if tiers else None


@panel("registry.release_page", template="access/panel_release.html", order=20)
def gate_of_release(request: HttpRequest, release: Any) -> dict[str, Any]:
    """What the gate says to the reader, in the gate's own words."""
    family = release.family
    url = reverse("access:new_request", args=[family.publisher.slug, family.slug])
    verdict = evaluate(request.user, release) if request.user.is_authenticated else None
    can_ask = release.stage == Stage.PUBLISHED and (
        verdict is None or (not verdict.allowed and verdict.request is None)
    )
    ask = f"{url}?release={release.version}" if can_ask else ""
    return {"verdict": verdict, "ask_url": ask}


@panel("registry.phase", template="access/panel_phase.html", order=20)
@panel("registry.phase_entry", template="access/panel_phase.html", order=20)
def tiers_of_phase(request: HttpRequest, phase: Any) -> dict[str, Any] | None:
    """What a phase of a plan opens. All phases of a page are read at once, and kept with their release."""
    if not phase.opens:
        return None
    release = phase.release
    if not hasattr(release, "tiers_by_phase"):
        release.tiers_by_phase = selectors.tiers_by_phase(release)
    stages = {phase.Stage.PLANNED, phase.Stage.ENTERED}
    can_change = phase.stage in stages and permissions.can_manage_tiers(request.user, release.family)
    return {"phase": phase, "tiers": release.tiers_by_phase.get(phase.pk, []), "can_change": can_change}
