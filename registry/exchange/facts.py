"""All that is public about a release: every format is written from this and from nothing else."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from packageurl import PackageURL

from registry.exchange import said
from registry.exchange.licences import Stated

# Counts into every identifier: raise it when the same facts are written in another way.
EDITION = 1


@dataclass(frozen=True)
class Publisher:
    slug: str
    name: str
    site: str
    email: str


@dataclass(frozen=True)
class File:
    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PublicRisk:
    """A risk as far as its publisher shows it: what is not shown is empty."""

    reference: str
    title: str
    harm: str
    affected: str
    level: str
    band: str
    # What is done about it, each with how far it is.
    measures: list[str]

    @property
    def treatment(self) -> str:
        return "; ".join(self.measures)


@dataclass(frozen=True)
class HighRisk:
    """A use that the law or good sense calls high-risk, and the safeguards that answer it."""

    number: int
    title: str
    why: str
    affected: str
    source: str
    safeguards: list[str]


@dataclass(frozen=True)
class Data:
    """A set of data that the model was trained on or measured with. ``details`` are what its publisher discloses."""

    name: str
    url: str = ""
    trained_on: bool = False
    measured_on: bool = False
    description: str = ""
    publisher: str = ""
    licence: str = ""
    collection: str = ""
    filtering: str = ""
    known_gaps: str = ""
    modalities: tuple[str, ...] = ()
    personal_data: str = ""
    details: tuple[tuple[str, str], ...] = ()

    @property
    def use(self) -> str:
        words = (("training", self.trained_on), ("measuring", self.measured_on))
        return f"Used for {' and '.join(word for word, used in words if used)}"


@dataclass(frozen=True)
class Ancestor:
    """What the model was made from. ``purl`` is empty where the name is no address of a model."""

    name: str
    version: str = ""
    purl: str = ""
    page: str = ""
    relation: str = ""


@dataclass(frozen=True)
class Capability:
    name: str
    status: str


@dataclass(frozen=True)
class PhaseOf:
    """Where the release is in its plan, as everybody sees it."""

    kind: str
    name: str
    since: str


@dataclass(frozen=True)
class Card:
    number: int
    sha256: str
    metadata: dict[str, Any]
    sections: dict[str, str]


@dataclass(frozen=True)
class Links:
    """Addresses on the portal. ``contents`` is empty where the gate is closed to everybody, ``terms`` without any."""

    page: str
    card: str
    risks: str
    report: str
    terms: str
    contents: str


@dataclass(frozen=True)
class Facts:
    publisher: Publisher
    family: str
    name: str
    summary: str
    intended_use: str
    out_of_scope_use: str
    intended_users: str
    version: str
    revision: str
    stage: str
    modality: str
    languages: list[str]
    licence: Stated | None
    published: str
    withdrawn: str
    withdrawal_reason: str
    phase: PhaseOf | None
    # The newest change of anything that is told here. The time of writing would make every copy another.
    changed: str
    purl: str
    links: Links
    card: Card | None
    files: list[File]
    risks: list[PublicRisk]
    more_risks: bool
    high_risk_uses: list[HighRisk]
    data: list[Data]
    ancestors: list[Ancestor]
    capabilities: list[Capability]
    results: list[said.Result]
    edition: int = EDITION

    @property
    def metadata(self) -> dict[str, Any]:
        return self.card.metadata if self.card else {}

    @property
    def sections(self) -> dict[str, str]:
        return self.card.sections if self.card else {}

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def licence_url(self) -> str:
        """Where the text of a licence that SPDX does not list is."""
        return next((each.url for each in self.licence.named if each.url), "") if self.licence else ""

    @property
    def digest(self) -> str:
        """The same facts always give the same 64 hexadecimal digits."""
        content = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


def purl(owner: str, name: str, version: str = "", *, here: bool = False) -> str:
    """The package URL of a model on the Hub, or of one here, which answers in the Hub's ways.

    See the type ``huggingface`` in the purl specification: the version is the commit, not the model's own.
    """
    where = {"repository_url": f"{settings.BASE_URL}/hf"} if here else None
    return PackageURL("huggingface", owner or None, name, version or None, where).to_string()
