"""The facts of a release, read in one query.

Whoever asks gets the same, so a file that was made may travel: an export of a draft, which only people with
a role can fetch, holds what the public will see of it.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.urls import reverse

from registry import visibility
from registry.exchange import said
from registry.exchange.facts import (
    Ancestor,
    Capability,
    Card,
    Data,
    Facts,
    File,
    HighRisk,
    Links,
    PhaseOf,
    PublicRisk,
    Publisher,
    purl,
)
from registry.exchange.licences import Stated, stated
from registry.models import (
    PUBLIC_STAGES,
    Artifact,
    CapabilityStatus,
    HighRiskUse,
    ModelCard,
    Phase,
    Release,
    ReleaseParent,
    Risk,
    Safeguard,
    Stage,
    TrainingDataset,
    UsageGuidelines,
)
from registry.selectors.embed import embedded, revived
from registry.selectors.risks import embedded_measures, measures

# The worst ones; the list on the portal, which every format links to, has all.
RISKS_TOLD = 500
_DATA = (
    *("name", "source_url", "description", "publisher", "licence", "collection", "filtering", "known_gaps", "size"),
    *("modalities", "languages", "personal_data", "legal_basis", "consent", "copyright_handling", "collected_from"),
    *("collected_until", "auditor", "audited_on", "kind", "updated_at"),
)


def with_facts(releases: QuerySet[Release]) -> QuerySet[Release]:
    """``releases`` with all that ``facts_of`` needs, in the same query."""
    this = OuterRef("pk")
    here = Q(release=None) | Q(release=this)
    risks = Risk.objects.filter(here, family=OuterRef("family")).shown().open().order_by("-urgency")
    safeguards = Safeguard.objects.shown().active().order_by("pk")
    uses = HighRiskUse.objects.filter(family=OuterRef("family")).order_by("pk")
    data = TrainingDataset.objects.filter(Q(releases=None) | Q(releases=this), family=OuterRef("family")).shown()
    parents = ReleaseParent.objects.filter(Q(parent=None) | Q(parent__stage__in=PUBLIC_STAGES), release=this)
    terms = UsageGuidelines.objects.filter(here, family=OuterRef("family"), stage=UsageGuidelines.Stage.PUBLISHED)
    whose = {
        "owner": F("parent__family__publisher__slug"),
        "family": F("parent__family__slug"),
        "version": F("parent__version"),
        "revision": F("parent__revision"),
    }
    return releases.select_related("family__publisher").annotate(
        told_card=embedded(
            ModelCard.objects.filter(release=this).order_by("-number")[:1],
            *("number", "body", "metadata", "sha256", "created_at"),
        ),
        told_files=embedded(
            Artifact.objects.filter(release=this).order_by("path"), "path", "size", "sha256", "created_at"
        ),
        told_risks=embedded(
            risks[: RISKS_TOLD + 1],
            *("id", "number", "title", "harm", "affected", "current_score", "current_band", "updated_at"),
            measures=embedded_measures(),
            protected=embedded(safeguards.filter(risks=this), "title", "stage", "updated_at"),
        ),
        told_uses=embedded(
            uses,
            *("id", "title", "why", "affected", "source", "updated_at"),
            protected=embedded(safeguards.filter(high_risk_uses=this), "title", "stage", "updated_at"),
        ),
        told_terms=Exists(terms),
        told_phase=embedded(Phase.objects.filter(release=this).shown().entered()[:1], "kind", "title", "entered_at"),
        told_data=embedded(data.order_by("pk"), *_DATA),
        told_parents=embedded(parents.order_by("pk"), "parent_name", "relation", "created_at", **whose),
        told_capabilities=embedded(
            CapabilityStatus.objects.filter(release=this).latest(), "capability", "status", "noted_at"
        ),
    )


def facts_of(release: Any) -> Facts:
    """The facts of a release from ``with_facts``."""
    family, publisher = release.family, release.family.publisher
    card = next(iter(revived(ModelCard, release.told_card)), None)
    files, data = revived(Artifact, release.told_files), revived(TrainingDataset, release.told_data)
    risks, uses = revived(Risk, release.told_risks), revived(HighRiskUse, release.told_uses)
    parents, statuses = (
        revived(ReleaseParent, release.told_parents),
        revived(CapabilityStatus, release.told_capabilities),
    )
    phase = next(iter(revived(Phase, release.told_phase)), None)
    metadata = card.metadata if card and isinstance(card.metadata, dict) else {}
    results = said.results(metadata)
    withdrawn = release.stage == Stage.WITHDRAWN
    shown = visibility.public_fields(publisher)
    return Facts(
        publisher=Publisher(
            publisher.slug, publisher.name, said.web_address(publisher.website), publisher.contact_email
        ),
        family=family.slug,
        name=family.name,
        summary=family.summary,
        intended_use=family.intended_use.strip(),
        out_of_scope_use=family.out_of_scope_use.strip(),
        intended_users=release.intended_users.strip(),
        version=release.version,
        revision=release.revision,
        stage=release.stage,
        modality=release.modality,
        languages=list(release.languages),
        licence=_licence(release, metadata),
        published=_moment(release.published_at),
        withdrawn=_moment(release.withdrawn_at) if withdrawn else "",
        withdrawal_reason=release.withdrawal_reason if withdrawn else "",
        phase=PhaseOf(phase.kind, str(phase.title or phase.get_kind_display()), _moment(phase.entered_at))
        if phase
        else None,
        changed=_changed([release, family, publisher, card, *files, *data, *risks, *uses, *parents, *statuses, phase]),
        purl=purl(publisher.slug, family.slug, release.revision, here=True),
        links=_links(release),
        card=Card(card.number, card.sha256, metadata, said.sections(card.body)) if card else None,
        files=[File(file.path, file.size, file.sha256) for file in files],
        # By number: the order would tell what the publisher may not show.
        risks=sorted((_risk(risk, shown) for risk in risks[:RISKS_TOLD]), key=lambda risk: int(risk.reference[2:])),
        more_risks=len(risks) > RISKS_TOLD,
        high_risk_uses=[_use(use) for use in uses],
        data=_data(data, metadata, results),
        ancestors=_ancestors(release, parents, metadata),
        capabilities=[Capability(each.capability, each.get_status_display()) for each in statuses],
        results=results,
    )


def _links(release: Any) -> Links:
    family, base = release.family, settings.BASE_URL
    names = [family.publisher.slug, family.slug, release.version]
    # Where the gate lists the files; their addresses, and its conditions, follow from it.
    contents = f"{base}/hf/api/models/{family.repo_id}/revision/{release.revision}"
    return Links(
        page=base + release.get_absolute_url(),
        card=base + reverse("registry:release_export", args=[*names, "card.md"]),
        risks=base + reverse("registry:family_risks", args=names[:2]),
        report=f"{base}/report/?model={family.repo_id}&release={release.version.replace('+', '%2B')}",
        terms=base + reverse("registry:terms", args=names[:2]) if release.told_terms else "",
        contents=contents if release.stage == Stage.PUBLISHED else "",
    )


def _moment(value: dt.datetime | None) -> str:
    """In UTC and whole seconds, which is all that SPDX takes."""
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def _changed(rows: Iterable[Model | None]) -> str:
    known = ("updated_at", "created_at", "noted_at", "entered_at")
    return _moment(max(row.__dict__[name] for row in rows if row for name in known if row.__dict__.get(name)))


def _licence(release: Release, metadata: dict[str, Any]) -> Stated | None:
    url = said.web_address(release.licence_url) or said.web_address(metadata.get("license_link"))
    name = release.licence_name or said.word(metadata.get("license_name"))
    return stated(release.licence, name=name, url=url, text=release.licence_text)


def _protecting(row: Any) -> list[str]:
    return [f"{each.title} ({each.get_stage_display()})" for each in revived(Safeguard, row.protected)]


def _risk(risk: Any, shown: frozenset[str]) -> PublicRisk:
    protected = _protecting(risk) if "mitigations" in shown else []
    risk = visibility.screened(risk, shown)
    current = risk.current
    done = [f"{measure.title} ({measure.get_stage_display()})" for measure in measures(risk)]
    return PublicRisk(
        reference=risk.reference,
        title=risk.title,
        harm=risk.harm,
        affected=risk.affected,
        level=current.label if current else "",
        band=current.band.value if current else "",
        measures=[*done, *protected],
    )


def _use(use: Any) -> HighRisk:
    return HighRisk(use.pk, use.title, use.why, use.affected, use.source, _protecting(use))


def _data(rows: list[TrainingDataset], metadata: dict[str, Any], results: Iterable[said.Result]) -> list[Data]:
    """What the registry discloses, and what the card names besides: ``datasets`` are those of training, and those
    of ``model-index`` what it was measured with."""
    measured = {result.data_id or result.data for result in results} - {""}
    found = {row.name: _disclosed(row, measured) for row in rows}
    known = {name.casefold() for name in found} | {data.url for data in found.values() if data.url}
    trained = said.listed(metadata.get("datasets"))
    for name in [*trained, *sorted(measured - set(trained))]:
        on_hub = bool(said.hub_name(name)) and (name in trained or "/" in name)
        url = f"https://huggingface.co/datasets/{name}" if on_hub else ""
        if name.casefold() not in known and (not url or url not in known):
            found[name] = Data(name, url, trained_on=name in trained, measured_on=name in measured)
    return list(found.values())


def _disclosed(row: TrainingDataset, measured: set[str]) -> Data:
    collected = [day.isoformat() if day else "?" for day in (row.collected_from, row.collected_until)]
    details = {
        "source": str(row.get_kind_display()),
        "size": row.size,
        "languages": ", ".join(row.languages),
        "collected": " – ".join(collected) if collected != ["?", "?"] else "",
        "personal data": str(row.get_personal_data_display()),
        "legal basis": str(row.get_legal_basis_display()),
        "consent": row.consent,
        "copyright": row.copyright_handling,
        "audited": " ".join(filter(None, [row.auditor, row.audited_on.isoformat() if row.audited_on else ""])),
    }
    return Data(
        name=row.name,
        url=said.web_address(row.source_url),
        trained_on=True,
        measured_on=row.name in measured,
        description=row.description,
        publisher=row.publisher,
        licence=row.licence,
        collection=row.collection,
        filtering=row.filtering,
        known_gaps=row.known_gaps,
        modalities=tuple(row.modalities),
        personal_data=row.personal_data,
        details=tuple((name, value) for name, value in details.items() if value),
    )


def _ancestors(release: Release, parents: Iterable[Any], metadata: dict[str, Any]) -> list[Ancestor]:
    """What the registry's lineage names, and what the card names besides."""
    found: dict[str, Ancestor] = {}
    for row in parents:
        name = row.parent_name or f"{row.owner}/{row.family}"
        found[name] = _elsewhere(name, row.relation) if row.parent_name else _here(row, name)
    names = said.listed(metadata.get("base_model")) or [part.strip() for part in release.base_model.split(",")]
    relation = said.word(metadata.get("base_model_relation"))
    for name in filter(None, names):
        found.setdefault(name, _elsewhere(name, relation))
    return list(found.values())


def _here(row: Any, name: str) -> Ancestor:
    page = settings.BASE_URL + reverse("registry:release", args=[row.owner, row.family, row.version])
    return Ancestor(name, row.version, purl(row.owner, row.family, row.revision, here=True), page, row.relation)


def _elsewhere(name: str, relation: str) -> Ancestor:
    parts = said.hub_name(name)
    return Ancestor(name, purl=purl(*parts) if parts else "", relation=relation)
