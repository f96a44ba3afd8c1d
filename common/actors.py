"""Who does something: a signed-in person, a service account, or somebody without an account."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Outsider:
    """Somebody without an account. Holds no permission and leaves nothing behind but the label."""

    label: str
    pk: None = None
    is_authenticated: bool = False
    is_superuser: bool = False

    def __str__(self) -> str:
        return self.label


ANONYMOUS_REPORTER = Outsider("Anonymous reporter")
THE_PUBLIC = Outsider("Somebody outside")

Actor: TypeAlias = Union["User", Outsider]
