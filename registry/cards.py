"""Reading model cards: a Markdown text with YAML front matter, as ``README.md`` on the Hugging Face Hub.

The metadata is read by ``huggingface_hub``'s own card class, so that we understand what the Hub does.
What is kept is always the source as it was given; nothing here rewrites it.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _
from huggingface_hub import ModelCard
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from common.lifecycle import Refused
from registry import licences
from registry.models import Release

LARGEST_CARD = 1_000_000
# Cards with the results of many benchmarks have long front matter; the YAML reader is slow beyond this.
LARGEST_FRONT_MATTER = 300_000

_MODALITY = {
    "text-generation": "text",
    "text-classification": "text",
    "token-classification": "text",
    "question-answering": "text",
    "summarization": "text",
    "translation": "text",
    "fill-mask": "text",
    "feature-extraction": "text",
    "sentence-similarity": "text",
    "text-ranking": "text",
    "zero-shot-classification": "text",
    "text-to-image": "image",
    "image-to-image": "image",
    "image-classification": "image",
    "image-segmentation": "image",
    "object-detection": "image",
    "depth-estimation": "image",
    "unconditional-image-generation": "image",
    "text-to-speech": "audio",
    "text-to-audio": "audio",
    "audio-to-audio": "audio",
    "audio-classification": "audio",
    "automatic-speech-recognition": "audio",
    "text-to-video": "video",
    "image-to-video": "video",
    "video-classification": "video",
    "image-text-to-text": "multimodal",
    "audio-text-to-text": "multimodal",
    "video-text-to-text": "multimodal",
    "visual-question-answering": "multimodal",
    "document-question-answering": "multimodal",
    "image-to-text": "multimodal",
    "any-to-any": "multimodal",
}


@dataclass(frozen=True)
class ReadCard:
    """What a card says. ``facts`` holds those fields of a release that its metadata answers."""

    source: str
    body: str
    metadata: dict[str, Any]
    sha256: str
    facts: dict[str, Any] = field(default_factory=dict)


def decode(data: bytes, size: int | None = None) -> str:
    """The text of an uploaded card, with its line ends and byte order mark as they are.

    ``size`` is that of the whole upload where ``data`` is only its beginning.
    """
    if len(data) > LARGEST_CARD:
        raise _too_large(max(len(data), size or 0))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            _("The card is not UTF-8 text (byte %(at)s). Save it as UTF-8 and try again.") % {"at": error.start},
            field="source",
        ) from error


def read(source: str) -> ReadCard:
    """Read a card. Raises ``Refused`` that says what is wrong with it and, where it can, on which line."""
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > LARGEST_CARD:
        raise _too_large(size)
    if "\x00" in source:
        raise Refused(_("The card contains a NUL character, so it is not a text."), field="source")
    text = source.removeprefix("\ufeff")
    block = REGEX_YAML_BLOCK.match(text)
    if block is None:
        raise Refused(
            _("The card has no front matter. Begin it with “---” on a line, then the metadata as YAML, then “---”."),
            field="source",
        )
    check_front_matter(block.group(2))
    try:
        card = ModelCard(text)
        metadata = _plain(card.data.to_dict())
    except (ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError, RecursionError) as error:
        raise Refused(
            _("The metadata of the card cannot be read: %(why)s") % {"why": _first_line(error)}, field="source"
        ) from error
    if languages := _languages(metadata.get("language")):
        metadata["language"] = languages
    body = text[block.end() :]
    return ReadCard(source, body, metadata, hashlib.sha256(source.encode()).hexdigest(), _facts(metadata))


def _too_large(size: int) -> Refused:
    words = _(
        "The card is %(size).1f MB long; at most %(limit).0f MB are read. Move large tables to a file of the release."
    )
    return Refused(words % {"size": size / 1e6, "limit": LARGEST_CARD / 1e6}, field="source")


def check_front_matter(front: str, *, field: str = "source", first_line: int = 2) -> None:
    """Raise ``Refused`` for YAML that is no mapping, or that nobody should have to read."""
    if len(front) > LARGEST_FRONT_MATTER:
        raise Refused(
            _("The front matter is %(size)s kB long; at most %(limit)s kB are read.")
            % {"size": len(front) // 1000, "limit": LARGEST_FRONT_MATTER // 1000},
            field=field,
        )
    depth = 0
    try:
        for event in yaml.parse(front, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                # A few lines of anchors and aliases can stand for gigabytes.
                raise Refused(_("YAML aliases (“*name”) are not allowed in the front matter."), field=field)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > 50:
                raise Refused(_("The front matter is nested more than 50 levels deep."), field=field)
        if not isinstance(yaml.safe_load(front), dict | None):
            raise Refused(_("The front matter must be a list of “name: value” lines."), field=field)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or _first_line(error)
        if mark is None:
            raise Refused(_("The front matter is not valid YAML: %s.") % problem, field=field) from error
        # The mark counts from 0 inside the block, which begins below the line “---” in a card.
        raise Refused(
            _("The front matter is not valid YAML: line %(line)s, column %(column)s: %(problem)s.")
            % {"line": mark.line + first_line, "column": mark.column + 1, "problem": problem},
            field=field,
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refused(_("The front matter is not valid YAML: %s.") % _first_line(error), field=field) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _plain(value: Any) -> Any:
    """``value`` as JSON holds it: YAML also knows dates, binary data, and numbers that JSON does not."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and (value != value or value in {float("inf"), float("-inf")}):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value).replace("\x00", "")


def _facts(metadata: dict[str, Any]) -> dict[str, Any]:
    facts = {
        **licences.from_card(metadata),
        "base_model": ", ".join(map(str, _listed(metadata.get("base_model")))),
        "languages": _languages(metadata.get("language")),
        "modality": _MODALITY.get(str(metadata.get("pipeline_tag") or ""), ""),
    }
    facts = {name: value for name, value in facts.items() if value}
    for name in ("licence", "licence_name", "licence_url", "base_model"):
        column: Any = Release._meta.get_field(name)
        if name in facts:
            facts[name] = facts[name][: column.max_length]
    return facts


def _languages(value: Any) -> list[str]:
    # YAML 1.1 reads Norwegian, “no”, as false.
    given = ["no" if item is False else str(item).strip() for item in ([value] if value is False else _listed(value))]
    return [item for item in dict.fromkeys(given) if item and len(item) <= 20][:100]


def _listed(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]
