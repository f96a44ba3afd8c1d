"""Where a request comes from, kept only as long as a throttle needs it and never in clear."""

import hmac
import ipaddress
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
    return hmac.new(key, _caller(caller_address(request)).encode(), sha256).hexdigest()[:32]


def _caller(address: str) -> str:
    """Who an address stands for: with IPv6 its /64, out of which one household takes any address it likes."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
