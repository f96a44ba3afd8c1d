"""The role × route × verb matrix: who gets which answer from every page and every API route.

Each app lists its routes in ``tests/matrix/<app>.py``:

    ROUTES = {
        "registry:risk": route(args=lambda w: [w.risk.pk], get=PUBLIC | {…}),
        "api:risk-list": route(get=…, post=…, body=lambda w: {…}),
    }

``w`` is the world built by the test (see ``world.py``): one publisher with everything in it. A rule is a
dict from role to the status expected; ``everybody(200)`` gives one to all, and ``|`` replaces some.
A verb that is not listed must answer 405 (or 403/404) to everybody. A route without a row fails.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROLES = (
    "anonymous",
    "stranger",
    "researcher",
    "release_manager",
    "risk_owner",
    "reviewer",
    "incident_handler",
    "auditor",
    "administrator",
    "superuser",
)
MEMBERS = ("release_manager", "risk_owner", "reviewer", "incident_handler", "auditor", "administrator")

Rule = dict[str, int | tuple[int, ...]]


def everybody(status: int | tuple[int, ...]) -> Rule:
    return dict.fromkeys(ROLES, status)


def only(
    *roles: str,
    status: int | tuple[int, ...] = 200,
    others: int = 403,
    anonymous: int = 302,
    outside: int | None = None,
) -> Rule:
    """``status`` for ``roles`` and the superuser, ``anonymous`` for nobody, ``others`` for the rest.

    ``outside`` is what people without a role at the publisher get, where that differs (404 for what
    they may not know of).
    """
    rule = everybody(others)
    if outside is not None:
        rule |= {"stranger": outside, "researcher": outside}
    return rule | dict.fromkeys(roles, status) | {"superuser": status, "anonymous": anonymous}


def api_only(*roles: str, **options: Any) -> Rule:
    """Like ``only`` for the API, where nobody gets 401."""
    return only(*roles, **{"anonymous": 401, **options})


SIGNED_IN: Rule = everybody(200) | {"anonymous": 302}
API_SIGNED_IN: Rule = everybody(200) | {"anonymous": 401}


@dataclass(frozen=True)
class Route:
    args: Callable[[Any], list[Any]] = lambda w: []
    verbs: dict[str, Rule] = field(default_factory=dict)
    body: Callable[[Any], Any] = lambda w: {}
    query: str = ""


def route(
    args: Callable[[Any], list[Any]] = lambda w: [],
    body: Callable[[Any], Any] = lambda w: {},
    query: str = "",
    **verbs: Rule,
) -> Route:
    """One row. ``verbs``: get=…, post=…, put=…, patch=…, delete=…; ``body`` is what is sent with a write."""
    return Route(args, {name.upper(): rule for name, rule in verbs.items()}, body, query)
