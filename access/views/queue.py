"""The release managers' queue and the page on which a request is decided."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from access import permissions, selectors, services
from access.forms import AssignmentForm, DecisionForm, QueueFilter, ReasonForm, StaffMessageForm
from access.models import AccessRequest
from access.views.requests import named_fields
from access.views.shared import allow, carry_out, sent, status_of
from accounts.models import User
from accounts.roles import Role
from accounts.services import holders
from common.http import page
from common.pages import keyset_page
from registry.scale import Band

BULK = ("decline", "assign", "approve")


@require_safe
@login_required
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """Requests of the families one works for. The address is the state of the filter."""
    allow(permissions.can_see_queue(request.user))
    tiers = list(selectors.tiers_to_filter(request.user))
    form = QueueFilter(request.GET, tiers=tiers)
    chosen = form.cleaned_data if form.is_valid() else {}
    tab = chosen.get("tab") if chosen.get("tab") in selectors.TABS else "mine"
    rows = selectors.search(selectors.queue(request.user, tab), chosen.get("q", ""))
    for name in ("tier", "family"):
        if chosen.get(name):
            rows = rows.filter(**{name: chosen[name]})
    shown = keyset_page(rows, request, order=selectors.order_of(tab))
    selectors.furnish(shown, tiers)
    kept = {name: chosen[name] for name in ("q", "tier", "family") if chosen.get(name)}
    counts = selectors.tab_counts(request.user)
    labels = {"mine": _("Waiting for me"), "requester": _("Waiting for requester"), "decided": _("Decided")}
    tabs = [
        {
            "label": label,
            "href": f"?{urlencode({'tab': name, **kept})}",
            "current": name == tab,
            "count": counts.get(name, ""),
        }
        for name, label in labels.items()
    ]
    context = {"page": shown, "filter": form, "tab": tab, "tabs": tabs, "filtered": bool(kept)}
    context["manages_tiers"] = permissions.can_manage_any_tiers(request.user)
    return render(request, "access/queue.html", context)


@require_safe
@login_required
@never_cache
def decision_page(request: HttpRequest, pk: int) -> HttpResponse:
    found = to_decide(request, pk)
    return render(request, "access/decision.html", decision_context(request, found))


def to_decide(request: HttpRequest, pk: int) -> Any:
    rows = selectors.with_applicant(AccessRequest.objects.for_staff(request.user))
    return get_object_or_404(rows, pk=pk)


def decision_context(request: HttpRequest, found: Any, **forms: Any) -> dict[str, Any]:
    user = request.user
    internal = permissions.can_see_internal_notes(user, found)
    written = found.messages.select_related("author")
    written = list(written if internal else written.public())
    changed = selectors.changed_fields(found)
    may_decide = permissions.can_decide_request(user, found)
    host = selectors.mail_host(found.requester.email)
    return {
        "object": found,
        "answers": [{**entry, "before": changed.get(entry["name"])} for entry in found.answers],
        "purpose_before": changed.get("purpose"),
        "entries": selectors.history(found, written, internal=internal),
        "risks": selectors.risks_of(found),
        "host": host,
        "host_is_free": host in selectors.FREE_MAIL,
        "host_is_verified": host in found.verified_domains,
        "stages": dict(AccessRequest.Stage.choices),
        "to_fix": named_fields(found),
        "may_decide": may_decide and found.waits,
        "is_partial": permissions.is_partial(user, found),
        "may_write": may_decide,
        "may_note": permissions.can_write_internal_notes(user, found),
        "form": forms.get("form") or DecisionForm(request=found),
        "message_form": forms.get("message_form") or StaffMessageForm(prefix="message"),
    }


@require_POST
@login_required
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, decline or return. Whoever is second is told who was first, and when."""
    found = to_decide(request, pk)
    form = DecisionForm(request.POST, request=found)
    if form.is_valid() and carry_out(form, lambda: decide(request, found, form.cleaned_data)):
        done = {
            "approve": _("%s is approved."),
            "decline": _("%s is declined."),
            "return": _("%s went back to the requester."),
        }
        messages.success(request, done[form.cleaned_data["outcome"]] % found.reference)
        return redirect("access:queue")
    context = decision_context(request, to_decide(request, pk), form=form)
    return render(request, "access/decision.html", context, status=422)


def decide(request: HttpRequest, found: AccessRequest, data: dict[str, Any]) -> AccessRequest:
    if data["outcome"] == "return":
        return services.return_request(
            found,
            actor=request.user,
            message=data["reason"],
            fields=data["fields_to_fix"],
            expected_version=data["row_version"],
        )
    return services.decide_request(
        found,
        actor=request.user,
        approve=data["outcome"] == "approve",
        reason=data["reason"],
        expected_version=data["row_version"],
    )


@require_POST
@login_required
def staff_message(request: HttpRequest, pk: int) -> HttpResponse:
    found = to_decide(request, pk)
    form = StaffMessageForm(request.POST, prefix="message")
    if form.is_valid() and carry_out(
        form, lambda: services.post_message(found, actor=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("Written."))
        return redirect("access:decision_page", pk)
    return render(request, "access/decision.html", decision_context(request, found, message_form=form), status=422)


@page
@login_required
def assignment(request: HttpRequest, pk: int) -> HttpResponse:
    found = to_decide(request, pk)
    allow(permissions.can_decide_request(request.user, found))
    people = holders(Role.RELEASE_MANAGER, found.family)
    form = AssignmentForm(sent(request), people=people, initial={"assignee": found.assignee_id or request.user.pk})
    if form.is_valid() and carry_out(
        form, lambda: services.assign_request(found, actor=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("Saved who looks at %s.") % found.reference)
        return redirect("access:decision_page", pk)
    return render(request, "access/assignment.html", {"form": form, "object": found}, status=status_of(form))


@require_POST
@login_required
def bulk_decision(request: HttpRequest) -> HttpResponse:
    """Several requests at once: first a page that lists each with what stands in its way, then the deed."""
    allow(permissions.can_see_queue(request.user))
    numbers = [int(value) for value in request.POST.getlist("chosen") if value.isdecimal() and len(value) < 19][:200]
    rows = selectors.with_risk(AccessRequest.objects.for_staff(request.user).filter(pk__in=numbers))
    chosen = list(
        rows.select_related("requester", "organisation", "tier", "release", "family").order_by("due_at", "pk")
    )
    action = request.POST.get("action")
    if action not in BULK or not chosen:
        messages.warning(request, _("Choose at least one request and what to do with it."))
        return redirect("access:queue")
    for row in chosen:
        row.obstacle, row.level = obstacle(request.user, row, action), selectors.risk_level(row)
    possible = [row for row in chosen if not row.obstacle]
    data = request.POST if "confirmed" in request.POST else None
    form: Any = AssignmentForm(data, people=deciders(possible)) if action == "assign" else ReasonForm(data)
    if possible and form.is_valid():
        carry_out_bulk(request, possible, action, form.cleaned_data)
        return redirect("access:queue")
    context = {"form": form, "rows": chosen, "possible": possible, "action": action}
    return render(request, "access/bulk.html", context, status=status_of(form))


def carry_out_bulk(request: HttpRequest, rows: list[AccessRequest], action: str, data: dict[str, Any]) -> None:
    if action == "assign":
        outcome = services.assign_requests(rows, actor=request.user, assignee=data["assignee"])
    else:
        outcome = services.decide_requests(rows, actor=request.user, approve=action == "approve", reason=data["reason"])
    done = [row.reference for row, problem in outcome if not problem]
    if done:
        messages.success(request, _("Done: %s.") % ", ".join(done))
    for row, problem in outcome:
        if problem:
            messages.error(request, f"{row.reference}: {problem}")


def obstacle(user: Any, row: Any, action: str) -> str:
    """Why this row cannot be part of a bulk action; the services say the same of what they know."""
    if not row.waits:
        return _("It does not wait for a decision.")
    if not permissions.can_decide_request(user, row):
        return _("You cannot decide it.")
    if action == "approve":
        if row.tier.decided_singly:
            return _("Requests for this tier are approved one by one.")
        risk = selectors.risk_level(row)
        if risk and risk.band in {Band.HIGH, Band.CRITICAL}:
            return _("The model has an open risk that is high or critical: read the request first.")
    return ""


def deciders(rows: list[AccessRequest]) -> QuerySet[User]:
    """Who can decide all of ``rows``."""
    people = User.objects.filter(is_active=True)
    for family in {row.family_id: row.family for row in rows}.values():
        people = people.filter(pk__in=holders(Role.RELEASE_MANAGER, family).order_by().values("pk"))
    return people.order_by("display_name", "pk")
