from typing import Any

from accounts.permissions import scopes
from accounts.roles import Role


def role_words(user: Any) -> list[str]:
    """The roles ``user`` holds anywhere, in words, in the order of ``Role``."""
    held = scopes(user)
    return [str(role.label) for role in Role if held.publisher_ids(role) or held.family_ids(role)]
