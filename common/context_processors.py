"""What every page knows without its view saying so: the name of the portal, the theme, the way round."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

THEMES = ("system", "light", "dark")

PRIMARY = [
    {"path": "/models/", "label": _("Models")},
    {"path": "/decisions/", "label": _("Decisions")},
    {"path": "/reports/", "label": _("Reports")},
    {"path": "/report/", "label": _("Report misuse")},
    {"path": "/workspace/", "label": _("Workspace")},
]
WORKSPACE = [
    {"path": "/workspace/", "label": _("Waiting for me"), "icon": "inbox", "key": "waiting", "exact": True},
    {"path": "/workspace/access/", "label": _("Access requests"), "icon": "key-round", "key": "access"},
    {"path": "/workspace/misuse/", "label": _("Misuse reports"), "icon": "flag", "key": "misuse"},
    {"path": "/workspace/incidents/", "label": _("Incidents"), "icon": "siren", "key": "incidents"},
    {"path": "/workspace/risks/", "label": _("Risks"), "icon": "triangle-alert", "key": "risks"},
    {"path": "/workspace/releases/", "label": _("Releases"), "icon": "package", "key": "releases"},
    {"path": "/workspace/decisions/", "label": _("Decisions"), "icon": "scale", "key": "decisions"},
    {"path": "/workspace/reports/", "label": _("Reports"), "icon": "file-text", "key": "reports"},
]
FOOTER = [
    {"path": "/help/", "label": _("Help")},
    {"path": "/accessibility/", "label": _("Accessibility")},
    {"path": "/privacy/", "label": _("Privacy")},
    {"path": "/security/", "label": _("Security")},
    {"path": "/api/", "label": _("API")},
]


def chosen_theme(request: HttpRequest) -> str:
    """The theme for this reader: the browser's choice first, then the account's, then the system's."""
    chosen = request.COOKIES.get("theme", "")
    if chosen not in THEMES:
        user = getattr(request, "user", None)
        chosen = getattr(user, "theme", "") if user is not None and user.is_authenticated else ""
    return chosen if chosen in THEMES else "system"


def portal(request: HttpRequest) -> dict[str, Any]:
    """Context for ``base.html`` and ``workspace.html``. Asks the database for nothing itself."""
    here = request.path
    return {
        "portal_name": settings.PORTAL_NAME,
        "theme": SimpleLazyObject(lambda: chosen_theme(request)),
        "primary_nav": [{**item, "current": _current(item, here)} for item in PRIMARY],
        "workspace_nav": [{**item, "current": _current(item, here)} for item in WORKSPACE],
        "footer_nav": FOOTER,
        "time_zone": timezone.get_current_timezone_name(),
    }


def _current(item: dict[str, Any], here: str) -> str:
    if here == item["path"]:
        return "page"
    return "true" if here.startswith(item["path"]) and not item.get("exact") else ""
