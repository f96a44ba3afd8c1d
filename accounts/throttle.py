"""Slowing down whoever guesses passwords, without locking out the owner of the account.

Failures are counted three ways: per caller (20 in 5 minutes), per account from browsers that never
signed in to it (10 in 5 minutes), and per account and known browser (10 in 5 minutes). A browser
becomes known by signing in: it then holds a signed cookie that names the account. So a stranger can
use up the strangers' share of an account but not that of its owner's own browser
(OWASP, "Device cookies").
"""

import hashlib
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from common.network import caller_key

WINDOW = 300
PER_CALLER = 20
PER_ACCOUNT = 10
COOKIE = "device"
SALT = "accounts.device"


def is_blocked(request: HttpRequest, email: str) -> bool:
    """Whether a try to sign in to ``email`` from this browser must wait."""
    return any((cache.get(key) or 0) >= limit for key, limit in _counters(request, email))


def note_failure(request: HttpRequest, email: str) -> None:
    for key, _limit in _counters(request, email):
        if not cache.add(key, 1, WINDOW):
            try:
                cache.incr(key)
            except ValueError:
                cache.set(key, 1, WINDOW)


def remember_device(response: HttpResponse, user: Any, *, secure: bool) -> None:
    """Give the browser that has just signed in its own share of tries."""
    value = signing.dumps(_account(user.email), salt=SALT)
    response.set_cookie(COOKIE, value, max_age=180 * 86400, httponly=True, samesite="Lax", secure=secure)


def _counters(request: HttpRequest, email: str) -> list[tuple[str, int]]:
    account, known = _account(email), request.COOKIES.get(COOKIE, "")
    try:
        is_owner = signing.loads(known, salt=SALT, max_age=180 * 86400) == account
    except signing.BadSignature:
        is_owner = False
    if is_owner:
        device = hashlib.sha256(known.encode()).hexdigest()[:16]
        return [(f"signin:device:{account}:{device}", PER_ACCOUNT)]
    return [(f"signin:caller:{caller_key(request)}", PER_CALLER), (f"signin:account:{account}", PER_ACCOUNT)]


def _account(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
