from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from access import permissions, selectors, services
from access.forms import PhaseTiersForm, QuestionFormSet, TermsForm, TierForm
from access.models import Tier
from access.models.tiers import terms_digest
from access.views.shared import allow, carry_out, sent, status_of
from accounts.roles import Role
from common.http import page
from common.lifecycle import Refused
from registry.models import ModelFamily, Phase
from registry.views.plan import phase_inside


@require_safe
@login_required
def tier_list(request: HttpRequest) -> HttpResponse:
    """The tiers of every family one is release manager of."""
    allow(permissions.can_manage_any_tiers(request.user))
    families = list(ModelFamily.objects.with_role(request.user, Role.RELEASE_MANAGER).select_related("publisher")[:200])
    by_family: dict[int, list[Tier]] = {family.pk: [] for family in families}
    for tier in selectors.managed_tiers(request.user).filter(family__in=families):
        by_family[tier.family_id].append(tier)
    return render(request, "access/tier_list.html", {"places": [(family, by_family[family.pk]) for family in families]})


@page
@login_required
def tier_new(request: HttpRequest, family: int) -> HttpResponse:
    rows = ModelFamily.objects.with_role(request.user, Role.RELEASE_MANAGER).select_related("publisher")
    found = get_object_or_404(rows, pk=family)
    form = TierForm(sent(request), instance=Tier(family=found))
    if form.is_valid():
        tier = carry_out(form, lambda: services.create_tier(found, actor=request.user, **form.cleaned_data))
        if tier is not None:
            messages.success(
                request, _("The tier is made. Now write its terms: it can be asked for once they are published.")
            )
            return redirect("access:terms_publication", tier.pk)
    return render(request, "access/tier_form.html", {"form": form, "family": found}, status=status_of(form))


@page
@login_required
def tier_edit(request: HttpRequest, pk: int) -> HttpResponse:
    tier = managed(request, pk)
    form = TierForm(sent(request), instance=managed(request, pk))
    if form.is_valid():
        version = int(request.POST["row_version"]) if request.POST.get("row_version", "").isdecimal() else None
        saved = carry_out(
            form,
            lambda: services.edit_tier(tier, actor=request.user, changes=form.cleaned_data, expected_version=version),
        )
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("access:tier_list")
    context = {"form": form, "tier": tier, "family": tier.family}
    return render(request, "access/tier_form.html", context, status=status_of(form))


@page
@login_required
def tier_questions(request: HttpRequest, pk: int) -> HttpResponse:
    tier = managed(request, pk)
    initial = [
        {
            "id": row.pk,
            "text": row.text,
            "help": row.help,
            "kind": row.kind,
            "choices": "\n".join(row.choices),
            "required": row.required,
        }
        for row in tier.questions.all()
    ]
    forms = QuestionFormSet(sent(request), initial=initial)
    if request.method == "POST" and forms.is_valid():
        try:
            services.set_questions(tier, actor=request.user, questions=forms.questions)
        except Refused as refused:
            # Somebody else took a question away meanwhile: what is shown next is how it stands now.
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Saved. Requests sent before keep the questions they answered."))
        return redirect("access:tier_questions", pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "access/tier_questions.html", {"forms": forms, "tier": tier}, status=status)


@page
@login_required
def terms_publication(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the next version of the terms; look at it; publish it for good."""
    tier = managed(request, pk)
    last = tier.terms.first()
    form = TermsForm(sent(request), initial=starting_terms(last))
    preview = None
    if form.is_valid():
        if "publish" in request.POST:
            if published := carry_out(form, lambda: publish(request, tier, form.cleaned_data)):
                messages.success(request, _("Version %s of the terms is published.") % published.number)
                return redirect("access:tier_list")
        else:
            parts = {name: form.cleaned_data[name] for name in ("can", "must", "must_not", "text")}
            preview = {**parts, "sha256": terms_digest(**parts), "number": last.number + 1 if last else 1}
    context = {"form": form, "tier": tier, "last": last, "preview": preview}
    return render(request, "access/terms_form.html", context, status=status_of(form))


def starting_terms(last: Any) -> dict[str, Any]:
    if last is None:
        return {}
    return {"text": last.text, **{name: "\n".join(getattr(last, name)) for name in ("can", "must", "must_not")}}


def publish(request: HttpRequest, tier: Tier, data: dict[str, Any]) -> Any:
    day = data.pop("enforced_on")
    moment = timezone.make_aware(datetime.combine(day, time.min)) if day else None
    return services.publish_terms(tier, actor=request.user, enforced_from=moment, **data)


def managed(request: HttpRequest, pk: int) -> Tier:
    """A tier that one may change; for everybody else it does not exist here."""
    return get_object_or_404(selectors.managed_tiers(request.user), pk=pk)


@page
@login_required
@never_cache
def phase_tiers(request: HttpRequest, pk: int) -> HttpResponse:
    """Which tiers are open while a release is in a phase of its plan."""
    phase = phase_inside(request, pk)
    allow(permissions.can_manage_tiers(request.user, phase.family))
    chosen = list(selectors.phase_tiers(phase))
    # A phase that was entered can only be narrowed.
    offered = list(phase.family.tiers.all()) if phase.stage == Phase.Stage.PLANNED else chosen
    form = PhaseTiersForm(sent(request), tiers=offered, initial={"tiers": [tier.pk for tier in chosen]})
    if form.is_valid():
        tiers = form.cleaned_data["tiers"]
        if carry_out(form, lambda: services.set_phase_tiers(phase, actor=request.user, tiers=tiers)) is not None:
            messages.success(request, _("Saved."))
            return redirect("registry:release_plan", phase.release_id)
    context = {"form": form, "phase": phase, "release": phase.release, "offered": offered}
    return render(request, "access/phase_tiers.html", context, status=status_of(form))
