"""Who may do what with reports and incidents.

A row's ``audience`` already says which families and publishers it concerns, so a predicate asks no
table of its own.
"""

from typing import Any

from accounts.permissions import scopes
from accounts.roles import Role
from common.actors import ANONYMOUS_REPORTER
from incidents.models import EVERYONE_CONCERNED, Incident, MisuseReport

HANDLER = Role.INCIDENT_HANDLER


def _handles(user: Any, audience: list[str]) -> bool:
    held = scopes(user)
    if held.everywhere:
        return True
    if EVERYONE_CONCERNED in audience:
        return held.any(HANDLER)
    entries = {f"p{pk}" for pk in held.publisher_ids(HANDLER)} | {f"f{pk}" for pk in held.family_ids(HANDLER)}
    return bool(entries & set(audience))


def can_handle_report(user: Any, report: MisuseReport) -> bool:
    """Judge, answer, note, close: incident handlers of the model; of any model while it is not known."""
    return _handles(user, report.audience)


def can_see_contact(user: Any, report: MisuseReport) -> bool:
    return can_handle_report(user, report)


def can_reply(actor: Any, report: MisuseReport) -> bool:
    """Write as the reporter. That it is the reporter, the receipt has shown before anybody asks here."""
    return actor is ANONYMOUS_REPORTER


def can_reopen_report(actor: Any, report: MisuseReport) -> bool:
    """Whoever made the report, with the receipt, or who handles it."""
    return can_reply(actor, report) or can_handle_report(actor, report)


def can_handle_incident(user: Any, incident: Incident) -> bool:
    """Edit, move, link: incident handlers of one of its models, of any model where it names none."""
    return _handles(user, incident.audience)


def can_open_incident(user: Any, audience: list[str]) -> bool:
    """Open an incident about the models in ``audience``; scheduled imports may as well."""
    return bool(getattr(user, "is_service", False)) or _handles(user, audience)


def can_open_incidents(user: Any) -> bool:
    """Whether there is any model for which ``user`` may open one."""
    return scopes(user).any(HANDLER)
