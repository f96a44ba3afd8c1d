from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max, Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, events, lifecycle
from common.editing import refuse_stale
from common.lifecycle import Move, Refused
from governance import permissions
from governance.lifecycle import (
    ANNUL_DECISION,
    ENTER_PHASE,
    LEAVE_PHASE,
    PUBLISH_DECISION,
    PUBLISH_RELEASE,
    REINSTATE_RELEASE,
    RETURN_TO_PHASE,
    SUPERSEDE_DECISION,
    WITHDRAW_RELEASE,
    needs_plan_followed,
)
from governance.models import Decision, DecisionEvidence, DecisionOption
from registry.models import EntryCriterion, ModelFamily, Phase, Release
from registry.models.plan import PhaseKind
from registry.selectors import read_what_is_named, revision_of

TEXT = (
    *("title", "context", "outcome", "consequences", "dissent", "stops_holding_when"),
    *("release", "review_by", "decided_by", "decided_as", "decided_on"),
)
# Any number will do as long as nothing else in this database uses it.
_NUMBERS = 7_143_311


@transaction.atomic
def publish_release(release: Release, *, actor: Any) -> Release:
    """Open the public page of ``release`` and fix its revision, which names exactly these files and this card."""
    locked = Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=release.pk)
    return _publish(read_what_is_named(locked), actor, PUBLISH_RELEASE)


def _publish(release: Release, actor: Any, move: Move) -> Release:
    """Publish a release that was locked before its files were read, so that none can slip in between the revision
    and the publication."""
    changes = {"revision": revision_of(release, known=True), "published_at": timezone.now()}
    release = lifecycle.apply(move, release, actor=actor, changes=changes, held=True, revision=changes["revision"])
    # Whoever goes on with the release reads its cards whole.
    release.__dict__.pop("_prefetched_objects_cache", None)
    events.emit("registry.release.published", release, revision=release.revision)
    return release


@transaction.atomic
def withdraw_release(release: Release, *, actor: Any, reason: str) -> Release:
    """Withdraw ``release``: its gates are closed from the moment this commits, and its page says why.

    Gates look at the release itself, so this waits for no worker; the event is for those who must hear of it.
    A plan shows it as the phase that the release is in, whatever criteria were set: stopping waits for nothing.
    """
    changes = {"withdrawn_at": timezone.now(), "withdrawal_reason": _reason(reason)}
    release, why = _with_phases(release.pk), changes["withdrawal_reason"]
    with audit.gathered():
        release = lifecycle.apply(WITHDRAW_RELEASE, release, actor=actor, changes=changes, held=True, reason=why)
        _show_withdrawal(release, actor)
    events.emit("registry.release.withdrawn", release)
    return release


@transaction.atomic
def reinstate_release(release: Release, *, actor: Any, reason: str) -> Release:
    """Take back a withdrawal. Somebody other than who withdrew it has to, even a superuser."""
    changes, why = {"withdrawn_at": None, "withdrawal_reason": ""}, _reason(reason)
    release = _with_phases(release.pk)
    with audit.gathered():
        release = lifecycle.apply(REINSTATE_RELEASE, release, actor=actor, changes=changes, held=True, reason=why)
        _return_to_phase(release, actor)
    events.emit("registry.release.reinstated", release)
    return release


@transaction.atomic
def enter_phase(phase: Phase, *, actor: Any, reason: str = "", expected_version: int | None = None) -> Phase:
    """Let the release enter ``phase`` of its plan, which from now on alone says which tiers are open.

    The first phase that opens anything publishes the release, whoever was named to decide it; one that withdraws
    it needs a ``reason``. Raises ``Refused`` while a required criterion is not met, nobody is named to decide, or
    an earlier phase is still to come, and ``PermissionDenied`` to anybody but the decider and release managers.
    """
    # Always the release first, then its phases, so that two moves of one plan cannot wait for each other.
    release, known = _with_phases(phase.release_id), phase._state.fields_cache.get("decider")
    phase = next(each for each in release.phases.all() if each.pk == phase.pk)
    if known is not None and known.pk == phase.decider_id:
        phase.decider = known
    if not permissions.can_enter_phase(actor, phase):
        raise PermissionDenied
    refuse_stale(phase, expected_version)
    if phase.kind == PhaseKind.WITHDRAWN:
        withdraw_release(release, actor=actor, reason=reason)
        phase.refresh_from_db()
        return phase
    prefetch_related_objects([phase], Prefetch("criteria", queryset=EntryCriterion.objects.select_related("met_by")))
    if phase.opens and release.stage == Release.Stage.DRAFT:
        read_what_is_named(release)
    with audit.gathered(), events.gathered():
        _leave_phase(release, actor, for_phase=phase)
        changes = {"entered_at": timezone.now(), "entered_by": actor}
        phase = lifecycle.apply(ENTER_PHASE, phase, actor=actor, changes=changes, held=True, decider=phase.decider)
        if phase.opens and release.stage == Release.Stage.DRAFT:
            _publish(release, actor, PUBLISH_BY_PLAN)
        events.emit("registry.release.phase_entered", release, phase=phase.pk, kind=phase.kind)
    return phase


def _with_phases(pk: int) -> Release:
    """A release, locked, and then its whole plan, locked as well: who edits a phase or its criteria is waited for."""
    release = Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=pk)
    # Without who decides: joined, that would be whoever was named before the lock.
    phases = Phase.objects.select_for_update(of=("self",)).in_order()
    prefetch_related_objects([release], Prefetch("phases", queryset=phases))
    return release


def _by_plan(user: Any, obj: Any) -> bool:
    """The permission was that of entering the phase, or of the move of the release that this belongs to."""
    return True


# The plan was followed to come here, and who may enter the phase is asked there.
PUBLISH_BY_PLAN = replace(
    PUBLISH_RELEASE,
    may=_by_plan,
    needs=tuple(need for need in PUBLISH_RELEASE.needs if need is not needs_plan_followed),
)


def _leave_phase(release: Release, actor: Any, for_phase: Phase | None = None) -> None:
    """Leave the phase that ``release``, with its plan read, is in; for another one, where there is one."""
    move = replace(LEAVE_PHASE, may=_by_plan)
    for current in release.phases.all():
        if current.stage == Phase.Stage.ENTERED and current is not for_phase:
            lifecycle.apply(move, current, actor=actor, changes={"left_at": timezone.now()}, held=True, by=for_phase)


def _show_withdrawal(release: Release, actor: Any) -> None:
    """Let the plan, if the release (from ``_with_phases``) follows one or foresaw this, show the withdrawal."""
    plan = list(release.phases.all())
    planned = [each for each in plan if each.kind == PhaseKind.WITHDRAWN and each.stage == Phase.Stage.PLANNED]
    if not planned and not any(each.stage == Phase.Stage.ENTERED for each in plan):
        return
    if planned:
        phase = planned[0]
    else:
        number = max(each.number for each in plan) + 1
        phase = Phase.objects.create(release=release, kind=PhaseKind.WITHDRAWN, number=number)
        audit.record(actor, "registry.phase.plan", phase, after={"release": release, "kind": phase.kind})
    _leave_phase(release, actor, for_phase=phase)
    changes = {"entered_at": timezone.now(), "entered_by": actor, "decider": phase.decider or actor}
    move = replace(ENTER_PHASE, may=_by_plan, needs=())
    lifecycle.apply(move, phase, actor=actor, changes=changes, held=True, reason=release.withdrawal_reason)


def _return_to_phase(release: Release, actor: Any) -> None:
    """Let a reinstated release, from ``_with_phases``, be in the phase again in which it was withdrawn."""
    plan = list(release.phases.all())
    if not any(each.stage == Phase.Stage.ENTERED and each.kind == PhaseKind.WITHDRAWN for each in plan):
        return
    _leave_phase(release, actor)
    left = [each for each in plan if each.stage == Phase.Stage.LEFT and each.kind != PhaseKind.WITHDRAWN]
    if left:
        before = max(left, key=lambda each: each.left_at or each.created_at)
        move = replace(RETURN_TO_PHASE, may=_by_plan)
        lifecycle.apply(move, before, actor=actor, changes={"left_at": None}, held=True)


def _reason(words: str) -> str:
    if not words.strip():
        raise Refused(_("Say why: the reason goes on record."), field="reason")
    return words.strip()


@transaction.atomic
def record_decision(
    family: ModelFamily,
    *,
    actor: Any,
    title: str,
    options: Iterable[dict[str, Any]] = (),
    risks: Iterable[Any] = (),
    evidence: Iterable[dict[str, Any]] = (),
    supersedes: Decision | None = None,
    **text: Any,
) -> Decision:
    """Start a decision about ``family`` as a draft, with the next free number.

    ``options`` are rows of name, arguments_for, arguments_against, chosen; ``evidence`` rows of label, url,
    sha256; ``text`` the other fields of a decision. Who records it has decided it unless ``decided_by`` says
    otherwise.
    """
    if not permissions.can_record_decision(actor, family):
        raise PermissionDenied
    text.setdefault("decided_by", actor)
    _check(family, text.get("release"), risks := list(risks))
    if supersedes is not None:
        _check_superseded(family, supersedes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
    number = (Decision.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    decision = Decision.objects.create(
        family=family, number=number, title=title, supersedes=supersedes, created_by=actor, **text
    )
    _write_parts(decision, options, risks, evidence)
    audit.record(actor, "governance.decision.record", decision, after=decision.stage, supersedes=supersedes)
    return decision


@transaction.atomic
def edit_decision(
    decision: Decision,
    *,
    actor: Any,
    expected_version: int | None = None,
    options: Iterable[dict[str, Any]] | None = None,
    risks: Iterable[Any] | None = None,
    evidence: Iterable[dict[str, Any]] | None = None,
    **text: Any,
) -> Decision:
    """Change a draft: the named fields, and whole lists of options, risks or evidence where given.

    Raises ``Stale`` when somebody else has written since ``expected_version``, and ``Refused`` once it is
    published.
    """
    decision = Decision.objects.select_for_update(of=("self",)).select_related("family").get(pk=decision.pk)
    if not permissions.can_edit_decision(actor, decision):
        raise PermissionDenied
    if decision.stage != Decision.Stage.DRAFT:
        raise Refused(_("A published decision is never changed. Record a new one that supersedes it."))
    refuse_stale(decision, expected_version)
    before = _snapshot(decision)
    _check(decision.family, text.get("release", decision.release), list(risks) if risks is not None else [])
    for name, value in text.items():
        if name not in TEXT:
            raise TypeError(f"A decision has no field {name!r} to edit.")
        setattr(decision, name, value)
    _write_parts(decision, options, risks, evidence)
    after = _snapshot(decision)
    if after == before:
        return decision
    decision.row_version += 1
    decision.save()
    changed = {name for name in after if after[name] != before[name]}
    audit.record(
        actor,
        "governance.decision.edit",
        decision,
        before={name: before[name] for name in sorted(changed)},
        after={name: after[name] for name in sorted(changed)},
    )
    return decision


@transaction.atomic
def publish_decision(decision: Decision, *, actor: Any) -> Decision:
    """Put ``decision`` into the public log for good, and the one it supersedes out of force.

    From then on the database refuses every change of its text.
    """
    changes = {"published_at": timezone.now(), "published_by": actor}
    decision = lifecycle.apply(PUBLISH_DECISION, decision, actor=actor, changes=changes)
    if decision.supersedes is not None:
        lifecycle.apply(SUPERSEDE_DECISION, decision.supersedes, actor=actor, by=decision)
        events.emit("governance.decision.superseded", decision.supersedes, by=decision.pk)
    events.emit("governance.decision.published", decision)
    return decision


@transaction.atomic
def supersede_decision(decision: Decision, *, actor: Any, title: str = "", **text: Any) -> Decision:
    """Start the draft that is to replace ``decision``, with its text, options, risks and evidence to begin from.

    The old one stays in force until the new one is published.
    """
    if not permissions.can_supersede_decision(actor, decision):
        raise PermissionDenied
    copied = {
        name: getattr(decision, name) for name in TEXT if name not in {"title", "decided_by", "decided_on", "review_by"}
    }
    options = decision.options.values("name", "arguments_for", "arguments_against", "chosen")
    evidence = decision.evidence.values("label", "url", "sha256")
    lists = {"options": list(options), "evidence": list(evidence), "risks": list(decision.risks.all())}
    return record_decision(
        decision.family, actor=actor, title=title or decision.title, supersedes=decision, **{**copied, **lists, **text}
    )


@transaction.atomic
def annul_decision(decision: Decision, *, actor: Any, reason: str) -> Decision:
    """Declare ``decision`` no longer in force, without another in its place."""
    changes = {"annulled_at": timezone.now(), "annulment_reason": _reason(reason)}
    decision = lifecycle.apply(
        ANNUL_DECISION, decision, actor=actor, changes=changes, reason=changes["annulment_reason"]
    )
    events.emit("governance.decision.annulled", decision)
    return decision


def _check(family: ModelFamily, release: Release | None, risks: list[Any]) -> None:
    if release is not None and release.family_id != family.pk:
        raise Refused(_("This release belongs to another model family."), field="release")
    if any(risk.family_id != family.pk for risk in risks):
        raise Refused(_("Choose risks of this model family."), field="risks")


def _check_superseded(family: ModelFamily, old: Decision) -> None:
    if old.family_id != family.pk:
        raise Refused(_("A decision supersedes one of the same model family."), field="supersedes")
    if old.stage != Decision.Stage.PUBLISHED:
        raise Refused(_("%s is not in force, so it cannot be superseded.") % old.reference, field="supersedes")
    if successor := Decision.objects.filter(supersedes=old).first():
        raise Refused(
            _("%(new)s is already being written to supersede %(old)s.")
            % {"new": successor.reference, "old": old.reference}
        )


def _write_parts(decision: Decision, options: Any, risks: Any, evidence: Any) -> None:
    if options is not None:
        rows = [DecisionOption(decision=decision, order=place, **row) for place, row in enumerate(options, 1)]
        if sum(row.chosen for row in rows) > 1:
            raise Refused(_("Only one option can be the chosen one."), field="options")
        decision.options.all().delete()
        DecisionOption.objects.bulk_create(rows)
    if evidence is not None:
        decision.evidence.all().delete()
        DecisionEvidence.objects.bulk_create(DecisionEvidence(decision=decision, **row) for row in evidence)
    if risks is not None:
        decision.risks.set(risks)


def _snapshot(decision: Decision) -> dict[str, Any]:
    """The content of a decision as plain values, to tell what an edit changed."""
    meta: Any = Decision._meta
    fields = {name: getattr(decision, meta.get_field(name).attname) for name in TEXT}
    return {
        **fields,
        "options": list(decision.options.values("name", "arguments_for", "arguments_against", "chosen")),
        "evidence": list(decision.evidence.values("label", "url", "sha256")),
        "risks": sorted(decision.risks.values_list("pk", flat=True)),
    }
