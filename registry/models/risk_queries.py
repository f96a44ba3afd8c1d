"""Which risks somebody may know of, and what of them may answer a search, a filter or an order."""

import re
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import SearchQuery
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.permissions import scopes
from registry.models.catalogue import PUBLIC_STAGES, Publisher, Release

if TYPE_CHECKING:
    from registry.models.risks import Risk

# A risk of one release only is shown no earlier than that release.
_SHOWN = Q(is_public=True) & (Q(release=None) | Q(release__stage__in=PUBLIC_STAGES))
# A stub that was closed has never been a risk of the register.
_WORKED_OUT = Q(stage__in=["open", "closed"], opened_at__isnull=False)
_NUMBER = re.compile(r"\s*R-(\d{1,9})\s*", re.IGNORECASE)
# Where a word stands, by the weight it has in ``Risk.words``: A in the title, which is never hidden, B in the harm,
# C in whom it touches, D in the statement by cause, event and consequence; and the fields that a publisher has to
# show for a word of that weight to be found.
_WEIGHED: dict[str, set[str]] = {"A": set(), "B": {"harm"}, "C": {"affected"}, "D": {"cause", "event", "consequence"}}


class RiskQuerySet(models.QuerySet["Risk"]):
    def visible_to(self, user: Any) -> "RiskQuerySet":
        """Risks ``user`` may know of: those shown to the public, and all of the families they hold a role for."""
        held = scopes(user)
        if held.everywhere:
            return self
        released = Exists(Release.objects.filter(family_id=OuterRef("family_id"), stage__in=PUBLIC_STAGES))
        shown = Q(released) & _SHOWN & _WORKED_OUT
        mine = Q(family__publisher_id__in=held.publisher_ids()) | Q(family_id__in=held.family_ids())
        return self.filter(shown | mine)

    def shown(self) -> "RiskQuerySet":
        """What anybody may see of the risks of a public family."""
        return self.filter(_SHOWN & _WORKED_OUT)

    def matching(self, text: str) -> "RiskQuerySet":
        """Risks with all words of ``text``, the last perhaps unfinished; “R-12” finds the number."""
        if number := _NUMBER.fullmatch(text):
            return self.filter(number=int(number[1]))
        words = re.findall(r"\w+", text)[:12]
        if not words:
            return self
        return self.filter(
            words=SearchQuery(" & ".join(f"'{word}':*" for word in words), config="english", search_type="raw")
        )

    def matching_for(self, user: Any, text: str) -> "RiskQuerySet":
        """``matching`` in what ``user`` may read of each risk: a search must not tell what a page hides.

        Asks the publishers first what they show: one condition on the words, where they all show the same, lets
        the database walk along an index and stop.
        """
        held, found = scopes(user), self.matching(text)
        words = re.findall(r"\w+", text)[:12]
        if held.everywhere or not words or _NUMBER.fullmatch(text):
            return found
        publishers: dict[str, list[int]] = {}
        for publisher, fields in Publisher.objects.values_list("pk", "public_risk_fields"):
            weights = "".join(weight for weight, names in _WEIGHED.items() if names <= {*fields})
            publishers.setdefault(weights, []).append(publisher)
        shown = Q()
        for weights, shows in publishers.items():
            query = " & ".join(f"'{word}':*{weights}" for word in words)
            here = Q(words=SearchQuery(query, config="english", search_type="raw"))
            shown |= here & Q(family__publisher__in=shows) if len(publishers) > 1 else here
        mine = _theirs(held)
        # Not both: two conditions on the words make the database expect far fewer rows than there are.
        return self.filter(shown) if mine is None else found.filter(mine | shown)

    def showing(self, user: Any, *names: str) -> "RiskQuerySet":
        """Risks of which ``user`` may see the fields ``names``, by the names of ``registry.visibility``.

        For filters and orders: whoever may not see a field must not learn it from which rows it leaves or where
        they stand.
        """
        hidden = _hidden_from(user, names)
        return self if hidden is None else self.exclude(hidden)

    def worst(self, user: Any, count: int) -> "list[Risk]":
        """The first ``count``: in the order of their level as far as ``user`` may see it, then the others as they
        were recorded."""
        hidden = _hidden_from(user, ("current",))
        levelled = self if hidden is None else self.exclude(hidden)
        found = list(levelled.order_by("-urgency")[:count])
        if hidden is not None and len(found) < count:
            found += self.filter(hidden).order_by("pk")[: count - len(found)]
        return found

    def open(self) -> "RiskQuerySet":
        return self.filter(stage="open")


def _theirs(held: Any) -> Q | None:
    """Risks of the families somebody holds a role for; None where they hold none anywhere."""
    publishers, families = held.publisher_ids(), held.family_ids()
    return Q(family__publisher_id__in=publishers) | Q(family_id__in=families) if publishers or families else None


def _hidden_from(user: Any, names: Any) -> Q | None:
    """Risks of which ``user`` does not see all of ``names``; None where there can be none."""
    held = scopes(user)
    if held.everywhere:
        return None
    hiding = list(Publisher.objects.exclude(public_risk_fields__contains=list(names)).values_list("pk", flat=True))
    mine = _theirs(held)
    if not hiding:
        return None
    hidden = Q(family__publisher__in=hiding)
    return hidden if mine is None else hidden & ~mine
