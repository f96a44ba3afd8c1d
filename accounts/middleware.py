from collections.abc import Callable
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from requests import RequestException


class SingleSignOnMiddleware:
    """Sends a browser on to the identity provider, and says so when the provider cannot be asked.

    The button for single sign-on is a form of ours. Browsers hold every redirect that answers a form to
    ``form-action``, those of the provider to a third one too, and nobody can list these. So the answer is a
    page that moves on by itself, and the policy needs no exception.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code == 302 and (provider := _provider(request)):
            target = response.headers["Location"]
            if "://" in target:
                context = {"provider": provider.name, "redirect_to": target}
                page = render(request, "socialaccount/login_redirect.html", context)
                page.cookies.update(response.cookies)
                add_never_cache_headers(page)
                page.headers["X-Frame-Options"] = "DENY"
                return page
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        # Its configuration document names the addresses to go to: it cannot be had, or lacks one (KeyError).
        if isinstance(error, RequestException | KeyError) and (provider := _provider(request)):
            return render_authentication_error(request, provider, exception=error)
        return None


def _provider(request: HttpRequest) -> Any:
    """The provider that the requested page signs people in with; None for any other page."""
    match = request.resolver_match
    if match is None or match.url_name not in {"openid_connect_login", "openid_connect_callback"}:
        return None
    return get_adapter(request).get_provider(request, match.kwargs["provider_id"])
