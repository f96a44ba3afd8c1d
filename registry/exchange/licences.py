"""A licence as the formats of bills of materials say it: an SPDX expression, and what its references stand for."""

import re
from dataclasses import dataclass

from registry import licences


@dataclass(frozen=True)
class Named:
    """A licence that SPDX does not list: what it is called, and its text or where that is."""

    reference: str
    name: str
    url: str = ""
    text: str = ""


@dataclass(frozen=True)
class Stated:
    """The licence of a release. ``expression`` always parses, whatever stands in the release."""

    expression: str
    named: list[Named]

    @property
    def listed(self) -> str:
        """The one SPDX identifier this is; empty for a compound or a licence that SPDX does not list."""
        return "" if self.named or " " in self.expression else self.expression


def stated(expression: str, *, name: str = "", url: str = "", text: str = "") -> Stated | None:
    """What a release says of its licence; None for nothing.

    ``name``, ``url`` and ``text`` are those of its own licence. What is no SPDX expression, as releases of old
    may have it, becomes one licence of that name.
    """
    if not expression.strip():
        return None
    if not licences.is_read(expression):
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", expression.replace("+", "-plus")).strip("-.") or "custom"
        return Stated(f"LicenseRef-{slug}", [Named(f"LicenseRef-{slug}", name or expression.strip(), url, text)])
    named = []
    for part in licences.parts(expression):
        if part.known and part.id.startswith("LicenseRef-"):
            named.append(Named(part.id, part.name, part.url))
        elif not part.known:
            named.append(Named(part.id, name or part.id, url, text))
    return Stated(expression, named)
