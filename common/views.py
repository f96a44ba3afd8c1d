import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from psycopg_pool import PoolTimeout

from common.context_processors import THEMES
from common.templatetags.tidegate import is_secret_field

# Hidden fields by which a form is known again; nobody typed them, and sending it once more needs them.
CARRIED = {"csrfmiddlewaretoken", "form_token"}
DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)


class StorageAway(Exception):
    """The service that holds the files cannot be reached or refuses us. The operator's log has the reason."""


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/hf/api/"))


def problem(status: int, title: str, detail: str, **members: Any) -> JsonResponse:
    """An error as ``application/problem+json`` (RFC 9457), for what fails before the API's own code runs."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def unavailable(request: HttpRequest, error: Exception | None = None) -> HttpResponse:
    """The database is away, or the files are. The page needs neither, and gives back what was typed."""
    if isinstance(error, StorageAway):
        detail = _("The portal cannot reach its files. Nothing was saved. Try again in a minute.")
    else:
        detail = _("The portal cannot reach its database. Nothing was saved. Try again in a minute.")
    if _wants_json(request):
        response: HttpResponse = problem(503, _("Unavailable for the moment"), detail)
    else:
        response = HttpResponse(
            render_to_string("503.html", {"path": request.path, "detail": detail, **_given_back(request)}), status=503
        )
    response.headers["Retry-After"] = "60"
    response.headers["Cache-Control"] = "no-store"
    return response


def _given_back(request: HttpRequest) -> dict[str, Any]:
    """What was typed, to be read, and all of the form, to be sent again as it was.

    A form with a secret in it is not given back: a page must not hold a password in clear.
    """
    if request.method != "POST":
        return {}
    secret = {key for key in request.POST if is_secret_field(key)}
    typed = {key: value for key, value in request.POST.items() if key not in secret and value}
    again = [] if secret - CARRIED else [(key, one) for key, all_of in request.POST.lists() for one in all_of]
    return {"typed": typed, "again": again, "files_lost": bool(request.FILES)}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    if _wants_json(request):
        return problem(400, _("Bad request"), _("The request could not be understood."))
    return render(request, "400.html", status=400)


def too_large(request: HttpRequest) -> HttpResponse:
    """A body beyond what its address takes; nothing of it was kept."""
    if _wants_json(request):
        return problem(413, _("Content Too Large"), _("The body is larger than this address takes."))
    return render(request, "413.html", status=413)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _wants_json(request):
        return problem(403, _("Not allowed"), _("Your account may not do this."))
    # What the view says of it is for the reader; without words it is the role that is missing.
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _wants_json(request):
        return problem(404, _("Not found"), _("There is nothing here, or nothing you may know of."))
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    # Django answers for each middleware's error here, before ``UnavailableMiddleware`` could see it.
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return unavailable(request)
    if _wants_json(request):
        return problem(500, _("Our mistake"), _("Something went wrong on our side. It is on record."))
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that waited too long. Its text is given back, so that going back loses nothing."""
    return render(request, "403_csrf.html", status=403)


@never_cache
def admin_login(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The support views have no sign-in of their own: there is one, with all that protects it."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
    if not request.user.is_staff:
        raise PermissionDenied
    return redirect("admin:index")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or system in a cookie, which the server reads: no flash, no script."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    choice = request.POST.get("theme", "system")
    response = redirect(back)
    if choice in THEMES:
        response.set_cookie("theme", choice, max_age=31536000, samesite="Lax", secure=settings.HTTPS, httponly=True)
    return response
