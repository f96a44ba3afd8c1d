from typing import Any

from access.models import AccessRequest, Grant
from access.roles import STAFF
from accounts.permissions import are_colleagues, has_role, organisation_ids, scopes
from accounts.roles import Role
from registry.models import ModelFamily


def is_requester(user: Any, request: AccessRequest) -> bool:
    """Whoever made the request."""
    return bool(user.pk) and user.pk == request.requester_id


def can_see_queue(user: Any) -> bool:
    """Whether there is any family whose requests ``user`` reads."""
    return scopes(user).any(*STAFF)


def can_manage_tiers(user: Any, family: ModelFamily) -> bool:
    return has_role(user, Role.RELEASE_MANAGER, family)


def can_manage_any_tiers(user: Any) -> bool:
    return scopes(user).any(Role.RELEASE_MANAGER)


def can_see_internal_notes(user: Any, request: AccessRequest) -> bool:
    """Those who work for the family; on their own request they are requesters like everybody else."""
    return not is_requester(user, request) and has_role(user, frozenset(STAFF), request.family)


def can_write_internal_notes(user: Any, request: AccessRequest) -> bool:
    staff = frozenset(STAFF) - {Role.AUDITOR}
    return not is_requester(user, request) and has_role(user, staff, request.family)


def can_write_to_requester(user: Any, request: AccessRequest) -> bool:
    return is_requester(user, request) or can_decide_request(user, request)


def is_partial(user: Any, request: AccessRequest) -> bool:
    """Whether ``user`` is too close to decide: the requester, or somebody who belongs or ever belonged to an
    organisation of the requester's, or to the one they had when they asked.

    ``AccessRequestQuerySet.waiting_for`` says the same of many rows.
    """
    if is_requester(user, request) or are_colleagues(user, request.requester):
        return True
    return request.organisation_id in organisation_ids(user)


def can_decide_request(user: Any, request: AccessRequest) -> bool:
    """A release manager of the family who is not partial. Superusers meet the second half too."""
    request.load_related()
    return has_role(user, Role.RELEASE_MANAGER, request.family) and not is_partial(user, request)


def can_manage_grant(user: Any, grant: Grant) -> bool:
    """A release manager of the family. Closing somebody's access needs no second person; opening it again
    is not for its holder, or for those who are or were their colleagues."""
    return has_role(user, Role.RELEASE_MANAGER, grant.family)


def can_reopen_grant(user: Any, grant: Grant) -> bool:
    """A release manager of the model who is not its holder, and neither is nor ever was a colleague of theirs."""
    return can_manage_grant(user, grant) and user.pk != grant.user_id and not are_colleagues(user, grant.user)
