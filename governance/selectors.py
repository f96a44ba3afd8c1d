from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.permissions import has_role
from accounts.roles import ANY_ROLE
from governance.models import Decision
from registry.models import ModelFamily, Risk


def decisions_for(user: Any) -> QuerySet[Decision]:
    """Decisions ``user`` may read, ready for a list: family, release, who; ``family_shown`` says whether to link."""
    shown = ModelFamily.objects.visible_to(user).filter(pk=OuterRef("family_id"))
    return (
        Decision.objects.visible_to(user)
        .select_related("family__publisher", "release", "decided_by", "supersedes", "superseded_by")
        .annotate(family_shown=Exists(shown))
    )


def decision_details_for(user: Any) -> QuerySet[Decision]:
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
