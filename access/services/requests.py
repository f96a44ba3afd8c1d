from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from access import answers as answering
from access import permissions
from access.lifecycle import (
    APPROVE,
    DECLINE,
    RESUBMIT,
    RETURN,
    SUBMIT,
    SUPERSEDE,
    WITHDRAW,
    release_is_published,
    tier_is_offered,
    tier_is_open,
)
from access.models import Acceptance, AccessRequest, Grant, RequestMessage, TermsVersion, Tier
from common import audit, editing, events, lifecycle
from common.lifecycle import Move, Refused, Stale
from registry.models import Release

_EDITABLE = {AccessRequest.Stage.DRAFT, AccessRequest.Stage.RETURNED}
_WRITTEN = ("purpose", "answers", "form_version", "signed_name", "signed_terms_id")


@transaction.atomic
def start_request(tier: Tier, release: Release, *, actor: Any) -> AccessRequest:
    """Begin a request for ``tier`` of ``release``, or go on with the one that is open.

    Raises ``Refused`` for a withdrawn release, a tier of another family or without terms, and while a
    grant lasts that cannot be renewed yet.
    """
    if not getattr(actor, "is_authenticated", False):
        raise PermissionDenied
    open_one = AccessRequest.objects.open().filter(tier=tier, release=release, requester=actor).first()
    if open_one is not None:
        return open_one
    request = AccessRequest(tier=tier, release=release, family_id=release.family_id, requester=actor)
    if tier.family_id != release.family_id:
        raise Refused(_("This tier belongs to another model."), field="tier")
    for need in (release_is_published, tier_is_offered, tier_is_open):
        if reason := need(request):
            raise Refused(reason, field="tier")
    if not tier.terms.exists():
        raise Refused(
            _("The terms of “%s” are not published yet, so it cannot be asked for.") % tier.name, field="tier"
        )
    _refuse_too_early(request)
    try:
        with transaction.atomic():
            request.save()
    except IntegrityError:
        # The same person clicked twice: the other click has made it.
        return AccessRequest.objects.open().get(tier=tier, release=release, requester=actor)
    audit.record(actor, "access.accessrequest.start", request, after=request.stage)
    return request


@transaction.atomic
def save_draft(
    request: AccessRequest, *, actor: Any, expected_version: int | None = None, **changes: Any
) -> AccessRequest:
    """Keep what was typed so far: ``purpose``, ``answers`` by field name, ``typed_name``. Nothing is checked yet."""
    if not permissions.is_requester(actor, request):
        raise PermissionDenied
    request = AccessRequest.objects.select_for_update(of=("self",)).select_related("tier").get(pk=request.pk)
    if request.stage not in _EDITABLE:
        raise Refused(_("This request was sent and cannot be changed. Write a message instead."))
    if expected_version not in {None, request.row_version}:
        raise Stale(_("You changed this request somewhere else meanwhile. Look at it again."))
    before = {name: getattr(request, name) for name in _WRITTEN}
    if "purpose" in changes:
        request.purpose = str(changes["purpose"] or "").strip()[:200]
    if "answers" in changes:
        request.answers = answering.snapshot(request.tier.questions.all(), changes["answers"] or {})
        request.form_version = request.tier.form_version
    if "typed_name" in changes:
        request.signed_name = str(changes["typed_name"] or "").strip()[:120]
        request.signed_terms = request.tier.terms.first() if request.signed_name else None
    changed = [name for name in _WRITTEN if getattr(request, name) != before[name]]
    if changed:
        request.row_version += 1
        request.save(update_fields=[*changed, "row_version", "updated_at"])
        # Which fields, not their text: what somebody typed and took back before sending is theirs.
        audit.record(actor, "access.accessrequest.save", request, fields=changed)
    return request


@transaction.atomic
def submit_request(request: AccessRequest, *, actor: Any, locale: str = "") -> AccessRequest:
    """Send the request to the release managers, or send it again after it was returned.

    Accepts the terms it was signed under, exactly that version. Receipt and notice go out after the commit.
    Raises ``ValidationError`` that names each field to fix, and ``Refused`` when the terms have changed
    since they were read, or the release or tier is gone.
    """
    if not permissions.is_requester(actor, request):
        raise PermissionDenied
    request = AccessRequest.objects.select_for_update(of=("self",)).select_related("tier", "release").get(pk=request.pk)
    if request.stage in _EDITABLE:
        _check_complete(request)
    terms, name, now = request.signed_terms, request.signed_name, timezone.now()
    changes: dict[str, Any]
    if request.stage == AccessRequest.Stage.RETURNED and request.due_at and request.returned_at:
        # The clock stood still while it was with the requester.
        due = request.due_at + (now - request.returned_at)
        changes = {"due_at": due, "returned_fields": []}
        request = lifecycle.apply(RESUBMIT, request, actor=actor, changes=changes, due_at=due)
        event = "access.request.resubmitted"
    else:
        changes = {
            "submitted_at": now,
            "due_at": now + timedelta(days=request.tier.decision_days),
            "organisation_id": actor.organisation_id,
        }
        request = lifecycle.apply(SUBMIT, request, actor=actor, changes=changes, due_at=changes["due_at"])
        event = "access.request.submitted"
    if terms is not None:
        put_acceptance(terms, actor, name, locale)
    events.emit(event, request)
    return request


@transaction.atomic
def request_access(
    tier: Tier,
    release: Release,
    *,
    actor: Any,
    purpose: str,
    answers: Mapping[str, Any],
    typed_name: str,
    locale: str = "",
) -> AccessRequest:
    """Ask for ``tier`` of ``release`` in one go: the answers, and the terms accepted by typing one's name."""
    request = start_request(tier, release, actor=actor)
    if request.stage == AccessRequest.Stage.SUBMITTED:
        raise Refused(_("You already have an open request for this tier of this release: %s.") % request.reference)
    if names := answering.unknown(tier.questions.all(), answers):
        raise ValidationError({name: [_("This tier has no such question.")] for name in sorted(names)})
    request = save_draft(request, actor=actor, purpose=purpose, answers=answers, typed_name=typed_name)
    return submit_request(request, actor=actor, locale=locale)


@transaction.atomic
def withdraw_request(request: AccessRequest, *, actor: Any) -> AccessRequest:
    """Take a request back. A new one can be made at any time."""
    was_sent = request.submitted_at is not None
    request = lifecycle.apply(WITHDRAW, request, actor=actor, changes={"closed_at": timezone.now()})
    if was_sent:
        events.emit("access.request.withdrawn", request)
    return request


@transaction.atomic
def return_request(
    request: AccessRequest,
    *,
    actor: Any,
    message: str,
    fields: Iterable[str] = (),
    expected_version: int | None = None,
) -> AccessRequest:
    """Send the request back to the requester with what to fix: a message, and the fields it is about.

    The clock stands still until it comes back. What they wrote is kept, to show what they changed.
    """
    message = say_why(message, "message")
    names = list(dict.fromkeys(fields))
    # What it was when it was returned: from the row itself, which only its requester could have changed.
    copy = {"purpose": request.purpose, "answers": request.answers}
    changes = {"returned_at": timezone.now(), "returned_fields": names, "returned_copy": copy}
    version = request.row_version if expected_version is None else expected_version
    request = lifecycle.apply(
        _as_read(RETURN, version), request, actor=actor, changes=changes, reason=message, fields=names
    )
    RequestMessage.objects.create(request=request, author=actor, body=message)
    events.emit("access.request.returned", request)
    return request


@transaction.atomic
def decide_request(
    request: AccessRequest, *, actor: Any, approve: bool, reason: str, expected_version: int | None = None
) -> AccessRequest:
    """Approve ``request`` or decline it, with the reason on record and sent to the requester.

    Approval makes the grant, from now for as long as the tier says; a renewal adds that to what is left.
    Whether the gate opens is the evaluator's to say. Raises ``Refused`` when it is not waiting any more
    or the release is withdrawn, ``Stale`` when it has changed since ``expected_version`` was read, and
    ``PermissionDenied`` to the requester and their colleagues.
    """
    reason, now = say_why(reason, "reason"), timezone.now()
    changes = {"decided_at": now, "closed_at": now, "decided_by_id": actor.pk, "decision_reason": reason}
    request = lifecycle.apply(
        _as_read(APPROVE if approve else DECLINE, expected_version),
        request,
        actor=actor,
        changes=changes,
        reason=reason,
    )
    if approve:
        _give_grant(request, actor)
    events.emit("access.request.decided", request, stage=request.stage)
    return request


def decide_requests(
    requests: Iterable[AccessRequest], *, actor: Any, approve: bool, reason: str
) -> list[tuple[AccessRequest, str]]:
    """Decide several requests with one reason, each in a transaction of its own.

    Answers with each request and why it could not be decided, or an empty text. Tiers whose requests are
    read one by one are never approved here.
    """
    say_why(reason, "reason")

    def decide(request: AccessRequest) -> AccessRequest:
        if approve and request.tier.decided_singly:
            raise Refused(_("Requests for “%s” are approved one by one.") % request.tier.name)
        return decide_request(request, actor=actor, approve=approve, reason=reason)

    return [_outcome(request, decide) for request in requests]


@transaction.atomic
def assign_request(request: AccessRequest, *, actor: Any, assignee: Any) -> AccessRequest:
    """Say who looks at the request; ``None`` for nobody. Only somebody who can decide it can be named."""
    # Locked and read again: it may have been decided since the page was opened.
    request = AccessRequest.objects.select_for_update().get(pk=request.pk)
    if not permissions.can_decide_request(actor, request):
        raise PermissionDenied
    if not request.waits:
        raise Refused(_("Only a request that waits for a decision can be assigned."))
    if assignee is not None and not permissions.can_decide_request(assignee, request):
        raise Refused(_("%s cannot decide this request.") % assignee, field="assignee")
    return editing.edit(request, actor=actor, verb="access.accessrequest.assign", changes={"assignee": assignee})


@transaction.atomic
def post_message(request: AccessRequest, *, actor: Any, body: str, visibility: str = "public") -> RequestMessage:
    """Write to the other side, or a note that only those who work for the family read."""
    internal = visibility == RequestMessage.Visibility.INTERNAL
    may = permissions.can_write_internal_notes if internal else permissions.can_write_to_requester
    if not may(actor, request):
        raise PermissionDenied
    if request.submitted_at is None:
        raise Refused(_("Send the request first."))
    body = say_why(body, "body")
    if len(body) > 4000:
        raise Refused(_("Write at most 4,000 characters."), field="body")
    message = RequestMessage.objects.create(request=request, author=actor, body=body, visibility=visibility)
    audit.record(actor, "access.requestmessage.post", request, after={"message": message.pk, "visibility": visibility})
    if not internal:
        events.emit("access.request.message", message)
    return message


def assign_requests(requests: Iterable[AccessRequest], *, actor: Any, assignee: Any) -> list[tuple[AccessRequest, str]]:
    """Say of several requests who looks at them; answers like ``decide_requests``."""
    return [_outcome(request, lambda row: assign_request(row, actor=actor, assignee=assignee)) for request in requests]


def _outcome(request: AccessRequest, call: Callable[[AccessRequest], Any]) -> tuple[AccessRequest, str]:
    try:
        return call(request), ""
    except Refused as refused:
        return request, str(refused)
    except PermissionDenied:
        return request, _("You cannot decide this request.")


def _as_read(move: Move, version: int | None) -> Move:
    """``move`` for somebody who read ``version``: stale when the requester has sent something else since."""

    def unchanged(row: AccessRequest) -> str:
        if version is not None and row.row_version != version:
            raise Stale(_("This request has changed since you opened it. Read it again, then decide."))
        return ""

    return replace(move, needs=(unchanged, *move.needs))


def _check_complete(request: AccessRequest) -> None:
    errors: dict[str, Any] = {}
    if not request.purpose:
        errors["purpose"] = [_("Say in one line what you want to do.")]
    current = answering.snapshot(request.tier.questions.all(), answering.values(request.answers))
    try:
        answering.check(current)
    except ValidationError as wrong:
        errors.update(wrong.message_dict)
    if not request.signed_name:
        errors["typed_name"] = [_("Type your name to accept the terms.")]
    if errors:
        raise ValidationError(errors)
    if request.signed_terms != request.tier.terms.first():
        raise Refused(
            _("The terms have changed since you read them. Read and accept the new version."), field="typed_name"
        )
    if request.form_version != request.tier.form_version:
        AccessRequest.objects.filter(pk=request.pk).update(answers=current, form_version=request.tier.form_version)
    if request.stage == AccessRequest.Stage.DRAFT:
        _refuse_too_early(request)


def _refuse_too_early(request: AccessRequest) -> None:
    """No second grant beside one that lasts: it can be renewed when its end is near."""
    live = Grant.objects.filter(
        user=request.requester_id, release=request.release_id, tier=request.tier_id, stage__in=["active", "suspended"]
    ).first()
    if live is None or live.ended:
        return
    if live.stage == Grant.Stage.SUSPENDED:
        raise Refused(_("Your access is suspended. Ask the people who run this model before you ask again."))
    opens_at = live.valid_until - timedelta(days=request.tier.renewal_days)
    if timezone.now() < opens_at:
        raise Refused(
            _("You have access until %(end)s. You can renew it from %(start)s.")
            % {"end": date_format(live.valid_until, "j M Y"), "start": date_format(opens_at, "j M Y")}
        )


def _give_grant(request: AccessRequest, actor: Any) -> Grant:
    now = timezone.now()
    old = (
        Grant.objects.select_for_update()
        .filter(
            user=request.requester_id,
            release=request.release_id,
            tier=request.tier_id,
            stage__in=["active", "suspended"],
        )
        .first()
    )
    if old is not None:
        if old.stage == Grant.Stage.SUSPENDED and not old.ended:
            raise Refused(_("Access is suspended. Resume or revoke it before you approve a renewal."))
        old = lifecycle.apply(SUPERSEDE, old, actor=actor)
    start = max(now, old.valid_until) if old else now
    grant = Grant.objects.create(
        request=request,
        user_id=request.requester_id,
        tier_id=request.tier_id,
        release_id=request.release_id,
        family_id=request.family_id,
        renews=old,
        valid_from=now,
        valid_until=start + timedelta(days=request.tier.grant_days),
    )
    audit.record(
        actor, "access.grant.give", grant, after={"valid_from": grant.valid_from, "valid_until": grant.valid_until}
    )
    return grant


def put_acceptance(terms: TermsVersion, user: Any, typed_name: str, locale: str) -> Acceptance:
    """Put on record that ``user`` accepted exactly this text. The first acceptance of a version stays."""
    acceptance, created = Acceptance.objects.get_or_create(
        user=user,
        terms=terms,
        defaults={"sha256": terms.sha256, "typed_name": typed_name, "locale": locale or get_language() or "en"},
    )
    if created:
        audit.record(user, "access.terms.accept", terms, after={"sha256": terms.sha256, "typed_name": typed_name})
    return acceptance


def say_why(words: str, field: str) -> str:
    if not (words or "").strip():
        raise Refused(_("Say why: the requester reads it, and it goes on record."), field=field)
    return words.strip()
