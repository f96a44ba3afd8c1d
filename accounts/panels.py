from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import permissions
from accounts.models import OrganisationDomain
from common import workspace


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
