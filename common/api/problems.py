"""Every error of the API as ``application/problem+json`` (RFC 9457), naming the field it is about."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from common.lifecycle import Refused, Stale

CONTENT_TYPE = "application/problem+json"


class PreconditionRequired(exceptions.APIException):
    status_code = 428
    default_detail = "Send the ETag you read as If-Match, so that you do not overwrite what somebody else wrote."
    default_code = "precondition_required"


class KeyReused(exceptions.APIException):
    status_code = 422
    default_detail = "This Idempotency-Key was used for another request. Choose a new one."
    default_code = "idempotency_key_reused"


class KeyInUse(exceptions.APIException):
    status_code = 409
    default_detail = "A request with this Idempotency-Key is still being worked on. Try again in a moment."
    default_code = "idempotency_key_in_use"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: one shape for every refusal. Unknown errors go on to Django."""
    headers: dict[str, str] = {}
    if isinstance(error, Stale):
        body = _body(412, _("Changed meanwhile"), str(error))
    elif isinstance(error, Refused):
        errors = [{"field": error.field or "", "message": reason} for reason in error.reasons]
        body = _body(409, _("Not possible now"), str(error), errors=errors)
    elif isinstance(error, DjangoValidationError):
        body = _invalid(error.message_dict if hasattr(error, "error_dict") else {"": error.messages})
    elif isinstance(error, RequestDataTooBig):
        body = _body(413, _("Content Too Large"), _("The body is larger than this address takes."))
    elif isinstance(error, Http404):
        body = _body(404, _("Not found"), _("There is nothing here, or nothing you may know of."))
    elif isinstance(error, DjangoPermissionDenied):
        body = _body(403, _("Not allowed"), str(error) or _("Your account may not do this."))
    elif isinstance(error, exceptions.ValidationError):
        body = _invalid(error.detail)
    elif isinstance(error, exceptions.APIException):
        body = _body(error.status_code, _title(error), str(error.detail), code=error.get_codes())
        if auth := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = auth
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait) + 1)
    else:
        return None
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _body(status_code: int, title: str, detail: str, **members: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": title, "status": status_code, "detail": detail, **members}


def _title(error: exceptions.APIException) -> str:
    return HTTPStatus(error.status_code).phrase


def _invalid(detail: Any) -> dict[str, Any]:
    errors = list(_flatten(detail, ""))
    words = "; ".join(
        f"{entry['field']}: {entry['message']}" if entry["field"] else entry["message"] for entry in errors
    )
    return _body(status.HTTP_400_BAD_REQUEST, _("Not valid"), words, errors=errors)


def _flatten(detail: Any, path: str) -> Any:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            part = "" if name in {"non_field_errors", "__all__"} else str(name)
            yield from _flatten(inner, ".".join(filter(None, (path, part))))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _flatten(inner, ".".join(filter(None, (path, str(index)))) if nested else path)
    else:
        yield {"field": path, "message": str(detail)}
