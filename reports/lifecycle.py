"""The moves of a safety report."""

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.lifecycle import Move
from reports import permissions
from reports.models import SafetyReport


def needs_file(report: Any) -> str:
    """Its PDF."""
    return "" if report.is_made else _now("Its PDF has not been made yet.")


PUBLISH_REPORT = Move(
    "publish",
    _("Publish the report"),
    frozenset({SafetyReport.Stage.DRAFT}),
    SafetyReport.Stage.PUBLISHED,
    permissions.can_publish_report,
    needs=(needs_file,),
    help=_("It appears on the public page with its PDF, its data and their digests, for good."),
)
MOVES = [PUBLISH_REPORT]
