"""What a release was made from. A release is never its own ancestor."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from common import audit
from common.lifecycle import Refused
from registry import permissions
from registry.models import Release, ReleaseParent
from registry.services import _store

CIRCLE = "lineage_has_no_circle"


@transaction.atomic
def add_parent(
    release: Release, *, actor: Any, relation: str, parent: Release | None = None, parent_name: str = ""
) -> ReleaseParent:
    """Put on record that ``release`` was made from ``parent``, a release here, or from something elsewhere by name.

    Raises ``Refused`` for a parent that descends from ``release``, also when somebody else adds the other half
    of the circle at the same moment: the database lets one of the two through.
    """
    if not permissions.can_edit_release(actor, release):
        raise PermissionDenied
    name = " ".join(parent_name.split())
    if (parent is None) == (not name):
        raise Refused(_("Name one parent: a release here, or a model elsewhere."), field="parent")
    if parent is not None:
        if not Release.objects.visible_to(actor).filter(pk=parent.pk).exists():
            raise Refused(_("There is no such release here."), field="parent")
        if parent.pk == release.pk:
            raise Refused(_("A release cannot be made from itself."), field="parent")
    edge = ReleaseParent(release=release, parent=parent, parent_name=name, relation=relation, created_by=actor)
    taken = {"one_edge_per_parent_elsewhere": "parent_name", "one_edge_per_parent": "parent"}
    try:
        _store.insert(edge, taken=taken)
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != CIRCLE:
            raise
        words = _("%(parent)s was itself made from %(release)s, directly or by way of others.")
        raise Refused(words % {"parent": parent, "release": release}, field="parent") from error
    audit.record(actor, "registry.release.add_parent", release, after={"parent": parent or name, "relation": relation})
    return edge


@transaction.atomic
def remove_parent(edge: ReleaseParent, *, actor: Any) -> None:
    """Take back that a release was made from something."""
    if not permissions.can_edit_release(actor, edge.release):
        raise PermissionDenied
    before = {"parent": edge.parent or edge.parent_name, "relation": edge.relation}
    audit.record(actor, "registry.release.remove_parent", edge.release, before=before)
    edge.delete()
