"""A release as an SPDX 3.0.1 document with the AI profile, in JSON-LD.

The classes of ``spdx-python-model`` are generated from the specification's SHACL model and check types, patterns
and required properties while the document is written. What the profiles demand beyond that (SPDX 3.0.1, AI and
Dataset, “Profile conformance” and “External properties cardinality updates”) decides whether the document
says that it conforms to them: nothing is invented to fill a required field.
"""

import datetime as dt
import json
from typing import Any
from urllib.parse import quote

from django.utils.functional import cached_property
from spdx_python_model import v3_0_1 as spdx

from registry.exchange import said
from registry.exchange.facts import Ancestor, Capability, Data, Facts, File, HighRisk, PublicRisk
from registry.exchange.licences import Named, Stated, stated
from registry.models import Stage
from registry.models.plan import PhaseKind

SPEC = "3.0.1"
# Registered with IANA in June 2026; ``application/spdx+json`` is SPDX 2.
MEDIA_TYPE = f"application/spdx3+json; version={SPEC}"
ENDING = "spdx3.json"
# Our four bands beside SPDX's four levels, whose methodology is another: the comment of the package says so.
_SAFETY = {"critical": "serious", "high": "high", "moderate": "medium", "low": "low"}
_RANK = ("low", "moderate", "high", "critical")
_DATASET_TYPES = frozenset({"text", "image", "audio", "video"})
_NO_LICENCE = spdx.expandedlicensing_IndividualLicensingInfo.NoAssertionLicense
_PURPOSES = (
    ("model", (".safetensors", ".bin", ".pt", ".pth", ".onnx", ".gguf", ".ckpt", ".h5", ".msgpack", ".tflite")),
    ("documentation", (".md", ".txt", ".pdf", ".rst")),
    ("configuration", (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg")),
    ("source", (".py", ".js", ".sh", ".cpp", ".c", ".rs")),
    ("data", (".csv", ".parquet", ".jsonl", ".arrow", ".model", ".vocab", ".tiktoken")),
    ("archive", (".zip", ".tar", ".gz", ".tgz", ".xz", ".zst")),
)


def write(facts: Facts) -> bytes:
    """The document in the specification's canonical form: one line, keys sorted. The same facts, the same bytes."""
    data = spdx.JSONLDSerializer().serialize_data(_Document(facts).built(), force_at_graph=True)
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class _Document:
    """The elements of one document. Identifiers hold the digest of the facts: an SPDX element never changes."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.prefix = f"{facts.links.page}spdx/{facts.digest[:32]}#"
        self.elements: list[Any] = []
        self.organisations: dict[str, Any] = {}

    def built(self) -> Any:
        self.creation = spdx.CreationInfo(
            specVersion=SPEC, created=_moment(self.facts.changed), createdBy=[], createdUsing=[]
        )
        self.creation.createdBy.append(self.publisher)
        self.creation.createdUsing.append(self.element(spdx.Tool, "tool", name="Tidegate"))
        model = self.model()
        self.licences(model)
        files = [self.file(file) for file in self.facts.files]
        self.relate("contains", model, files, complete=True)
        if self.facts.card:
            self.relate("hasDocumentation", model, [self.card_file()])
        datasets = {data.name: self.dataset(data) for data in self.facts.data}
        self.relate("trainedOn", model, [datasets[data.name] for data in self.facts.data if data.trained_on])
        self.relate("testedOn", model, [datasets[data.name] for data in self.facts.data if data.measured_on])
        self.relate("descendantOf", model, [self.ancestor(each) for each in self.facts.ancestors])
        for risk in self.facts.risks:
            self.risk(model, risk)
        for use in self.facts.high_risk_uses:
            self.high_risk_use(model, use)
        self.capabilities(model, self.facts.capabilities)
        profiles = self.profiles()
        sbom = self.element(spdx.software_Sbom, "sbom", name=self.facts.title)
        sbom.profileConformance.extend(profiles)
        sbom.rootElement.append(model)
        sbom.element.extend(each for each in self.elements if each is not sbom)
        document = self.element(spdx.SpdxDocument, "document", name=self.facts.title)
        document.profileConformance.extend(profiles)
        document.rootElement.append(sbom)
        document.element.extend(each for each in self.elements if each is not document)
        return spdx.SHACLObjectSet(self.elements)

    def element(self, kind: Any, key: str, /, **fields: Any) -> Any:
        made = kind(_id=f"{self.prefix}{quote(key, safe='/-._')}", creationInfo=self.creation)
        for field, value in fields.items():
            if value not in ("", None):
                setattr(made, field, value)
        self.elements.append(made)
        return made

    def relate(self, kind: str, source: Any, targets: list[Any], *, of: str = "", complete: bool = False) -> None:
        if not targets:
            return
        relation = self.element(spdx.Relationship, f"relationship/{kind}{of and f'/{of}'}", from_=source)
        relation.relationshipType = getattr(spdx.RelationshipType, kind)
        relation.to.extend(targets)
        if complete:
            relation.completeness = spdx.RelationshipCompleteness.complete

    @cached_property
    def publisher(self) -> Any:
        made = self.element(spdx.Organization, "publisher", name=self.facts.publisher.name)
        if self.facts.publisher.email:
            kind = spdx.ExternalIdentifierType.email
            made.externalIdentifier.append(
                spdx.ExternalIdentifier(externalIdentifierType=kind, identifier=self.facts.publisher.email)
            )
        return made

    def model(self) -> Any:
        facts, told = self.facts, self.facts.sections
        made = self.element(
            spdx.ai_AIPackage,
            "model",
            name=f"{facts.publisher.slug}/{facts.family}",
            summary=facts.summary,
            comment=self.remarks(),
            suppliedBy=self.publisher,
            software_packageVersion=facts.version,
            software_packageUrl=facts.purl,
            software_homePage=facts.links.page,
            software_downloadLocation=facts.links.contents or facts.links.page,
            software_primaryPurpose=spdx.software_SoftwarePurpose.model,
            ai_limitation=_parts(
                told.get("limitations", ""),
                told.get("failure_modes", ""),
                facts.out_of_scope_use or told.get("out_of_scope", ""),
            ),
            ai_informationAboutApplication=_parts(facts.intended_use or told.get("intent", ""), facts.intended_users),
            ai_informationAboutTraining=_parts(
                told.get("training_data", ""), told.get("training", ""), told.get("environment", ""), self.footprint()
            ),
            ai_autonomyType=spdx.PresenceType.noAssertion,
            ai_useSensitivePersonalInformation=spdx.PresenceType.noAssertion,
        )
        made.originatedBy.append(self.publisher)
        if facts.published:
            made.releaseTime = _moment(facts.published)
        if facts.stage == Stage.WITHDRAWN:
            made.supportLevel.append(spdx.SupportType.noSupport)
        elif facts.phase and facts.phase.kind == PhaseKind.END_OF_SUPPORT:
            made.supportLevel.append(spdx.SupportType.endOfSupport)
        made.ai_domain.extend(filter(None, [said.task(facts.metadata) or facts.modality]))
        made.ai_typeOfModel.extend(filter(None, dict.fromkeys(said.architectures(facts.metadata))))
        made.ai_metric.extend(_entry(_metric(result), result.value) for result in facts.results)
        settings = said.pairs(told.get("settings", ""))
        made.ai_hyperparameter.extend(_entry(name, value) for name, value in settings.items())
        if worst := max((risk.band for risk in facts.risks if risk.band), key=_RANK.index, default=""):
            made.ai_safetyRiskAssessment = getattr(spdx.ai_SafetyRiskAssessmentType, _SAFETY[worst])
        made.externalIdentifier.append(
            spdx.ExternalIdentifier(
                externalIdentifierType=spdx.ExternalIdentifierType.packageUrl, identifier=facts.purl
            )
        )
        made.externalRef.extend(self.links())
        return made

    def remarks(self) -> str:
        facts = self.facts
        withdrawn = f"Withdrawn on {facts.withdrawn}: {facts.withdrawal_reason}" if facts.withdrawn else ""
        phase = f"Phase: {facts.phase.name}, since {facts.phase.since}." if facts.phase else ""
        languages = f"Languages: {', '.join(facts.languages)}." if facts.languages else ""
        risks = (
            "safetyRiskAssessment is the level of the worst open risk that the publisher shows, on the publisher's own "
            "scale; the risks themselves are the annotations."
            if facts.risks
            else ""
        )
        return _parts(withdrawn, phase, languages, risks)

    def footprint(self) -> str:
        """SPDX counts energy, cards count CO2: it is told in words, and no energy is made up from it."""
        lines = [f"{name}: {value}" for name, value in sorted(said.emissions(self.facts.metadata).items())]
        return "\n".join(["CO2 equivalent (emissions in grams):", *lines]) if lines else ""

    def links(self) -> list[Any]:
        kinds = spdx.ExternalRefType
        found = [
            (kinds.documentation, self.facts.links.card),
            (kinds.riskAssessment, self.facts.links.risks),
            (kinds.other, self.facts.links.terms),
            (kinds.securityOther, self.facts.links.report),
            (kinds.license, self.facts.licence_url),
            *((kinds.documentation, url) for url in said.papers(self.facts.metadata)),
        ]
        return [spdx.ExternalRef(externalRefType=kind, locator=[url]) for kind, url in found if url]

    def licences(self, model: Any) -> None:
        """The AI profile wants one declared and one concluded licence. The publisher, who speaks here, states one."""
        licence = self.facts.licence
        target = self.licence("licence", licence) if licence else _NO_LICENCE
        self.relate("hasDeclaredLicense", model, [target])
        self.relate("hasConcludedLicense", model, [target])

    def licence(self, key: str, licence: Stated) -> Any:
        made = self.element(
            spdx.simplelicensing_LicenseExpression, key, simplelicensing_licenseExpression=licence.expression
        )
        for own in licence.named:
            text = self.element(
                spdx.simplelicensing_SimpleLicensingText,
                f"{key}/{own.reference}",
                name=own.name,
                simplelicensing_licenseText=own.text or self.no_text(own),
            )
            made.simplelicensing_customIdToUri.append(_entry(own.reference, text._id))
        return made

    def no_text(self, own: Named) -> str:
        where = own.url or self.facts.links.page
        return f"The publisher calls this licence “{own.name}”. Its text is not here; see {where}"

    def file(self, file: File) -> Any:
        made = self.element(
            spdx.software_File,
            f"file/{file.path}",
            name=file.path,
            comment=f"{file.size} bytes",
            suppliedBy=self.publisher,
        )
        made.verifiedUsing.append(_sha256(file.sha256))
        made.software_primaryPurpose = getattr(spdx.software_SoftwarePurpose, _purpose(file.path))
        return made

    def card_file(self) -> Any:
        card = self.facts.card
        made = self.element(spdx.software_File, "card", name="README.md", contentType="text/markdown")
        made.summary = "The model card"
        made.verifiedUsing.append(_sha256(card.sha256 if card else ""))
        made.software_primaryPurpose = spdx.software_SoftwarePurpose.documentation
        return made

    def dataset(self, data: Data) -> Any:
        made = self.element(
            spdx.dataset_DatasetPackage,
            f"data/{data.name}",
            name=data.name,
            summary=data.use,
            description=data.description,
            comment="\n".join(f"{name}: {value}" for name, value in data.details),
            software_downloadLocation=data.url,
            dataset_dataCollectionProcess=data.collection,
        )
        made.software_primaryPurpose = spdx.software_SoftwarePurpose.data
        kinds = [name if name in _DATASET_TYPES else "other" for name in data.modalities] or ["noAssertion"]
        made.dataset_datasetType.extend(getattr(spdx.dataset_DatasetType, name) for name in dict.fromkeys(kinds))
        made.dataset_dataPreprocessing.extend(filter(None, [data.filtering]))
        made.dataset_knownBias.extend(filter(None, [data.known_gaps]))
        # Not all personal data is sensitive: only “none” answers the question.
        known = "no" if data.personal_data == "none" else "noAssertion"
        made.dataset_hasSensitivePersonalInformation = getattr(spdx.PresenceType, known)
        if data.publisher:
            made.originatedBy.append(self.organisation(data.publisher))
        if licence := stated(data.licence):
            target = self.licence(f"licence-of/{data.name}", licence)
            self.relate("hasDeclaredLicense", made, [target], of=data.name)
        return made

    def organisation(self, name: str) -> Any:
        if name not in self.organisations:
            self.organisations[name] = self.element(spdx.Organization, f"organisation/{name}", name=name)
        return self.organisations[name]

    def ancestor(self, ancestor: Ancestor) -> Any:
        """A plain package: the AI profile would want a licence and a date of it, which are for its publisher to say."""
        made = self.element(
            spdx.software_Package,
            f"ancestor/{ancestor.name}",
            name=ancestor.name,
            software_packageVersion=ancestor.version,
            software_packageUrl=ancestor.purl,
            software_homePage=ancestor.page,
            comment=ancestor.relation and f"How the model was made from it: {ancestor.relation}",
        )
        made.software_primaryPurpose = spdx.software_SoftwarePurpose.model
        return made

    def risk(self, model: Any, risk: PublicRisk) -> None:
        parts = {
            "Harm": risk.harm,
            "Touches": risk.affected,
            "Level": risk.level,
            "What is done about it": risk.treatment,
        }
        self.note(model, f"risk/{risk.reference}", f"{risk.reference} {risk.title}", parts)

    def high_risk_use(self, model: Any, use: HighRisk) -> None:
        parts = {
            "Why": use.why,
            "Touches": use.affected,
            "Source": use.source,
            "Safeguards": "; ".join(use.safeguards) or "No safeguard answers it yet",
        }
        self.note(model, f"high-risk-use/{use.number}", f"High-risk use: {use.title}", parts)

    def capabilities(self, model: Any, capabilities: list[Capability]) -> None:
        if capabilities:
            self.note(model, "capabilities", "Capabilities", {each.name: each.status for each in capabilities})

    def note(self, model: Any, key: str, title: str, parts: dict[str, str]) -> None:
        lines = [title, *(f"{name}: {text}" for name, text in parts.items() if text)]
        made = self.element(spdx.Annotation, key, subject=model, statement="\n".join(lines), contentType="text/plain")
        made.annotationType = spdx.AnnotationType.other

    def profiles(self) -> list[str]:
        """The profiles whose demands the document meets. That of data sets wants dates which nobody states."""
        names = spdx.ProfileIdentifierType
        met = [names.core, names.software, names.simpleLicensing]
        return [*met, names.ai] if self.facts.published else met


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _entry(key: str, value: str) -> Any:
    return spdx.DictionaryEntry(key=key, value=value)


def _metric(result: said.Result) -> str:
    return f"{result.metric} on {result.data}" if result.data else result.metric


def _sha256(digest: str) -> Any:
    return spdx.Hash(algorithm=spdx.HashAlgorithm.sha256, hashValue=digest)


def _parts(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _purpose(path: str) -> str:
    name = path.lower()
    return next((purpose for purpose, endings in _PURPOSES if name.endswith(endings)), "file")
