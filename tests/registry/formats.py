"""Releases to export, and what makes an export valid: schemas, the library's model, the clauses of the profiles."""

import io
import json

import spdx_python_model
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.utils import timezone
from license_expression import get_spdx_licensing
from packageurl import PackageURL

from registry import exchange, services
from registry.models import Release
from tests.factories.registry import ReleaseFactory

NO_LICENCE = "expandedlicensing_NoAssertionLicense"
_VALIDATORS = {"1.6": JsonStrictValidator(SchemaVersion.V1_6), "1.7": JsonStrictValidator(SchemaVersion.V1_7)}


def made(family, manager, *, card="", version="2.0", public=True, files=None, **fields):
    """A release with a card that was imported as people import it."""
    release = ReleaseFactory(family=family, version=version, created_by=manager, files=files or {}, **fields)
    if card:
        services.import_card(release, actor=manager, source=card)
    if public:
        later = {"stage": "published", "revision": "ab" * 20, "published_at": timezone.now()}
        Release.objects.filter(pk=release.pk).update(**later)
    release.refresh_from_db()
    return release


def exported(release, name):
    found = exchange.with_facts(Release.objects.filter(pk=release.pk)).get()
    return exchange.export(found, exchange.FORMATS[name]).content


def url(release, path):
    return f"{release.get_absolute_url()}exports/{path}"


def check_cyclonedx(content):
    """The document, once the strict schemas of 1.6 and, read as the next edition, of 1.7 accept it."""
    for version, validator in _VALIDATORS.items():
        text = json.loads(content)
        text["specVersion"], text["$schema"] = version, f"http://cyclonedx.org/schema/bom-{version}.schema.json"
        error = validator.validate_str(json.dumps(text))
        assert error is None, error and repr(error.data)[:2000]
    document = json.loads(content)
    model = document["metadata"]["component"]
    refs = [
        model["bom-ref"],
        *(each["bom-ref"] for each in model.get("components", []) + document.get("components", [])),
    ]
    assert len(refs) == len(set(refs))
    for data in model.get("modelCard", {}).get("modelParameters", {}).get("datasets", []):
        assert data["ref"] in refs
    PackageURL.from_string(model["purl"])
    return document


def check_spdx(content):
    """The document's elements by type, once the library's model and the clauses of the profiles accept it."""
    data = json.loads(content)
    model, objects = spdx_python_model.load_data(data)
    assert not objects.missing_ids
    again = io.BytesIO()
    model.JSONLDSerializer(ensure_ascii=False, sort_keys=True, separators=(",", ":")).write(objects, again, True)
    assert again.getvalue() == content
    found = {}
    for element in data["@graph"]:
        found.setdefault(element["type"], []).append(element)
    ids = [element.get("spdxId") or element["@id"] for element in data["@graph"]]
    assert len(ids) == len(set(ids))
    (document,) = found["SpdxDocument"]
    assert set(document["element"]) == set(ids) - {document["spdxId"], "_:CreationInfo0"}
    for licence in found.get("simplelicensing_LicenseExpression", []):
        _check_licence(licence, ids)
    for package in found["ai_AIPackage"]:
        _check_ai_profile(package, found, claimed="ai" in document["profileConformance"])
    return found


def _check_licence(licence, ids):
    parsed = get_spdx_licensing().parse(licence["simplelicensing_licenseExpression"])
    symbols = {symbol.key for symbol in get_spdx_licensing().license_symbols(parsed)}
    own = {entry["key"]: entry["value"] for entry in licence.get("simplelicensing_customIdToUri", [])}
    assert own.keys() == {symbol for symbol in symbols if symbol.startswith("LicenseRef-")}
    assert set(own.values()) <= set(ids)


def _check_ai_profile(package, found, *, claimed):
    """SPDX 3.0.1, AI, “Profile conformance” and AIPackage, “External properties cardinality updates”."""
    wanted = ["suppliedBy", "software_downloadLocation", "software_packageVersion", "software_primaryPurpose"]
    assert package.keys() >= {*wanted, *(["releaseTime"] if claimed else [])}
    for kind in ("hasConcludedLicense", "hasDeclaredLicense"):
        (relation,) = [
            each
            for each in found["Relationship"]
            if each["relationshipType"] == kind and each["from"] == package["spdxId"]
        ]
        licences = {each["spdxId"] for each in found.get("simplelicensing_LicenseExpression", [])}
        assert len(relation["to"]) == 1
        assert relation["to"][0] in licences | {NO_LICENCE}
