"""Reading the environment: typed, and loud about what is missing or senseless."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import EnvError, FileAwareEnv


class Env(FileAwareEnv):
    """environs, which also reads ``NAME_FILE`` (container secrets), with Django's own error.

    Every problem stops the start with the name of the variable in the message.
    """

    def require_url(self, name: str, default: str | None = None, schemes: tuple[str, ...] = ("http", "https")) -> str:
        """An absolute URL without a trailing slash; refuses another scheme or a missing host."""
        value = self.read(self.str, name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.netloc:
            raise ImproperlyConfigured(f"{name} must be a URL like {schemes[0]}://host, not {value!r}.")
        return value

    def read(self, parser: Callable[..., Any], name: str, default: Any = None, **options: Any) -> Any:
        """``parser(name)`` with the variable's name in the error; a ``default`` of None means required."""
        if default is not None:
            options["default"] = default
        try:
            return parser(name, **options)
        except (EnvError, ValueError) as error:
            message = str(error) if name in str(error) else f"{name}: {error}"
            raise ImproperlyConfigured(message) from error

    def directory(self, name: str, default: str) -> Path:
        return Path(self.read(self.str, name, default)).resolve()
