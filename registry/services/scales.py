"""The scale a publisher judges its risks on: the first, drafts of later ones, and putting one in force."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from common import audit, events, jobs, lifecycle
from common.editing import edit, refuse_stale
from common.lifecycle import Refused
from common.models import Job
from registry import permissions
from registry.lifecycle import ACTIVATE_SCALE, SUPERSEDE_SCALE
from registry.models import BandRule, Publisher, RiskScale
from registry.rescaling import falls, refit, spread
from registry.scale import LARGEST, Band, Likelihood, Severity, first_grid
from registry.selectors import base_of, lagging, scale_in_force
from registry.services import _store, carrying, second_person
from registry.services.carrying import hold_scale
from registry.services.risks import stated

JOB = "registry.carry_over"
# As many risks as can be carried over while somebody waits for the page.
AT_ONCE = 500
WORDS = ("likelihoods", "severities", "detectabilities", "reversibilities")
CHANGES = frozenset({*WORDS, "note", "grid", "likelihood_map", "severity_map", "rules"})
RULE = frozenset({"label", "review_days", "acceptance_days", "accepted_by", "needs_second_person"})

# What a publisher begins with: days until the next look, days of acceptance at most, who accepts, four eyes.
FIRST_RULES: dict[Band, dict[str, Any]] = {
    Band.LOW: {"review_days": 365, "acceptance_days": 365, "accepted_by": Role.RISK_OWNER},
    Band.MODERATE: {"review_days": 180, "acceptance_days": 365, "accepted_by": Role.RISK_OWNER},
    Band.HIGH: {
        "review_days": 90,
        "acceptance_days": 180,
        "accepted_by": Role.RELEASE_MANAGER,
        "needs_second_person": True,
    },
    Band.CRITICAL: {
        "review_days": 30,
        "acceptance_days": 30,
        "accepted_by": Role.RELEASE_MANAGER,
        "needs_second_person": True,
    },
}


@transaction.atomic
def start_scale(publisher: Publisher, *, actor: Any = None) -> RiskScale:
    """Give a new publisher its first scale, 5 × 5, in force from now on."""
    scale = RiskScale.objects.create(
        publisher=publisher,
        number=1,
        stage=RiskScale.Stage.ACTIVE,
        likelihoods=[str(label) for label in Likelihood.labels],
        severities=[str(label) for label in Severity.labels],
        grid=first_grid(),
        created_by=actor,
        activated_at=timezone.now(),
    )
    BandRule.objects.bulk_create(BandRule(scale=scale, band=band, **rule) for band, rule in FIRST_RULES.items())
    return scale


@transaction.atomic
def draft_scale(publisher: Publisher, *, actor: Any, note: str = "") -> RiskScale:
    """Begin the next version of the scale as a copy of the one in force. There is one draft at a time."""
    if not permissions.can_draft_scale(actor, publisher):
        raise PermissionDenied
    hold_scale(publisher.pk, exclusive=True)
    before = scale_in_force(publisher.pk)
    number = RiskScale.objects.filter(publisher=publisher).aggregate(last=Max("number"))["last"] + 1
    copied = {name: getattr(before, name) for name in (*WORDS, "grid")}
    draft = RiskScale(publisher=publisher, number=number, note=note.strip(), created_by=actor, **copied)
    with _store.refusing(draft, {"one_draft_scale_per_publisher": "publisher"}), transaction.atomic():
        draft.save(force_insert=True)
    names = ("band", *sorted(RULE))
    BandRule.objects.bulk_create(BandRule(scale=draft, **values) for values in before.rules.values(*names))
    audit.record(
        actor, "registry.riskscale.draft", draft, after={"number": number, "publisher": publisher, "note": draft.note}
    )
    return draft


@transaction.atomic
def edit_scale(scale: RiskScale, *, actor: Any, expected_version: int | None = None, **changes: Any) -> RiskScale:
    """Change a draft: its words, the band of each pair, where the old steps go, and what follows from a band.

    ``rules`` maps bands to their values. Where the number of steps changes and no grid is given, the grid is drawn
    anew from the one there is, and the old steps are spread evenly.
    """
    _store.allow(changes, CHANGES)
    fresh = _draft(scale, actor)
    refuse_stale(fresh, expected_version)
    rules = changes.pop("rules", None)
    whole = _whole(fresh, changes)
    ruled = _ruled(fresh, rules or {})
    changed = {name: value for name, value in whole.items() if getattr(fresh, name) != value}
    if ruled:
        BandRule.objects.bulk_update(ruled, sorted(RULE))
    told: dict[str, Any] = (
        {"rules": {rule.band: {name: getattr(rule, name) for name in sorted(RULE)} for rule in ruled}} if ruled else {}
    )
    if ruled and not changed:
        # The rules have no version of their own.
        fresh.row_version += 1
        fresh.save(update_fields=["row_version"])
        audit.record(actor, "registry.riskscale.edit", fresh, after=told)
        return fresh
    return edit(fresh, actor=actor, verb="registry.riskscale.edit", changes=changed, **told)


@transaction.atomic
def discard_scale(scale: RiskScale, *, actor: Any, expected_version: int | None = None) -> None:
    """Delete a draft. That it was there stays on record."""
    fresh = _draft(scale, actor)
    refuse_stale(fresh, expected_version)
    audit.record(actor, "registry.riskscale.discard", fresh, before={"number": fresh.number, "note": fresh.note})
    fresh.delete()


@transaction.atomic
def activate_scale(scale: RiskScale, *, actor: Any, reason: str, expected_version: int | None = None) -> RiskScale:
    """Put a draft in force: it replaces the version before, and every risk that is not closed is carried over.

    From this moment new judgements are made on it. Where there are many risks a worker carries them over; until
    its turn comes a risk keeps the version it was judged on, and a judgement of it carries it over first. Raises
    ``Refused`` where a risk would come to a lower band that whoever does this may not lower alone.
    """
    reason = stated(reason)
    hold_scale(scale.publisher_id, exclusive=True)
    fresh = RiskScale.objects.select_related("publisher").select_for_update(of=("self",)).get(pk=scale.pk)
    refuse_stale(fresh, expected_version)
    before = scale_in_force(fresh.publisher_id)
    if fresh.stage == RiskScale.Stage.DRAFT:
        if not permissions.can_edit_scale(actor, fresh):
            raise PermissionDenied
        second_person.refuse_lowering_own(fresh, actor=actor)
        count = lagging(fresh).count()
        lifecycle.apply(SUPERSEDE_SCALE, before, actor=actor, by=fresh.number)
    else:
        count = 0
    changes: dict[str, Any] = {"activated_at": timezone.now()}
    if count > AT_ONCE:
        changes["job"] = jobs.enqueue(JOB, actor=actor, payload={"scale": fresh.pk, "actor": actor.pk})
    active = lifecycle.apply(ACTIVATE_SCALE, fresh, actor=actor, changes=changes, reason=reason, risks=count)
    if count <= AT_ONCE:
        risks = lagging(active).select_related("family").defer("words").order_by("pk")
        carrying.carry_over(risks.select_for_update(of=("self",)), active, actor=actor)
    events.emit("registry.scale.activated", active, number=active.number, before=before.number)
    return active


def carry_risks(progress: jobs.Progress) -> dict[str, Any]:
    """The work of the job that ``activate_scale`` leaves to a worker."""
    scale = RiskScale.objects.get(pk=progress.payload["scale"])
    actor = User.objects.get(pk=progress.payload["actor"])
    return {"risks": carrying.carry_all(scale, actor=actor, progress=progress)}


@transaction.atomic
def run_carrying_again(scale: RiskScale, *, actor: Any) -> Job:
    """Queue the job that carries risks over once more, after it failed."""
    if not permissions.can_edit_scale(actor, scale):
        raise PermissionDenied
    if scale.job is None:
        raise Refused(_("There is no job to run again."))
    return jobs.run_again(scale.job, actor=actor)


def _draft(scale: RiskScale, actor: Any) -> RiskScale:
    fresh = RiskScale.objects.select_related("publisher").select_for_update(of=("self",)).filter(pk=scale.pk).first()
    if fresh is None:
        raise Refused(_("This draft was discarded."))
    if not permissions.can_edit_scale(actor, fresh):
        raise PermissionDenied
    if fresh.stage != RiskScale.Stage.DRAFT:
        raise Refused(_("This version has been in force: it does not change. Draft a new one."))
    return fresh


def _whole(scale: RiskScale, changes: dict[str, Any]) -> dict[str, Any]:
    """All of a draft with ``changes``, checked as a whole. Raises ``ValidationError`` by field."""
    errors: dict[str, Any] = {}
    whole = {name: changes.get(name, getattr(scale, name)) for name in (*WORDS, "note")}
    whole["note"] = str(whole["note"]).strip()
    for name in WORDS:
        whole[name] = [str(word).strip() for word in whole[name] if str(word).strip()]
        if wrong := _wrong_words(whole[name], optional=name in WORDS[2:]):
            errors[name] = [ValidationError(wrong)]
    if errors:
        raise ValidationError(errors)
    rows, columns = len(whole["likelihoods"]), len(whole["severities"])
    grid = changes.get("grid")
    whole["grid"] = [list(row) for row in grid] if grid is not None else refit(scale.grid, rows, columns)
    if wrong := _wrong_grid(whole["grid"], rows, columns):
        errors["grid"] = [ValidationError(wrong)]
    base = base_of(scale)
    for name, words in (("likelihood_map", "likelihoods"), ("severity_map", "severities")):
        old = len(getattr(base, words)) if base else len(whole[words])
        # What was said about other steps than these says nothing about these.
        same = len(whole[words]) == len(getattr(scale, words))
        given = changes.get(name, getattr(scale, name) if same else [])
        try:
            whole[name] = _steps(given, old, len(whole[words]), asked=name in changes)
        except ValidationError as invalid:
            errors[name] = invalid.error_list
    if errors:
        raise ValidationError(errors)
    return whole


def _wrong_words(words: list[str], *, optional: bool) -> str:
    if not words and optional:
        return ""
    if not 2 <= len(words) <= LARGEST:
        return _("Give 2 to %d words, one on each line.") % LARGEST
    if len({word.casefold() for word in words}) < len(words):
        return _("Each word must differ from the others.")
    if any(len(word) > 80 for word in words):
        return _("Keep each word under 80 characters.")
    return ""


def _wrong_grid(grid: list[list[Any]], rows: int, columns: int) -> str:
    if len(grid) != rows or any(len(row) != columns for row in grid):
        return _("Give a level for each of the %(rows)d × %(columns)d pairs.") % {"rows": rows, "columns": columns}
    if any(band not in Band.values for row in grid for band in row):
        return _("A level is one of: %s.") % ", ".join(Band.values)
    if at := falls(grid):
        words = _("Likelihood %(l)d with severity %(s)d has a lower level than a pair that is less bad.")
        return words % {"l": at[0], "s": at[1]}
    return ""


def _steps(given: Sequence[int], old: int, new: int, *, asked: bool) -> list[int]:
    """Where the old steps go; empty where each stays what it is."""
    steps = [int(step) for step in given]
    fits = len(steps) == old and all(1 <= step <= new for step in steps)
    if not fits:
        if steps and asked:
            raise ValidationError(
                _("Say for each of the %(old)d old steps which of the %(new)d it becomes.") % {"old": old, "new": new}
            )
        steps = spread(old, new) if old != new else []
    if any(later < earlier for earlier, later in pairwise(steps)):
        raise ValidationError(_("A worse step cannot become a lesser one than the step before it."))
    return [] if steps == list(range(1, old + 1)) and old == new else steps


def _ruled(scale: RiskScale, rules: Mapping[str, Mapping[str, Any]]) -> list[BandRule]:
    """The rules of a draft that ``rules`` change, checked."""
    known = {rule.band: rule for rule in scale.rules.all()}
    if unknown := rules.keys() - known.keys():
        raise ValidationError({"rules": [_("Unknown level: %s.") % ", ".join(sorted(map(str, unknown)))]})
    changed, errors = [], []
    for band, values in rules.items():
        _store.allow(dict(values), RULE)
        rule, before = known[band], {name: getattr(known[band], name) for name in RULE}
        for name, value in values.items():
            setattr(rule, name, value)
        try:
            _store.check(rule, list(values))
        except ValidationError as invalid:
            errors += [f"{Band(band).label}: {message}" for wrong in invalid.message_dict.values() for message in wrong]
            continue
        if not 1 <= rule.review_days <= 3650 or not 0 <= rule.acceptance_days <= 3650:
            errors.append(
                _("%s: give days from 1 (0 for none, where a risk may not be accepted) to 3650.") % Band(band).label
            )
        if {name: getattr(rule, name) for name in RULE} != before:
            changed.append(rule)
    if errors:
        raise ValidationError({"rules": errors})
    return changed
