"""Safeguards, why each was chosen, and the high-risk uses they answer."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, lifecycle, references
from common.lifecycle import Refused
from registry import permissions
from registry.lifecycle import INTRODUCE, RETIRE
from registry.models import HighRiskUse, ModelFamily, Risk, Safeguard
from registry.services import _links, _store
from registry.services.risks import stated

FIELDS = frozenset(
    {
        *("kind", "title", "how_it_works", "why_chosen", "alternatives", "decision"),
        *("evidence", "evidence_url", "is_public"),
    }
)
USE_FIELDS = frozenset({"title", "affected", "why", "source", "source_url", "severity"})
TAKEN = {"one_safeguard_per_title": "title"}
USE_TAKEN = {"one_high_risk_use_per_title": "title"}


def add_safeguard(
    family: ModelFamily, *, actor: Any, kind: str, title: str, risks: Iterable[Risk] = (), **fields: Any
) -> Safeguard:
    """Plan a safeguard. It counts once it is in place, which needs how it works and why it was chosen."""
    if not permissions.can_edit_safeguards(actor, family):
        raise PermissionDenied
    _store.allow(fields, FIELDS)
    if "decision" in fields:
        fields["decision"] = _decision(fields["decision"], actor, family)
    safeguard = Safeguard(family=family, kind=kind, title=title, **fields)
    links = {"risks": _links.of_family(family, risks, field="risks")}
    after = {"family": family, "title": title, "kind": kind, "decision": safeguard.decision}
    return _links.insert(safeguard, links, actor=actor, verb="registry.safeguard.add", taken=TAKEN, after=after)


def edit_safeguard(
    safeguard: Safeguard,
    *,
    actor: Any,
    expected_version: int | None = None,
    risks: Iterable[Risk] | None = None,
    **changes: Any,
) -> Safeguard:
    """Change a safeguard. A retired one stays as it is; one in place keeps saying how it works and why."""
    if not permissions.can_edit_safeguards(actor, safeguard.family):
        raise PermissionDenied
    _store.allow(changes, FIELDS)
    if safeguard.stage == Safeguard.Stage.RETIRED:
        raise Refused(_("This safeguard is retired and stays as it is. Add a new one instead."))
    if "decision" in changes and changes["decision"] != safeguard.decision:
        changes["decision"] = _decision(changes["decision"], actor, safeguard.family)
    _store.checked(safeguard, changes)
    if safeguard.stage == Safeguard.Stage.IN_PLACE:
        for name in ("how_it_works", "why_chosen"):
            if name in changes and not changes[name].strip():
                raise Refused(_("A safeguard that is in place says how it works and why it was chosen."), field=name)
    links = {} if risks is None else {"risks": _links.of_family(safeguard.family, risks, field="risks")}
    return _links.edit(
        safeguard,
        links,
        actor=actor,
        verb="registry.safeguard.edit",
        changes=changes,
        taken=TAKEN,
        expected_version=expected_version,
    )


def introduce_safeguard(safeguard: Safeguard, *, actor: Any) -> Safeguard:
    """Say that a planned safeguard works now."""
    return lifecycle.apply(INTRODUCE, safeguard, actor=actor, changes={"in_place_at": timezone.now()})


def retire_safeguard(safeguard: Safeguard, *, actor: Any, reason: str) -> Safeguard:
    """Say that a safeguard works no longer, with the reason on record. High-risk uses it answered stay linked."""
    reason = stated(reason)
    changes = {"retired_at": timezone.now(), "retirement_reason": reason}
    return lifecycle.apply(RETIRE, safeguard, actor=actor, changes=changes, reason=reason)


def add_high_risk_use(
    family: ModelFamily, *, actor: Any, title: str, why: str, safeguards: Iterable[Safeguard] = (), **fields: Any
) -> HighRiskUse:
    """Name a use of a family that is high-risk, and why. Without a safeguard its page says so."""
    if not permissions.can_edit_safeguards(actor, family):
        raise PermissionDenied
    _store.allow(fields, USE_FIELDS)
    use = HighRiskUse(family=family, title=title, why=why, **fields)
    links = {"safeguards": _links.of_family(family, safeguards, field="safeguards")}
    after = {"family": family, "title": title, "severity": use.severity, "source": use.source}
    return _links.insert(use, links, actor=actor, verb="registry.highriskuse.add", taken=USE_TAKEN, after=after)


def edit_high_risk_use(
    use: HighRiskUse,
    *,
    actor: Any,
    expected_version: int | None = None,
    safeguards: Iterable[Safeguard] | None = None,
    **changes: Any,
) -> HighRiskUse:
    if not permissions.can_edit_safeguards(actor, use.family):
        raise PermissionDenied
    _store.allow(changes, USE_FIELDS)
    _store.checked(use, changes)
    links = {} if safeguards is None else {"safeguards": _links.of_family(use.family, safeguards, field="safeguards")}
    return _links.edit(
        use,
        links,
        actor=actor,
        verb="registry.highriskuse.edit",
        changes=changes,
        taken=USE_TAKEN,
        expected_version=expected_version,
    )


@transaction.atomic
def remove_high_risk_use(use: HighRiskUse, *, actor: Any, reason: str) -> None:
    """Take a use off the list, with the reason; what it said stays on record."""
    reason = stated(reason)
    if not permissions.can_edit_safeguards(actor, use.family):
        raise PermissionDenied
    use = HighRiskUse.objects.select_for_update().get(pk=use.pk)
    before = {name: getattr(use, name) for name in sorted(USE_FIELDS)}
    before["safeguards"] = [str(each) for each in use.safeguards.all()]
    audit.record(actor, "registry.highriskuse.remove", use, before=before, reason=reason)
    use.delete()


def _decision(text: str, actor: Any, family: ModelFamily) -> str:
    """A reference to a decision as it is written. Raises ``Refused`` for one that ``actor`` cannot look up."""
    if not text.strip():
        return ""
    written = references.normalised(text)
    if not written.startswith("D-"):
        raise Refused(_("Write the reference of a decision, such as D-12."), field="decision")
    if references.resolve(written, actor, within=family) is None:
        raise Refused(_("There is no decision %s that you can read.") % written, field="decision")
    return written
