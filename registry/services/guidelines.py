import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from common import audit, lifecycle
from common.editing import edit, refuse_stale
from common.lifecycle import Refused
from registry import permissions, selectors
from registry.lifecycle import PUBLISH_GUIDELINES, RETIRE_GUIDELINES, SUPERSEDE_GUIDELINES
from registry.models import (
    PARTS,
    Effect,
    ModelFamily,
    Part,
    Release,
    RuleKind,
    RuleOverride,
    UsageGuidelines,
    UsageRule,
)
from registry.services import _store
from registry.services.risks import stated

TEXTS = frozenset({"summary", "data", "safeguards", "reporting", "change_note"})
# What the writer of a part does not choose.
_GIVEN = frozenset({"id", "guidelines", "key", "row_version"})
LARGEST_LIST = 200


@transaction.atomic
def draft_guidelines(
    family: ModelFamily, *, actor: Any, release: Release | None = None, **texts: Any
) -> UsageGuidelines:
    """Begin the next version of the guidelines of ``family``, or of one release of it.

    It begins as a copy of what holds there now: for a release without guidelines of its own, those of the family.
    Each part keeps its key, so that the two can be compared.
    """
    if not permissions.can_edit_guidelines(actor, family):
        raise PermissionDenied
    _store.allow(texts, TEXTS)
    if release is not None and release.family_id != family.pk:
        raise Refused(_("This release belongs to another model family."), field="release")
    ModelFamily.objects.select_for_update().get(pk=family.pk)
    known = UsageGuidelines.objects.filter(family=family)
    holding = list(selectors.guidelines_with_parts(known.filter(stage=UsageGuidelines.Stage.PUBLISHED)))
    own = next((row for row in holding if row.release_id == (release.pk if release else None)), None)
    model = own or next((row for row in holding if row.release_id is None), None)
    last = known.aggregate(last=Max("number"))["last"] or 0
    copied = {name: getattr(model, name) for name in TEXTS - {"change_note"}} if model else {}
    guidelines = UsageGuidelines(
        family=family, release=release, number=last + 1, created_by=actor, **{**copied, **texts}
    )
    _store.insert(guidelines, taken={"one_draft_of_guidelines": "release"})
    if model is not None:
        _copy_parts(model, guidelines)
    audit.record(
        actor,
        "registry.usageguidelines.draft",
        guidelines,
        after={"number": guidelines.number, "release": release, "copied_from": model.number if model else None},
    )
    return guidelines


def _copy_parts(source: Any, target: UsageGuidelines) -> None:
    """Copy the parts of ``source``, a row of ``guidelines_with_parts``."""
    document = selectors.document_of(source)
    rules: dict[int, int] = {}
    for name, model in PARTS.items():
        rows: list[Any] = list(document.parts(name))
        before = [row.pk for row in rows]
        for row in rows:
            row.pk, row.guidelines, row.row_version, row._state.adding = None, target, 1, True
            if getattr(row, "rule_id", None) is not None:
                row.rule_id = rules[row.rule_id]
        made = model._default_manager.bulk_create(rows)
        if model is UsageRule:
            rules = dict(zip(before, (row.pk for row in made), strict=True))


def edit_guidelines(
    guidelines: UsageGuidelines, *, actor: Any, expected_version: int | None = None, **changes: Any
) -> UsageGuidelines:
    """Change the texts of a draft."""
    _store.allow(changes, TEXTS)
    _store.checked(guidelines, changes)
    with transaction.atomic():
        fresh = _draft(guidelines, actor)
        return edit(
            fresh,
            actor=actor,
            verb="registry.usageguidelines.edit",
            changes=changes,
            expected_version=expected_version,
        )


@transaction.atomic
def publish_guidelines(guidelines: UsageGuidelines, *, actor: Any) -> UsageGuidelines:
    """Publish a draft; what held before for the same family or release is superseded in the same moment."""
    now = timezone.now()
    both = [UsageGuidelines.Stage.DRAFT, UsageGuidelines.Stage.PUBLISHED]
    locked = UsageGuidelines.objects.versions_of(guidelines).filter(stage__in=both).select_for_update().order_by("pk")
    for row in locked:
        if row.stage != UsageGuidelines.Stage.PUBLISHED or row.pk == guidelines.pk:
            continue
        lifecycle.apply(SUPERSEDE_GUIDELINES, row, actor=actor, changes={"superseded_at": now}, by=guidelines.number)
    return lifecycle.apply(
        PUBLISH_GUIDELINES, guidelines, actor=actor, changes={"published_at": now, "published_by": actor}
    )


def retire_guidelines(guidelines: UsageGuidelines, *, actor: Any, reason: str) -> UsageGuidelines:
    """Take published guidelines out of force without a successor; a release falls back to its family's."""
    return lifecycle.apply(
        RETIRE_GUIDELINES, guidelines, actor=actor, changes={"superseded_at": timezone.now()}, reason=stated(reason)
    )


@transaction.atomic
def discard_guidelines(guidelines: UsageGuidelines, *, actor: Any, expected_version: int | None = None) -> None:
    """Delete a draft with all its parts. That it was there stays on record."""
    fresh = _draft(guidelines, actor)
    refuse_stale(fresh, expected_version)
    audit.record(actor, "registry.usageguidelines.discard", fresh, before={"number": fresh.number})
    for model in reversed(PARTS.values()):
        rows: Any = model._default_manager.filter(guidelines=fresh)
        rows._raw_delete(rows.db)
    UsageGuidelines.objects.filter(pk=fresh.pk)._raw_delete("default")


@transaction.atomic
def add_part(guidelines: UsageGuidelines, name: str, *, actor: Any, **values: Any) -> Part:
    """Add a rule, scenario, override, configuration, workflow or remedy (``name`` as in ``PARTS``) to a draft."""
    model = PARTS[name]
    _store.allow(values, _writable(model))
    fresh = _draft(guidelines, actor)
    siblings = model._default_manager.filter(guidelines=fresh)
    known = dict(siblings.values_list("key", "position"))
    if len(known) >= LARGEST_LIST:
        raise Refused(_("There are %s of these already, which is as many as anybody reads.") % LARGEST_LIST)
    if not values.get("position"):
        values["position"] = max(known.values(), default=0) + 1
    part: Any = model(guidelines=fresh, **values)
    _coherent(part)
    part.key = _free_key(part, known)
    _store.insert(part, taken=_TAKEN)
    audit.record(actor, f"{part._meta.label_lower}.add", part, after={"guidelines": fresh, "key": part.key})
    return part  # type: ignore[no-any-return]


@transaction.atomic
def edit_part(part: Part, *, actor: Any, expected_version: int | None = None, **changes: Any) -> Part:
    """Change a part of a draft. Its key stays: it is what tells the same rule in two versions."""
    _store.allow(changes, _writable(type(part)))
    if not changes.get("position"):
        changes.pop("position", None)
    _draft(part.guidelines, actor)
    plain = {name: value for name, value in changes.items() if name != "rule"}
    _store.checked(part, plain)
    changes |= plain
    trial: Any = type(part)._base_manager.get(pk=part.pk)
    for name, value in changes.items():
        setattr(trial, name, value)
    _coherent(trial)
    with _store.refusing(part, _TAKEN), transaction.atomic():
        return edit(
            part,
            actor=actor,
            verb=f"{part._meta.label_lower}.edit",
            changes=changes,
            expected_version=expected_version,
            guidelines=part.guidelines,
        )


@transaction.atomic
def remove_part(part: Part, *, actor: Any, expected_version: int | None = None) -> None:
    """Take a part out of a draft; with a rule go its scenarios and overrides."""
    guidelines = _draft(part.guidelines, actor)
    refuse_stale(part, expected_version)
    audit.record(actor, f"{part._meta.label_lower}.remove", part, before={"guidelines": guidelines, "key": part.key})
    part.delete()


_TAKEN = {"one_override_per_place": "region"}


def _writable(model: type[Part]) -> frozenset[str]:
    return frozenset(column.name for column in model._meta.concrete_fields) - _GIVEN


def _draft(guidelines: UsageGuidelines, actor: Any) -> UsageGuidelines:
    """The row, locked, for somebody who may change it. Raises ``Refused`` once it is published."""
    if not permissions.can_edit_guidelines(actor, guidelines.family):
        raise PermissionDenied
    fresh: UsageGuidelines = (
        UsageGuidelines.objects.select_for_update(of=("self",)).select_related("family").get(pk=guidelines.pk)
    )
    if not fresh.is_draft:
        raise Refused(_("These guidelines are published and stay as they are. Begin a new version."))
    return fresh


def _coherent(part: Any) -> None:
    """What the fields of one part ask of each other, in words; the database holds the same."""
    rule = getattr(part, "rule", None)
    if rule is not None and rule.guidelines_id != part.guidelines_id:
        raise Refused(_("This rule belongs to another version of the guidelines."), field="rule")
    if isinstance(part, UsageRule):
        if part.kind == RuleKind.RESTRICTED and not part.condition.strip():
            raise Refused(_("Say on which condition a restricted use is allowed."), field="condition")
    elif isinstance(part, RuleOverride):
        _coherent_override(part)


def _coherent_override(override: RuleOverride) -> None:
    if not override.region and not override.sector:
        raise Refused(_("Say in which region, or in which sector, this holds."), field="region")
    for name, words in (
        ("source_title", _("Name the law, regulation or code that asks for this.")),
        ("source_citation", _("Say where in it.")),
    ):
        if not getattr(override, name).strip():
            raise Refused(words, field=name)
    if override.effect == Effect.NEW:
        if override.rule is not None:
            raise Refused(_("A rule of its own changes no other: leave the rule empty."), field="rule")
        if not override.kind or not override.title:
            raise Refused(_("A rule of its own needs its kind and its line."), field="title")
        needs_condition = override.kind == RuleKind.RESTRICTED
    else:
        if override.rule is None:
            raise Refused(_("Choose the rule that differs."), field="rule")
        if override.effect == Effect.ADD and (override.kind or override.title):
            raise Refused(_("What adds to a rule leaves its kind and its line as they are."), field="effect")
        if not any((override.kind, override.title, override.text, override.condition)):
            raise Refused(_("Fill in what differs."), field="text")
        needs_condition = override.kind == RuleKind.RESTRICTED and not override.rule.condition
    if needs_condition and not override.condition.strip():
        raise Refused(_("Say on which condition a restricted use is allowed."), field="condition")


def _free_key(part: Any, known: dict[str, int]) -> str:
    """A name for the part from its own words, unlike those of its siblings."""
    words = getattr(part, "title", "")
    if isinstance(part, RuleOverride):
        what = part.rule.key if part.rule is not None else part.title
        words = f"{what} {part.region} {part.sector}"
    stem = re.sub(r"-+", "-", slugify(words.replace("_", "-")))[:60].strip("-") or "part"
    key, number = stem, 1
    while key in known:
        number += 1
        key = f"{stem}-{number}"
    return key
