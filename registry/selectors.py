"""Reads of the registry that span tables, shaped for a page or an answer."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value, When, Window
from django.db.models.functions import JSONObject, RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import Scopes, scopes
from accounts.roles import Role
from registry.models import PUBLIC_STAGES, Artifact, Mitigation, ModelCard, ModelFamily, Release, Risk
from registry.scale import LIMITS, Band, Level, Likelihood, Severity, band, bounds, level

# A page shows this many rows of what may be long, and links to the rest.
RISKS_SHOWN = 25
RELEASES_SHOWN = 10
FILES_SHOWN = 50


def revision_of(release: Release) -> str:
    """The revision of ``release`` as it stands: 40 hexadecimal digits made from its card and its files.

    The same card and files always give the same revision, so a client that pinned it gets exactly these bytes.
    It has the shape of a Git commit because Hugging Face clients expect one.
    """
    card = release.cards.order_by("-number").values_list("sha256", flat=True).first()
    files = list(release.artifacts.order_by("path").values_list("path", "size", "sha256"))
    content = json.dumps([release.family_id, release.version, card, files], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:40]


def people_of(family: ModelFamily) -> QuerySet[User]:
    """Who can answer for a risk or a mitigation of ``family``: people with a role there or at its publisher."""
    names = [
        f"{kind}:{pk}:{role.value}"
        for kind, pk in (("modelfamily", family.pk), ("publisher", family.publisher_id))
        for role in Role
    ]
    return (
        User.objects.filter(groups__name__in=names, is_active=True, is_service=False)
        .distinct()
        .order_by("display_name", "pk")
    )


def inside(user: Any, *roles: Role) -> Q:
    """Rows with a ``family`` for which ``user`` holds a role (one of ``roles`` when any are named)."""
    held: Scopes = scopes(user)
    if held.everywhere:
        return Q(pk__isnull=False)
    return Q(family__publisher_id__in=held.publisher_ids(*roles)) | Q(family_id__in=held.family_ids(*roles))


# --- the public model page ---------------------------------------------------------------------------

_PUBLISHED_FIRST = Case(When(stage=Release.Stage.PUBLISHED, then=Value(0)), default=Value(1))


def public_releases(publisher: str, family: str) -> QuerySet[Release]:
    """Releases of one family that anybody may see, the current one first, with family and publisher loaded."""
    return (
        Release.objects.filter(family__publisher__slug=publisher, family__slug=family, stage__in=PUBLIC_STAGES)
        .select_related("family__publisher")
        .order_by(_PUBLISHED_FIRST, "-published_at", "-pk")
    )


def with_files(releases: QuerySet[Release]) -> QuerySet[Release]:
    """``releases`` with ``files`` (the first few by path), ``file_count``, ``file_bytes`` and their card."""
    files = Artifact.objects.filter(release=OuterRef("pk"))
    first = files.order_by("path").values(json=JSONObject(path="path", size="size", sha256="sha256"))[:FILES_SHOWN]
    totals = files.order_by().values("release").annotate(json=JSONObject(count=Count("pk"), bytes=Sum("size")))
    card = ModelCard.objects.filter(release=OuterRef("pk")).order_by("-number")
    return releases.annotate(
        files=ArraySubquery(first),
        file_totals=Subquery(totals.values("json")),
        card_body=Subquery(card.values("body")[:1]),
        card_sha256=Subquery(card.values("sha256")[:1]),
        card_number=Subquery(card.values("number")[:1]),
    )


def risks_with_mitigations(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` with ``measures``: what is done about each, in the same query."""
    measures = (
        Mitigation.objects.filter(risks=OuterRef("pk"))
        .exclude(stage=Mitigation.Stage.DROPPED)
        .order_by("due_on", "pk")
        .values(json=JSONObject(title="title", stage="stage", due_on="due_on"))[:5]
    )
    return risks.annotate(measures=ArraySubquery(measures))


@dataclass(frozen=True)
class Measure:
    """A mitigation as the public sees it."""

    title: str
    stage: str
    stage_label: str
    due_on: Any


def measures(risk: Any) -> list[Measure]:
    labels = dict(Mitigation.Stage.choices)
    return [
        Measure(row["title"], row["stage"], str(labels[row["stage"]]), _date(row["due_on"])) for row in risk.measures
    ]


def _date(value: Any) -> Any:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


# --- lists -------------------------------------------------------------------------------------------


def catalogue(families: QuerySet[ModelFamily]) -> QuerySet[ModelFamily]:
    """``families`` with their publisher, their current release and their highest open public score."""
    current = Release.objects.filter(family=OuterRef("pk"), stage__in=PUBLIC_STAGES).order_by(
        _PUBLISHED_FIRST, "-published_at", "-pk"
    )
    worst = (
        Risk.objects.shown()
        .open()
        .filter(family=OuterRef("pk"))
        .order_by()
        .values("family")
        .annotate(worst=Max("current_score"))
        .values("worst")
    )
    return families.select_related("publisher").annotate(
        current=Subquery(
            current.values(
                json=JSONObject(
                    version="version",
                    stage="stage",
                    licence="licence",
                    modality="modality",
                    published_at="published_at",
                )
            )[:1]
        ),
        worst_score=Subquery(worst),
    )


def find_families(families: QuerySet[ModelFamily], text: str) -> QuerySet[ModelFamily]:
    """Families whose name, address or summary contains every word of ``text``."""
    for word in text.split()[:8]:
        families = families.filter(
            Q(name__icontains=word)
            | Q(slug__icontains=word)
            | Q(summary__icontains=word)
            | Q(publisher__name__icontains=word)
            | Q(publisher__slug__icontains=word)
        )
    return families


def worst_level(family: Any) -> Level | None:
    return level(family.worst_score)


# --- the risk register -------------------------------------------------------------------------------


def register(user: Any) -> QuerySet[Risk]:
    """The risks of every family for which ``user`` holds a role, worst first."""
    return Risk.objects.filter(inside(user)).order_by("-urgency")


def in_band(risks: QuerySet[Risk], name: Band) -> QuerySet[Risk]:
    lowest, highest = bounds(name)
    return risks.filter(current_score__gte=lowest, current_score__lte=highest)


def waiting_risks(user: Any) -> QuerySet[Risk]:
    """What the register wants from ``user``.

    Open risks they own that lack a judgement after mitigation or have an overdue mitigation, and drafts
    nobody owns in families whose risks they treat.
    """
    overdue = Mitigation.objects.unfinished().filter(risks=OuterRef("pk"), due_on__lt=timezone.localdate())
    mine = Q(owner=user.pk, stage=Risk.Stage.OPEN) & (Q(residual_score=None) | Q(Exists(overdue)))
    unowned = Q(owner=None, stage=Risk.Stage.DRAFT) & inside(user, Role.RELEASE_MANAGER, Role.RISK_OWNER)
    return Risk.objects.filter(mine & inside(user) | unowned)


def waiting_releases(user: Any) -> QuerySet[Release]:
    """Drafts that the release manager has to bring to publication or leave."""
    return Release.objects.filter(inside(user, Role.RELEASE_MANAGER), stage=Release.Stage.DRAFT)


# --- the matrix --------------------------------------------------------------------------------------

CHIPS = 3


@dataclass(frozen=True)
class Chip:
    """A risk in a cell of the matrix."""

    short: str
    ref: str
    title: str
    url: str


class Chips:
    """The risks of a cell: as many as are shown, and how many there are."""

    def __init__(self, shown: list[Chip], count: int) -> None:
        self.shown, self.count = shown, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Chip]:
        return iter(self.shown)


@dataclass(frozen=True)
class Cell:
    score: int
    band: Band
    likelihood: int
    severity: int
    risks: Chips
    url: str


@dataclass(frozen=True)
class Row:
    label: Any
    cells: list[Cell]


@dataclass(frozen=True)
class Legend:
    band: Band
    range: str


@dataclass
class Matrix:
    """The 5 × 5 matrix as the ``c-matrix`` component draws it: likelihood by row, severity by column."""

    rows: list[Row]
    columns: list[Any] = field(default_factory=lambda: [choice.label for choice in Severity])

    @property
    def x_label(self) -> str:
        return _("Severity")

    @property
    def y_label(self) -> str:
        return _("Likelihood")

    @property
    def legend(self) -> list[Legend]:
        return [Legend(name, "{}–{}".format(*bounds(name))) for name, _highest in LIMITS]

    @property
    def count(self) -> int:
        return sum(len(cell.risks) for row in self.rows for cell in row.cells)


def matrix(
    risks: Iterable[Any], *, chip_url: Callable[[Any], str], cell_url: Callable[[int, int], str] = lambda *_at: ""
) -> Matrix:
    """Draw ``risks`` into a matrix. A row may say with ``in_cell`` how many share its cell, else they are counted."""
    cells: dict[tuple[int, int], list[Any]] = {}
    for risk in risks:
        if risk.current_score is not None:
            cells.setdefault((risk.current_likelihood, risk.current_severity), []).append(risk)
    return Matrix(
        [
            Row(likelihood.label, [_cell(likelihood, severity, cells, chip_url, cell_url) for severity in Severity])
            for likelihood in reversed(Likelihood)
        ]
    )


def _cell(likelihood: int, severity: int, cells: Any, chip_url: Any, cell_url: Any) -> Cell:
    found = cells.get((likelihood, severity), [])
    count = max((getattr(risk, "in_cell", 0) for risk in found), default=0) or len(found)
    chips = [Chip(f"{risk.number:02d}", risk.reference, risk.title, chip_url(risk)) for risk in found[:CHIPS]]
    score = likelihood * severity
    return Cell(score, band(score), int(likelihood), int(severity), Chips(chips, count), cell_url(likelihood, severity))


def for_matrix(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """The few risks that a matrix names, each with ``in_cell``: one query, at most 75 rows, however many risks."""
    cell = [F("current_likelihood"), F("current_severity")]
    return (
        risks.filter(current_score__isnull=False)
        .order_by()
        .annotate(
            in_cell=Window(Count("pk"), partition_by=cell),
            nth_in_cell=Window(RowNumber(), partition_by=cell, order_by="pk"),
        )
        .filter(nth_in_cell__lte=CHIPS)
        .order_by("pk")
    )
