"""Forms for people without an account: nothing is kept that links what was sent to a browser or a caller."""

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from csp.decorators import csp_update
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from common import context
from common.actors import Actor, Outsider

# Scripts may not turn text into markup here at all.
TRUSTED_TYPES = {"require-trusted-types-for": ["'script'"], "trusted-types": ["'none'"]}


def discreet(*, indexed: bool = False) -> Callable[[Callable[..., HttpResponse]], Callable[..., Any]]:
    """Leave as little as possible behind: nothing cached, no referrer to other sites, no scripted markup."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., Any]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = view(request, *args, **kwargs)
            response.headers["Cache-Control"] = "no-store"
            # Not "no-referrer": browsers then send "Origin: null" with our own forms, which the CSRF check refuses.
            response.headers["Referrer-Policy"] = "same-origin"
            response.headers["X-Robots-Tag"] = "all" if indexed else "noindex"
            return response

        return csp_update(TRUSTED_TYPES)(never_cache(wrapped))

    return decorate


@contextmanager
def untraced(actor: Actor) -> Iterator[None]:
    """Leave the request's id out of what is recorded of somebody without an account.

    A proxy may have given the id and logged it with the caller's address.
    """
    if not isinstance(actor, Outsider):
        yield
        return
    token = context.request_id.set("")
    try:
        yield
    finally:
        context.request_id.reset(token)


def fresh() -> bytes:
    return secrets.token_bytes(24)


class FormToken:
    """A signed random number that a form is born with: sent twice (a double click, a reload, a second try after an
    outage) it is the same sending. No session is used."""

    def __init__(self, salt: str) -> None:
        self._signer = signing.Signer(salt=salt)

    def new(self) -> str:
        return self._signer.sign(base64.urlsafe_b64encode(fresh()).decode())

    def read(self, value: str) -> bytes | None:
        """The number in a form that was sent; None when it is not one of ours."""
        try:
            return base64.urlsafe_b64decode(self._signer.unsign(value))
        except (signing.BadSignature, ValueError):
            return None
