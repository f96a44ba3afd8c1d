"""References in templates: a link for whoever may know of the thing, the plain words for everybody else."""

from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from common.references import Target, resolve

register = template.Library()


@register.simple_tag(takes_context=True)
def reference(context: Any, text: str, within: Any = None) -> SafeString:
    """``{% reference "D-12" %}``: one query, so in a list use ``resolve_all`` and ``reference_link``."""
    return reference_link(text, resolve(text, context["request"].user, within=within))


@register.simple_tag
def reference_link(text: str, target: Target | None) -> SafeString:
    if target is None:
        return conditional_escape(text)
    return format_html('<a href="{}">{}</a>', target.url, target.label)
