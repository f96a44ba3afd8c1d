"""Question sets and taxonomies: reading them, bringing more along, and asking for reviews."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import scopes
from accounts.roles import Role
from common.http import page
from common.lifecycle import Move, available_moves
from registry import lifecycle, lists, permissions, services
from registry.forms import QuestionSetForm, ReasonForm, RequiredReviewsForm, TaxonomyForm
from registry.models import Publisher, QuestionSet, RequiredReview, Taxonomy, Term
from registry.views.shared import attempt, form_page, posted

MOVE_PAGES = {"publish": "registry:question_set_publication", "retire": "registry:question_set_retirement"}


@require_safe
@login_required
@never_cache
def question_sets(request: HttpRequest) -> HttpResponse:
    held = scopes(request.user)
    if not held.any():
        raise PermissionDenied
    sets = QuestionSet.objects.visible_to(request.user).exclude(stage=QuestionSet.Stage.SUPERSEDED)
    asking = _publishers(request)
    context = {"sets": sets.select_related("publisher")[:200], "publishers": asking, "can_import": bool(asking)}
    return render(request, "registry/question_set_list.html", context)


def _publishers(request: HttpRequest) -> list[Publisher]:
    """Those whose question sets the reader edits."""
    held = scopes(request.user)
    rows = Publisher.objects.order_by("name")
    return list(rows if held.everywhere else rows.filter(pk__in=held.publisher_ids(Role.RELEASE_MANAGER)))


def _question_set(request: HttpRequest, pk: int) -> QuestionSet:
    return get_object_or_404(QuestionSet.objects.visible_to(request.user).select_related("publisher"), pk=pk)


@require_safe
@login_required
@never_cache
def question_set(request: HttpRequest, pk: int) -> HttpResponse:
    if not scopes(request.user).any():
        raise PermissionDenied
    found = _question_set(request, pk)
    same = QuestionSet.objects.visible_to(request.user).filter(publisher=found.publisher_id, slug=found.slug)
    moves = available_moves(lifecycle.QUESTION_SET_MOVES, found, request.user)
    context = {
        "set": found,
        "questions": list(found.questions.all()),
        "versions": list(same.order_by("-number")[:50]),
        "moves": [(each, MOVE_PAGES[each.move.name]) for each in moves],
    }
    return render(request, "registry/question_set_detail.html", context)


@page
@login_required
@never_cache
def question_set_import(request: HttpRequest) -> HttpResponse:
    """Bring a set along as JSON or CSV; it begins as a draft."""
    publishers = _publishers(request)
    if not publishers:
        raise PermissionDenied
    theirs = Publisher.objects.filter(pk__in=[each.pk for each in publishers])
    form = QuestionSetForm(posted(request), request.FILES or None, publishers=theirs, initial={"publisher": theirs[0]})

    def bring(publisher: Publisher, file: Any, **about: Any) -> QuestionSet:
        content = file.read(lists.LARGEST_FILE + 1)
        data = lists.parse(content, rows="questions", columns=lists.QUESTION_COLUMNS, about=about)
        return services.import_question_set(publisher, actor=request.user, data=data)

    made = attempt(form, bring)
    if made is not None:
        messages.success(request, _("Version %d is here as a draft. Read it, then put it into use.") % made.number)
        return redirect(made)
    return form_page(request, "registry/question_set_import.html", form, columns=", ".join(lists.QUESTION_COLUMNS))


def _move(request: HttpRequest, pk: int, move: Move, action: Any) -> HttpResponse:
    found = _question_set(request, pk)
    if not move.may(request.user, found):
        raise PermissionDenied
    form = ReasonForm(posted(request))
    if not move.asks_reason:
        del form.fields["reason"]
    if attempt(form, lambda **data: action(found, actor=request.user, **data)) is not None:
        messages.success(request, _("Done."))
        return redirect(found)
    return form_page(request, "registry/question_set_move.html", form, set=found, move=move)


@page
@login_required
@never_cache
def question_set_publication(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.PUBLISH_QUESTIONS, services.publish_question_set)


@page
@login_required
@never_cache
def question_set_retirement(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lifecycle.RETIRE_QUESTIONS, services.retire_question_set)


@page
@login_required
@never_cache
def required_reviews(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which reviews a publisher asks for before a release goes public."""
    publisher = get_object_or_404(Publisher.objects.visible_to(request.user), pk=pk)
    if not permissions.can_edit_question_sets(request.user, publisher):
        raise PermissionDenied
    sets = list(QuestionSet.objects.for_publisher(publisher.pk))
    required = dict(RequiredReview.objects.filter(publisher=publisher).values_list("slug", "blocks"))
    form = RequiredReviewsForm(posted(request), sets=sets, required=required)

    def save(**_fields: Any) -> bool:
        services.set_required_reviews(publisher, actor=request.user, required=form.required())
        return True

    if attempt(form, save):
        messages.success(request, _("Saved."))
        return redirect("registry:question_sets")
    return form_page(request, "registry/required_reviews.html", form, publisher=publisher)


@require_safe
@login_required
@never_cache
def taxonomies(request: HttpRequest) -> HttpResponse:
    """The lists that risks can name, with where they come from."""
    if not scopes(request.user).any():
        raise PermissionDenied
    current = Prefetch("terms", Term.objects.filter(is_current=True).order_by("pk"))
    context = {
        "taxonomies": Taxonomy.objects.prefetch_related(current)[:100],
        "can_import": permissions.can_import_taxonomy(request.user),
    }
    return render(request, "registry/taxonomy_list.html", context)


@page
@login_required
@never_cache
def taxonomy_import(request: HttpRequest) -> HttpResponse:
    """Bring a published list along as JSON or CSV. It is shared by all publishers here."""
    if not permissions.can_import_taxonomy(request.user):
        raise PermissionDenied
    form = TaxonomyForm(posted(request), request.FILES or None)

    def bring(file: Any, **about: Any) -> Taxonomy:
        content = file.read(lists.LARGEST_FILE + 1)
        data = lists.parse(content, rows="terms", columns=lists.TERM_COLUMNS, about=about)
        return services.import_taxonomy(actor=request.user, data=data)

    made = attempt(form, bring)
    if made is not None:
        messages.success(request, _("%s is up to date.") % made)
        return redirect("registry:taxonomies")
    return form_page(request, "registry/taxonomy_import.html", form, columns=", ".join(lists.TERM_COLUMNS))
