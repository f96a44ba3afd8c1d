from typing import Any

from accounts.permissions import has_role
from accounts.roles import Role
from reports.models import READERS

PUBLISHERS = frozenset({Role.RELEASE_MANAGER})


def can_request_report(user: Any, subject: Any) -> bool:
    """``subject`` is a publisher or a model family."""
    return has_role(user, frozenset(READERS), subject)


def can_run_report_again(user: Any, report: Any) -> bool:
    return can_request_report(user, report.subject)


def can_request_package(user: Any, release: Any) -> bool:
    """Whoever reports on the release's model family; what comes out is public anyway."""
    return can_request_report(user, release.family)


def can_publish_report(user: Any, report: Any) -> bool:
    """A release manager of what the report is about."""
    return has_role(user, PUBLISHERS, report.subject)
