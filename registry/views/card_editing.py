"""Writing cards: section by section, the metadata, the whole source, and what is still missing."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.http import page
from common.lifecycle import Stale
from registry import permissions, selectors, services
from registry.documentation import comparison, metadata, requirements, sections
from registry.documentation.kinds import BY_KEY, KINDS
from registry.forms import CardSourceForm, CardUploadForm, MetadataForm, SectionForm
from registry.forms.card_rows import with_row
from registry.models import ModelCard, Release, Stage
from registry.selectors.cards import safeguards_as_text
from registry.views.releases import editable_release, managed_release
from registry.views.shared import attempt, form_page, posted


def _corrects(release: Release) -> bool:
    return release.stage != Stage.DRAFT


def _base(release: Release, request: HttpRequest) -> ModelCard | None:
    """The version the writer had before them: that of the form, else the newest."""
    number = request.POST.get("number", "")
    rows = release.cards.all()
    if number.isascii() and number.isdigit() and len(number) < 9:
        return rows.filter(number=int(number)).first()
    return rows.first()


def _saved(form: Any, service: Any, release: Release, request: HttpRequest, **fixed: Any) -> ModelCard | None:
    """Call ``service``; ``form.conflict`` is set when somebody else was faster."""

    def call(number: int | None = None, **data: Any) -> Any:
        try:
            return service(release, actor=request.user, expected_number=number, **fixed, **data)
        except Stale:
            form.conflict = True
            raise

    form.conflict = False
    made: ModelCard | None = attempt(form, call)
    if made is not None:
        messages.success(request, _("Saved as version %s of the card.") % made.number)
    return made


@require_safe
@login_required
@never_cache
def manage_card(request: HttpRequest, pk: int) -> HttpResponse:
    """The sections that a card has and could have, its metadata, its versions, and what readers still miss."""
    found = managed_release(request, pk)
    versions = list(selectors.card_versions(found, request.user)[:6])
    card = selectors.card_version(found, request.user)
    there = sections.split(card.body) if card else []
    by_key = {section.name: section for section in there}
    context = {
        "release": found,
        "family": found.family,
        "card": card,
        "versions": versions[:5],
        "more_versions": len(versions) > 5,
        "kinds": [(kind, by_key.get(kind.key)) for kind in KINDS],
        "others": [section for section in there if section.name not in BY_KEY and not _is_blank(section)],
        "results": requirements.judge(card.body, card.metadata, selectors.card_facts(found)) if card else [],
        "can_edit": permissions.can_edit_release(request.user, found),
    }
    return render(request, "registry/card_manage.html", context)


def _is_blank(section: sections.Section) -> bool:
    return section.name == sections.OPENING and not section.text.strip()


@page
@login_required
@never_cache
def card_section(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Write one section; the rest of the card keeps its bytes."""
    found = editable_release(request, pk)
    base = _base(found, request)
    section = sections.find(base.body, name) if base else None
    if section is None and name not in BY_KEY:
        raise Http404
    kind = BY_KEY.get(section.key if section else name)
    parts = "\n\n\n".join(f"### {part}" for part in kind.parts) if kind else ""
    stored = sections.core(section.text) if section else parts
    initial = {"text": stored, "number": base.number if base else 0}
    form = SectionForm(posted(request), initial=initial, corrects=_corrects(found))
    if _saved(form, services.edit_card_section, found, request, name=name) is not None:
        return redirect("registry:manage_card", pk)
    context = {"release": found, "family": found.family, "name": name, "kind": kind, "section": section}
    if name == "safeguards":
        context["known"] = safeguards_as_text(found)
    if request.method == "POST" and form.conflict:
        context["theirs"] = _their_section(form, found, name)
    return form_page(request, "registry/card_section.html", form, **context)


def _their_section(form: Any, release: Release, name: str) -> dict[str, Any]:
    """What is stored now beside what was typed; saving once more then is meant to replace it."""
    latest = release.cards.select_related("created_by").first()
    section = sections.find(latest.body, name) if latest else None
    text = sections.core(section.text) if section else ""
    form.data = form.data.copy()
    form.data["number"] = str(latest.number)
    typed = form.data.get("text", "").replace("\r\n", "\n")
    return {"card": latest, "text": text, "pieces": comparison.words(text, typed)}


@page
@login_required
@never_cache
def card_metadata(request: HttpRequest, pk: int) -> HttpResponse:
    """Every field of the Hub's metadata; only the lines of what is changed are written anew."""
    found = editable_release(request, pk)
    base = _base(found, request)
    form = _metadata_form(posted(request), found, base, request)
    context: dict[str, Any] = {"release": found, "family": found.family}
    if request.method == "POST" and request.POST.get("add"):
        data = with_row(request.POST, request.POST["add"])
        form = _metadata_form(data, found, base, request).without_judgement()
    elif _saved(form, services.edit_card_metadata, found, request) is not None:
        return redirect("registry:manage_card", pk)
    elif request.method == "POST" and form.conflict:
        form, context["theirs"] = _their_metadata(form, found, request)
    return form_page(request, "registry/card_metadata.html", form, **context)


def _metadata_form(data: Any, release: Release, card: ModelCard | None, request: HttpRequest) -> MetadataForm:
    part = request.GET.get("results", "")
    return MetadataForm(
        data,
        card=card,
        corrects=_corrects(release),
        initial={"number": card.number if card else 0},
        version_of=lambda number: release.cards.filter(number=number).first(),
        model=release.family.name,
        as_yaml="yaml" in request.GET,
        part=int(part) if part.isascii() and part.isdigit() and len(part) < 5 else 1,
    )


def _their_metadata(form: Any, release: Release, request: HttpRequest) -> tuple[Any, dict[str, Any]]:
    """What is stored now for the keys that both have changed. What only they changed is taken over."""
    latest: Any = release.cards.select_related("created_by").first()
    stored = _metadata_form(None, release, latest, request)
    typed, front = form.typed_keys(), metadata.cut(latest.source).front
    data = form.data.copy()
    data["number"] = str(latest.number)
    for key, shape in form.shapes.items():
        if key not in typed and stored.shapes[key] == shape:
            for name in form.names_of(key):
                data.pop(name, None)
            for name in stored.names_of(key):
                data[name] = stored.initial[name]
    merged = _metadata_form(data, release, latest, request).without_judgement()
    for name, reasons in form.errors.items():
        merged.add_error(name if name in merged.fields else None, reasons)
    return merged, {"card": latest, "lines": [(key, metadata.lines_of(front, key)) for key in sorted(typed)]}


@page
@login_required
@never_cache
def card_source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole source of the card as one text."""
    found = editable_release(request, pk)
    base = _base(found, request)
    initial = {"number": base.number if base else 0}
    form = CardSourceForm(posted(request), card=base, initial=initial, corrects=_corrects(found))
    if _saved(form, services.import_card, found, request) is not None:
        return redirect("registry:manage_card", pk)
    context: dict[str, Any] = {"release": found, "family": found.family}
    if request.method == "POST" and form.conflict:
        latest = found.cards.select_related("created_by").first()
        form.data = form.data.copy()
        form.data["number"] = str(latest.number)
        typed = form.data.get("source", "").replace("\r\n", "\n")
        context["theirs"] = {"card": latest, "pieces": comparison.words(latest.source.replace("\r\n", "\n"), typed)}
    return form_page(request, "registry/card_source.html", form, **context)


@page
@login_required
@never_cache
def card_import(request: HttpRequest, pk: int) -> HttpResponse:
    found = editable_release(request, pk)
    form = CardUploadForm(posted(request), request.FILES or None, corrects=_corrects(found))

    def add(source: str, file: Any = None, correction_note: str = "") -> ModelCard:
        return services.import_card(found, actor=request.user, source=source, correction_note=correction_note)

    if attempt(form, add) is not None:
        if _corrects(found):
            messages.success(request, _("The corrected card is public. The version of record stays readable."))
        else:
            messages.success(
                request, _("The card is in. What it says of licence, languages and modality was taken over.")
            )
        return redirect("registry:manage_release", pk)
    return form_page(request, "registry/card_form.html", form, release=found, family=found.family)


@require_safe
@login_required
@never_cache
def card_completeness(request: HttpRequest, pk: int) -> HttpResponse:
    """The card beside what others require of it: what is there, where it stands, and what is missing."""
    found = managed_release(request, pk)
    card = selectors.card_version(found, request.user)
    body, declared = (card.body, card.metadata) if card else ("", {})
    context = {
        "release": found,
        "family": found.family,
        "card": card,
        "results": requirements.judge(body, declared, selectors.card_facts(found)),
        "can_edit": permissions.can_edit_release(request.user, found),
    }
    return render(request, "registry/card_completeness.html", context)
