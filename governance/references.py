from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.references import Target, reference
from governance.models import Decision


@reference("D", label=_("decision"))
def decisions(numbers: frozenset[int], user: Any, within: Any) -> Mapping[int, Target]:
    """Decisions are numbered across the portal; drafts are known to people with a role for their family."""
    rows = Decision.objects.visible_to(user).filter(number__in=numbers).only("number", "title")
    return {row.number: Target(str(row), row.get_absolute_url()) for row in rows}
