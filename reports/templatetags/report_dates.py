import datetime as dt

from django import template
from django.utils.formats import date_format

register = template.Library()


@register.filter
def day(value: str | None) -> str:
    """A stored day ("2026-05-04") as people read it ("4 May 2026"); a dash where there is none."""
    return date_format(dt.date.fromisoformat(value), "j M Y") if value else "–"


@register.filter
def moment(value: str) -> str:
    """A stored moment as people read it: "24 Nov 2026, 06:58 UTC"."""
    return date_format(dt.datetime.fromisoformat(value), "j M Y, H:i") + " UTC"
