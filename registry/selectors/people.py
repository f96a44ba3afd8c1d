from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import Scopes, scopes
from accounts.roles import NAMED_GROUP, Role, group_name
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


def assignments_within(user: Any) -> QuerySet[Any]:
    """Who holds which role, as far as ``user`` gives roles: one row a person, role and scope."""
    rows = User.groups.through.objects.select_related("user", "group")
    held = scopes(user)
    if held.everywhere:
        # Other groups may be named alike by hand.
        return rows.filter(group__name__regex=NAMED_GROUP)
    publishers, families = held.publisher_ids(Role.ADMINISTRATOR), held.family_ids(Role.ADMINISTRATOR)
    theirs = ModelFamily.objects.filter(publisher__in=publishers).values_list("pk", flat=True) if publishers else ()
    names = [group_name("publisher", pk, role) for pk in publishers for role in Role]
    names += [group_name("modelfamily", pk, role) for pk in {*families, *theirs} for role in Role]
    return rows.filter(group__name__in=names)


def inside(user: Any, *roles: Role) -> Q:
    """Rows with a ``family`` for which ``user`` holds a role (one of ``roles`` when any are named)."""
    held: Scopes = scopes(user)
    if held.everywhere:
        return Q(pk__isnull=False)
    return Q(family__publisher_id__in=held.publisher_ids(*roles)) | Q(family_id__in=held.family_ids(*roles))
