import hmac
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.services import token_digest
from common.prepared import Prepared, columns_of, instance

SEEN_EVERY = timedelta(minutes=1)
_TOKEN, _USER = columns_of(ApiToken), columns_of(User, "user__")
_by_prefix = Prepared(lambda prefix: ApiToken.objects.filter(prefix=prefix).order_by(), [*_TOKEN, *_USER], prefix=str)


def user_of_token(value: str) -> tuple[User, ApiToken] | None:
    """Whose token ``value`` is; None when it is not, or no longer, one of ours. One query, and at most one
    write a minute for when it was last used."""
    parts = value.split("_", 2)
    if len(parts) != 3 or parts[0] != "tg":
        return None
    rows = _by_prefix.rows(prefix=parts[1][:12])
    if not rows:
        return None
    token = instance(ApiToken, rows[0][: len(_TOKEN)])
    token.user = instance(User, rows[0][len(_TOKEN) :])
    if not hmac.compare_digest(token.digest, token_digest(value)):
        return None
    if not token.usable or not token.user.is_active:
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > SEEN_EVERY:
        due = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY)
        ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
    return token.user, token


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer tg_…``"""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = user_of_token(value.strip())
        if found is None:
            raise exceptions.AuthenticationFailed("This token is unknown, expired or revoked.")
        return found

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, with CSRF protection. Answers 401 like the token, so clients know what to send."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A personal API token: tg_…"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
