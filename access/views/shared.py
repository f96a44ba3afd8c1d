from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest

from common.lifecycle import Refused


def carry_out(form: Any, call: Any) -> Any:
    """What ``call`` returns; None when it was refused or a field is wrong, with the reasons on ``form``."""
    try:
        return call()
    except Refused as refused:
        form.add_refusal(refused)
    except ValidationError as wrong:
        errors = wrong.message_dict if hasattr(wrong, "error_dict") else {"__all__": wrong.messages}
        for name, reasons in errors.items():
            form.add_error(name if name in form.fields else None, reasons)
    return None


def allow(condition: bool) -> None:
    if not condition:
        raise PermissionDenied


def status_of(form: Any) -> int:
    return 422 if form.is_bound and form.errors else 200


def sent(request: HttpRequest) -> Any:
    """What a form was sent with, were it nothing at all; None when the page is only looked at."""
    return request.POST if request.method == "POST" else None
