from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from common import audit
from registry import permissions
from registry.models import CapabilityStatus, Release
from registry.services import _store


@transaction.atomic
def note_capability(
    release: Release, *, actor: Any, capability: str, status: str, evidence: str, evidence_url: str = ""
) -> CapabilityStatus:
    """Say how far a capability of ``release`` can be relied on from now on, and what that rests on.

    What was said before stays as the history of the capability; nothing is ever changed. A capability that is
    known already keeps its spelling.
    """
    if not permissions.can_note_capability(actor, release):
        raise PermissionDenied
    capability = " ".join(capability.split())
    before = release.capability_statuses.filter(capability__iexact=capability).order_by("-pk").first()
    row = CapabilityStatus(
        release=release,
        capability=before.capability if before else capability,
        status=status,
        evidence=evidence.strip(),
        evidence_url=evidence_url,
        noted_by=actor,
    )
    _store.insert(row, taken={})
    audit.record(
        actor,
        "registry.release.note_capability",
        release,
        before=before and {"capability": before.capability, "status": before.status},
        after={"capability": row.capability, "status": row.status},
    )
    return row
