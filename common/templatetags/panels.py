from typing import Any

from django import template
from django.utils.safestring import SafeString

from common import panels as registry

register = template.Library()


@register.simple_tag(takes_context=True)
def panels(context: dict[str, Any], slot: str, obj: Any = None) -> SafeString:
    """Everything that other apps show in ``slot`` for ``obj``."""
    return registry.render(slot, context["request"], obj)
