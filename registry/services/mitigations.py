import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, lifecycle
from common.editing import edit
from common.lifecycle import Refused
from registry import permissions
from registry.lifecycle import DROP, FINISH, START
from registry.models import Mitigation, Risk
from registry.services import _store
from registry.services.risks import can_answer, stated


@transaction.atomic
def add_mitigation(
    risks: Sequence[Risk], *, actor: Any, title: str, owner: User, due_on: dt.date, description: str = ""
) -> Mitigation:
    """Plan what is done about ``risks`` (all of one model family), by whom and until when."""
    if not risks:
        raise Refused(_("Choose at least one risk."), field="risks")
    family = risks[0].family
    if any(risk.family_id != family.pk for risk in risks):
        raise Refused(_("A mitigation is for risks of one model family."), field="risks")
    if not all(permissions.can_add_mitigation(actor, risk) for risk in risks):
        raise PermissionDenied
    can_answer(owner, family)
    mitigation = Mitigation(family=family, title=title, owner=owner, due_on=due_on, description=description)
    _store.insert(mitigation, taken={})
    mitigation.risks.set(risks)
    audit.record(
        actor,
        "registry.mitigation.add",
        mitigation,
        after={"risks": [risk.reference for risk in risks], "owner": owner, "due_on": mitigation.due_on},
    )
    return mitigation


def edit_mitigation(
    mitigation: Mitigation, *, actor: Any, expected_version: int | None = None, **changes: Any
) -> Mitigation:
    """Change what a mitigation says, who does it or until when. A finished one stays as it is."""
    if not permissions.can_edit_mitigation(actor, mitigation):
        raise PermissionDenied
    _store.allow(changes, {"title", "description", "owner", "due_on"})
    if not mitigation.unfinished:
        raise Refused(_("This mitigation is “%s” and stays as it is.") % mitigation.get_stage_display())
    if (owner := changes.get("owner")) is not None:
        can_answer(owner, mitigation.family)
    _store.checked(mitigation, changes)
    return edit(
        mitigation, actor=actor, verb="registry.mitigation.edit", changes=changes, expected_version=expected_version
    )


def start_mitigation(mitigation: Mitigation, *, actor: Any) -> Mitigation:
    return lifecycle.apply(START, mitigation, actor=actor)


def finish_mitigation(mitigation: Mitigation, *, actor: Any) -> Mitigation:
    return lifecycle.apply(FINISH, mitigation, actor=actor)


def drop_mitigation(mitigation: Mitigation, *, actor: Any, reason: str) -> Mitigation:
    return lifecycle.apply(DROP, mitigation, actor=actor, reason=stated(reason))
