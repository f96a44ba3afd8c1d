"""A release in the formats that other tools read: model card, CycloneDX, SPDX. See docs/decisions/exports.md."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import translation

from registry.exchange import cyclonedx, hub, spdx
from registry.exchange.facts import Facts
from registry.exchange.gather import facts_of, with_facts

__all__ = ["BY_PATH", "FORMATS", "Export", "Facts", "Format", "export", "facts_of", "with_facts"]


@dataclass(frozen=True)
class Format:
    """One format: how the API calls it, how its file is named on the portal, and what writes it."""

    name: str
    path: str
    media_type: str
    ending: str
    write: Callable[[Facts, str | None], bytes]


@dataclass(frozen=True)
class Export:
    content: bytes
    media_type: str
    filename: str
    etag: str


FORMATS = {
    each.name: each
    for each in (
        Format("huggingface", "card.md", hub.MEDIA_TYPE, hub.ENDING, hub.write),
        Format(
            "cyclonedx",
            "cyclonedx.json",
            cyclonedx.MEDIA_TYPE,
            cyclonedx.ENDING,
            lambda facts, _card: cyclonedx.write(facts),
        ),
        Format("spdx", "spdx.json", spdx.MEDIA_TYPE, spdx.ENDING, lambda facts, _card: spdx.write(facts)),
    )
}
BY_PATH = {each.path: each for each in FORMATS.values()}


def export(release: Any, format: Format) -> Export:
    """A release from ``with_facts`` in one format. The same data always gives the same bytes, in whatever language
    the reader reads the portal."""
    source = None
    if format.name == "huggingface":
        source = release.cards.order_by("-number").values_list("source", flat=True).first()
    with translation.override("en"):
        content = format.write(facts_of(release), source)
    separator = "-" if format.ending == hub.ENDING else "."
    filename = f"{release.family.slug}-{release.version}{separator}{format.ending}"
    return Export(content, format.media_type, filename, f'"{hashlib.sha256(content).hexdigest()}"')
