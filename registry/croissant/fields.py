"""What the values of a Croissant description mean for the fields of a training data set."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from registry.models import TrainingDataset

Kind, PersonalData = TrainingDataset.Kind, TrainingDataset.PersonalData
_address = URLValidator(schemes=["http", "https"])
# The words of the responsible-AI vocabulary for how data was collected (rai:dataCollectionType).
_CRAWLED = {"web scraping", "web api"}
_FROM_USERS = {"user-generated content data", "customer feedback data"}
_NOTHING = {"none", "no", "n/a", "na", "not applicable", "no personal data"}
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "pb": 10**15, "kib": 2**10}
_UNITS |= {"mib": 2**20, "gib": 2**30, "tib": 2**40, "": 1, "bytes": 1, "byte": 1}


def fields_of(facts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Values by field, the property each was read from, and remarks about what could not be taken over."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    remarks: list[str] = []

    def take(name: str, value: Any, origin: str) -> None:
        if value in (None, "", []):
            return
        longest = getattr(TrainingDataset._meta.get_field(name), "max_length", None)
        if longest and isinstance(value, str) and len(value) > longest:
            remarks.append(_("%(origin)s: longer than fits and cut off here.") % {"origin": origin})
            value = f"{value[: longest - 1]}…"
        values[name], origins[name] = value, origin

    take("name", _line(facts["name"]), "name")
    take("description", _text(facts["description"]), "description")
    take("source_url", _web(facts["url"], remarks, "url") or _web(_first(facts["same_as"]), remarks, "sameAs"), "url")
    people = _list(facts["publisher"])
    take("publisher", ", ".join(people or _list(facts["creators"])), "publisher" if people else "creator")
    take("licence", ", ".join(_licence(each) for each in _list(facts["license"])), "license")
    take("languages", [each for each in _list(facts["in_language"]) if len(each) <= 20][:200], "inLanguage")
    take("size", _size(facts), "distribution")
    ways = _list(facts["data_collection_type"])
    how = [facts["data_collection"], ", ".join(ways), facts["data_collection_raw_data"]]
    take("collection", _text(how), "rai:dataCollection")
    take("kind", _kind({way.lower() for way in ways}), "rai:dataCollectionType")
    days = sorted(day for each in _list(facts["data_collection_timeframe"]) if (day := _day(each)))
    if days:
        take("collected_from", days[0], "rai:dataCollectionTimeFrame")
        take("collected_until", days[-1] if len(days) > 1 else None, "rai:dataCollectionTimeFrame")
    protocols = ("data_preprocessing_protocol", "data_manipulation_protocol", "data_imputation_protocol")
    take("filtering", _text([facts[name] for name in protocols]), "rai:dataPreprocessingProtocol")
    gaps = ("data_limitations", "data_biases", "data_collection_missing_data")
    take("known_gaps", _text([facts[name] for name in gaps]), "rai:dataLimitations")
    _personal(_list(facts["personal_sensitive_information"]), take)
    take("notes", _notes(facts), "version")
    if facts["record_sets"]:
        remarks.append(_("recordSet: how records are laid out has no field here; it stays in the description."))
    return values, origins, remarks


def _personal(said: list[str], take: Any) -> None:
    """Only what is said counts: nothing said stays “not known”."""
    origin = "rai:personalSensitiveInformation"
    if not said:
        return
    denied = all(each.strip(" .").lower() in _NOTHING for each in said)
    take("personal_data", PersonalData.NONE if denied else PersonalData.PRESENT, origin)
    if denied:
        take("legal_basis", TrainingDataset.LegalBasis.NOT_NEEDED, origin)
    else:
        take("consent", _text(said), origin)


def _list(value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return [_line(each) for each in given if each not in (None, "")]


def _line(value: Any) -> str:
    return re.sub(r"\s+", " ", str(value or "")).strip()


def _text(value: Any) -> str:
    parts: Iterable[Any] = value if isinstance(value, list) else [value]
    found = [_text(each) if isinstance(each, list) else str(each).strip() for each in parts if each]
    return "\n".join(part for part in found if part)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _web(value: Any, remarks: list[str], origin: str) -> str:
    if not isinstance(value, str) or not value:
        return ""
    try:
        _address(value)
    except ValidationError:
        remarks.append(_("%s: no web address, and left out.") % origin)
        return ""
    return value


def _licence(value: str) -> str:
    """The SPDX identifier where the licence is named by its page there; else what the description says."""
    found = re.fullmatch(r"https?://spdx\.org/licenses/([A-Za-z0-9.+-]+?)(?:\.html|\.json)?", value)
    return found[1] if found else value


def _kind(ways: set[str]) -> str:
    if ways & _CRAWLED:
        return Kind.CRAWLED
    if ways & _FROM_USERS:
        return Kind.USERS
    return Kind.SYNTHETIC if any("synthetic" in way for way in ways) else Kind.PUBLIC


def _day(value: str) -> dt.date | None:
    try:
        return dt.datetime.fromisoformat(value).date()
    except ValueError:
        return None


def _size(facts: dict[str, Any]) -> str:
    """The sizes of the files added up, where each says one that can be read."""
    files, total = facts["files"], 0
    for each in files:
        found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", str(each or ""))
        if not found or found[2].lower() not in _UNITS:
            return ""
        total += int(float(found[1]) * _UNITS[found[2].lower()])
    if not total:
        return ""
    power = next(name for name in ("tb", "gb", "mb", "kb", "b") if total >= _UNITS[name])
    amount = f"{total / _UNITS[power]:.1f}".removesuffix(".0")
    return _("%(amount)s %(unit)s in files: %(count)s") % {
        "amount": amount,
        "unit": power.upper() if power != "kb" else "kB",
        "count": len(files),
    }


def _notes(facts: dict[str, Any]) -> str:
    lines = [
        _("Version: %s") % facts["version"] if facts["version"] else "",
        _("Published: %s") % facts["date_published"][:10] if facts["date_published"] else "",
        _("How to cite it: %s") % _line(facts["cite_as"]) if facts["cite_as"] else "",
    ]
    return "\n".join(line for line in lines if line)
