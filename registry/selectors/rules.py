"""The rules of a family in force, as a part of another query."""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from registry.guidelines import Document
from registry.models import RuleOverride, UsageGuidelines, UsageRule
from registry.selectors.embed import embedded, revived

_COLUMNS = ("id", "key", "kind", "title", "text", "condition", "rationale", "in_summary", "position")


def embedded_rules() -> Any:
    """The guidelines in force for the release in the outer query, with their rules and whether any has an override."""
    in_force = UsageGuidelines.objects.filter(
        Q(release=None) | Q(release=OuterRef("pk")),
        family=OuterRef("family"),
        stage=UsageGuidelines.Stage.PUBLISHED,
    ).order_by(F("release").asc(nulls_last=True))
    rules = UsageRule.objects.filter(guidelines=OuterRef("pk")).order_by("position", "pk")
    return embedded(
        in_force[:1],
        *("id", "number"),
        rule_rows=embedded(rules, *_COLUMNS),
        differs=Exists(RuleOverride.objects.filter(guidelines=OuterRef("pk"))),
    )


def rules_in_force(rows: Any) -> Document | None:
    """The rules of ``embedded_rules`` as they hold anywhere; ``guidelines.differs`` says whether they do elsewhere."""
    found: Any = next(iter(revived(UsageGuidelines, rows)), None)
    return Document(found, rules=revived(UsageRule, found.rule_rows)) if found is not None else None
