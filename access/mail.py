"""The mails of this app: who, what happened, why, and where to click."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


@dataclass(frozen=True)
class Notice:
    """One mail: what happened, facts as pairs of label and value, somebody's words, and the page to open."""

    subject: str
    opening: str
    facts: tuple[tuple[str, Any], ...] = ()
    quote_label: str = ""
    quote: str = ""
    action: str = ""
    path: str = "/"
    closing: str = ""


def send(notice: Notice, to: Iterable[str]) -> int:
    """Send ``notice`` to each address and answer with how many there were."""
    addresses = sorted({address for address in to if address})
    if not addresses:
        return 0
    page = {
        "notice": notice,
        "url": f"{settings.BASE_URL}{notice.path}",
        "base_url": settings.BASE_URL,
        "portal_name": settings.PORTAL_NAME,
    }
    message = EmailMultiAlternatives(
        subject=" ".join(f"{settings.PORTAL_NAME}: {notice.subject}".split()),
        body=render_to_string("access/email/notice.txt", page),
        to=addresses,
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("access/email/notice.html", page), "text/html")
    message.send()
    return len(addresses)
