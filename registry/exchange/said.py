"""What a model card says of its model, read from its metadata and its headings for use in other formats.

A card is somebody else's text: a field may be missing, of another type, or nonsense. What cannot be read
is left out; nothing is guessed.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from registry.documentation import sections as cards

# A section of a card in another document; who wants more reads the card, which every format links to.
LONGEST_TEXT = 20_000
_PLACEHOLDER = re.compile(r"\[more information needed\]", re.IGNORECASE)
_HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_SETTINGS = re.compile(r"hyper-?parameter", re.IGNORECASE)
_ARXIV = re.compile(r"arxiv:(\d{4}\.\d{4,5}(?:v\d+)?)")

# What goes into a model of this task and what comes out of it, where the name of the task does not say so.
_IN_OUT = {
    "automatic-speech-recognition": (("audio",), ("text",)),
    "any-to-any": (("text", "image", "audio", "video"), ("text", "image", "audio", "video")),
    "depth-estimation": (("image",), ("image",)),
    "document-question-answering": (("image", "text"), ("text",)),
    "feature-extraction": (("text",), ("tensor",)),
    "fill-mask": (("text",), ("text",)),
    "question-answering": (("text",), ("text",)),
    "sentence-similarity": (("text",), ("number",)),
    "summarization": (("text",), ("text",)),
    "table-question-answering": (("table", "text"), ("text",)),
    "text-ranking": (("text",), ("number",)),
    "translation": (("text",), ("text",)),
    "object-detection": (("image",), ("label",)),
    "unconditional-image-generation": ((), ("image",)),
    "visual-question-answering": (("image", "text"), ("text",)),
}
_FORMATS = {"text": "text", "image": "image", "audio": "audio", "speech": "audio", "video": "video", "3d": "3d"}
_OUTCOMES = {
    "generation": None,
    "classification": "label",
    "segmentation": "mask",
    "regression": "number",
    "forecasting": "time-series",
}
_SUBJECTS = {"token": "text", "tabular": "table", "time-series": "time-series", **_FORMATS}


@dataclass(frozen=True)
class Result:
    """One line of ``model-index``: what was measured on what, and what came out."""

    metric: str
    value: str
    task: str = ""
    data: str = ""
    data_id: str = ""


def listed(value: Any) -> list[str]:
    """The words of a field that may be one word or a list of them."""
    items = value if isinstance(value, list) else [value]
    words = [word(item) for item in items]
    return list(dict.fromkeys(item for item in words if item))


def word(value: Any) -> str:
    """A scalar as one line; empty for anything else."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    return " ".join(str(value).split())


def as_text(value: Any) -> str:
    """Any value of the metadata as a text, structures as JSON; the same value always gives the same text."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def results(metadata: dict[str, Any]) -> list[Result]:
    """All measurements of ``model-index`` that name a metric and a value."""
    found = []
    for model in sequence(metadata.get("model-index")):
        for result in sequence(mapping(model).get("results")):
            task, data = mapping(mapping(result).get("task")), mapping(mapping(result).get("dataset"))
            where = " · ".join(
                part for part in (word(data.get("name")) or word(data.get("type")), *_details(data)) if part
            )
            for metric in sequence(mapping(result).get("metrics")):
                metric = mapping(metric)
                name = word(metric.get("type")) or word(metric.get("name"))
                value = as_text(metric["value"]) if metric.get("value") is not None else ""
                if name and value:
                    label = word(metric.get("name"))
                    found.append(
                        Result(
                            metric=f"{name} ({label})" if label and label != name else name,
                            value=value,
                            task=word(task.get("type")) or word(task.get("name")),
                            data=where,
                            data_id=word(data.get("type")),
                        )
                    )
    return found


def _details(data: dict[str, Any]) -> list[str]:
    return [word(data.get(name)) for name in ("config", "split", "revision")]


def task(metadata: dict[str, Any]) -> str:
    """What the model does, in the Hub's words."""
    declared = word(metadata.get("pipeline_tag"))
    return declared or next((result.task for result in results(metadata) if result.task), "")


def in_and_out(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What goes into a model of this task and what comes out; nothing for a task we do not know."""
    name = name.lower()
    if name in _IN_OUT:
        return _IN_OUT[name]
    if "-to-" in name:
        given, made = name.split("-to-", 1)
        inputs = tuple(_FORMATS[part] for part in given.split("-") if part in _FORMATS)
        outputs = tuple(_FORMATS[part] for part in made.split("-") if part in _FORMATS)
        return inputs, outputs
    subject, _sep, outcome = name.rpartition("-")
    subject = subject.removeprefix("zero-shot-")
    if subject in _SUBJECTS and outcome in _OUTCOMES:
        return (_SUBJECTS[subject],), (_OUTCOMES[outcome] or _SUBJECTS[subject],)
    return (), ()


def architectures(metadata: dict[str, Any]) -> tuple[str, str]:
    """The family of the architecture and the architecture itself, where the card names them."""
    family = word(metadata.get("model_type")) or word(metadata.get("architecture_family"))
    exact = listed(metadata.get("architectures")) or listed(metadata.get("architecture"))
    return family, ", ".join(exact)


def papers(metadata: dict[str, Any]) -> list[str]:
    """The addresses of papers that the tags name, as the Hub links them."""
    tags = (_ARXIV.fullmatch(tag.lower()) for tag in listed(metadata.get("tags")))
    return [f"https://arxiv.org/abs/{found[1]}" for found in tags if found]


def emissions(metadata: dict[str, Any]) -> dict[str, str]:
    """What the card says of its carbon footprint. ``emissions`` is in grams of CO2 equivalent."""
    given = metadata.get("co2_eq_emissions")
    if not isinstance(given, dict):
        given = {"emissions": given}
    return {name: as_text(value) for name, value in given.items() if value is not None and value != ""}


def hub_name(text: str) -> tuple[str, str] | None:
    """The two parts of a name on the Hub (the first may be empty); None for anything else."""
    if _HUB_NAME.fullmatch(text) is None:
        return None
    owner, _slash, name = text.rpartition("/")
    return owner, name


def web_address(value: Any) -> str:
    """``value`` if it is an address on the web that every format may carry; else nothing."""
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(r"https?://[!#$%&'()*+,./0-9:;=?@A-Z_a-z~-]+", text) or re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return ""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return ""
    return text if host and re.fullmatch(r"[A-Za-z0-9.-]+", host) and text.count("#") < 2 else ""


def sections(body: str) -> dict[str, str]:
    """What the sections of a card say, as Markdown, by their kind; the settings of training as a section of its own.

    Comments and placeholders of templates that nobody filled are left out.
    """
    found: dict[str, list[str]] = {}
    for section in cards.split(body):
        if not section.key or not (text := _told(section.text)):
            continue
        found.setdefault(section.key, []).append(text)
        if settings := text if _SETTINGS.search(section.title) else _settings(text):
            found.setdefault("settings", []).append(settings)
    texts = {key: "\n\n".join(parts) for key, parts in found.items()}
    return {key: text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…" for key, text in texts.items()}


def _told(text: str) -> str:
    if not cards.said(text):
        return ""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if not _PLACEHOLDER.search(line)).strip()


def _settings(text: str) -> str:
    """What stands under “Training hyperparameters” inside ``text``, as trainers write it."""
    parts = re.split(r"^(#{1,6}\s.*)$", text, flags=re.MULTILINE)
    below = zip(parts[1::2], parts[2::2], strict=True)
    return next((part.strip() for title, part in below if _SETTINGS.search(title)), "")


def points(text: str) -> list[str]:
    """The items of a text that is one list; the text itself where it is more than that."""
    items: list[str] = []
    for line in text.splitlines():
        if found := re.match(r"[-*+]\s+(.*)", line):
            items.append(found[1])
        elif items and line.startswith("  ") and line.strip():
            items[-1] = f"{items[-1]} {line.strip()}"
        elif line.strip():
            return [text]
    return items or ([text] if text else [])


def pairs(text: str) -> dict[str, str]:
    """The “name: value” items of a list, as trainers write their hyperparameters."""
    found = {}
    for item in points(text):
        name, colon, value = re.sub(r"[*`]", "", item).partition(":")
        if colon and name.strip() and value.strip() and "\n" not in item and len(name) < 80:
            found[name.strip()] = value.strip()
    return found
