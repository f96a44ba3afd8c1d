from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request


class TokenScope(BasePermission):
    """A token may do what its scopes say: reading needs ``read``, everything else ``write``.

    A view may name other scopes in ``required_scopes`` = {"GET": "download", …}. Who may see or do what is
    not decided here: views ask the queryset and the service.
    """

    message = "This token does not have the scope that this needs."

    def has_permission(self, request: Request, view: Any) -> bool:
        scopes = getattr(request.auth, "scopes", None)
        if scopes is None:
            return True
        needed = getattr(view, "required_scopes", {}).get(request.method)
        return (needed or ("read" if request.method in SAFE_METHODS else "write")) in scopes


class SignedIn(TokenScope):
    """Somebody with an account; 401 to everybody else."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated) and super().has_permission(request, view)


class SignedInToWrite(TokenScope):
    """Anybody may read what the queryset shows them; writing needs an account."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method not in SAFE_METHODS and not request.user.is_authenticated:
            return False
        return super().has_permission(request, view)
