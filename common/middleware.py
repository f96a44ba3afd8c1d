import re
import uuid
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from common import context
from common.views import DATABASE_AWAY, StorageAway, unavailable

Handler = Callable[[HttpRequest], HttpResponse]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Gives every request an id that its answer, its log lines and its audit events share."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Our own proxies may name a request; anybody else could write into the audit trail with it.
        given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXY_COUNT else ""
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        token = context.request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            context.request_id.reset(token)
        response.headers["X-Request-ID"] = request_id
        return response


class UnavailableMiddleware:
    """While PostgreSQL or the file store is away: 503, when to come back, and what was typed if the page kept it.

    For what a view raises; what another middleware raises ends in ``common.views.server_error``.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return unavailable(request, error) if isinstance(error, (*DATABASE_AWAY, StorageAway)) else None


class PreferencesMiddleware:
    """Shows times in the reader's zone: the account's, else the one in the ``timezone`` cookie, else UTC."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get("timezone", "")
        if "sessionid" in request.COOKIES and request.user.is_authenticated:
            name = request.user.time_zone or name
        try:
            zone = zoneinfo.ZoneInfo(name) if name else None
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            zone = None
        if zone is None:
            timezone.deactivate()
        else:
            timezone.activate(zone)
        return self.get_response(request)


class PrivateMiddleware:
    """What is answered to somebody in particular is kept by no cache, unless its view says otherwise."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class HtmxRedirectMiddleware:
    """A redirect that answers an htmx request becomes a page change instead of a page inside a fragment."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "htmx", False) and response.status_code in {301, 302, 303}:
            answer = HttpResponse(status=204, headers={"HX-Redirect": response.headers["Location"]})
            answer.cookies.update(response.cookies)
            return answer
        return response
