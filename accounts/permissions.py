"""Who holds which role where. The only place that asks guardian.

A role at a publisher counts for all its families; upper apps compare numbers, so one query per request
answers every question of this kind.
"""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from guardian.models import GroupObjectPermission

from accounts.models import Membership
from accounts.roles import ANY_ROLE, Role


class Scoped(Protocol):
    """Something roles are given for: a publisher, or a family that names its publisher."""

    pk: Any
    _meta: ClassVar[Any]


@dataclass
class Scopes:
    """Where somebody holds a role: numbers of publishers and of single families. ``everywhere`` for superusers."""

    publishers: dict[Role, set[int]] = field(default_factory=lambda: defaultdict(set))
    families: dict[Role, set[int]] = field(default_factory=lambda: defaultdict(set))
    everywhere: bool = False

    def publisher_ids(self, *roles: Role) -> set[int]:
        return set().union(*(self.publishers[role] for role in roles or ANY_ROLE))

    def family_ids(self, *roles: Role) -> set[int]:
        return set().union(*(self.families[role] for role in roles or ANY_ROLE))

    def any(self, *roles: Role) -> bool:
        """Whether there is any scope with one of ``roles`` (any role when none is named)."""
        return self.everywhere or bool(self.publisher_ids(*roles) or self.family_ids(*roles))

    def key(self) -> Hashable:
        """The same for the same roles."""
        held = [(role, tuple(sorted(numbers))) for role, numbers in sorted(self.publishers.items()) if numbers]
        single = [(role, tuple(sorted(numbers))) for role, numbers in sorted(self.families.items()) if numbers]
        return self.everywhere, tuple(held), tuple(single)


def scopes(user: Any) -> Scopes:
    """All roles of ``user``, read once per instance, that is once per request."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Scopes()
    known = getattr(user, "_scopes", None)
    if known is None:
        known = Scopes(everywhere=user.is_superuser)
        rows = GroupObjectPermission.objects.filter(group__user=user).values_list(
            "content_type__model", "object_pk", "permission__codename"
        )
        by_codename = {role.codename: role for role in Role}
        for model, pk, codename in rows:
            if role := by_codename.get(codename):
                (known.publishers if model == "publisher" else known.families)[role].add(int(pk))
        user._scopes = known
    return known


def forget_scopes(user: Any) -> None:
    """Read the roles again next time: they have just changed."""
    # Set, not deleted: the request's user is a lazy wrapper that keeps nothing of its own.
    user._scopes = None


def has_role(user: Any, role: Role | frozenset[Role] | set[Role], scope: Scoped) -> bool:
    """Whether ``user`` holds ``role`` (or one of them) for ``scope``, a publisher or a family of one."""
    held = scopes(user)
    if held.everywhere:
        return True
    roles = (role,) if isinstance(role, Role) else tuple(role)
    publisher_id = getattr(scope, "publisher_id", None)
    if publisher_id is None:
        return scope.pk in held.publisher_ids(*roles)
    return publisher_id in held.publisher_ids(*roles) or scope.pk in held.family_ids(*roles)


def organisation_ids(user: Any) -> set[int]:
    """The organisations ``user`` belongs to or ever belonged to; read once per instance."""
    read_organisations(user)
    return user._organisation_ids | ({user.organisation_id} - {None})


def read_organisations(*users: Any) -> None:
    """Read the organisations of all ``users`` of whom they are not known yet, in one query."""
    unknown = [user for user in users if getattr(user, "_organisation_ids", None) is None]
    if not unknown:
        return
    found: dict[int, set[int]] = defaultdict(set)
    rows = Membership.objects.filter(user_id__in={user.pk for user in unknown}).order_by()
    for user_id, organisation_id in rows.values_list("user_id", "organisation_id"):
        found[user_id].add(organisation_id)
    for user in unknown:
        user._organisation_ids = found[user.pk]


def are_colleagues(one: Any, other: Any) -> bool:
    """Whether both belong, or ever belonged, to the same organisation."""
    read_organisations(one, other)
    return bool(organisation_ids(one) & organisation_ids(other))


def can_manage_roles(user: Any, scope: Scoped) -> bool:
    return has_role(user, Role.ADMINISTRATOR, scope)


def can_hand_over(user: Any, owner: Any) -> bool:
    """Whether ``user`` may hand over anything of ``owner``'s: their own, or as somebody who manages models. What of
    it, each kind of thing says for itself."""
    managing = (Role.RELEASE_MANAGER, Role.ADMINISTRATOR)
    return bool(user.is_authenticated) and (user.pk == owner.pk or scopes(user).any(*managing))


def can_close_account(user: Any, owner: Any) -> bool:
    """Accounts are the portal's, not a publisher's. Nobody closes their own: somebody else sees that all is handed
    over."""
    return bool(user.is_superuser) and user.pk != owner.pk


def can_manage_organisations(user: Any) -> bool:
    """Organisations are the portal's, not a publisher's: who belongs to one decides who is whose colleague
    everywhere, so no publisher's administrator may say so."""
    return bool(user.is_superuser)


def role_words(user: Any) -> list[str]:
    """The roles ``user`` holds anywhere, in words, in the order of ``Role``."""
    held = scopes(user)
    return [str(role.label) for role in Role if held.publisher_ids(role) or held.family_ids(role)]
