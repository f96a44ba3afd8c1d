"""How large a body may be. The addresses that take model files say so; every other one has a limit."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse

from common.views import too_large

Handler = Callable[[HttpRequest], HttpResponse]
View = TypeVar("View", bound=Callable[..., Any])


def any_size(*methods: str, who: Callable[[Any], bool]) -> Callable[[View], View]:
    """Let ``methods`` of a view (or a viewset) take bodies of any size from those for whom ``who(user)`` is true."""

    def mark(view: View) -> View:
        view.any_size = (frozenset(methods), who)  # type: ignore[attr-defined]
        return view

    return mark


def _any_size_from(request: HttpRequest) -> Callable[[Any], bool] | None:
    """Who may send a body of any size to the address of ``request``; None for an address with a limit."""
    found = getattr(request, "resolver_match", None)
    view = found and getattr(found.func, "cls", found.func)
    methods, who = getattr(view, "any_size", (frozenset(), None))
    return who if request.method in methods else None


class BodyLimitMiddleware:
    """Answers 413 to a body larger than ``LARGEST_BODY`` before any of it is read, whoever sends it.

    Its length is what ``Content-Length`` says, and Django reads no byte beyond. Stands before the
    middleware that looks for a form's token, which would read all of the form.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if _any_size_from(request) is None and _length(request) > settings.LARGEST_BODY:
            return too_large(request)
        return None


def _length(request: HttpRequest) -> int:
    given = request.META.get("CONTENT_LENGTH") or ""
    if not (given.isascii() and given.isdigit()):
        return 0
    return int(given) if len(given) < 20 else sys.maxsize


class BodyLimit(FileUploadHandler):
    """Holds a form to ``LARGEST_BODY`` while it arrives, unless its sender may send any size to this address.

    Who sends it is known here, before the first file is written to the disk: by the session, or by the
    token that the API has looked at already.
    """

    request: HttpRequest
    limit: int | None

    def handle_raw_input(
        self, input_data: Any, meta: Any, content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        who = _any_size_from(self.request)
        self.limit, self.received = (None if who and who(self.request.user) else settings.LARGEST_BODY), 0
        self._check(content_length)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        self._check(self.received)
        return raw_data

    def _check(self, length: int) -> None:
        if self.limit is not None and length > self.limit:
            raise RequestDataTooBig("The body is larger than this address takes.")

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""
