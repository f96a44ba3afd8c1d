"""Reminding people: one digest a person and day, by mail and on their page, as each wants it."""

import datetime as dt
import zoneinfo
from collections.abc import Collection
from dataclasses import asdict
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.models import ReminderDigest, ReminderPreference, User
from common import audit, reminders

SALT = "accounts.reminders.stop"
FIELDS = ("frequency", "hour", "weekday", "left_out")


def preference_of(user: User) -> ReminderPreference:
    """How ``user`` wants to be reminded; the defaults, not stored, where they never said."""
    return ReminderPreference.objects.filter(user=user.pk).first() or ReminderPreference(user_id=user.pk)


@transaction.atomic
def set_reminders(user: User, *, actor: Any, **changes: Any) -> ReminderPreference:
    """Say how one wants to be reminded. Nobody says it for somebody else."""
    if actor.pk != user.pk:
        raise PermissionDenied
    if unknown := changes.keys() - set(FIELDS):
        raise TypeError(f"Not editable: {', '.join(sorted(unknown))}")
    ReminderPreference.objects.get_or_create(user_id=user.pk)
    row = ReminderPreference.objects.select_for_update().get(user=user.pk)
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, sorted(set(value)) if name == "left_out" else value)
    known = {kind.key for kind in reminders.kinds()}
    if strange := set(row.left_out) - known - set(before.get("left_out", ())):
        raise ValidationError({"left_out": f"{sorted(strange)[0]}?"})
    row.clean_fields(exclude=["user"])
    after = {name: getattr(row, name) for name in changes}
    if before != after:
        row.save()
        audit.record(actor, "accounts.user.set_reminders", user, before=before, after=after)
    return row


def zone_of(user: User) -> dt.tzinfo:
    return zoneinfo.ZoneInfo(user.time_zone) if user.time_zone else dt.UTC


def what_waits(user: User, now: dt.datetime, without: Collection[str] = ()) -> list[reminders.Found]:
    """All that ``user`` would be reminded of at this moment."""
    return reminders.waiting(user, now.astimezone(zone_of(user)).date(), without=without)


def people_to_remind(now: dt.datetime) -> list[int]:
    """Whose hour has come, in their own time zone, and who were not reminded yet on this day of theirs.

    An hour that no worker saw is made up for on the same day. Only people with a role can have anything waiting.
    """
    people = User.objects.filter(is_active=True, is_service=False, groups__isnull=False).distinct()
    told = set(ReminderDigest.objects.filter(day__gte=now.date() - dt.timedelta(days=1)).values_list("user_id", "day"))
    due = []
    for user in people.select_related("reminder_preference").order_by("pk").iterator():
        local = now.astimezone(zone_of(user))
        wish = getattr(user, "reminder_preference", None) or ReminderPreference(user_id=user.pk)
        if wish.frequency == ReminderPreference.Frequency.NEVER or local.hour < wish.hour:
            continue
        if wish.frequency == ReminderPreference.Frequency.WEEKLY and local.weekday() != wish.weekday:
            continue
        if (user.pk, local.date()) not in told:
            due.append(user.pk)
    return due


def write_digest(user: User, now: dt.datetime) -> ReminderDigest:
    """Put down what ``user`` is reminded of on this day of theirs; the one that is there where somebody was faster.

    A day on which nothing waits is written down as well: what comes up later that day is for the next one.
    """
    day = now.astimezone(zone_of(user)).date()
    found = reminders.waiting(user, day, without=preference_of(user).left_out)
    content = [
        {"label": str(each.kind.label), "things": [_thing(reminder) for reminder in each.reminders]} for each in found
    ]
    count = sum(len(each.reminders) for each in found)
    row, _created = ReminderDigest.objects.get_or_create(
        user=user, day=day, defaults={"content": content, "item_count": count}
    )
    return row


def _thing(reminder: reminders.Reminder) -> dict[str, str]:
    return {name: str(value) if value is not None else "" for name, value in asdict(reminder).items()}


def unsent_digests(now: dt.datetime) -> list[int]:
    """Digests of today that were written and not sent: their worker died, or the mail server was away."""
    rows = ReminderDigest.objects.filter(
        sent_at=None, item_count__gt=0, user__is_active=True, created_at__gt=now - dt.timedelta(hours=20)
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def send_digest(pk: int) -> bool:
    """Send a digest unless it was sent; True when it was.

    The row stays locked while the mail goes out, and whoever finds it locked leaves it alone. A worker that dies
    after the mail server took the mail and before this is on record sends it once more, the same with the same
    Message-ID, by which mailboxes know it.
    """
    rows = ReminderDigest.objects.select_for_update(of=("self",), skip_locked=True).select_related("user")
    row = rows.filter(pk=pk).first()
    if row is None or row.sent_at is not None or not row.item_count or not row.user.is_active:
        return False
    _mail(row).send()
    row.sent_at = timezone.now()
    row.save(update_fields=["sent_at"])
    return True


def _mail(row: ReminderDigest) -> EmailMessage:
    preferences = settings.BASE_URL + reverse("accounts:reminders")
    stop = settings.BASE_URL + reverse("accounts:reminder_stop", args=[stop_token(row.user)])
    context = {
        "content": [_dated(kind) for kind in row.content],
        "preferences": preferences,
        "stop": stop,
        "portal_name": settings.PORTAL_NAME,
        "base_url": settings.BASE_URL,
    }
    subject = ngettext("%d thing waits for you", "%d things wait for you", row.item_count) % row.item_count
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    headers = {
        "Message-ID": f"<reminder-{row.user_id}-{row.day:%Y%m%d}@{host}>",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }
    body = render_to_string("accounts/email/reminders.txt", context)
    return EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [row.user.email], headers=headers)


def _dated(kind: dict[str, Any]) -> dict[str, Any]:
    """A kind of a digest with the dates of its things as dates again."""
    things = [
        {**thing, "due_on": dt.date.fromisoformat(thing["due_on"]) if thing["due_on"] else None}
        for thing in kind["things"]
    ]
    return {"label": kind["label"], "things": things}


def stop_token(user: User) -> str:
    """What a mail carries so that its reader can end the mails without signing in. It opens nothing else."""
    return signing.dumps(user.pk, salt=SALT)


def person_of(token: str) -> User | None:
    """Whose mails a token ends."""
    try:
        number = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=number, is_active=True, is_service=False).first()
