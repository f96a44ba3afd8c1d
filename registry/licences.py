"""Licences: SPDX expressions, the open model licences that SPDX lacks, and texts of one's own.

An expression is read by ``license-expression``, the library of the field. The names are those of the SPDX
licence list that travels with the CycloneDX schemas; references to licences outside it are those of ScanCode
LicenseDB, which also says of what kind a licence is. See ``docs/decisions/licences.md``.
"""

import difflib
import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from license_expression import ExpressionError, LicenseSymbol, Licensing

from common.lifecycle import Refused

LONGEST = 300
OWN = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
OPERATOR = re.compile(r"[()]|\b(and|or|with)\b", re.IGNORECASE)

# Open model licences that neither list has: reference, name, where its text is.
_OURS = (
    ("LicenseRef-OpenRAIL", "OpenRAIL licence family", "https://www.licenses.ai/"),
    (
        "LicenseRef-CreativeML-OpenRAIL-M",
        "CreativeML OpenRAIL-M",
        "https://huggingface.co/spaces/CompVis/stable-diffusion-license",
    ),
    (
        "LicenseRef-OpenRAIL-pp-M",
        "CreativeML Open RAIL++-M",
        "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
    ),
    ("LicenseRef-Llama-3", "Meta Llama 3 Community License Agreement", "https://www.llama.com/llama3/license/"),
    (
        "LicenseRef-DeepFloyd-IF",
        "DeepFloyd IF Research License Agreement",
        "https://huggingface.co/spaces/DeepFloyd/deepfloyd-if-license",
    ),
)
# ScanCode LicenseDB knows these by number; people know them by name.
_NAMES = {
    "LicenseRef-scancode-bigcode-open-rail-m-v1": "BigCode OpenRAIL-M v1",
    "LicenseRef-scancode-bigscience-open-rail-m": "BigScience OpenRAIL-M",
    "LicenseRef-scancode-bigscience-open-rail-m2": "BigScience OpenRAIL-M (second version)",
    "LicenseRef-scancode-bigscience-rail-1.0": "BigScience BLOOM RAIL 1.0",
    "LicenseRef-scancode-deepseek-la-1.0": "DeepSeek License Agreement 1.0",
    "LicenseRef-scancode-exaone-ai-model-1.1-nc": "EXAONE AI Model License Agreement 1.1 - NC",
    "LicenseRef-scancode-fair-ai-public-1.0": "Fair AI Public License 1.0",
    "LicenseRef-scancode-fair-ai-public-1.0-sd": "Fair AI Public License 1.0-SD",
    "LicenseRef-scancode-falcon-2-11b-1.0": "Falcon 2 11B TII License 1.0",
    "LicenseRef-scancode-gemma-tou-2024-04-01": "Gemma Terms of Use",
    "LicenseRef-scancode-llama-license-2023": "LLaMA License Agreement (2023)",
    "LicenseRef-scancode-llama-2-license-2023": "Llama 2 Community License Agreement",
    "LicenseRef-scancode-llama-3.1-license-2024": "Llama 3.1 Community License Agreement",
    "LicenseRef-scancode-llama-3.2-license-2024": "Llama 3.2 Community License Agreement",
    "LicenseRef-scancode-llama-3.3-license-2024": "Llama 3.3 Community License Agreement",
    "LicenseRef-scancode-llama-4-license-2025": "Llama 4 Community License Agreement",
    "LicenseRef-scancode-nvidia-open-model-2025-04-28": "NVIDIA Open Model License",
    "LicenseRef-scancode-stability-ai-community-2024": "Stability AI Community License",
    "LicenseRef-scancode-stability-ai-nc-2023-12-06": "Stability AI Non-Commercial License",
    "LicenseRef-scancode-tencent-hunyuan-3d-2.0-cla": "Tencent Hunyuan 3D 2.0 Community License Agreement",
    "LicenseRef-scancode-tongyi-qianwen-2023": "Tongyi Qianwen License Agreement (2023)",
}
# The Hub's identifiers (hub-docs, repositories-licenses.md) where they are not an SPDX id in small letters.
_HUB = {
    "bsd": "BSD-3-Clause",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "odc-by": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "pddl": "PDDL-1.0",
    "lgpl-lr": "LGPLLR",
    "c-uda": "C-UDA-1.0",
    "open-mdw": "OpenMDW-1.0",
    "openmdw": "OpenMDW-1.0",
    "openrail": "LicenseRef-OpenRAIL",
    "openrail++": "LicenseRef-OpenRAIL-pp-M",
    "creativeml-openrail-m": "LicenseRef-CreativeML-OpenRAIL-M",
    "bigscience-openrail-m": "LicenseRef-scancode-bigscience-open-rail-m",
    "bigscience-bloom-rail-1.0": "LicenseRef-scancode-bigscience-rail-1.0",
    "bigcode-openrail-m": "LicenseRef-scancode-bigcode-open-rail-m-v1",
    "llama2": "LicenseRef-scancode-llama-2-license-2023",
    "llama3": "LicenseRef-Llama-3",
    "llama3.1": "LicenseRef-scancode-llama-3.1-license-2024",
    "llama3.2": "LicenseRef-scancode-llama-3.2-license-2024",
    "llama3.3": "LicenseRef-scancode-llama-3.3-license-2024",
    "llama4": "LicenseRef-scancode-llama-4-license-2025",
    "gemma": "LicenseRef-scancode-gemma-tou-2024-04-01",
    "deepfloyd-if-license": "LicenseRef-DeepFloyd-IF",
}
# Kinds of licence as ScanCode LicenseDB sorts them, each in words for somebody who has a minute.
KINDS = {
    "Public Domain": _lazy("No conditions: use it for anything."),
    "Permissive": _lazy("Use, change and pass on, with notices kept."),
    "Copyleft Limited": _lazy("Use, change and pass on; changes to it stay under the same licence."),
    "Copyleft": _lazy("Use, change and pass on; what contains it stays under the same licence."),
    "Source-available": _lazy("Open to see, with limits on who may use it for what."),
    "Free Restricted": _lazy("Free of charge, with limits on use."),
    "Proprietary Free": _lazy("Free of charge, on the terms of whoever made it."),
    "Commercial": _lazy("Needs an agreement with whoever made it."),
}


@dataclass(frozen=True)
class Licence:
    """One licence or exception: its id in expressions, its name and text, and of what kind it is."""

    id: str
    name: str = ""
    url: str = ""
    kind: str = ""
    is_exception: bool = False

    @property
    def known(self) -> bool:
        return bool(self.name)

    @property
    def words(self) -> Any:
        """What it allows at a glance, where LicenseDB says of what kind it is; else empty."""
        return KINDS.get(self.kind, "")


@cache
def known() -> dict[str, Licence]:
    """Every licence and exception that an expression may name, by its id in small letters."""
    spdx = json.loads((files("cyclonedx.schema._res") / "spdx.SNAPSHOT.schema.json").read_text())["meta:enum"]
    index = json.loads((files("license_expression") / "data" / "scancode-licensedb-index.json").read_text())
    by_spdx = {str(row["spdx_license_key"]).lower(): row for row in index if row["spdx_license_key"]}
    by_key = {row["license_key"]: row for row in index}
    found = {}
    for number, name in spdx.items():
        row = by_spdx.get(number.lower()) or by_key.get(number.lower()) or {}
        is_exception = row.get("is_exception", "exception" in number.lower())
        url = f"https://spdx.org/licenses/{number}.html"
        found[number.lower()] = Licence(number, name, url, row.get("category", ""), is_exception)
    for number, row in by_spdx.items():
        if number.startswith("licenseref-") and not row["is_deprecated"]:
            reference = row["spdx_license_key"]
            name = _NAMES.get(reference, row["license_key"])
            url = f"https://scancode-licensedb.aboutcode.org/{row['html']}"
            found[number] = Licence(reference, name, url, row["category"], row["is_exception"])
    return found | {number.lower(): Licence(number, name, url) for number, name, url in _OURS}


@cache
def _by_name() -> dict[str, str]:
    """Ids by the names that people know; the numbers of LicenseDB are no such names."""
    numbered = "licenseref-scancode-"
    return {
        each.name.lower(): each.id
        for number, each in known().items()
        if not (number.startswith(numbered) and number.removeprefix(numbered) == each.name)
    }


@cache
def _licensing() -> Licensing:
    return Licensing([LicenseSymbol(each.id, is_exception=each.is_exception) for each in known().values()])


def read(expression: str, *, field: str = "licence") -> str:
    """``expression`` as it is kept: ids in SPDX's own spelling, operators in capitals.

    The Hub's identifiers count too, and references of one's own (``LicenseRef-…``), which
    ``own_references`` names. Raises ``Refused`` that says which part is not known, with what was perhaps meant.
    """
    text = " ".join(expression.split())
    if not text:
        return ""
    if mapped := _HUB.get(text.lower()) or _by_name().get(text.lower()):
        return mapped
    try:
        parsed = _licensing().parse(text, simple=True, strict=True)
    except ExpressionError as error:
        raise Refused(_wrong(text, error), field=field) from error
    if strange := [symbol.key for symbol in _licensing().license_symbols(parsed) if not _understood(symbol.key)]:
        raise Refused(*(_unknown(part) for part in strange), field=field)
    return str(parsed.render("{symbol.key}"))


def _understood(key: str) -> bool:
    return key.lower() in known() or bool(OWN.fullmatch(key))


def _wrong(text: str, error: ExpressionError) -> str:
    token = getattr(error, "token_string", "") or ""
    if not OPERATOR.search(text) and (not token or nearest(text)):
        return _unknown(text)
    if token.lower() in known() and not known()[token.lower()].is_exception and " with " in text.lower():
        return _("“%(part)s” is a licence; after WITH comes an exception, such as Classpath-exception-2.0.") % {
            "part": token
        }
    if token:
        return _("The licence cannot be read at “%(part)s”. Join ids with AND, OR or WITH: Apache-2.0 OR MIT.") % {
            "part": token
        }
    return _("The licence cannot be read: a bracket or an operator is left open. Write it like Apache-2.0 OR MIT.")


def _unknown(part: str) -> str:
    words = {"part": part}
    if near := nearest(part):
        return _("“%(part)s” is not a licence id. Did you mean %(near)s?") % {**words, "near": ", ".join(near)}
    return (
        _(
            "“%(part)s” is not a licence id. Use an SPDX id such as Apache-2.0, or LicenseRef- and a name for a "
            "licence of your own."
        )
        % words
    )


def nearest(part: str) -> list[str]:
    """Up to three ids that ``part`` may have been meant for: by id, by the Hub's id, or by name."""
    plain = part.lower()
    names = {number: each.id for number, each in known().items() if not number.startswith("licenseref-scancode-")}
    names |= _by_name() | _HUB
    found = difflib.get_close_matches(plain, names, n=6, cutoff=0.72)
    return list(dict.fromkeys(names[match] for match in found))[:3]


def is_read(expression: str) -> bool:
    """Whether ``expression`` is one that ``read`` takes. Releases of old, and cards, may say anything."""
    try:
        return read(expression) == expression
    except Refused:
        return False


def parts(expression: str) -> list[Licence]:
    """The licences that ``expression`` names, in order; a text that cannot be read is one unknown licence."""
    if not expression:
        return []
    try:
        symbols = _licensing().license_symbols(_licensing().parse(expression, simple=True, strict=True))
    except ExpressionError:
        return [Licence(expression)]
    return [known().get(symbol.key.lower(), Licence(symbol.key)) for symbol in symbols]


@lru_cache(maxsize=512)
def words(expression: str) -> str:
    """``expression`` as people read it: references that stand for a known licence as its name."""
    for each in parts(expression):
        if each.known and each.id.startswith("LicenseRef-"):
            expression = expression.replace(each.id, each.name)
    return expression


def own_references(expression: str) -> list[str]:
    """References in ``expression`` to a licence of one's own, which needs a name, and a text or its address."""
    return [each.id for each in parts(expression) if not each.known and OWN.fullmatch(each.id)]


def from_card(metadata: dict[str, Any]) -> dict[str, str]:
    """What the metadata of a Hub card says of the licence: ``licence``, and name and address of one of its own.

    Nothing is refused here: an identifier that nobody knows is kept as it was written.
    """
    given = str(metadata.get("license") or "").strip()
    name = str(metadata.get("license_name") or "").strip()
    if given.lower() in {"", "other"}:
        if not name:
            return {"licence": given} if given else {}
        try:
            return {"licence": read(name)}
        except Refused:
            pass
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")
        link = str(metadata.get("license_link") or "").strip()
        own = {"licence": f"LicenseRef-{slug}" if slug else name, "licence_name": name}
        return own | ({"licence_url": link} if urlsplit(link).scheme in {"http", "https"} else {})
    try:
        return {"licence": read(given)}
    except Refused:
        return {"licence": given}
