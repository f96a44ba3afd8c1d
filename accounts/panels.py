from collections.abc import Hashable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import permissions
from accounts.models import OrganisationDomain
from common import workspace


@workspace.sign_with
def who_asks(user: Any) -> Hashable:
    """Two people with the same number, roles and organisation, at the same minute, have the same waiting for them."""
    return user.pk, user.organisation_id, user.is_superuser, permissions.scopes(user).key()


@workspace.entry(
    "organisations",
    label=_("Organisations"),
    url="accounts:organisation_list",
    icon="building-2",
    order=90,
    empty=_("Every domain is verified."),
)
def unverified_domains(user: Any) -> QuerySet[OrganisationDomain] | None:
    if not permissions.can_manage_organisations(user):
        return None
    return OrganisationDomain.objects.filter(verified_at=None).select_related("organisation")
