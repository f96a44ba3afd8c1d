"""A release as a CycloneDX ML-BOM (ECMA-424).

``cyclonedx-python-lib`` has no model cards, so the document is written as its schema says; the tests hold it
against that schema, which the library brings along. What the format has no place for goes into ``properties``
with the prefix ``tidegate:``.
"""

import json
import uuid
from typing import Any

from cyclonedx.spdx import is_supported_id

from registry.exchange import said
from registry.exchange.facts import Ancestor, Data, Facts, File, HighRisk, PublicRisk
from registry.exchange.licences import Stated, stated

SPEC = "1.6"
MEDIA_TYPE = f"application/vnd.cyclonedx+json; version={SPEC}"
ENDING = "cdx.json"
# Metadata of the card that has its own place in the document, or in another of its fields.
_TOLD_ELSEWHERE = {
    *("license", "license_name", "license_link", "language", "tags", "datasets", "pipeline_tag"),
    *("base_model", "model_type", "architectures", "co2_eq_emissions"),
}


def write(facts: Facts) -> bytes:
    """The document. The same facts give the same bytes, its serial number included."""
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{facts.links.page}#cyclonedx-{facts.digest}')}",
        "version": 1,
        "metadata": {
            "timestamp": facts.changed,
            "tools": {"components": [{"type": "application", "name": "Tidegate"}]},
            "supplier": _publisher(facts),
            "component": _model(facts),
        },
        "components": [_dataset(data) for data in facts.data],
        "dependencies": [{"ref": _ref(facts)}],
        # The list of files is all there is; what it was trained on is what the card names.
        "compositions": [{"aggregate": "complete", "assemblies": [_ref(facts)]}],
    }
    return (json.dumps(_without_empty(document), ensure_ascii=False, indent=2) + "\n").encode()


def _ref(facts: Facts) -> str:
    return facts.links.page


def _without_empty(value: Any) -> Any:
    """``value`` without the fields that say nothing; an empty list would claim that there is none."""
    if isinstance(value, dict):
        kept = {name: _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ("", None, [], {})}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _publisher(facts: Facts) -> dict[str, Any]:
    return {
        "name": facts.publisher.name,
        "url": [facts.publisher.site] if facts.publisher.site else [],
        "contact": [{"email": facts.publisher.email}] if facts.publisher.email else [],
    }


def _model(facts: Facts) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": _ref(facts),
        "supplier": _publisher(facts),
        "publisher": facts.publisher.name,
        "group": facts.publisher.slug,
        "name": facts.family,
        "version": facts.version,
        "description": facts.summary,
        "licenses": _licence(facts.licence) if facts.licence else [],
        "purl": facts.purl,
        "pedigree": _pedigree(facts),
        "externalReferences": _links(facts),
        "components": [_file(facts, file) for file in facts.files],
        "modelCard": _card(facts),
        "properties": _properties(
            ("tidegate:name", facts.name),
            ("tidegate:stage", facts.stage),
            ("tidegate:revision", facts.revision),
            ("tidegate:modality", facts.modality),
            ("tidegate:published", facts.published),
            ("tidegate:phase", facts.phase.name if facts.phase else ""),
            ("tidegate:phase-since", facts.phase.since if facts.phase else ""),
            ("tidegate:withdrawn", facts.withdrawn),
            ("tidegate:withdrawal-reason", facts.withdrawal_reason),
            *(("tidegate:language", language) for language in facts.languages),
            *((f"tidegate:capability:{each.name}", each.status) for each in facts.capabilities),
            ("tidegate:more-risks", facts.links.risks if facts.more_risks else ""),
        ),
        "tags": said.listed(facts.metadata.get("tags")),
    }


def _properties(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs if value]


def _licence(licence: Stated) -> list[dict[str, Any]]:
    said_by = {"acknowledgement": "declared"}
    if licence.listed and is_supported_id(licence.listed):
        return [{"license": {"id": licence.listed, **said_by}}]
    if [each.reference for each in licence.named] != [licence.expression]:
        return [{"expression": licence.expression, **said_by}]
    own = licence.named[0]
    text = {"contentType": "text/plain", "content": own.text} if own.text else {}
    return [{"license": {"name": own.name, "text": text, "url": own.url, **said_by}}]


def _pedigree(facts: Facts) -> dict[str, Any]:
    notes = [f"{each.name}: {each.relation}" for each in facts.ancestors if each.relation]
    return {"ancestors": [_ancestor(each) for each in facts.ancestors], "notes": "\n".join(notes)}


def _ancestor(ancestor: Ancestor) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "name": ancestor.name,
        "version": ancestor.version,
        "purl": ancestor.purl,
        "externalReferences": [{"type": "website", "url": ancestor.page}] if ancestor.page else [],
    }


def _links(facts: Facts) -> list[dict[str, Any]]:
    card = [{"alg": "SHA-256", "content": facts.card.sha256}] if facts.card else []
    links: list[dict[str, Any]] = [
        {"type": "website", "url": facts.links.page},
        {"type": "model-card", "url": facts.links.card, "hashes": card},
        {"type": "risk-assessment", "url": facts.links.risks},
        {"type": "issue-tracker", "url": facts.links.report, "comment": "Report misuse, without a name if you wish"},
        {"type": "other", "url": facts.links.terms, "comment": "Terms of use on one page"},
        {"type": "distribution", "url": facts.links.contents, "comment": "Needs access, which the page gives"},
        {"type": "license", "url": facts.licence_url},
        *({"type": "documentation", "url": url} for url in said.papers(facts.metadata)),
    ]
    return [link for link in links if link["url"]]


def _file(facts: Facts, file: File) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"{_ref(facts)}#file/{file.path}",
        "name": file.path,
        "hashes": [{"alg": "SHA-256", "content": file.sha256}],
        "properties": _properties(("tidegate:size", str(file.size))),
    }


def _dataset_ref(data: Data) -> str:
    return f"data/{data.name}"


def _dataset(data: Data) -> dict[str, Any]:
    licence = stated(data.licence)
    owner = [{"organization": {"name": data.publisher}}] if data.publisher else []
    told = [("collection", data.collection), ("filtering", data.filtering), ("known gaps", data.known_gaps)]
    return {
        "type": "data",
        "bom-ref": _dataset_ref(data),
        "name": data.name,
        "description": data.use,
        "licenses": _licence(licence) if licence else [],
        "externalReferences": [{"type": "website", "url": data.url}] if data.url else [],
        "data": [
            {
                "type": "dataset",
                "name": data.name,
                "description": data.description,
                "contents": {"url": data.url},
                "sensitiveData": [f"Personal data: {data.personal_data}"] if data.personal_data else [],
                "governance": {"owners": owner},
            }
        ],
        "properties": _properties(
            *((f"tidegate:data:{name.replace(' ', '-')}", value) for name, value in (*told, *data.details))
        ),
    }


def _card(facts: Facts) -> dict[str, Any]:
    task = said.task(facts.metadata)
    inputs, outputs = said.in_and_out(task)
    family, exact = said.architectures(facts.metadata)
    metrics = [{"type": result.metric, "value": result.value, "slice": result.data} for result in facts.results]
    rest = sorted(name for name, value in facts.metadata.items() if value is not None and name not in _TOLD_ELSEWHERE)
    settings = said.pairs(facts.sections.get("settings", ""))
    return {
        "modelParameters": {
            "task": task,
            "architectureFamily": family,
            "modelArchitecture": exact,
            "datasets": [{"ref": _dataset_ref(data)} for data in facts.data],
            "inputs": [{"format": each} for each in inputs],
            "outputs": [{"format": each} for each in outputs],
        },
        "quantitativeAnalysis": {"performanceMetrics": metrics},
        "considerations": _considerations(facts),
        "properties": _properties(
            *((f"tidegate:hub:{name}", said.as_text(facts.metadata[name])) for name in rest),
            *((f"tidegate:hyperparameter:{name}", value) for name, value in settings.items()),
        ),
    }


def _considerations(facts: Facts) -> dict[str, Any]:
    told = facts.sections
    limits = [*said.points(told.get("limitations", "")), *said.points(told.get("failure_modes", ""))]
    unfit = facts.out_of_scope_use or told.get("out_of_scope", "")
    return {
        "users": said.points(facts.intended_users),
        "useCases": said.points(facts.intended_use or told.get("intent", "")),
        "technicalLimitations": [*limits, *(f"Not for: {each}" for each in said.points(unfit))],
        "ethicalConsiderations": [
            *(_risk(risk) for risk in facts.risks),
            *(_high_risk_use(use) for use in facts.high_risk_uses),
        ],
        "fairnessAssessments": [_assessment(risk) for risk in facts.risks if risk.affected],
        "environmentalConsiderations": {
            # ``energyConsumptions`` wants kilowatt-hours, which cards do not have: none are made up from grams of CO2.
            "properties": _properties(
                *((f"tidegate:co2_eq:{name}", value) for name, value in sorted(said.emissions(facts.metadata).items()))
            )
        },
    }


def _risk(risk: PublicRisk) -> dict[str, Any]:
    level = f" [{risk.level}]" if risk.level else ""
    harm = f": {risk.harm}" if risk.harm else ""
    return {"name": f"{risk.reference} {risk.title}{level}{harm}", "mitigationStrategy": risk.treatment}


def _high_risk_use(use: HighRisk) -> dict[str, Any]:
    source = f" ({use.source})" if use.source else ""
    answered = "; ".join(use.safeguards) or "No safeguard answers it yet"
    return {"name": f"High-risk use: {use.title}{source}: {use.why}", "mitigationStrategy": answered}


def _assessment(risk: PublicRisk) -> dict[str, Any]:
    harms = f"{risk.reference} {risk.harm or risk.title}"
    return {"groupAtRisk": risk.affected, "harms": harms, "mitigationStrategy": risk.treatment}
