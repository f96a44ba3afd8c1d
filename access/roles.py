"""Who, among those with a role, has to do with access."""

from typing import Any

from django.db.models import Q

from accounts.permissions import scopes
from accounts.roles import Role

# Who reads requests and grants of a family. Only release managers decide.
STAFF = (Role.RELEASE_MANAGER, Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR)


def of_my_families(user: Any, *roles: Role) -> Q:
    """Rows whose ``family`` is one that ``user`` holds one of ``roles`` for."""
    held = scopes(user)
    if held.everywhere:
        return Q(pk__isnull=False)
    whole, single = held.publisher_ids(*roles), held.family_ids(*roles)
    families = Q(pk__in=[])
    if whole:
        families |= Q(family__publisher_id__in=whole)
    if single:
        families |= Q(family_id__in=single)
    return families
