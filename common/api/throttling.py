from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from common.network import caller_key


class TokenRate(SimpleRateThrottle):
    """Counts per token, so that one busy pipeline does not use up its owner's other tokens."""

    scope = "token"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if not request.user.is_authenticated:
            return None
        return f"throttle:token:{getattr(request.auth, 'pk', None) or f'user-{request.user.pk}'}"


class AnonymousRate(SimpleRateThrottle):
    scope = "anonymous"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return None if request.user.is_authenticated else f"throttle:anonymous:{caller_key(request)}"


class ReportRate(SimpleRateThrottle):
    """Filing reports without an account."""

    scope = "report"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"throttle:report:{caller_key(request)}"


class ConcernRate(SimpleRateThrottle):
    """Raising concerns without an account: as many as reports, counted apart from them."""

    scope = "report"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"throttle:concern:{caller_key(request)}"
