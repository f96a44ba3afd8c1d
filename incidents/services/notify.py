"""Telling handlers that something waits, without telling anybody anything else."""

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import selectors
from incidents.models import HandlerDigest, MisuseReport


def note_for_handlers(report: MisuseReport) -> None:
    """Remember that everybody who handles ``report`` has something new to read."""
    rows = [HandlerDigest(user=user, pending=True) for user in selectors.handlers_for(report.audience)]
    HandlerDigest.objects.bulk_create(rows, update_conflicts=True, unique_fields=["user"], update_fields=["pending"])


def pending_digests() -> list[int]:
    return list(
        HandlerDigest.objects.filter(pending=True, user__is_active=True).order_by("pk").values_list("pk", flat=True)
    )


@transaction.atomic
def send_digest(pk: int) -> bool:
    """Send one handler the mail that reports wait, at most once in a clock hour; True when it was sent.

    It goes out on the hour and says nothing of the reports, not even how many: neither its content nor
    the minute it travels at tells a mail server what somebody just did.
    """
    row = HandlerDigest.objects.select_for_update(of=("self",)).select_related("user").get(pk=pk)
    now = timezone.now()
    if not row.pending or (row.sent_at and _hour(row.sent_at) >= _hour(now)):
        return False
    context = {"portal_name": settings.PORTAL_NAME, "base_url": settings.BASE_URL}
    body = render_to_string("incidents/email/digest.txt", context)
    send_mail(_("Misuse reports wait for you"), body, settings.DEFAULT_FROM_EMAIL, [row.user.email])
    row.pending, row.sent_at = False, now
    row.save(update_fields=["pending", "sent_at"])
    return True


def _hour(moment: Any) -> Any:
    return moment.replace(minute=0, second=0, microsecond=0)
