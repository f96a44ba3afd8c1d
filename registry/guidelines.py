"""Reading usage guidelines: what holds in one place, what goes onto one page, what differs between versions.

Nothing here touches the database: it works on the parts of one version as ``selectors.unpack_guidelines`` gives
them. Overrides are applied each time somebody reads; the text for a region or sector is stored nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from common.markup import plain
from common.wording import Piece, word_diff
from registry import regions
from registry.models import (
    PARTS,
    BreachRemedy,
    CompliantWorkflow,
    Effect,
    Part,
    RecommendedConfiguration,
    RuleKind,
    RuleOverride,
    UsageGuidelines,
    UsageRule,
    UsageScenario,
)
from registry.models.guidelines import SUMMARY_LENGTH

_STRICTNESS = {kind: place for place, kind in enumerate(RuleKind.values)}
# So many lines of a kind fit onto the page of terms, whatever they say.
SUMMARY_LINES = 6
CONDITION_LENGTH = 90


@dataclass(frozen=True)
class Document:
    """One version of the guidelines with all of its parts, each in its order."""

    guidelines: UsageGuidelines
    rules: Sequence[UsageRule] = ()
    scenarios: Sequence[UsageScenario] = ()
    overrides: Sequence[RuleOverride] = ()
    configurations: Sequence[RecommendedConfiguration] = ()
    workflows: Sequence[CompliantWorkflow] = ()
    remedies: Sequence[BreachRemedy] = ()

    def parts(self, name: str) -> Sequence[Part]:
        parts: Sequence[Part] = getattr(self, name)
        return parts


@dataclass(frozen=True)
class Passage:
    """A piece of a rule, and the override it comes from; None where it is the rule's own."""

    text: str
    override: RuleOverride | None = None


@dataclass
class EffectiveRule:
    """A rule as it holds for one region and sector."""

    key: str
    kind: str
    title: Passage
    texts: list[Passage] = field(default_factory=list)
    conditions: list[Passage] = field(default_factory=list)
    rationale: str = ""
    in_summary: bool = True
    applied: list[RuleOverride] = field(default_factory=list)
    elsewhere: list[RuleOverride] = field(default_factory=list)
    scenarios: list[UsageScenario] = field(default_factory=list)

    @property
    def kind_label(self) -> str:
        return str(RuleKind(self.kind).label)

    @property
    def anchor(self) -> str:
        return f"rule-{self.key}"

    @property
    def full_text(self) -> str:
        return "\n\n".join(passage.text for passage in self.texts)

    @property
    def condition(self) -> str:
        return "\n\n".join(passage.text for passage in self.conditions)


def applies(override: RuleOverride, region: str, sector: str) -> bool:
    """Whether ``override`` holds for a reader in ``region`` who works in ``sector``; an empty one is not said."""
    return override.region in regions.lineage(region) and override.sector in {"", sector}


def effective(document: Document, region: str = "", sector: str = "") -> list[EffectiveRule]:
    """The rules of ``document`` as they hold in ``region`` and ``sector``.

    Overrides are applied from the widest to the narrowest: a country's after its union's, one for a sector after
    one for everybody. One that is not narrower than what it would loosen (a region's against a sector's) does not
    loosen it: the stricter one holds, and the other is read with it.
    """
    ordered = sorted(document.overrides, key=lambda o: (regions.depth(o.region), bool(o.sector), o.position, o.pk))
    holding = [override for override in ordered if applies(override, region, sector)]
    rules = []
    for rule in document.rules:
        own = [override for override in holding if override.rule_id == rule.pk]
        found = _apply(rule, own)
        found.scenarios = [scenario for scenario in document.scenarios if scenario.rule_id == rule.pk]
        found.elsewhere = [o for o in ordered if o.rule_id == rule.pk and o not in own]
        rules.append(found)
    rules += [_new_rule(override) for override in holding if override.effect == Effect.NEW]
    return rules


def differences(document: Document, region: str = "", sector: str = "") -> list[tuple[RuleOverride, str, bool]]:
    """Every override with the line of the rule it is about, and whether it holds in ``region`` and ``sector``."""
    titles = {rule.pk: rule.title for rule in document.rules}
    return [
        (override, titles.get(override.rule_id, override.title), applies(override, region, sector))
        for override in document.overrides
    ]


def _apply(rule: UsageRule, overrides: list[RuleOverride]) -> EffectiveRule:
    found = EffectiveRule(
        rule.key, rule.kind, Passage(rule.title), rationale=rule.rationale, in_summary=rule.in_summary
    )
    found.texts = [Passage(rule.text)] if rule.text else []
    found.conditions = [Passage(rule.condition)] if rule.condition else []
    deciding: RuleOverride | None = None
    for override in overrides:
        found.applied.append(override)
        kind = override.kind or found.kind
        loosens = deciding is not None and _STRICTNESS[kind] < _STRICTNESS[found.kind]
        if override.effect == Effect.ADD or (loosens and not _narrower(override, deciding)):
            found.texts += [Passage(override.text, override)] if override.text else []
            found.conditions += [Passage(override.condition, override)] if override.condition else []
            continue
        if override.kind:
            if override.kind not in {found.kind, RuleKind.RESTRICTED}:
                # A condition on a use that is now free or forbidden would mislead.
                found.conditions = []
            found.kind, deciding = override.kind, override
        if override.title:
            found.title = Passage(override.title, override)
        if override.text:
            found.texts = [Passage(override.text, override)]
        if override.condition:
            found.conditions = [Passage(override.condition, override)]
    return found


def _narrower(override: RuleOverride, other: RuleOverride | None) -> bool:
    """Whether everybody whom ``override`` concerns is concerned by ``other`` as well."""
    return other is None or applies(other, override.region, override.sector)


def _new_rule(override: RuleOverride) -> EffectiveRule:
    return EffectiveRule(
        override.key,
        override.kind,
        Passage(override.title, override),
        texts=[Passage(override.text, override)] if override.text else [],
        conditions=[Passage(override.condition, override)] if override.condition else [],
        applied=[override],
    )


@dataclass(frozen=True)
class TermsLine:
    text: str
    anchor: str
    condition: str = ""


@dataclass(frozen=True)
class TermsList:
    """One list of the page of terms, and how many lines only the full text has."""

    kind: str
    lines: list[TermsLine]
    more: int


def terms(rules: Iterable[EffectiveRule]) -> dict[str, TermsList]:
    """What one may, must and must not do, in lines that fit onto one page.

    A restricted use is among what one may do, with its condition beside it.
    """
    lists: dict[str, list[EffectiveRule]] = {"can": [], "must": [], "must_not": []}
    place = {RuleKind.PERMITTED: "can", RuleKind.RESTRICTED: "can", RuleKind.REQUIRED: "must"}
    for rule in rules:
        lists[place.get(RuleKind(rule.kind), "must_not")].append(rule)
    return {name: _terms_list(name, found) for name, found in lists.items()}


def _terms_list(name: str, rules: list[EffectiveRule]) -> TermsList:
    shown = [rule for rule in rules if rule.in_summary][:SUMMARY_LINES]
    lines = [
        TermsLine(
            rule.title.text,
            rule.anchor,
            shortened(rule.condition) if rule.kind == RuleKind.RESTRICTED else "",
        )
        for rule in shown
    ]
    return TermsList(name, lines, len(rules) - len(shown))


def shortened(text: str, length: int = CONDITION_LENGTH) -> str:
    """The beginning of ``text`` on one line, cut between words."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    return f"{line[:length].rpartition(' ')[0] or line[:length]} …"


def shortened_text(text: str) -> str:
    """A text of the whole as one paragraph without marks, as it stands on the page of terms."""
    return shortened(plain(text), SUMMARY_LENGTH)


@dataclass(frozen=True)
class FieldChange:
    name: str
    label: str
    pieces: list[Piece]


@dataclass(frozen=True)
class PartChange:
    """How one part, or the texts of the whole, differ: “added”, “removed” or “changed”."""

    part: str
    key: str
    title: str
    status: str
    fields: list[FieldChange]


_TEXTS = ("summary", "data", "safeguards", "reporting")


def changes(old: Document | None, new: Document) -> list[PartChange]:
    """What differs from ``old`` to ``new``, by part and by word. Parts are told apart by their key."""
    found = []
    whole = [_compared(new.guidelines, name, _value(old.guidelines, name) if old else "") for name in _TEXTS]
    if fields := [change for change in whole if change is not None]:
        found.append(PartChange("texts", "texts", _("Texts of the whole"), "changed", fields))
    for name in PARTS:
        before = {part.key: part for part in old.parts(name)} if old else {}
        after = {part.key: part for part in new.parts(name)}
        order = [*after, *(key for key in before if key not in after)]
        for key in order:
            if (change := _part_change(name, before.get(key), after.get(key), old, new)) is not None:
                found.append(change)
    return found


def _part_change(
    name: str, before: Part | None, after: Part | None, old: Document | None, new: Document
) -> PartChange | None:
    part = after or before
    assert part is not None
    fields = []
    for column in _compared_fields(PARTS[name]):
        was, now = _value(before, column, old), _value(after, column, new)
        # A rule whose line changed is still the same rule.
        same_rule = column == "rule" and _rule_key(before, old) == _rule_key(after, new)
        if was != now and not same_rule:
            fields.append(FieldChange(column, _label(PARTS[name], column), word_diff(was, now)))
    if not fields:
        return None
    status = "added" if before is None else "removed" if after is None else "changed"
    return PartChange(name, part.key, _title_of(part), status, fields)


def _rule_key(part: Any, document: Document | None) -> str | None:
    rules = document.rules if document else ()
    return next((rule.key for rule in rules if part is not None and rule.pk == part.rule_id), None)


def _title_of(part: Part) -> str:
    title = getattr(part, "title", "")
    if isinstance(part, RuleOverride):
        return f"{title} ({part.place})" if title else part.place
    return str(title)


def _compared(row: Any, name: str, was: str) -> FieldChange | None:
    now = _value(row, name)
    return FieldChange(name, _label(type(row), name), word_diff(was, now)) if was != now else None


def _compared_fields(model: type[Part]) -> list[str]:
    hidden = {"id", "guidelines", "key", "position", "row_version"}
    return [column.name for column in model._meta.concrete_fields if column.name not in hidden]


def _label(model: Any, name: str) -> str:
    label = str(model._meta.get_field(name).verbose_name)
    return label[:1].upper() + label[1:]


def _value(row: Any, name: str, document: Document | None = None) -> str:
    """The value of a column as words that can be compared."""
    if row is None:
        return ""
    if name == "rule":
        rules = document.rules if document else ()
        return next((rule.title for rule in rules if rule.pk == row.rule_id), "")
    column = row._meta.get_field(name)
    value = getattr(row, column.attname)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return "\n".join(value)
    if name == "region":
        return regions.name(value) if value else ""
    return str(dict(column.flatchoices).get(value, value)) if column.choices else str(value)
