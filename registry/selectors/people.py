from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import Scopes, scopes
from accounts.roles import Role, group_name
from registry.models import ModelFamily


def people_of(family: ModelFamily) -> QuerySet[User]:
    """Who can answer for a risk or a mitigation of ``family``: people with a role there or at its publisher."""
    names = [
        group_name(kind, pk, role)
        for kind, pk in (("modelfamily", family.pk), ("publisher", family.publisher_id))
        for role in Role
    ]
    people = User.objects.filter(groups__name__in=names, is_active=True, is_service=False)
    return people.distinct().order_by("display_name", "pk")


def inside(user: Any, *roles: Role) -> Q:
    """Rows with a ``family`` for which ``user`` holds a role (one of ``roles`` when any are named)."""
    held: Scopes = scopes(user)
    if held.everywhere:
        return Q(pk__isnull=False)
    return Q(family__publisher_id__in=held.publisher_ids(*roles)) | Q(family_id__in=held.family_ids(*roles))
