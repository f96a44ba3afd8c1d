from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Min
from django.utils.translation import gettext_lazy as _

from common.addresses import address
from common.references import Target, reference
from registry.models import Risk


@reference("R", label=_("risk"))
def risks(numbers: frozenset[int], user: Any, within: Any) -> Mapping[int, Target]:
    """Risks are numbered in each family: without one, a number leads somewhere only if it is the only one.

    Counted are the risks that the reader may know of, so that the others do not show by their absence.
    """
    rows = Risk.objects.visible_to(user).filter(number__in=numbers)
    if within is not None:
        rows = rows.filter(family=within)
    only = rows.order_by().values("number").annotate(often=Count("pk"), row=Min("pk"), name=Min("title"))
    return {
        each["number"]: Target(f"R-{each['number']} {each['name']}", address("registry:risk", each["row"]))
        for each in only.filter(often=1)
    }
