"""What the pages of the registry share: calling a service with a form, and telling a writer who came second."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from common.lifecycle import Refused, Stale
from registry.models import ModelFamily


def visible_family(request: HttpRequest, publisher: str, family: str) -> ModelFamily:
    """The family at a public address, for whoever may know of it."""
    families = ModelFamily.objects.visible_to(request.user).select_related("publisher")
    return get_object_or_404(families, publisher__slug=publisher, slug=family)


def posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def attempt(form: Any, action: Callable[..., Any], obj: Any = None) -> Any:
    """Call ``action`` with what a valid ``form`` holds; None when either refuses, with the reasons on the form.

    ``obj`` is the row being changed: when somebody else has written it meanwhile, the form gets the new
    version number and ``form.stored``, so that the writer can compare and save again.
    """
    if not form.is_valid():
        return None
    data = dict(form.cleaned_data)
    if "row_version" in form.fields:
        data["expected_version"] = data.pop("row_version")
    try:
        return action(**data)
    except Stale as stale:
        form.add_refusal(stale)
        if obj is not None:
            _show_stored(form, obj)
    except Refused as refused:
        form.add_refusal(refused)
    except ValidationError as invalid:
        errors = invalid.message_dict if hasattr(invalid, "error_dict") else {NON_FIELD_ERRORS: invalid.messages}
        for name, messages in errors.items():
            for message in messages:
                form.add_error(name if name in form.fields else None, message)
    return None


def _show_stored(form: Any, obj: Any) -> None:
    obj.refresh_from_db()
    form.data = form.data.copy()
    form.data["row_version"] = str(obj.row_version)
    form.stored = []
    for name, typed in form.cleaned_data.items():
        if not hasattr(obj, name):
            continue
        stored = getattr(obj, name)
        if hasattr(stored, "all"):
            stored, typed = list(stored.all()), list(typed)
        if name != "row_version" and stored != typed:
            form.stored.append((form.fields[name].label, _plain_value(stored)))


def _plain_value(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value) if value not in {None, ""} else "–"


def form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    """The page of a form: 422 when it shows errors."""
    return render(request, template, {"form": form, **context}, status=422 if form.is_bound and form.errors else 200)


def cut_off(request: HttpRequest) -> bool:
    """Whether the body of this request ended before its announced length.

    A server hands a connection that broke to Django as an early end of file, and Django's multipart
    parser takes what it got for the whole; only the count tells.
    """
    stream = getattr(request, "_stream", None)
    position, limit = getattr(stream, "_pos", None), getattr(stream, "limit", None)
    return position is not None and limit is not None and position < limit
