"""Text that stays unreadable in a copy of the database: how to reach somebody who left an address."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


@lru_cache(maxsize=16)
def _box(salt: str, purpose: str, keys: tuple[str, ...]) -> MultiFernet:
    derived = (salted_hmac(salt, purpose, secret=key, algorithm="sha256").digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


class Seal:
    """Seals texts for one purpose; what was sealed for another cannot be opened with it."""

    def __init__(self, salt: str, purpose: str) -> None:
        self.salt, self.purpose = salt, purpose

    def _opened(self) -> MultiFernet:
        return _box(self.salt, self.purpose, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))

    def seal(self, text: str) -> bytes:
        return self._opened().encrypt(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """Raises ``cryptography.fernet.InvalidToken`` when the portal's key has been replaced without a fallback."""
        return self._opened().decrypt(bytes(sealed)).decode()
