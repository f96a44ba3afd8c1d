"""Text that stays unreadable in a copy of the database: how to reach a reporter who left an address."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    derived = (salted_hmac("incidents.sealing", "contact", secret=key, algorithm="sha256").digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def seal(text: str) -> bytes:
    return _box(_keys()).encrypt(text.encode())


def unseal(sealed: bytes) -> str:
    """Raises ``cryptography.fernet.InvalidToken`` when the portal's key has been replaced without a fallback."""
    return _box(_keys()).decrypt(bytes(sealed)).decode()
