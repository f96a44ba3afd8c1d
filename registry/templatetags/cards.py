"""Cards on pages: their text with anchors and their own pictures, and the words that changed."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.utils.safestring import SafeString

from common.markup import MENTION, markdown
from common.references import resolve_all
from registry import selectors
from registry.documentation import sections
from registry.documentation.comparison import Change
from registry.documentation.kinds import BY_KEY
from registry.documentation.results import EvaluationResult, results_of

register = template.Library()
# A long run of words that stayed is shown by its ends.
_SHOWN = 240


@register.simple_tag(takes_context=True)
def card_text(context: Any, release: Any, body: str, shift: int = 1) -> SafeString:
    """The text of a card as HTML: sections with anchors ``card-<name>``, pictures from the release's own files,
    and links to the decisions and risks it names, as far as the reader may know of them."""
    anchors = {section.line: f"card-{section.name}" for section in sections.split(body) if section.level}
    user = getattr(context.get("request"), "user", None) or AnonymousUser()
    named = resolve_all(set(MENTION.findall(body)), user, within=release.family)
    pictures = selectors.pictures_of(release, body)
    return markdown(body, shift, anchors=anchors, pictures=pictures, references=named)


@register.simple_tag
def card_outline(body: str) -> list[tuple[str, Any]]:
    """Anchor and words of the sections of a known kind, for a list of contents."""
    return [
        (f"card-{section.name}", BY_KEY[section.key].label)
        for section in sections.split(body)
        if section.key and section.name == section.key and not section.is_empty
    ]


@register.filter
def evaluation_results(card: Any) -> list[EvaluationResult]:
    return results_of(card.metadata)


@register.filter
def change_state(change: str) -> str:
    """The tone of a badge for a kind of change."""
    return {Change.ADDED: "ok", Change.REMOVED: "bad"}.get(Change(change), "info")


@register.filter
def shortened(text: str) -> list[str]:
    """``text`` in one piece, or its beginning and its end when it is long."""
    return [text] if len(text) <= 2 * _SHOWN else [text[:_SHOWN], text[-_SHOWN:]]
