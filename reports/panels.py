from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common.models import Job
from common.panels import panel
from common.workspace import entry
from reports import permissions, selectors
from reports.models import READERS, SafetyReport

SHOWN = 3


@panel("registry.family", template="reports/panels/reports.html", order=80)
def family_reports(request: HttpRequest, family: Any) -> dict[str, Any] | None:
    """Published reports about the family, or about all families of its publisher."""
    about = Q(family=family) | Q(publisher_id=family.publisher_id)
    rows = list(SafetyReport.objects.published().filter(about).defer("data").order_by("-published_at", "-pk")[:SHOWN])
    return {"reports": rows} if rows else None


@panel("registry.release_page", template="reports/panels/package.html", order=90)
def release_package(request: HttpRequest, release: Any) -> dict[str, Any] | None:
    """The newest archive of what travels with the weights."""
    found = selectors.newest_package(release, request.user)
    return {"package": found, "release": release, "family": release.family} if found else None


@panel("registry.release", template="reports/panels/package_work.html", order=90)
def release_package_work(request: HttpRequest, release: Any) -> dict[str, Any] | None:
    """Where those who report on a public release make its package."""
    return (
        {"release": release} if release.is_public and permissions.can_request_package(request.user, release) else None
    )


@entry(
    "reports",
    label=_("Reports"),
    url="reports:report_work",
    icon="file-text",
    order=70,
    empty=_("No report you asked for is running or has failed."),
)
def reports_under_way(user: Any) -> QuerySet[SafetyReport] | None:
    """Reports that ``user`` asked for and that are being made, or whose making failed."""
    if not scopes(user).any(*READERS):
        return None
    unfinished = [Job.State.QUEUED, Job.State.RUNNING, Job.State.FAILED]
    return SafetyReport.objects.filter(requested_by_id=user.pk, job__state__in=unfinished).defer("data")
