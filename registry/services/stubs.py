"""Concerns in one line: raised by anybody with a role, by other apps and by the public; worked out, or closed."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, events, lifecycle
from common.actors import THE_PUBLIC
from common.anonymity import fresh, untraced
from common.lifecycle import Refused
from common.sealing import Seal
from registry import permissions
from registry.lifecycle import DISMISS, TAKE_UP, WORK_OUT
from registry.models import ModelFamily, PublicConcern, Release, Risk
from registry.services.risks import edit_risk, stated, store_new

_contacts = Seal("registry.concerns", "contact")


def raise_stub(
    family: ModelFamily,
    *,
    actor: Any,
    title: str,
    origin: str = Risk.Origin.TEAM,
    origin_reference: str = "",
    release: Release | None = None,
) -> Risk:
    """Record a concern as a stub; one line is enough. It ages until somebody works it out or closes it.

    For pages, API and upper apps alike: ``origin`` says who or what raised it, ``origin_reference`` what it came
    from, as a permanent reference such as "INC-12" where there is one.
    """
    if not permissions.can_create_risk(actor, family):
        raise PermissionDenied
    if release is not None and release.family_id != family.pk:
        raise Refused(_("This release belongs to another model family."), field="release")
    return _store(family, actor=actor, title=title, origin=origin, origin_reference=origin_reference, release=release)


@transaction.atomic
def _store(family: ModelFamily, *, actor: Any, title: str, origin: str, **more: Any) -> Risk:
    risk = Risk(family=family, stage=Risk.Stage.STUB, title=" ".join(title.split()), origin=origin, **more)
    store_new(risk, required=("title",))
    audit.record(
        actor,
        "registry.risk.raise_stub",
        risk,
        after={"title": risk.title, "family": family, "origin": origin, "stage": risk.stage},
        origin_reference=risk.origin_reference,
    )
    events.emit("registry.risk.stub_raised", risk, origin=origin)
    return risk


@dataclass(frozen=True)
class Raised:
    """What became of a concern; ``is_new`` is False when the same form had been sent before."""

    concern: PublicConcern
    is_new: bool


def raise_concern(
    family: ModelFamily, *, title: str, text: str = "", contact: str = "", submission: bytes | None = None
) -> Raised:
    """Take in what somebody outside worries about, as a stub that is not shown to the public.

    ``submission`` is the random number of the form: sent a second time it answers with the first concern. Nothing
    is kept of who sent it but the contact they leave, sealed. Raises ``Refused`` where the family takes none.
    """
    known = concern_of(submission) if submission else None
    if known is not None:
        return Raised(known, is_new=False)
    if not family.allows_public_concerns:
        raise Refused(_("This model takes no concerns here."))
    key = _hashed(submission or fresh())
    concern = PublicConcern(
        text=text.strip(), submission=key, contact_sealed=_contacts.seal(contact.strip()) if contact.strip() else b""
    )
    try:
        with untraced(THE_PUBLIC), transaction.atomic():
            concern.risk = _store(family, actor=THE_PUBLIC, title=title, origin=Risk.Origin.PUBLIC, is_public=False)
            concern.save(force_insert=True)
    except IntegrityError:
        # The same form sent twice at the same moment.
        if submission and (known := concern_of(submission)):
            return Raised(known, is_new=False)
        raise
    return Raised(concern, is_new=True)


def concern_of(submission: bytes) -> PublicConcern | None:
    """The concern that this form has become already."""
    return PublicConcern.objects.select_related("risk").filter(submission=_hashed(submission)).first()


def _hashed(submission: bytes) -> str:
    return hashlib.sha256(b"registry.concern\n" + submission).hexdigest()


@transaction.atomic
def reveal_contact(concern: PublicConcern, *, actor: Any) -> str:
    """How somebody outside may be reached. Every reading is on record."""
    if not permissions.can_see_concern_contact(actor, concern.risk):
        raise PermissionDenied
    if not concern.has_contact:
        raise Refused(_("No contact was left, or it was deleted when the stub was closed."))
    audit.record(actor, "registry.risk.reveal_contact", concern.risk)
    return _contacts.unseal(bytes(concern.contact_sealed))


@transaction.atomic
def work_out_stub(risk: Risk, *, actor: Any, expected_version: int | None = None, **changes: Any) -> Risk:
    """Make a draft of a stub, with what it says now. Raises ``Refused`` while the harm is not in words."""
    if not permissions.can_work_out_stub(actor, risk):
        raise PermissionDenied
    if changes:
        risk = edit_risk(risk, actor=actor, expected_version=expected_version, **changes)
    return lifecycle.apply(WORK_OUT, risk, actor=actor)


@transaction.atomic
def dismiss_stub(risk: Risk, *, actor: Any, reason: str, duplicate_of: Risk | None = None) -> Risk:
    """Close a stub with the reason; ``duplicate_of`` names the risk of the same family that says it already.

    A contact that somebody left with it is deleted.
    """
    reason = stated(reason)
    if duplicate_of is not None:
        # Both rows, always in the same order: two stubs closed as each other at once must not both succeed.
        rows = {row.pk: row for row in _locked(risk.pk, duplicate_of.pk)}
        duplicate_of = rows[duplicate_of.pk]
        if duplicate_of.family_id != risk.family_id or duplicate_of.pk == risk.pk:
            raise Refused(_("Name another risk of the same model family."), field="duplicate_of")
        if duplicate_of.duplicate_of_id is not None:
            other = Risk.objects.get(pk=duplicate_of.duplicate_of_id)
            raise Refused(
                _("%(one)s was closed as the same as %(other)s. Name that one.")
                % {"one": duplicate_of.reference, "other": other.reference},
                field="duplicate_of",
            )
    evidence: dict[str, Any] = {"duplicate_of": duplicate_of.reference} if duplicate_of else {}
    changes = {"closed_at": timezone.now(), "duplicate_of": duplicate_of}
    closed = lifecycle.apply(DISMISS, risk, actor=actor, changes=changes, reason=reason, **evidence)
    PublicConcern.objects.filter(risk=risk.pk).exclude(contact_sealed=b"").update(contact_sealed=b"")
    return closed


def _locked(*numbers: int) -> list[Risk]:
    # No other table in this query: a row that was waited for comes fresh, what was joined to it does not.
    return list(Risk.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk"))


def take_up_stub(risk: Risk, *, actor: Any, reason: str) -> Risk:
    """Take up a stub again that was closed."""
    changes = {"closed_at": None, "duplicate_of": None}
    return lifecycle.apply(TAKE_UP, risk, actor=actor, changes=changes, reason=stated(reason))
