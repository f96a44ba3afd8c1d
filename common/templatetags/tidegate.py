"""Template tags that every page may use: icons, times, sizes, safe Markdown, state words."""

import datetime as dt
import re
from functools import lru_cache
from typing import Any

import lucide
from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.forms import Field
from django.forms.utils import flatatt
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

from common.markup import markdown, plain

register = template.Library()

# What a badge shows beside its word. A state without an icon here gets none.
STAGE_ICONS = {
    "accepted": "circle-check",
    "active": "circle-check",
    "answered": "message-square",
    "approved": "circle-check",
    "archived": "archive",
    "closed": "circle-slash",
    "contained": "shield",
    "declined": "circle-x",
    "deprecated": "archive",
    "done": "circle-check",
    "draft": "pencil",
    "dropped": "circle-slash",
    "entered": "circle-dot",
    "evaluated": "ruler",
    "experimental": "flask-conical",
    "expired": "clock-alert",
    "failed": "circle-alert",
    "in_place": "shield-check",
    "in_progress": "circle-dot",
    "in_review": "eye",
    "investigating": "search",
    "left": "circle-check",
    "met": "circle-check",
    "mitigated": "shield-check",
    "open": "circle-dot",
    "overdue": "clock-alert",
    "due": "clock",
    "planned": "circle-dashed",
    "published": "globe",
    "queued": "hourglass",
    "received": "inbox",
    "rejected": "circle-x",
    "removed": "circle-slash",
    "resolved": "circle-check",
    "restricted": "lock",
    "retired": "archive",
    "returned": "undo-2",
    "revoked": "ban",
    "running": "loader",
    "safeguarded": "shield-check",
    "submitted": "send",
    "succeeded": "circle-check",
    "superseded": "history",
    "suspended": "circle-pause",
    "triaged": "list-checks",
    "withdrawn": "circle-x",
    "ok": "circle-check",
    "info": "info",
    "warn": "triangle-alert",
    "bad": "circle-alert",
}


class Words(TranslateNode):
    """Words that depend on nothing but the language, looked up once for each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known: dict[str | None, str] = {}

    def render(self, context: template.Context) -> str:
        language = get_language()
        if language not in self.known:
            self.known[language] = super().render(context)
        return self.known[language]


@register.tag("translate")
def translate(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """Django's own tag. A list says the same twenty words on every row; looking one up costs more than writing it."""
    node = do_translate(parser, token)
    text = node.filter_expression
    if node.noop or node.asvar or node.message_context or text.filters or text.var.lookups is not None:
        return node
    return Words(text, node.noop)


@lru_cache(maxsize=512)
def _svg(name: str, size: int) -> str:
    markup = lucide._render_icon(name, size, **{"class": "icon", "aria-hidden": "true", "focusable": "false"})
    return re.sub(r">\s+<", "><", markup.strip())


@register.simple_tag
def icon(name: str, size: int = 20) -> SafeString:
    """Draw the lucide icon ``name`` for the eye only: the words beside it carry the meaning."""
    return mark_safe(_svg(str(name), size) if name else "")  # noqa: S308 -- from the icon package


@register.simple_tag
def stage_icon(stage: str, name: str = "") -> SafeString:
    """Draw the icon of a state; ``name`` chooses another one and ``"none"`` draws nothing."""
    chosen = "" if name == "none" else (name or STAGE_ICONS.get(str(stage), ""))
    return icon(chosen)


@register.simple_tag
def badge(stage: Any = "", label: Any = "", icon: str = "", attributes: str = "") -> SafeString:
    """Draw a state: its word in the colour and with the icon that belong to it.

    ``<c-badge>`` draws through this tag. A row of a list calls it itself, for a component costs twenty times as much.
    """
    words = label if isinstance(label, SafeString) else str(label)
    return _badge(str(stage), words if words.strip() else stage_word(stage), icon, attributes)


# Few words in few colours: what is drawn once need not be put together again for the next row.
@lru_cache(maxsize=1024, typed=True)
def _badge(stage: str, words: str, icon: str, attributes: str) -> SafeString:
    return format_html(
        '<span class="badge" data-stage="{}"{}>{}{}</span>', stage, attributes, stage_icon(stage, icon), words
    )


@register.simple_tag
def level(band: Any = "", score: Any = "", word: Any = "", attributes: str = "") -> SafeString:
    """Draw a risk level: the score where there is one, and the word for its band. ``<c-level>`` for rows."""
    return _level(str(band), "" if score is None else str(score), str(word or band_word(band)), attributes)


@lru_cache(maxsize=1024, typed=True)
def _level(band: str, score: str, word: str, attributes: str) -> SafeString:
    number = format_html("<span>{}</span> ", score) if score else ""
    return format_html('<span class="level" data-band="{}"{}>{}{}</span>', band, attributes, number, word)


@register.simple_tag
def digest(value: Any, label: Any = "", full: Any = "", attributes: str = "") -> SafeString:
    """Draw a digest, shortened unless ``full``, with a button that copies all of it. ``<c-digest>`` for rows."""
    return format_html(
        '<span class="digest"{}><code title="{}">{}</code><button type="button" class="copy js-only" data-copy="{}"'
        ' data-copied="{}" aria-label="{}">{}</button></span>',
        attributes,
        value,
        value if full else short_digest(value),
        value,
        gettext("Copied"),
        label or gettext("Copy the whole digest"),
        icon("copy", 16),
    )


def day(value: dt.date) -> str:
    """A day with its month in words, so that nobody can take one for the other: "18 Nov 2026"."""
    return f"{value.day} {str(MONTHS_3[value.month]).capitalize()} {value.year}"


def _moment(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


@register.simple_tag
def when(value: dt.datetime | dt.date | None, style: str = "") -> SafeString:
    """Write a time with its zone: "18 Nov 2026, 09:30 UTC".

    The zone is the reader's (the active one), the ``datetime`` attribute is always UTC. Styles:
    ``"date"`` leaves the time of day to the title, ``"ago"`` says how long ago or how soon.
    """
    if value is None or value == "":
        return mark_safe('<span class="muted">–</span>')
    if not isinstance(value, dt.datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), day(value))
    local = _moment(value)
    full = f"{day(local)}, {local:%H:%M} {local.tzname() or ''}".strip()
    shown = day(local) if style == "date" else ago(value) if style == "ago" else full
    stamp = value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if timezone.is_aware(value) else value.isoformat()
    return format_html('<time datetime="{}" title="{}" data-time>{}</time>', stamp, full, shown)


@register.filter
def ago(value: dt.datetime | None) -> str:
    """Say in one unit how far ``value`` is from now: "2 h ago", "in 5 days"."""
    if not isinstance(value, dt.datetime):
        return ""
    seconds = (timezone.now() - value).total_seconds()
    size = abs(seconds)
    if size < 60:
        return pgettext("time", "just now") if seconds >= 0 else pgettext("time", "in a moment")
    if size < 3600:
        amount = gettext("%(n)s min") % {"n": int(size // 60)}
    elif size < 48 * 3600:
        amount = gettext("%(n)s h") % {"n": int(size // 3600)}
    else:
        days = int(size // 86400)
        amount = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    return gettext("%(time)s ago") % {"time": amount} if seconds >= 0 else gettext("in %(time)s") % {"time": amount}


@register.filter(name="bytes")
def bytes_filter(value: int | None) -> str:
    """Write a size in steps of 1000, as the people who publish files do: "412 kB", "15.2 GB"."""
    if value is None or value == "":
        return ""
    size = float(value)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            text = f"{size:.0f}" if size >= 100 or unit == "B" else f"{size:.1f}".removesuffix(".0")
            return f"{text} {unit}"
        size /= 1000
    raise AssertionError


@register.simple_tag(name="bytes")
def bytes_tag(value: int | None) -> str:
    return bytes_filter(value)


register.filter("markdown", markdown)
register.filter("plain", plain)


@register.filter
def html_attrs(attrs: Any) -> SafeString:
    """The attributes a component did not name itself, escaped, for its outer element."""
    given = attrs.attrs_dict() if hasattr(attrs, "attrs_dict") else dict(attrs or {})
    return flatatt({name: value for name, value in given.items() if value is not None and value is not False})


@register.filter
def band_word(band: str) -> str:
    """The word for a risk band, in the reader's language."""
    return {
        "low": pgettext("risk band", "Low"),
        "moderate": pgettext("risk band", "Moderate"),
        "high": pgettext("risk band", "High"),
        "critical": pgettext("risk band", "Critical"),
    }.get(str(band), str(band).replace("_", " ").capitalize())


@register.filter
def stage_word(stage: str) -> str:
    """A readable word for a state's stored name when no label is at hand."""
    return str(stage).replace("_", " ").capitalize()


@register.filter
def short_digest(value: str) -> str:
    """The first twelve characters of a digest: enough to tell two apart by eye."""
    text = str(value).removeprefix("sha256:")
    return f"{text[:12]}…" if len(text) > 12 else text


@register.simple_tag
def options(groups: list[tuple[Any, list[dict[str, Any]], int]]) -> SafeString:
    """The options of a select, in their groups."""
    drawn = []
    for name, choices, _index in groups:
        rows = format_html_join(
            "",
            '\n  <option value="{}"{}>{}</option>',
            ((option["value"], flatatt(option["attrs"]), option["label"]) for option in choices),
        )
        drawn.append(format_html('\n  <optgroup label="{}">{}\n  </optgroup>', name, rows) if name else rows)
    return mark_safe("".join(drawn))  # noqa: S308 -- format_html made each part


@register.filter
def optgroups(field: Any) -> list[tuple[str, list[Any]]]:
    """The options of a radio or checkbox field in their groups, ready to be drawn as cards."""
    groups: list[tuple[str, list[Any]]] = []
    widget = field.field.widget
    names = [name for name, options, _index in widget.optgroups(field.html_name, field.value() or []) for _ in options]
    for name, option in zip(names, field.subwidgets, strict=False):
        if not groups or groups[-1][0] != (name or ""):
            groups.append((name or "", []))
        groups[-1][1].append(option)
    return groups


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file; never fails, because error pages use it as well."""
    try:
        return staticfiles_storage.url(path)
    except ValueError:
        return f"{settings.STATIC_URL}{path}"


@register.simple_tag
def error_summary_once(form: Any) -> bool:
    """Claim the one place where a form's error summary is drawn; true for the first caller only."""
    if not form or not getattr(form, "errors", None) or getattr(form, "summary_drawn", False):
        return False
    form.summary_drawn = True
    return True


@register.filter
def summary_items(form: Any) -> list[tuple[str, str]]:
    """What an error summary lists: the address of the field and what to do about it.

    Away from its field "This field is required" says nothing, so here the field is named.
    """
    required = str(Field.default_error_messages["required"])
    items: list[tuple[str, str]] = []
    for name, errors in form.errors.items():
        target = ""
        if name in form.fields:
            field = form[name]
            target = f"#{field.id_for_label or first_option_id(field)}"
            named = gettext("“%(field)s” needs an answer.") % {"field": field.label}
            errors = [named if message == required else message for message in errors]
        items += [(target, message) for message in errors]
    return items


def first_option_id(field: Any) -> str:
    options = field.subwidgets
    return str(options[0].id_for_label) if options else str(field.auto_id)


@register.filter
def entry_id(field: Any) -> str:
    """The id of the control that a link from the error summary should focus."""
    return str(field.id_for_label or first_option_id(field))


@register.filter
def grouped(number: int) -> str:
    """A number with its thousands apart: 4,000."""
    return f"{number:,}"


@register.filter
def total(number: int, one_and_many: str) -> str:
    """``{{ 3|total:"risk,risks" }}`` is "3 risks": a number with its noun."""
    one, _, many = one_and_many.partition(",")
    return f"{number:,} {one if number == 1 else many or one}"


@register.filter
def is_secret_field(name: str) -> bool:
    """Whether a form field holds something that a page must never show again."""
    return bool(re.search(r"csrf|password|code|secret|token|receipt|credential", str(name), re.IGNORECASE))
