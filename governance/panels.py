from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.lifecycle import available_moves
from common.panels import panel
from common.workspace import entry
from governance import permissions, selectors
from governance.lifecycle import ENTER_PHASE, RELEASE_MOVES
from governance.models import Decision

SHOWN = 5
RELEASE_PAGES = {
    "publish": "governance:release_publication",
    "withdraw": "governance:release_withdrawal",
    "reinstate": "governance:release_reinstatement",
}


@panel("registry.release", template="governance/panels/release_moves.html", order=10)
def release_moves(request: HttpRequest, release: Any) -> dict[str, Any] | None:
    moves = available_moves(RELEASE_MOVES, release, request.user)
    return {"release": release, "moves": [(each, RELEASE_PAGES[each.move.name]) for each in moves]} if moves else None


@panel("registry.phase", template="governance/panels/phase.html", order=90)
def phase_entry(request: HttpRequest, phase: Any) -> dict[str, Any] | None:
    """The way into the next phase of a plan, for those who may enter it, or what still stands in it."""
    first = next((each for each in phase.release.phases.all() if each.stage == phase.Stage.PLANNED), None)
    if first is None or first.pk != phase.pk:
        return None
    moves = available_moves([ENTER_PHASE], phase, request.user)
    return {"phase": phase, "each": moves[0], "help": selectors.entry_words(phase)} if moves else None


@panel("registry.family", template="governance/panels/decisions.html", order=40)
def family_decisions(request: HttpRequest, family: Any) -> dict[str, Any] | None:
    rows = _newest(Decision.objects.published().filter(family=family))
    return {"decisions": rows, "family": family} if rows else None


@panel("registry.risk", template="governance/panels/decisions.html", order=40)
def risk_decisions(request: HttpRequest, risk: Any) -> dict[str, Any] | None:
    rows = _newest(Decision.objects.visible_to(request.user).filter(risks=risk))
    return {"decisions": rows, "family": None} if rows else None


@panel("registry.public_risk", template="governance/panels/decisions.html", order=40)
def public_risk_decisions(request: HttpRequest, risk: Any) -> dict[str, Any] | None:
    """What was decided about a risk, as far as it is published."""
    rows = _newest(Decision.objects.published().filter(risks=risk))
    return {"decisions": rows, "family": None} if rows else None


@panel("home", template="governance/panels/home.html", order=60)
def home_decisions(request: HttpRequest, obj: Any) -> dict[str, Any] | None:
    rows = _newest(Decision.objects.published().select_related("family"))
    return {"decisions": rows} if rows else None


def _newest(rows: QuerySet[Decision]) -> list[Decision]:
    return list(rows.order_by("-published_at", "-pk")[:SHOWN])


@entry(
    "decisions",
    label=_("Decisions"),
    url="governance:decision_work",
    icon="scale",
    order=60,
    empty=_("No draft waits to be published."),
)
def drafts_waiting(user: Any) -> QuerySet[Decision] | None:
    """Drafts for whom publishes them; for everybody else with a role the place without a count."""
    held = scopes(user)
    if not held.any():
        return None
    drafts = Decision.objects.filter(stage=Decision.Stage.DRAFT)
    if held.everywhere:
        return drafts
    publishers = held.publisher_ids(*permissions.DECIDERS)
    families = held.family_ids(*permissions.DECIDERS)
    if not publishers and not families:
        return Decision.objects.none()
    mine = Q(family__publisher_id__in=publishers) | Q(family_id__in=families)
    return drafts.filter(mine)
