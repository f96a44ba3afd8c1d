from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, lifecycle
from common.editing import edit
from common.lifecycle import Refused
from registry import permissions
from registry.lifecycle import CLOSE, OPEN, REOPEN
from registry.models import ModelFamily, Objective, Release, Risk, RiskAssessment
from registry.services import _store


@transaction.atomic
def create_risk(
    family: ModelFamily,
    *,
    actor: Any,
    title: str,
    harm: str,
    affected: str = "",
    objective: Objective | None = None,
    owner: User | None = None,
    release: Release | None = None,
    is_public: bool = True,
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
        objective=objective,
        owner=owner,
        is_public=is_public,
    )
    _belongs(family, objective=objective, release=release)
    if owner is not None:
        can_answer(owner, family)
    # Two people recording at once must not get the same number.
    ModelFamily.objects.select_for_update(no_key=True).get(pk=family.pk)
    risk.number = (Risk.objects.filter(family=family).aggregate(last=Max("number"))["last"] or 0) + 1
    _store.insert(risk, taken={})
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
    _store.allow(changes, {"title", "harm", "affected", "objective", "release", "is_public"})
    _belongs(risk.family, objective=changes.get("objective"), release=changes.get("release"))
    _store.checked(risk, changes)
    return edit(risk, actor=actor, verb="registry.risk.edit", changes=changes, expected_version=expected_version)


def assign_risk_owner(risk: Risk, *, actor: Any, owner: User, expected_version: int | None = None) -> Risk:
    """Name the person who answers for ``risk``: somebody with a role at its family or publisher."""
    if not permissions.can_assign_risk_owner(actor, risk):
        raise PermissionDenied
    can_answer(owner, risk.family)
    return edit(
        risk,
        actor=actor,
        verb="registry.risk.assign_owner",
        changes={"owner": owner},
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
) -> RiskAssessment:
    """Judge a risk before (``inherent``) or after (``residual``) mitigation, with the reason.

    Judgements are never changed: each is a row of its own, and the newest of its kind counts.
    """
    if not permissions.can_assess_risk(actor, risk):
        raise PermissionDenied
    assessment = RiskAssessment(
        risk=risk, kind=kind, likelihood=likelihood, severity=severity, rationale=rationale, assessed_by=actor
    )
    _store.check(assessment)
    locked = Risk.objects.select_for_update(of=("self",)).select_related("family").get(pk=risk.pk)
    if locked.stage == Risk.Stage.CLOSED:
        raise Refused(_("This risk is closed. Reopen it before you assess it again."))
    if kind == RiskAssessment.Kind.RESIDUAL and locked.inherent_score is None:
        raise Refused(_("Assess the risk before mitigation first."), field="kind")
    changes = {f"{kind}_likelihood": int(likelihood), f"{kind}_severity": int(severity)}
    verb = "registry.risk.assess"
    evidence: dict[str, Any] = {"kind": kind, "reason": rationale}
    version = locked.row_version
    locked = edit(locked, actor=actor, verb=verb, changes=changes, expected_version=expected_version, **evidence)
    if locked.row_version == version:
        # The same judgement again is news too: somebody looked.
        audit.record(actor, verb, locked, before=changes, after=changes, **evidence)
    assessment.save(force_insert=True)
    return assessment


def open_risk(risk: Risk, *, actor: Any) -> Risk:
    """Take a risk out of draft. Raises ``Refused`` while it has no owner or no judgement before mitigation."""
    return lifecycle.apply(OPEN, risk, actor=actor, changes={"opened_at": timezone.now()})


def close_risk(risk: Risk, *, actor: Any, reason: str) -> Risk:
    """Close a risk that no longer applies, with the reason on record."""
    return lifecycle.apply(CLOSE, risk, actor=actor, changes={"closed_at": timezone.now()}, reason=stated(reason))


def reopen_risk(risk: Risk, *, actor: Any, reason: str) -> Risk:
    return lifecycle.apply(REOPEN, risk, actor=actor, changes={"closed_at": None}, reason=stated(reason))


def stated(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Say why."), field="reason")
    return reason.strip()


def can_answer(owner: User, family: ModelFamily) -> None:
    if not permissions.can_own(owner, family):
        raise Refused(
            _("%(who)s holds no role for %(family)s and cannot answer for it.") % {"who": owner, "family": family},
            field="owner",
        )


def _belongs(family: ModelFamily, *, objective: Objective | None, release: Release | None) -> None:
    if objective is not None and objective.family_id != family.pk:
        raise Refused(_("This objective belongs to another model family."), field="objective")
    if release is not None and release.family_id != family.pk:
        raise Refused(_("This release belongs to another model family."), field="release")
