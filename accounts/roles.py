from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody answers for, at one publisher or for one of its model families.

    - release manager: registers and publishes releases, decides access requests
    - risk owner: answers for risks, keeps their assessments and mitigations
    - reviewer: reads everything of the publisher and prepares decisions
    - incident handler: triages reports, answers reporters, works on incidents
    - auditor: reads everything, changes nothing, makes and downloads reports
    - administrator: gives and takes roles
    """

    RELEASE_MANAGER = "release_manager", _("Release manager")
    RISK_OWNER = "risk_owner", _("Risk owner")
    REVIEWER = "reviewer", _("Reviewer")
    INCIDENT_HANDLER = "incident_handler", _("Incident handler")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")

    @property
    def codename(self) -> str:
        """The object permission that holding this role for a scope means."""
        return f"act_as_{self.value}"


def group_name(kind: str, pk: Any, role: Role) -> str:
    """The group of those who hold ``role`` for number ``pk`` of a ``kind`` of scope (publisher, modelfamily)."""
    return f"{kind}:{pk}:{role.value}"


# What such a name looks like, for PostgreSQL.
NAMED_GROUP = rf"^(publisher|modelfamily):[0-9]{{1,18}}:({'|'.join(Role.values)})$"


def named_group(name: str) -> tuple[str, int, Role]:
    """What a group's name says: the kind of scope, its number, the role."""
    kind, pk, role = name.split(":")
    return kind, int(pk), Role(role)


ANY_ROLE = frozenset(Role)
# Put into the Meta of a model that roles can be given for.
ROLE_PERMISSIONS: list[tuple[str, Any]] = [
    (role.codename, f"Can act as {role.value.replace('_', ' ')}") for role in Role
]
