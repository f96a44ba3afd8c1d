"""A release as a model card of the Hugging Face Hub.

The card that was given is exported as it is, byte for byte. A release without one gets a card of what the
registry knows, which says so.
"""

import re
from contextlib import suppress
from functools import cache
from typing import Any

import yaml

from common.lifecycle import Refused
from registry import licences
from registry.exchange.facts import Facts, PublicRisk

MEDIA_TYPE = "text/markdown; charset=utf-8"
ENDING = "README.md"
# From the Hub's documentation, “Licenses”.
_KNOWN = (
    *("afl-3.0", "agpl-3.0", "apache-2.0", "apple-amlr", "apple-ascl", "artistic-2.0", "bigcode-openrail-m"),
    *("bigscience-bloom-rail-1.0", "bigscience-openrail-m", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear"),
    *("bsl-1.0", "c-uda", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0"),
    *("cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
    *("cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0"),
    *("cdla-sharing-1.0", "creativeml-openrail-m", "deepfloyd-if-license", "ecl-2.0", "epl-1.0", "epl-2.0"),
    *("etalab-2.0", "eupl-1.1", "eupl-1.2", "gemma", "gpl-2.0", "gpl-3.0", "isc", "lgpl-2.1", "lgpl-3.0", "lgpl-lr"),
    *("llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "lppl-1.3c", "mit", "mpl-2.0", "ms-pl"),
    *("ncsa", "odbl", "odc-by", "ofl-1.1", "openmdw-1.0", "openrail", "openrail++", "osl-3.0", "pddl", "postgresql"),
    *("unlicense", "wtfpl", "zlib"),
)


def write(facts: Facts, source: str | None) -> bytes:
    """The card: ``source`` as it was given, or one made from ``facts``."""
    if source is not None:
        return source.encode()
    front = yaml.safe_dump(_metadata(facts), allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{front}---\n\n{_body(facts)}".encode()


def _metadata(facts: Facts) -> dict[str, Any]:
    given = {
        **_licence(facts),
        "language": facts.languages,
        "base_model": [ancestor.name for ancestor in facts.ancestors if ancestor.purl],
    }
    return {name: value for name, value in given.items() if value}


def _licence(facts: Facts) -> dict[str, str]:
    if facts.licence is None:
        return {}
    if known := _hub_licences().get(facts.licence.expression.replace("-or-later", "-only")):
        return {"license": known}
    own = facts.licence.named[0].name if len(facts.licence.named) == 1 else facts.licence.expression
    name = re.sub(r"[^a-z0-9.]+", "-", own.lower()).strip("-") or "custom"
    return {"license": "other", "license_name": name, "license_link": facts.licence_url or facts.links.page}


@cache
def _hub_licences() -> dict[str, str]:
    """The Hub's identifier of each licence that has one, by how we keep it."""
    found: dict[str, str] = {}
    for name in _KNOWN:
        with suppress(Refused):
            found.setdefault(licences.read(name), name)
    return found


def _body(facts: Facts) -> str:
    parts = [
        f"# {_line(facts.title)}",
        f"> The publisher gave no model card. This one was made from what is public at {facts.links.page}",
        _line(facts.summary),
        _section("Intended use", facts.intended_use),
        _section("Out-of-scope use", facts.out_of_scope_use),
        _section("Risks", "\n".join(_risk(risk) for risk in facts.risks)),
        _section("Files", "\n".join(f"- `{file.path}` (SHA-256 `{file.sha256}`)" for file in facts.files)),
        _section("Where to turn", _contact(facts)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text.strip()}" if text.strip() else ""


def _risk(risk: PublicRisk) -> str:
    level = f" ({risk.level})" if risk.level else ""
    parts = [f"- **{risk.reference} {_line(risk.title)}**{level}:", _line(risk.harm)]
    if risk.treatment:
        parts.append(f"What is done about it: {_line(risk.treatment)}.")
    return " ".join(part for part in parts if part)


def _contact(facts: Facts) -> str:
    lines = [f"- Report misuse: {facts.links.report}", f"- All risks and what is done about them: {facts.links.risks}"]
    if facts.publisher.email:
        lines.append(f"- Questions: {facts.publisher.email}")
    return "\n".join(lines)
