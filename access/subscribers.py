"""What this app does when it hears of something: it tells people by mail.

Each delivery sends one mail, and the outbox marks it done; what concerns many people first becomes one
event for each of them, so that a mail server that fails half-way makes nobody get theirs twice.
"""

from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from access import permissions
from access.mail import Notice, send
from access.models import AccessRequest, Grant, PhaseTier, RequestMessage, TermsVersion
from accounts.roles import Role
from accounts.services import holders
from common.events import emit, subscribe
from common.models import OutboxEvent
from registry.documentation import comparison
from registry.models import Phase
from registry.models.plan import PhaseKind

PARTS_NAMED = 20


@subscribe("access.request.submitted")
@subscribe("access.request.resubmitted")
def send_receipt(event: OutboxEvent) -> None:
    request = _request(event)
    opening = _("We have received your request %(reference)s for %(release)s. We answer by %(due)s.") % _words(request)
    closing = _("You can follow it, write to us or withdraw it on its page.")
    notice = Notice(
        subject=_("We have received your request %(reference)s") % _words(request),
        opening=opening,
        facts=_facts(request),
        action=_("Follow your request"),
        path=request.get_absolute_url(),
        closing=closing,
    )
    send(notice, [request.requester.email])


@subscribe("access.request.submitted")
@subscribe("access.request.resubmitted")
def tell_release_managers(event: OutboxEvent) -> None:
    """One mail to all who can decide, so that they also see who else was asked."""
    request = _request(event)
    if not request.waits:
        return
    managers = [
        user for user in holders(Role.RELEASE_MANAGER, request.family) if permissions.can_decide_request(user, request)
    ]
    again = event.name.endswith("resubmitted")
    opening = _("%(who)s sent request %(reference)s again.") if again else _("%(who)s asks for access to %(release)s.")
    notice = Notice(
        subject=_("%(reference)s waits for a decision: %(release)s") % _words(request),
        opening=opening % _words(request),
        facts=(*_facts(request), (_("Decide by"), _words(request)["due"])),
        action=_("Read and decide"),
        path=reverse("access:decision_page", args=[request.pk]),
    )
    send(notice, [user.email for user in managers])


@subscribe("access.request.returned")
def tell_requester_of_return(event: OutboxEvent) -> None:
    request = _request(event)
    message = request.messages.public().order_by("-pk").first()
    notice = Notice(
        subject=_("Your request %(reference)s needs something from you") % _words(request),
        opening=_(
            "%(reference)s came back to you with questions. Our time to answer stands still until you send it again."
        )
        % _words(request),
        facts=_facts(request),
        quote_label=_("What is asked:"),
        quote=message.body if message else "",
        action=_("Answer and send again"),
        path=request.get_absolute_url(),
    )
    send(notice, [request.requester.email])


@subscribe("access.request.decided")
def tell_requester_of_decision(event: OutboxEvent) -> None:
    request = _request(event)
    if request.stage == AccessRequest.Stage.APPROVED:
        subject = _("Approved: %(reference)s for %(release)s")
        opening = _("Your request %(reference)s was approved. Its page says how to download the files and until when.")
        action = _("Open your request and download")
    else:
        subject = _("Declined: %(reference)s for %(release)s")
        opening = _(
            "Your request %(reference)s was declined. You can write to us about it, or ask again with what was missing."
        )
        action = _("Read the reason and ask again")
    notice = Notice(
        subject=subject % _words(request),
        opening=opening % _words(request),
        facts=_facts(request),
        quote_label=_("The reason:"),
        quote=request.decision_reason,
        action=action,
        path=request.get_absolute_url(),
    )
    send(notice, [request.requester.email])


@subscribe("access.request.withdrawn")
def tell_managers_of_withdrawal(event: OutboxEvent) -> None:
    request = _request(event)
    if request.assignee is None:
        return
    notice = Notice(
        subject=_("%(reference)s was withdrawn") % _words(request),
        opening=_("%(who)s has withdrawn request %(reference)s. There is nothing left to decide.") % _words(request),
        facts=_facts(request),
        action=_("Open the request"),
        path=reverse("access:decision_page", args=[request.pk]),
    )
    send(notice, [request.assignee.email])


@subscribe("access.request.message")
def tell_of_message(event: OutboxEvent) -> None:
    """A public message goes to the other side; who has no page to read it on does not hear of it."""
    message = RequestMessage.objects.select_related("request__requester", "request__assignee", "author").get(
        pk=event.object_id
    )
    if message.visibility != RequestMessage.Visibility.PUBLIC:
        return
    request = message.request
    if message.author_id == request.requester_id:
        people = (
            [request.assignee]
            if request.assignee
            else [
                user
                for user in holders(Role.RELEASE_MANAGER, request.family)
                if permissions.can_decide_request(user, request)
            ]
        )
        path = reverse("access:decision_page", args=[request.pk])
    else:
        people, path = [request.requester], request.get_absolute_url()
    notice = Notice(
        subject=_("Message about %(reference)s") % _words(request),
        opening=_("%(author)s wrote about request %(reference)s.") % {**_words(request), "author": message.author},
        quote_label=_("The message:"),
        quote=message.body,
        action=_("Read and answer"),
        path=path,
    )
    send(notice, [user.email for user in people])


@subscribe("access.grant.revoked")
@subscribe("access.grant.suspended")
@subscribe("access.grant.resumed")
@subscribe("access.grant.release_withdrawn")
@subscribe("access.grant.terms_changed")
@subscribe("access.grant.phase_closed")
@subscribe("access.grant.support_ended")
def tell_holder(event: OutboxEvent) -> None:
    grant = Grant.objects.select_related("user", "tier", "release__family__publisher").get(pk=event.object_id)
    words = {"release": grant.release, "tier": grant.tier.name, "until": date_format(grant.valid_until, "j M Y")}
    page = reverse("access:request", args=[grant.request_id])
    reason = (_("The reason:"), grant.stage_reason)
    copies = _("Copies you already have are still bound by the terms you accepted.")
    subject, opening, quote, action, path, closing = {
        "revoked": (
            _("Your access to %(release)s was revoked"),
            _("Your access to %(release)s (%(tier)s) was revoked. New downloads are refused from now on."),
            reason, _("Read the reason and ask again"), page, copies,
        ),
        "suspended": (
            _("Your access to %(release)s is suspended"),
            _("Your access to %(release)s (%(tier)s) is suspended. Downloads are refused until it is resumed."),
            reason, _("Read the reason and write to us"), page, copies,
        ),
        "resumed": (
            _("Your access to %(release)s is open again"),
            _("Your access to %(release)s (%(tier)s) is no longer suspended. It lasts until %(until)s."),
            ("", ""), _("Open your request"), page, "",
        ),
        "release_withdrawn": (
            _("%(release)s was withdrawn"),
            _("%(release)s, to which you have access, was withdrawn. Downloads are refused from now on."),
            (_("The reason:"), grant.release.withdrawal_reason),
            _("Read what happened"), grant.release.get_absolute_url(), copies,
        ),
        "phase_closed": (
            _("Your access to %(release)s is closed in its present phase"),
            _("%(release)s has entered a phase in which “%(tier)s” is not open. Downloads are refused while it lasts."),
            ("", ""), _("Read how it stands"), page, copies,
        ),
        "support_ended": (
            _("Support for %(release)s has ended"),
            _("Support for %(release)s has ended. Your access (%(tier)s) stays open until %(until)s."),
            ("", ""), _("Read what that means"), grant.release.get_absolute_url(), "",
        ),
        "terms_changed": (
            _("New terms for %(release)s: accept them to keep your access"),
            _("The terms of “%(tier)s” have changed. Downloads of %(release)s are refused until you accept them."),
            (_("What changed:"), event.payload.get("note", "")),
            _("Read and accept the terms"), reverse("access:terms_acceptance", args=[grant.tier_id]), "",
        ),
    }[event.name.rpartition(".")[2]]  # fmt: skip
    send(Notice(subject % words, opening % words, (), quote[0], quote[1], action, path, closing), [grant.user.email])


@subscribe("registry.release.withdrawn")
def tell_holders_of_withdrawal(event: OutboxEvent) -> None:
    """The gate is closed already, because it looks at the release; its holders hear of it one by one."""
    for grant in Grant.objects.in_force().filter(release_id=event.object_id).order_by("pk"):
        emit("access.grant.release_withdrawn", grant)


@subscribe("registry.release.card_corrected")
def tell_holders_of_correction(event: OutboxEvent) -> None:
    """Whoever has the files relies on what the card said of them; with two grants they still hear of it once."""
    grants = Grant.objects.in_force().filter(release_id=event.object_id)
    for grant in grants.order_by("user_id", "pk").distinct("user_id"):
        emit("access.grant.card_corrected", grant, number=event.payload["number"])


@subscribe("access.grant.card_corrected")
def tell_holder_of_correction(event: OutboxEvent) -> None:
    """One mail: why the card was corrected, which parts of it, and where to see what they said and say."""
    grant = Grant.objects.select_related("user", "release__family__publisher").get(pk=event.object_id)
    release, number = grant.release, event.payload["number"]
    new = release.cards.get(number=number)
    old = release.cards.filter(number__lt=number).order_by("-number").first()
    facts: tuple[tuple[str, Any], ...] = ()
    model = (release.family.publisher.slug, release.family.slug, release.version)
    path = reverse("registry:card_versions", args=model)
    if old is not None:
        found = comparison.compare(old, new)
        changed = [str(each.label) for each in (*found.metadata, *found.sections)] or [_("Its layout only")]
        more = [_("and %d more") % (len(changed) - PARTS_NAMED)] if len(changed) > PARTS_NAMED else []
        facts = ((_("What changed"), ", ".join(changed[:PARTS_NAMED] + more)),)
        path = reverse("registry:card_comparison", args=model) + f"?old={old.number}&new={number}"
    words = {"release": release, "number": number}
    notice = Notice(
        subject=_("The model card of %(release)s was corrected") % words,
        opening=_("The model card of %(release)s, to which you have access, was corrected: version %(number)d.")
        % words,
        facts=facts,
        quote_label=_("The reason:"),
        quote=new.correction_note,
        action=_("See what it said and what it says now"),
        path=path,
        closing=_("The files did not change, and neither did their revision."),
    )
    send(notice, [grant.user.email])


@subscribe("registry.release.phase_entered")
def tell_holders_of_phase(event: OutboxEvent) -> None:
    """Whose tier the new phase closes hears of it, and everybody when support has ended.

    Told is how it stands now: a phase that was left again meanwhile closes nothing.
    """
    phase = Phase.objects.entered().filter(pk=event.payload["phase"]).first()
    if phase is None:
        return
    opened = PhaseTier.objects.filter(phase=phase).values("tier")
    grants = Grant.objects.in_force().filter(release_id=event.object_id).order_by("pk")
    closed = grants.exclude(tier__in=opened)
    left = Phase.objects.filter(release_id=event.object_id, stage=Phase.Stage.LEFT).order_by("-left_at", "-pk").first()
    if left is not None:
        # Whose tier was closed before has heard of it then.
        closed = closed.filter(tier__in=PhaseTier.objects.filter(phase=left).values("tier"))
    for grant in closed:
        emit("access.grant.phase_closed", grant, phase=phase.pk)
    if phase.kind == PhaseKind.END_OF_SUPPORT:
        for grant in grants.filter(tier__in=opened):
            emit("access.grant.support_ended", grant, phase=phase.pk)


@subscribe("access.terms.published")
def tell_holders_of_new_terms(event: OutboxEvent) -> None:
    terms = TermsVersion.objects.get(pk=event.object_id)
    if not terms.is_material:
        return
    accepted = terms.acceptances.values("user_id")
    for grant in Grant.objects.in_force().filter(tier_id=terms.tier_id).exclude(user__in=accepted).order_by("pk"):
        emit("access.grant.terms_changed", grant, terms=terms.pk, note=terms.change_note)


def _request(event: OutboxEvent) -> AccessRequest:
    related = ("requester", "organisation", "tier", "release", "family", "assignee")
    return AccessRequest.objects.select_related(*related).get(pk=event.object_id)


def _words(request: AccessRequest) -> dict[str, Any]:
    return {
        "reference": request.reference,
        "release": f"{request.family.name} {request.release.version}",
        "who": str(request.requester),
        "due": date_format(request.due_at, "j M Y") if request.due_at else "",
    }


def _facts(request: AccessRequest) -> tuple[tuple[str, Any], ...]:
    who = f"{request.requester}, {request.organisation}" if request.organisation else str(request.requester)
    return (
        (_("Request"), f"{request.reference}: {request.purpose}"),
        (_("Model"), f"{request.family.name} {request.release.version}"),
        (_("Tier"), request.tier.name),
        (_("Asked by"), who),
    )
