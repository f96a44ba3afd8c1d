"""Panels: how an upper app shows itself on a lower app's page without the lower one knowing it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

Build = Callable[[HttpRequest, Any], dict[str, Any] | None]


@dataclass(frozen=True)
class Panel:
    slot: str
    template: str
    order: int
    build: Build


_panels: dict[str, list[Panel]] = defaultdict(list)


def panel(slot: str, *, template: str, order: int = 50) -> Callable[[Build], Build]:
    """Show ``template`` in ``slot``; the decorated function gives its context, or None to show nothing."""

    def add(build: Build) -> Build:
        _panels[slot].append(Panel(slot, template, order, build))
        _panels[slot].sort(key=lambda entry: entry.order)
        return build

    return add


def render(slot: str, request: HttpRequest, obj: Any) -> SafeString:
    """All panels of ``slot`` for ``obj``, in order."""
    parts = [
        render_to_string(entry.template, context, request)
        for entry in _panels[slot]
        if (context := entry.build(request, obj)) is not None
    ]
    return mark_safe("".join(parts))  # noqa: S308 -- each part is a rendered template
