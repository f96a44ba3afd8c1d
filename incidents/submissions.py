"""One sending of the report form, and the two marks a reporter's browser carries afterwards.

A form is born with a random number that its page alone knows. Sent twice (a double click, a reload, a
second try after an outage) it is the same report with the same receipt. No session is used, so the
server keeps nothing that links reports to a browser.
"""

import base64

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from common.anonymity import FormToken, fresh

__all__ = ["fresh", "new", "read"]

SENT, OPEN = "report_sent", "report_open"
SENT_FOR = 24 * 3600
OPEN_FOR = 3600
_PATH = "/report/"
# What a fresh form carries, and the number in one that was sent (None when it is not one of ours).
_form = FormToken("incidents.submission")
new, read = _form.new, _form.read


def note_sent(response: HttpResponse, submission: bytes) -> None:
    """Let this browser see the receipt of ``submission`` on the next page, until it is closed or a day has passed."""
    _set(response, SENT, base64.urlsafe_b64encode(submission).decode())


def sent(request: HttpRequest) -> bytes | None:
    value = _get(request, SENT, SENT_FOR)
    return base64.urlsafe_b64decode(value) if value else None


def note_open(response: HttpResponse, report_id: int) -> None:
    """Let this browser read report ``report_id`` for an hour without the receipt."""
    _set(response, OPEN, str(report_id))


def opened(request: HttpRequest) -> int | None:
    value = _get(request, OPEN, OPEN_FOR)
    return int(value) if value else None


def forget(response: HttpResponse, *names: str) -> None:
    for name in names:
        response.delete_cookie(name, path=_PATH, samesite="Strict")


def _set(response: HttpResponse, name: str, value: str) -> None:
    signed = signing.TimestampSigner(salt=f"incidents.{name}").sign(value)
    # Without a lifetime the browser drops it when it is closed; the signature's own age ends it sooner.
    response.set_cookie(name, signed, path=_PATH, httponly=True, samesite="Strict", secure=settings.HTTPS)


def _get(request: HttpRequest, name: str, max_age: int) -> str | None:
    try:
        return signing.TimestampSigner(salt=f"incidents.{name}").unsign(request.COOKIES.get(name, ""), max_age=max_age)
    except signing.BadSignature:
        return None
