from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class SingleSignOnMiddleware:
    """Lets the sign-in pages, and no others, send a form on to the configured identity provider.

    The button for single sign-on is a form of ours that redirects there, and browsers hold redirects to
    ``form-action`` as well.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        parts = urlsplit(settings.OIDC_SERVER_URL)
        self.origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if self.origin and request.path.startswith("/account/"):
            response._csp_update = {"form-action": [self.origin]}  # type: ignore[attr-defined]
        return response
