"""Where a rule holds: countries and their parts by ISO 3166 code, and the unions whose law they share."""

import re
from functools import lru_cache
from typing import Any

import pycountry
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())  # noqa: SIM905
# A union, the unions and countries inside it, and its name. ISO 3166 keeps “EU” free for this use; “EEA” has
# three letters, so it is no country either.
UNIONS: dict[str, tuple[frozenset[str], Any]] = {
    "EEA": (_EU | {"EU", "IS", "LI", "NO"}, _("European Economic Area")),
    "EU": (_EU, _("European Union")),
}
_SUBDIVISION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


def is_known(code: str) -> bool:
    if code in UNIONS or _country(code) is not None:
        return True
    return bool(_SUBDIVISION.fullmatch(code)) and pycountry.subdivisions.get(code=code) is not None


def validate(code: str) -> None:
    if not is_known(code):
        raise ValidationError(
            _("“%(code)s” is no region we know. Write EU, EEA, or an ISO 3166 code such as DE or US-CA."),
            params={"code": code[:20]},
        )


def name(code: str) -> str:
    """The region in words; what is not known stays as it is."""
    if code in UNIONS:
        return str(UNIONS[code][1])
    if (country := _country(code)) is not None:
        return str(getattr(country, "common_name", country.name))
    part = pycountry.subdivisions.get(code=code) if _SUBDIVISION.fullmatch(code) else None
    return f"{part.name} ({name(code[:2])})" if part is not None else code


def lineage(code: str) -> tuple[str, ...]:
    """The regions whose rules hold in ``code``, from the widest to itself; the empty one is everywhere."""
    if not code:
        return ("",)
    country = code.partition("-")[0]
    unions = tuple(union for union, (members, _name) in UNIONS.items() if code == union or country in members)
    inside = tuple(dict.fromkeys((country, code))) if code not in UNIONS else ()
    return ("", *unions, *inside)


def depth(code: str) -> int:
    """How narrow a region is: everywhere 0, a union, a country, a part of one."""
    if not code:
        return 0
    if code in UNIONS:
        return 1 + list(UNIONS).index(code)
    return len(UNIONS) + (2 if "-" in code else 1)


@lru_cache(maxsize=1)
def countries() -> tuple[tuple[str, str], ...]:
    found = ((country.alpha_2, name(country.alpha_2)) for country in pycountry.countries)
    return tuple(sorted(found, key=lambda entry: entry[1]))


def _country(code: str) -> Any:
    return pycountry.countries.get(alpha_2=code) if len(code) == 2 and code.isascii() and code.isupper() else None
