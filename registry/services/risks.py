import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, events, lifecycle
from common.editing import edit
from common.lifecycle import Refused, Stale
from registry import permissions
from registry.lifecycle import CLOSE, OPEN, REOPEN
from registry.models import (
    AssessmentProposal,
    ModelFamily,
    Objective,
    PublicConcern,
    Release,
    Risk,
    RiskAcceptance,
    RiskAssessment,
    RiskScale,
    Term,
)
from registry.selectors import rule_at, scale_in_force
from registry.services import _store, second_person
from registry.services._rounds import finish, rounds_with
from registry.services.carrying import carry_over, judged_on_scale_in_force

# What a risk says, in words.
TEXT = frozenset({"title", "harm", "cause", "event", "consequence", "affected"})


def store_new(risk: Risk, *, required: Collection[str] = ("harm",)) -> None:
    """Insert a new risk with the next number of its family, on the scale in force. Needs a transaction."""
    # Two people recording at once must not get the same number.
    ModelFamily.objects.select_for_update(no_key=True).get(pk=risk.family_id)
    risk.number = (Risk.objects.filter(family=risk.family_id).aggregate(last=Max("number"))["last"] or 0) + 1
    risk.scale = scale_in_force(risk.family.publisher_id)
    _store.insert(risk, taken={}, required=required)


@transaction.atomic
def create_risk(
    family: ModelFamily,
    *,
    actor: Any,
    title: str,
    harm: str,
    affected: str = "",
    cause: str = "",
    event: str = "",
    consequence: str = "",
    objectives: Sequence[Objective] = (),
    terms: Sequence[Term] = (),
    owner: User | None = None,
    release: Release | None = None,
    is_public: bool = True,
    origin: str = Risk.Origin.TEAM,
    origin_reference: str = "",
) -> Risk:
    """Record a risk as a draft, with the family's next number. Title and harm are enough to begin."""
    if not permissions.can_create_risk(actor, family):
        raise PermissionDenied
    risk = Risk(
        family=family,
        release=release,
        title=title,
        harm=harm,
        affected=affected,
        cause=cause,
        event=event,
        consequence=consequence,
        owner=owner,
        is_public=is_public,
        origin=origin,
        origin_reference=origin_reference,
    )
    _belongs(family, objectives=objectives, release=release)
    if owner is not None:
        can_answer(owner, family)
    store_new(risk)
    risk.objectives.set(objectives)
    if terms:
        risk.terms.set(terms)
    audit.record(
        actor,
        "registry.risk.create",
        risk,
        after={"title": title, "family": family, "owner": owner, "stage": risk.stage},
    )
    return risk


def edit_risk(risk: Risk, *, actor: Any, expected_version: int | None = None, **changes: Any) -> Risk:
    """Change what a risk says. Owner, judgements and stage have services of their own."""
    if not permissions.can_edit_risk(actor, risk):
        raise PermissionDenied
    _store.allow(changes, TEXT | {"objectives", "terms", "release", "is_public"})
    objectives, terms = changes.pop("objectives", None), changes.pop("terms", None)
    _belongs(risk.family, objectives=objectives or (), release=changes.get("release"))
    _store.checked(risk, changes, required=() if risk.stage == Risk.Stage.STUB else ("harm",))
    links: dict[str, Any] = {} if objectives is None else {"objectives": objectives}
    if terms is not None:
        links["terms"] = terms
    return edit(
        risk,
        actor=actor,
        verb="registry.risk.edit",
        changes=changes,
        links=links,
        expected_version=expected_version,
    )


# What is not said stays as it is.
KEEP: Any = object()


@transaction.atomic
def assign_risk_owner(
    risk: Risk, *, actor: Any, owner: User, deputy: User | None = KEEP, expected_version: int | None = None
) -> Risk:
    """Name the person who answers for ``risk``, and who stands in for them: people with a role at its family or
    publisher. Without a word about the deputy they stay, unless they become the owner themselves."""
    if not permissions.can_assign_risk_owner(actor, risk):
        raise PermissionDenied
    can_answer(owner, risk.family)
    did_not_accept(risk, owner)
    if deputy is KEEP:
        stays = Risk.objects.select_for_update(of=("self",)).get(pk=risk.pk).deputy
        deputy = None if stays == owner else stays
    elif deputy is not None:
        if deputy == owner:
            raise Refused(_("%s owns it already. Name somebody else.") % deputy, field="deputy")
        can_answer(deputy, risk.family, field="deputy")
        did_not_accept(risk, deputy, field="deputy")
    return edit(
        risk,
        actor=actor,
        verb="registry.risk.assign_owner",
        changes={"owner": owner, "deputy": deputy},
        expected_version=expected_version,
    )


@transaction.atomic
def assess_risk(
    risk: Risk,
    *,
    actor: Any,
    kind: str,
    likelihood: int,
    severity: int,
    rationale: str,
    expected_version: int | None = None,
    scale: int | None = None,
    **more: Any,
) -> RiskAssessment | AssessmentProposal:
    """Judge a risk before (``inherent``) or after (``residual``) mitigation, or say where it is to go
    (``target``), with the reason, on the scale in force.

    ``more`` are ``detectability``, ``reversibility``, ``confidence`` and ``evidence``; ``scale`` is the version
    whose words the writer had before them. Judgements are never changed: each is a row of its own, and the newest
    of its kind counts. Where whoever answers for the risk lowers it and the scale asks for a second person, the
    answer is a proposal, which counts once somebody else has confirmed it.
    """
    if not permissions.can_assess_risk(actor, risk):
        raise PermissionDenied
    _store.allow(more, {"detectability", "reversibility", "confidence", "evidence"})
    locked, current = judged_on_scale_in_force(risk, actor=actor, expected_version=expected_version)
    if not permissions.can_assess_risk(actor, locked):
        # Somebody else has come to own it since the caller read it.
        raise PermissionDenied
    if scale is not None and scale != current.pk:
        raise Stale(_("The scale was replaced while you were judging. Look at its words, then save again."))
    assessment = RiskAssessment(
        risk=locked,
        kind=kind,
        scale=current,
        likelihood=likelihood,
        severity=severity,
        rationale=rationale,
        assessed_by=actor,
        **more,
    )
    check_judgement(assessment, current, names=("kind", "rationale", *more))
    if locked.stage == Risk.Stage.CLOSED:
        raise Refused(_("This risk is closed. Reopen it before you assess it again."))
    if kind != RiskAssessment.Kind.INHERENT and locked.inherent_score is None:
        raise Refused(_("Assess the risk before mitigation first."), field="kind")
    if second_person.needs_second_person(locked, assessment, actor=actor):
        return second_person.propose(locked, assessment, actor=actor)
    return record_assessment(locked, assessment, actor=actor)


def check_judgement(judgement: Any, scale: RiskScale, *, names: Collection[str]) -> None:
    """Check the fields ``names`` of a judgement and that it is on ``scale``, and give it its band.

    Raises ``ValidationError`` by field, all that is wrong at once.
    """
    errors: dict[str, Any] = {}
    try:
        _store.check(judgement, list(names))
    except ValidationError as invalid:
        errors = dict(invalid.error_dict)
    for name, words in (
        ("likelihood", scale.likelihoods),
        ("severity", scale.severities),
        ("detectability", scale.detectabilities),
        ("reversibility", scale.reversibilities),
    ):
        number, optional = getattr(judgement, name), name in {"detectability", "reversibility"}
        if (number is None and optional) or (isinstance(number, int) and 1 <= number <= len(words)):
            continue
        most = _("Give a number from 1 to %d: these are the steps of this publisher's scale.") % len(words)
        errors[name] = [ValidationError(most if words else _("This publisher's scale does not ask for this."))]
    if errors:
        raise ValidationError(errors)
    judgement.band = scale.band(judgement.likelihood, judgement.severity)


def record_assessment(
    locked: Risk, assessment: RiskAssessment, *, actor: Any, expected_version: int | None = None
) -> RiskAssessment:
    """Write a judgement and let it count. The row of the risk is locked, the judgement on its scale in force.

    What waits for a second person is overtaken by it. See ``carrying.judged_on_scale_in_force`` for the lock.
    """
    if locked.scale_id != assessment.scale_id:
        carry_over([locked], assessment.scale, actor=actor)
        locked.refresh_from_db()
    kind = assessment.kind
    if kind != RiskAssessment.Kind.TARGET and assessment.confirmed_by_id is None:
        second_person.overtake(locked, actor=actor)
    before = locked.current_band
    changes: dict[str, Any] = {
        f"{kind}_likelihood": int(assessment.likelihood),
        f"{kind}_severity": int(assessment.severity),
        "scale_id": assessment.scale_id,
    }
    for name in ("detectability", "reversibility", "confidence"):
        if (value := getattr(assessment, name)) not in {None, ""}:
            changes[name] = value
    evidence: dict[str, Any] = {"kind": kind, "reason": assessment.rationale}
    if assessment.confirmed_by_id:
        evidence |= {"proposed_by": assessment.assessed_by, "confirmed_by": assessment.confirmed_by}
    # First the judgement: the database compares it with what the risk says until then.
    assessment.save(force_insert=True)
    verb, version = "registry.risk.assess", locked.row_version
    fresh = edit(
        locked, actor=actor, verb=verb, changes=changes, expected_version=expected_version, held=True, **evidence
    )
    if fresh.row_version == version:
        # The same judgement again is news too: somebody looked.
        audit.record(actor, verb, fresh, before=changes, after=changes, **evidence)
    if kind != RiskAssessment.Kind.TARGET:
        # What counts is the level after mitigation where there is one, whatever was judged now.
        now = (fresh.residual_band if kind == RiskAssessment.Kind.INHERENT else None) or assessment.band
        looked_at(fresh, scale=assessment.scale, band=now)
        if before != now:
            events.emit("registry.risk.level_changed", fresh, before=before, after=now)
    return assessment


def looked_at(risk: Risk, *, scale: RiskScale, band: str | None = None) -> None:
    """Somebody has just judged or reviewed ``risk``: the next look is due as its level asks.

    ``band`` is that level where the caller knows it better than the row at hand.
    """
    if band is None:
        risk.refresh_from_db()
        band = risk.current_band
    rule = rule_at(scale, band)
    days = risk.review_days or (rule.review_days if rule else None)
    now = timezone.now()
    due = timezone.localdate(now) + dt.timedelta(days=days) if days else None
    Risk.objects.filter(pk=risk.pk).update(reviewed_at=now, review_due_on=due)


def open_risk(risk: Risk, *, actor: Any) -> Risk:
    """Take a risk out of draft. Raises ``Refused`` while it has no owner or no judgement before mitigation."""
    return lifecycle.apply(OPEN, risk, actor=actor, changes={"opened_at": timezone.now()})


@transaction.atomic
def close_risk(risk: Risk, *, actor: Any, reason: str) -> Risk:
    """Close a risk that no longer applies, with the reason on record. A score that waits for somebody no longer
    does, and neither does the risk in a review round, which ends with it where nothing else waits."""
    rounds, changes = rounds_with(risk), {"closed_at": timezone.now()}
    # To which model a risk belongs never changes.
    known = {"family": risk.family}
    closed = lifecycle.apply(CLOSE, risk, actor=actor, changes=changes, known=known, reason=stated(reason))
    second_person.overtake(closed, actor=actor)
    finish(rounds, actor)
    if closed.origin == Risk.Origin.PUBLIC:
        # Whoever left a contact was told that it is deleted then.
        PublicConcern.objects.filter(risk=closed.pk).exclude(contact_sealed=b"").update(contact_sealed=b"")
    return closed


@transaction.atomic
def reopen_risk(risk: Risk, *, actor: Any, reason: str) -> Risk:
    """Open a closed risk again, carried over to the scale in force where it was closed under an older one."""
    known = Risk.objects.defer("words").get(pk=risk.pk)
    locked, _scale = judged_on_scale_in_force(risk, actor=actor)
    second_person.refuse_lowered_by_scale(known, locked, actor=actor)
    changes = {"closed_at": None}
    return lifecycle.apply(REOPEN, locked, actor=actor, changes=changes, held=True, reason=stated(reason))


def stated(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Say why."), field="reason")
    return reason.strip()


def can_answer(owner: User, family: ModelFamily, field: str = "owner") -> None:
    """Raises ``Refused`` where ``owner`` cannot answer for anything of ``family``.

    Until the transaction ends their account and roles stay: whoever ends either waits for the same row. Take it
    before a risk is locked.
    """
    present = User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if not permissions.can_own(present, family):
        raise Refused(
            _("%(who)s holds no role for %(family)s and cannot answer for it.") % {"who": owner, "family": family},
            field=field,
        )


def did_not_accept(risk: Risk, person: User, field: str = "owner") -> None:
    """Raises ``Refused`` where ``person`` accepted the risk as it stands: who bears it and who owns it stay two."""
    if RiskAcceptance.objects.in_force().filter(risk=risk, accepted_by=person).exists():
        words = _(
            "%s accepted this risk and cannot answer for it as well. Revoke the acceptance, or name somebody else."
        )
        raise Refused(words % person, field=field)


def _belongs(family: ModelFamily, *, objectives: Sequence[Objective], release: Release | None) -> None:
    if any(objective.family_id != family.pk for objective in objectives):
        raise Refused(_("An objective belongs to another model family."), field="objectives")
    if release is not None and release.family_id != family.pk:
        raise Refused(_("This release belongs to another model family."), field="release")
