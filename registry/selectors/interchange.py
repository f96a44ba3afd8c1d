"""What pages and API show of imports, and whom a change of many risks can name."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.roles import Role, group_name
from registry.models import BulkChange, ImportRow, ModelFamily, RiskImport

OUTCOMES = dict(ImportRow.Outcome.choices)


def imports_of(user: Any) -> QuerySet[RiskImport]:
    """The imports ``user`` may know of, with publisher, family, uploader and job."""
    return RiskImport.objects.visible_to(user).select_related("publisher", "family", "uploaded_by", "job")


def import_rows(risk_import: RiskImport, outcome: str = "") -> QuerySet[ImportRow]:
    rows = ImportRow.objects.filter(risk_import=risk_import)
    return rows.filter(outcome=outcome) if outcome in OUTCOMES else rows


def bulk_changes_of(user: Any) -> QuerySet[BulkChange]:
    return BulkChange.objects.visible_to(user).select_related("person", "job")


def people_at(families: Iterable[ModelFamily]) -> QuerySet[User]:
    """Who holds a role for any of ``families`` or at its publisher."""
    scopes = {("modelfamily", each.pk) for each in families} | {("publisher", each.publisher_id) for each in families}
    names = [group_name(kind, pk, role) for kind, pk in scopes for role in Role]
    people = User.objects.filter(groups__name__in=names, is_active=True, is_service=False)
    return people.distinct().order_by("display_name", "pk")
