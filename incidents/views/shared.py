from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from common.lifecycle import Refused


def carry_out(
    request: HttpRequest,
    obj: Any,
    form: Any,
    do: Callable[[dict[str, Any]], Any],
    words: str,
    *,
    may: Callable[[Any, Any], bool],
    again: Callable[[], HttpResponse],
) -> HttpResponse:
    """Do what a form on the page of ``obj`` asks for; ``again`` shows that page once more with what is wrong."""
    if not may(request.user, obj):
        raise PermissionDenied
    if form.is_valid():
        try:
            do(form.cleaned_data)
        except Refused as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, words)
            return redirect(obj)
    return again()
