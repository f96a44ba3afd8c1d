"""Whom a report or an incident concerns, kept on the row itself.

A list has to be as quick for somebody who may see three rows of 100,000 as for somebody who may see
all. The families a row belongs to, and their publishers, are therefore written into one array with a
GIN index: PostgreSQL knows how common each entry is and picks the index or the newest rows by itself.
Only the services write it, with the rows it follows from.
"""

from collections.abc import Collection, Iterable
from typing import Any, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from accounts.permissions import Scopes, scopes
from accounts.roles import Role
from registry.models import ModelFamily

# Nobody knows yet which model it is about: everybody who does this work, at any publisher, may look.
EVERYONE_CONCERNED = "any"
Row = TypeVar("Row", bound=models.Model)


def audience_for(families: Iterable[ModelFamily]) -> list[str]:
    """The entries for something about ``families``, or about a model that is not known yet."""
    entries = {f"f{family.pk}" for family in families} | {f"p{family.publisher_id}" for family in families}
    return sorted(entries) or [EVERYONE_CONCERNED]


def entries_of(held: Scopes, roles: Iterable[Role], unknown: Collection[Role]) -> list[str]:
    """The entries that somebody with ``roles`` reads; what has no model yet takes one of ``unknown``."""
    roles = tuple(roles)
    entries = [f"p{pk}" for pk in sorted(held.publisher_ids(*roles))] + [
        f"f{pk}" for pk in sorted(held.family_ids(*roles))
    ]
    return [*entries, EVERYONE_CONCERNED] if unknown and held.any(*unknown) else entries


class AudienceQuerySet(models.QuerySet[Row]):
    readers: frozenset[Role]
    unknown_readers: frozenset[Role]

    def concern(self, user: Any) -> bool:
        """Whether rows of this kind are any business of ``user``, even if there are none yet."""
        return scopes(user).any(*self.readers)

    def visible_to(self, user: Any) -> Self:
        """Rows of the families ``user`` holds a reading role for; superusers see all."""
        held = scopes(user)
        if held.everywhere:
            return self
        entries = entries_of(held, self.readers, self.unknown_readers)
        return self.filter(audience__overlap=entries) if entries else self.none()


class WithAudience(models.Model):
    audience = ArrayField(models.CharField(max_length=24), default=list, editable=False)

    class Meta:
        abstract = True
        indexes = [GinIndex(fields=["audience"], name="%(class)s_audience")]
