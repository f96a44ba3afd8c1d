"""What every page knows without its view saying so: the name of the portal, the theme, the way round."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from common import workspace

THEMES = ("system", "light", "dark")

PRIMARY = [
    {"path": "/models/", "label": _("Models")},
    {"path": "/decisions/", "label": _("Decisions")},
    {"path": "/reports/", "label": _("Reports")},
    {"path": "/report/", "label": _("Report misuse")},
    {"path": "/workspace/", "label": _("Workspace")},
]
FOOTER = [
    {"path": "/help/", "label": _("Help")},
    {"path": "/accessibility/", "label": _("Accessibility")},
    {"path": "/privacy/", "label": _("Privacy")},
    {"path": "/security/", "label": _("Security")},
    {"path": "/api/", "label": _("API")},
]


def chosen_theme(request: HttpRequest) -> str:
    """The theme this browser chose, else the system's."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else "system"


def portal(request: HttpRequest) -> dict[str, Any]:
    """Context for ``base.html`` and ``workspace.html``. Asks the database for nothing itself."""
    here = request.path
    return {
        "portal_name": settings.PORTAL_NAME,
        "theme": chosen_theme(request),
        "primary_nav": [{**item, "current": _current(item, here)} for item in PRIMARY],
        "workspace_nav": SimpleLazyObject(lambda: workspace_nav(request)),
        "footer_nav": FOOTER,
        "time_zone": timezone.get_current_timezone_name(),
    }


def workspace_items(request: HttpRequest) -> list[workspace.Item]:
    """The places of this person's workspace, counted once a request however many ask for them."""
    found: list[workspace.Item] | None = getattr(request, "_workspace_items", None)
    if found is None:
        found = workspace.items(request.user)
        request._workspace_items = found  # type: ignore[attr-defined]
    return found


def workspace_nav(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar of the workspace: one query, made only by a page that draws it."""
    here = request.path
    start = {"path": "/workspace/", "label": _("Waiting for me"), "icon": "inbox", "count": None, "shown": ""}
    found = [{**start, "current": "page" if here == "/workspace/" else ""}]
    for item in workspace_items(request):
        place = {"path": item.href, "label": item.label, "icon": item.icon, "count": item.count, "shown": item.shown}
        found.append({**place, "current": _current(place, here)})
    return found


def _current(item: dict[str, Any], here: str) -> str:
    if here == item["path"]:
        return "page"
    return "true" if here.startswith(item["path"]) else ""
