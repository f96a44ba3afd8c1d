from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from access.lifecycle import RESUME, REVOKE, SUSPEND
from access.models import Acceptance, DownloadEvent, Grant, TermsVersion
from access.services.requests import put_acceptance, say_why
from common import events, lifecycle
from common.lifecycle import Refused


@transaction.atomic
def revoke_grant(grant: Grant, *, actor: Any, reason: str) -> Grant:
    """Close ``grant`` for good. The gate is closed from the moment this commits; copies already made stay."""
    return _close(REVOKE, grant, actor, reason, "access.grant.revoked")


@transaction.atomic
def suspend_grant(grant: Grant, *, actor: Any, reason: str) -> Grant:
    """Close ``grant`` for now."""
    return _close(SUSPEND, grant, actor, reason, "access.grant.suspended")


@transaction.atomic
def resume_grant(grant: Grant, *, actor: Any, reason: str) -> Grant:
    """Open a suspended grant again. Its end stays what it was."""
    reason = say_why(reason, "reason")
    changes = {"stage_reason": "", "stage_changed_at": timezone.now()}
    grant = lifecycle.apply(RESUME, grant, actor=actor, changes=changes, reason=reason)
    events.emit("access.grant.resumed", grant)
    return grant


@transaction.atomic
def accept_terms(terms: TermsVersion, *, actor: Any, typed_name: str, locale: str = "") -> Acceptance:
    """Accept a version of the terms that was published after one's access was approved.

    Only the newest version can be accepted. The gate opens at once if nothing else is missing.
    """
    if not getattr(actor, "is_authenticated", False):
        raise PermissionDenied
    if not typed_name.strip():
        raise ValidationError({"typed_name": [_("Type your name to accept the terms.")]})
    newest = TermsVersion.objects.filter(tier_id=terms.tier_id).order_by("-number").first()
    if newest != terms:
        raise Refused(_("There is a newer version of these terms. Read and accept that one."), field="typed_name")
    return put_acceptance(terms, actor, typed_name.strip()[:120], locale)


def record_download(
    grant: Grant, *, path: str, sha256: str, first_byte: int, size: int, token_prefix: str = ""
) -> DownloadEvent:
    """Note that a file was handed out under ``grant``. One row in a table of its own, because a download of
    thousands of files must not drown the audit trail."""
    return DownloadEvent.objects.create(
        grant=grant, path=path, sha256=sha256, first_byte=first_byte, size=size, token_prefix=token_prefix
    )


def _close(move: lifecycle.Move, grant: Grant, actor: Any, reason: str, event: str) -> Grant:
    reason = say_why(reason, "reason")
    changes = {"stage_reason": reason, "stage_changed_at": timezone.now()}
    grant = lifecycle.apply(move, grant, actor=actor, changes=changes, reason=reason)
    events.emit(event, grant)
    return grant
