"""The moves of requests and grants."""

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access import permissions
from access.models import AccessRequest, Grant, PhaseTier
from common.lifecycle import Move
from registry.models import Phase
from registry.models import Stage as ReleaseStage

_Request = AccessRequest.Stage
_Grant = Grant.Stage


def release_is_published(obj: Any) -> str:
    """A published release."""
    release = obj.release
    if release.stage == ReleaseStage.WITHDRAWN:
        return _("%(release)s was withdrawn on %(when)s. Access to it can no longer be given.") % {
            "release": release,
            "when": date_format(release.withdrawn_at, "j M Y") if release.withdrawn_at else _("an unknown day"),
        }
    if release.stage != ReleaseStage.PUBLISHED:
        return _("%(release)s is not published yet.") % {"release": release}
    return ""


def tier_is_offered(request: AccessRequest) -> str:
    """A tier that is offered."""
    if request.tier.is_offered:
        return ""
    return _("The tier “%(tier)s” is no longer offered. Choose another one.") % {"tier": request.tier.name}


def tier_is_open(request: AccessRequest) -> str:
    """A tier that is open in the phase that the release is in, if it follows a plan."""
    phase = Phase.objects.entered().filter(release=request.release_id).first()
    if phase is None or not phase.opens or PhaseTier.objects.filter(phase=phase, tier=request.tier_id).exists():
        return ""
    return _("“%(tier)s” is not open in the phase that the release is in, “%(phase)s”.") % {
        "tier": request.tier.name,
        "phase": phase.name,
    }


SUBMIT = Move(
    name="submit",
    label=gettext_lazy("Send request"),
    sources=frozenset({_Request.DRAFT}),
    target=_Request.SUBMITTED,
    may=permissions.is_requester,
    needs=(release_is_published, tier_is_offered, tier_is_open),
)
RESUBMIT = Move(
    name="resubmit",
    label=gettext_lazy("Send again"),
    sources=frozenset({_Request.RETURNED}),
    target=_Request.SUBMITTED,
    may=permissions.is_requester,
    needs=(release_is_published,),
)
WITHDRAW = Move(
    name="withdraw",
    label=gettext_lazy("Withdraw request"),
    sources=frozenset({_Request.DRAFT, _Request.SUBMITTED, _Request.RETURNED}),
    target=_Request.WITHDRAWN,
    may=permissions.is_requester,
    danger=True,
)
RETURN = Move(
    name="return",
    label=gettext_lazy("Return to requester"),
    sources=frozenset({_Request.SUBMITTED}),
    target=_Request.RETURNED,
    may=permissions.can_decide_request,
    asks_reason=True,
)
APPROVE = Move(
    name="approve",
    label=gettext_lazy("Approve"),
    sources=frozenset({_Request.SUBMITTED}),
    target=_Request.APPROVED,
    may=permissions.can_decide_request,
    needs=(release_is_published, tier_is_open),
    asks_reason=True,
)
DECLINE = Move(
    name="decline",
    label=gettext_lazy("Decline"),
    sources=frozenset({_Request.SUBMITTED}),
    target=_Request.DECLINED,
    may=permissions.can_decide_request,
    asks_reason=True,
    danger=True,
)

REVOKE = Move(
    name="revoke",
    label=gettext_lazy("Revoke access"),
    sources=frozenset({_Grant.ACTIVE, _Grant.SUSPENDED}),
    target=_Grant.REVOKED,
    may=permissions.can_manage_grant,
    asks_reason=True,
    danger=True,
)
SUSPEND = Move(
    name="suspend",
    label=gettext_lazy("Suspend access"),
    sources=frozenset({_Grant.ACTIVE}),
    target=_Grant.SUSPENDED,
    may=permissions.can_manage_grant,
    asks_reason=True,
    danger=True,
)
RESUME = Move(
    name="resume",
    label=gettext_lazy("Resume access"),
    sources=frozenset({_Grant.SUSPENDED}),
    target=_Grant.ACTIVE,
    may=permissions.can_reopen_grant,
    asks_reason=True,
)
SUPERSEDE = Move(
    name="supersede",
    label=gettext_lazy("Replace by a renewal"),
    sources=frozenset({_Grant.ACTIVE, _Grant.SUSPENDED}),
    target=_Grant.SUPERSEDED,
    may=permissions.can_manage_grant,
)

REQUEST_MOVES = (SUBMIT, RESUBMIT, APPROVE, RETURN, DECLINE, WITHDRAW)
GRANT_MOVES = (SUSPEND, RESUME, REVOKE)
