from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.references import Target, reference
from incidents.models import Incident


@reference("INC", label=_("incident"))
def incidents(numbers: frozenset[int], user: Any, within: Any) -> Mapping[int, Target]:
    rows = Incident.objects.visible_to(user).filter(pk__in=numbers).only("pk", "title")
    return {row.pk: Target(str(row), row.get_absolute_url()) for row in rows}
