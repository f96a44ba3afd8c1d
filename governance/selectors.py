from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.permissions import has_role
from accounts.roles import ANY_ROLE
from common import audit
from common.models import AuditEvent
from governance.models import Decision, DecisionQuerySet
from registry.models import ModelFamily, Phase, Risk, Stage
from registry.models.plan import PhaseKind


def decisions_for(user: Any) -> DecisionQuerySet:
    """Decisions ``user`` may read, ready for a list: family, release, who; ``family_shown`` says whether to link."""
    shown = ModelFamily.objects.visible_to(user).filter(pk=OuterRef("family_id"))
    return (
        Decision.objects.visible_to(user)
        .select_related("family__publisher", "release", "decided_by", "supersedes", "superseded_by")
        .annotate(family_shown=Exists(shown))
    )


def decision_details_for(user: Any) -> DecisionQuerySet:
    """The same with options, evidence and those of its risks that ``user`` may know of."""
    risks = Risk.objects.visible_to(user).order_by("number")
    return decisions_for(user).prefetch_related("options", "evidence", Prefetch("risks", queryset=risks))


def decided_by(decision: Decision, user: Any) -> str:
    """Who decided, for ``user``: the name for people with a role there, the role alone for everybody else."""
    if decision.decided_by is not None and has_role(user, ANY_ROLE, decision.family):
        return str(decision.decided_by)
    return ""


def families_with_decisions(user: Any) -> QuerySet[ModelFamily]:
    """Families whose published decisions ``user`` can filter by."""
    published = Decision.objects.visible_to(user).published().filter(family=OuterRef("pk"))
    return ModelFamily.objects.filter(Exists(published)).order_by("name")


WORDS = {
    "record": _("started the draft"),
    "edit": _("changed the draft"),
    "publish": _("published it"),
    "supersede": _("published the decision that replaces it"),
    "annul": _("declared it no longer in force"),
}


def history(decision: Decision) -> list[tuple[AuditEvent, Any]]:
    """What happened to ``decision``, newest first, each with words for it."""
    return [(event, WORDS.get(event.verb.rpartition(".")[2], event.verb)) for event in audit.trail(decision)[:50]]


def entry_words(phase: Phase) -> Any:
    """What happens when ``phase`` is entered."""
    if phase.kind == PhaseKind.WITHDRAWN:
        return _("The release is withdrawn: every gate closes at once, to everybody, and the page says why.")
    if phase.opens and phase.release.stage == Stage.DRAFT:
        return _(
            "The release is published with it: a public page, card and files that stay. The gate opens the tiers "
            "of this phase and no others."
        )
    if phase.kind == PhaseKind.END_OF_SUPPORT:
        return _("Page and gate say that support has ended. The tiers of this phase stay open, all others close.")
    if phase.kind == PhaseKind.INTERNAL:
        return _("Nobody outside sees anything. The plan is followed from now on.")
    return _("The gate opens the tiers of this phase and no others, from that moment.")
