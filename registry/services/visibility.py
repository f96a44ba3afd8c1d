"""What a publisher lets the public see of its risks."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from common.editing import edit
from common.lifecycle import Refused
from registry import permissions, visibility
from registry.models import Publisher


def set_public_risk_fields(
    publisher: Publisher, *, actor: Any, fields: Iterable[str], expected_version: int | None = None
) -> Publisher:
    """Say which fields of a shown risk everybody may see; it holds at once, in every place that shows risks."""
    if not permissions.can_set_public_risk_fields(actor, publisher):
        raise PermissionDenied
    asked = set(fields)
    if unknown := asked - visibility.ALL:
        raise Refused(_("There is no such field: %s.") % ", ".join(sorted(unknown)), field="public_risk_fields")
    return edit(
        publisher,
        actor=actor,
        verb="registry.publisher.set_public_risk_fields",
        changes={"public_risk_fields": visibility.in_order(asked)},
        expected_version=expected_version,
    )
