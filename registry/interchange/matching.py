"""Which risk each row of a file is about, and what it may name: a lot of rows at a time."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from accounts.models import User
from registry.interchange import values
from registry.interchange.plans import LINKS, Plan
from registry.interchange.readers import Given
from registry.interchange.rows import Row
from registry.models import ModelFamily, Objective, Publisher, Release, Risk, RiskAcceptance, RiskKey, RiskScale, Term
from registry.selectors import people_of


class Desk:
    """Compares rows with the register, a lot at a time, as ``actor`` may change it.

    The people, releases, objectives and scales that rows name are read once; the risks of a lot in one query.
    """

    def __init__(
        self, publisher: Publisher, scale: RiskScale, *, actor: Any, family: ModelFamily | None = None
    ) -> None:
        self.publisher, self.scale, self.actor, self.default = publisher, scale, actor, family
        self.rules = {rule.band: rule for rule in scale.rules.all()}
        families = ModelFamily.objects.with_role(actor).filter(publisher=publisher).select_related("publisher")
        self.families = {each.slug: each for each in families}
        self._people: dict[int, dict[str, User]] = {}
        self._releases: dict[int, dict[str, Release]] = {}
        self._objectives: dict[int, dict[str, list[Objective]]] = {}
        # References and keys that a row of this file has named already.
        self._seen: dict[tuple[str, int, str], int] = {}

    # --- what rows may name -----------------------------------------------------------------------

    def people(self, family: ModelFamily) -> dict[str, User]:
        if family.pk not in self._people:
            self._people[family.pk] = {person.email.casefold(): person for person in people_of(family)}
        return self._people[family.pk]

    def releases(self, family: ModelFamily) -> dict[str, Release]:
        if family.pk not in self._releases:
            self._releases[family.pk] = {each.version: each for each in Release.objects.filter(family=family)}
        return self._releases[family.pk]

    def objectives(self, family: ModelFamily) -> dict[str, list[Objective]]:
        if family.pk not in self._objectives:
            found: dict[str, list[Objective]] = defaultdict(list)
            for each in Objective.objects.filter(family=family).order_by("pk"):
                found[each.title].append(each)
            self._objectives[family.pk] = found
        return self._objectives[family.pk]

    @cached_property
    def terms(self) -> dict[str, list[Term]]:
        """Entries by “list:code”, and by code alone where only one list has it."""
        found: dict[str, list[Term]] = defaultdict(list)
        for term in Term.objects.annotate(of=F("taxonomy__slug")):
            found[f"{term.of}:{term.code}".casefold()].append(term)  # type: ignore[attr-defined]
            found[term.code.casefold()].append(term)
        return found

    # --- a lot of rows ----------------------------------------------------------------------------

    def plan(self, lot: Iterable[Given]) -> list[Plan]:
        plans = [self._placed(given) for given in lot]
        by_number, by_key = self._risks(plans)
        for plan in plans:
            if plan.family is not None:
                self._compare(plan, by_number, by_key)
        return plans

    def _placed(self, given: Given) -> Plan:
        plan = Plan(given)
        for column, reason in given.unread.items():
            plan.refuse(column, reason)
        publisher = given.cells.get("publisher", "").strip()
        if publisher and publisher != self.publisher.slug:
            plan.refuse("publisher", _("This import is for %s.") % self.publisher.slug)
            return plan
        slug = given.cells.get("family", "").strip()
        plan.family = self.families.get(slug) if slug else self.default
        if plan.family is None:
            plan.refuse(
                "family",
                _("You have no role for a model family called “%s” here.") % slug[:80]
                if slug
                else _("Name the model family, or choose one for the rows that name none."),
            )
        return plan

    def _risks(self, plans: list[Plan]) -> tuple[dict[tuple[int, int], Risk], dict[tuple[int, str], Risk]]:
        families, numbers, keys = set(), set(), set()
        for plan in plans:
            if plan.family is None:
                continue
            families.add(plan.family.pk)
            if number := values.reference(plan.given.cells.get("reference", "")):
                numbers.add(number)
            if key := plan.given.cells.get("key", "").strip():
                keys.add(key)
        found = Risk.objects.none()
        if numbers or keys:
            rows = Risk.objects.filter(family__in=families).defer("words").select_related("release", "owner", "deputy")
            rows = rows.annotate(own_key=Subquery(RiskKey.objects.filter(risk=OuterRef("pk")).values("key")))
            accepted = RiskAcceptance.objects.in_force().filter(risk=OuterRef("pk")).values("accepted_by")[:1]
            rows = rows.annotate(acceptor=Subquery(accepted)).prefetch_related(*LINKS)
            known = RiskKey.objects.filter(family__in=families, key__in=keys).values("risk")
            found = rows.filter(number__in=numbers) | rows.filter(pk__in=known)
        by_number, by_key = {}, {}
        for risk in found:
            risk.family = next(each for each in self.families.values() if each.pk == risk.family_id)
            by_number[risk.family_id, risk.number] = risk
            if risk.own_key:  # type: ignore[attr-defined]
                by_key[risk.family_id, risk.own_key] = risk  # type: ignore[attr-defined]
        return by_number, by_key

    def _compare(self, plan: Plan, by_number: Any, by_key: Any) -> None:
        family: Any = plan.family
        cells = plan.given.cells
        written, key = cells.get("reference", "").strip(), cells.get("key", "").strip()
        number = values.reference(written)
        if len(key) > 120:
            plan.refuse("key", _("A key has at most 120 characters."))
            return
        held = by_key.get((family.pk, key)) if key else None
        if written:
            plan.risk = by_number.get((family.pk, number)) if number else None
            if plan.risk is None:
                words = _("%(family)s has no risk %(reference)s. Leave this empty to record a new one.")
                plan.refuse("reference", words % {"family": family.slug, "reference": written[:40]})
                return
            if held is not None and held.pk != plan.risk.pk:
                plan.refuse("key", _("This is the key of %s.") % held.reference)
                return
        else:
            plan.risk = held
        names = [("key", key)] if key else []
        if plan.risk is not None:
            names.append(("reference", plan.risk.reference))
        for column, name in names:
            row = self._seen.setdefault((column, family.pk, name), plan.given.number)
            if row != plan.given.number:
                plan.refuse(column, _("Row %d is about the same risk.") % row)
                return
        if key and (plan.risk is None or plan.risk.own_key != key):
            plan.key = key
        Row(self, plan).read()
