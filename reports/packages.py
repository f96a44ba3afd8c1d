"""The release package: one archive that travels with the weights, the same bytes for the same facts.

Nothing in it depends on who made it, when, or with which version of a compressor: entries are sorted, stored
without compression, and carry the first date that a ZIP can. Everything comes from ``registry.exchange`` and
``registry.downstream``, which tell what is public and nothing else.
"""

import hashlib
import io
import json
import zipfile
from typing import Any

from django.db.models import QuerySet
from django.utils import translation

from registry import downstream, exchange
from registry.models import Release

# Counts into every fingerprint: raise it when the same facts are packed in another way.
EDITION = 1
FORMAT = "tidegate-release-package/1"
SUMS, MANIFEST, WEIGHTS = "SHA256SUMS", "manifest.json", "weights.sha256"
# The first moment that a ZIP can name: the time of making would make every copy another.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_TABLES = {"risk-summary": "csv"}


def told(releases: QuerySet[Release]) -> QuerySet[Release]:
    """``releases`` with all that a package needs, in one query."""
    return exchange.with_facts(releases)


def folder_of(release: Any) -> str:
    return f"{release.family.slug}-{release.version}"


def fingerprint(content: downstream.Content) -> str:
    """Differs when a package made from ``content`` would."""
    guidelines = content.guidelines
    told = [
        EDITION,
        content.facts.digest,
        [guidelines.pk, guidelines.row_version] if guidelines else None,
        [
            [
                *(each.title, each.metric, each.data_set, each.population, each.target),
                *(str(standing.state), standing.current.pk if standing.current else None),
            ]
            for each, standing in content.objectives
        ],
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def files_of(release: Any, content: downstream.Content) -> dict[str, bytes]:
    """What is in the package, by path inside its folder, without manifest and checksums."""
    files = {
        "model-card/README.md": exchange.export(release, exchange.FORMATS["huggingface"]).content,
        "machines/cyclonedx.json": exchange.export(release, exchange.FORMATS["cyclonedx"]).content,
        "machines/spdx.json": exchange.export(release, exchange.FORMATS["spdx"]).content,
    }
    for name, document in downstream.SUMMARIES.items():
        files[f"{name}.md"] = downstream.render(document, content, "md").content
        if form := _TABLES.get(name) if content.facts.risks else None:
            files[f"{name}.{form}"] = downstream.render(document, content, form).content
    for name, document in downstream.DOCUMENTS.items():
        for form in document.formats:
            files[f"documents/{name}.{form}"] = downstream.render(document, content, form).content
    for licence in content.facts.licence.named if content.facts.licence else ():
        if licence.text:
            files[f"licences/{licence.reference}.txt"] = licence.text.encode()
    files[WEIGHTS] = "".join(f"{file.sha256}  {file.path}\n" for file in content.facts.files).encode()
    files["README.md"] = _readme(content).encode()
    return files


def build(release: Any) -> tuple[bytes, dict[str, Any], str]:
    """The archive of a release from ``told``, its manifest, and the fingerprint of what it was made from."""
    with translation.override("en"):
        content = downstream.content_of(release)
        files = files_of(release, content)
        manifest = _manifest(content, files)
    files[MANIFEST] = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    lines = [f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items())]
    files[SUMS] = "".join(lines).encode()
    return _archive(folder_of(release), files), manifest, fingerprint(content)


def _manifest(content: downstream.Content, files: dict[str, bytes]) -> dict[str, Any]:
    facts = content.facts
    return {
        "format": FORMAT,
        "model": {
            "name": facts.name,
            "publisher": facts.publisher.slug,
            "family": facts.family,
            "version": facts.version,
            "revision": facts.revision,
            "stage": facts.stage,
            "purl": facts.purl,
            "page": facts.links.page,
            "licence": facts.licence.expression if facts.licence else "",
        },
        "facts": {"as_of": facts.changed, "sha256": facts.digest, "fingerprint": fingerprint(content)},
        "usage_guidelines": content.guidelines.number if content.guidelines else None,
        "files": [
            {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in sorted(files.items())
        ],
    }


def _readme(content: downstream.Content) -> str:
    facts = content.facts
    return f"""# {facts.title}: release package

What travels with the weights of this release. The weights themselves are not in it: they come from
{facts.links.contents or facts.links.page}

| file | what it is |
|---|---|
| terms.md | what one may, must and must not do, on one page |
| usage-guidelines.md | the rules in full, and where they differ |
| model-card/ | the model card, as on the Hugging Face Hub |
| risk-summary.md | the risks that the publisher shows |
| evaluation-summary.md | objectives and results |
| documents/ | risk report, incident plan, replies for support, checklist, evaluation plan: to be made your own |
| machines/ | the same facts as CycloneDX and SPDX |
| {WEIGHTS} | the digests of the files of the release |

To check this package: `sha256sum -c {SUMS}` in this folder.
To check the weights: `sha256sum -c {WEIGHTS}` where they lie.

Facts as of {facts.changed}. What holds now: {facts.links.page}
"""


def _archive(folder: str, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{path}", _EPOCH)
            # As if made on Unix, readable by all: the default depends on where this runs.
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_STORED)
    return out.getvalue()
