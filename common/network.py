"""Where a request comes from, kept only as long as a throttle needs it and never in clear."""

import hmac
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone


def caller_address(request: HttpRequest) -> str:
    """The address that our own proxies saw. What the caller wrote into X-Forwarded-For is not looked at."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    if trusted and len(hops) >= trusted:
        return hops[-trusted]
    return request.META.get("REMOTE_ADDR", "")


def caller_key(request: HttpRequest) -> str:
    """A throttle's name for the caller: the same all day (UTC), another tomorrow, not to be turned back."""
    salt = f"caller {timezone.now():%Y-%m-%d}".encode()
    key = hmac.new(settings.SECRET_KEY.encode(), salt, sha256).digest()
    return hmac.new(key, caller_address(request).encode(), sha256).hexdigest()[:32]
