"""The plan of a release: its phases, and what has to hold before each. Entering one is governance's."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, lifecycle
from common.editing import edit
from common.lifecycle import Refused
from common.references import normalised
from registry import permissions
from registry.lifecycle import DROP_PHASE
from registry.models import EntryCriterion, Phase, Release
from registry.models.plan import PhaseKind
from registry.services import _store
from registry.services.risks import stated

PHASE_TEXT = frozenset({"number", "kind", "title", "planned_on", "is_announced", "decider", "decision", "note"})
# A phase that came keeps what was decided; where it stands in the list and what is noted about it may change.
ALWAYS_EDITABLE = frozenset({"number", "note"})


@transaction.atomic
def plan_phase(release: Release, *, actor: Any, kind: str, number: int | None = None, **text: Any) -> Phase:
    """Add a phase to the plan of ``release``, at its end unless ``number`` says where.

    A plan changes nothing yet: the gate follows it from the first phase that is entered.
    """
    if not permissions.can_plan(actor, release):
        raise PermissionDenied
    _store.allow(text, PHASE_TEXT)
    release = Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=release.pk)
    _check(release, {"kind": kind, **text})
    if number is None:
        number = (release.phases.aggregate(last=Max("number"))["last"] or 0) + 1
    phase = Phase(release=release, kind=kind, number=number, **_clean(text))
    _store.insert(phase, taken={})
    audit.record(actor, "registry.phase.plan", phase, after={"release": release, "kind": kind, **text})
    return phase


def edit_phase(phase: Phase, *, actor: Any, expected_version: int | None = None, **changes: Any) -> Phase:
    """Change a planned phase. Of one that came, only its place in the plan and the note can change."""
    if not permissions.can_plan(actor, phase.release):
        raise PermissionDenied
    _store.allow(changes, PHASE_TEXT)
    with transaction.atomic():
        # The release first, as whoever enters a phase does; it may be published at this very moment.
        releases = Release.objects.select_for_update(of=("self",), no_key=True).select_related("family__publisher")
        release = releases.get(pk=phase.release_id)
        fresh = Phase.objects.select_for_update(of=("self",)).get(pk=phase.pk)
        fresh.release = release
        if fresh.stage != Phase.Stage.PLANNED:
            for name in changes.keys() - ALWAYS_EDITABLE:
                if changes[name] != getattr(fresh, name):
                    words = _("This phase is “%s”: what was decided stays on record.") % fresh.stage_label
                    raise Refused(words, field=name)
        _check(fresh.release, changes)
        changes = _clean(changes)
        _store.checked(fresh, changes)
        return edit(fresh, actor=actor, verb="registry.phase.edit", changes=changes, expected_version=expected_version)


def drop_phase(phase: Phase, *, actor: Any, reason: str) -> Phase:
    """Say that a planned phase will not come, and why."""
    return lifecycle.apply(DROP_PHASE, phase, actor=actor, reason=stated(reason))


@transaction.atomic
def add_criterion(phase: Phase, *, actor: Any, text: str, is_required: bool = True) -> EntryCriterion:
    """Say what has to hold before ``phase`` is entered."""
    if not permissions.can_plan(actor, phase.release):
        raise PermissionDenied
    phase = _planned(phase)
    criterion = EntryCriterion(phase=phase, text=text, is_required=is_required)
    _store.insert(criterion, taken={})
    audit.record(
        actor, "registry.phase.add_criterion", phase, after={"criterion": criterion, "is_required": is_required}
    )
    return criterion


@transaction.atomic
def edit_criterion(
    criterion: EntryCriterion, *, actor: Any, expected_version: int | None = None, **changes: Any
) -> EntryCriterion:
    """Change a criterion. One that was met is open again when its words change: somebody must look once more."""
    if not permissions.can_plan(actor, criterion.phase.release):
        raise PermissionDenied
    _store.allow(changes, {"text", "is_required"})
    _planned(criterion.phase)
    _store.checked(criterion, changes)
    if changes.get("text", criterion.text) != criterion.text:
        changes |= {"met_at": None, "met_by": None}
    return edit(
        criterion,
        actor=actor,
        verb="registry.entrycriterion.edit",
        changes=changes,
        expected_version=expected_version,
    )


@transaction.atomic
def remove_criterion(criterion: EntryCriterion, *, actor: Any) -> None:
    """Take a criterion out of a phase that was not entered yet; the history of the phase keeps its words."""
    if not permissions.can_plan(actor, criterion.phase.release):
        raise PermissionDenied
    phase = _planned(criterion.phase)
    audit.record(
        actor,
        "registry.phase.remove_criterion",
        phase,
        before={"criterion": criterion, "is_required": criterion.is_required, "met_at": criterion.met_at},
    )
    criterion.delete()


@transaction.atomic
def meet_criterion(
    criterion: EntryCriterion,
    *,
    actor: Any,
    evidence: str = "",
    evidence_url: str = "",
    expected_version: int | None = None,
) -> EntryCriterion:
    """Put on record that a criterion holds, who says so, and what shows it."""
    if not permissions.can_judge_criterion(actor, criterion):
        raise PermissionDenied
    _planned(criterion.phase)
    changes: dict[str, Any] = {"evidence": evidence.strip(), "evidence_url": evidence_url}
    if not any(changes.values()):
        raise Refused(_("Say what shows that it holds, or where that can be read."), field="evidence")
    _store.checked(criterion, changes)
    changes |= {"met_at": timezone.now(), "met_by": actor}
    return edit(
        criterion,
        actor=actor,
        verb="registry.entrycriterion.meet",
        changes=changes,
        expected_version=expected_version,
    )


@transaction.atomic
def reopen_criterion(criterion: EntryCriterion, *, actor: Any, reason: str) -> EntryCriterion:
    """Take back that a criterion holds. The evidence stays to be read."""
    if not permissions.can_judge_criterion(actor, criterion):
        raise PermissionDenied
    _planned(criterion.phase)
    return edit(
        criterion,
        actor=actor,
        verb="registry.entrycriterion.reopen",
        changes={"met_at": None, "met_by": None},
        reason=stated(reason),
    )


def _planned(phase: Phase) -> Phase:
    """The stored row of ``phase``, locked. Raises ``Refused`` unless it is still to come."""
    fresh = Phase.objects.select_for_update(of=("self",)).select_related("release__family").get(pk=phase.pk)
    if fresh.stage != Phase.Stage.PLANNED:
        raise Refused(_("This phase is “%s”: its criteria stay as they were.") % fresh.stage_label)
    return fresh


def _clean(text: dict[str, Any]) -> dict[str, Any]:
    """``text`` with a known reference as it is written: “d-12 ” is D-12."""
    given = text.get("decision")
    return {**text, "decision": normalised(given) or given.strip()} if given else text


def _check(release: Release, text: dict[str, Any]) -> None:
    decider = text.get("decider")
    if decider is not None and not permissions.can_decide_phase(decider, release.family):
        words = _("%s cannot decide this: name a release manager or a reviewer of this model.")
        raise Refused(words % decider, field="decider")
    if text.get("kind") == PhaseKind.INTERNAL and release.is_public:
        raise Refused(_("The release is public already, so it cannot become internal."), field="kind")
