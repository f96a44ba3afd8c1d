from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.roles import Role, group_name


@dataclass(frozen=True)
class Assignment:
    """Somebody holds a role for a publisher or a family."""

    user: User
    role: Role
    scope: Any


def assignments(within: Iterable[Any]) -> list[Assignment]:
    """Who holds which role for each of the scopes ``within``, in their order. One query."""
    known = {group_name(scope._meta.model_name, scope.pk, role): (role, scope) for scope in within for role in Role}
    rows = User.groups.through.objects.filter(group__name__in=known).select_related("user__organisation", "group")
    order = list(known)
    found = sorted(rows, key=lambda row: (order.index(row.group.name), str(row.user).lower()))
    return [Assignment(row.user, *known[row.group.name]) for row in found]


def person_with(email: str) -> User | None:
    """The account that can be given a role: a person's, not closed, by its address in any spelling."""
    return User.objects.filter(email__iexact=email, is_active=True, is_service=False).first()
