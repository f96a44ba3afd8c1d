"""Model families and their releases."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import JSONObject

from accounts.roles import Role
from common.prepared import PreparedObjects
from registry.models import PUBLIC_STAGES, Artifact, ModelCard, ModelFamily, Release, Risk, RiskScale
from registry.scale import Level, level
from registry.selectors.cards import picture_files
from registry.selectors.disclosure import embedded_disclosure
from registry.selectors.embed import embedded, embedded_history, prefetched, revived
from registry.selectors.matrix import embedded_cells, embedded_scale, of_cells, scale_of
from registry.selectors.people import inside
from registry.selectors.plan import DECIDING, waiting_phases
from registry.selectors.risks import embedded_measures
from registry.selectors.rules import embedded_rules

# A page shows this many rows of what may be long, and links to the rest.
RISKS_SHOWN = 25
RELEASES_SHOWN = 10
FILES_SHOWN = 50
FILES_MANAGED = 200

_PUBLISHED_FIRST = Case(When(stage=Release.Stage.PUBLISHED, then=Value(0)), default=Value(1))


def revision_of(release: Release, *, known: bool = False) -> str:
    """The revision of ``release`` as it stands: 40 hexadecimal digits made from its card and its files.

    The same card and files always give the same revision, so a client that pinned it gets exactly these bytes.
    It has the shape of a Git commit because Hugging Face clients expect one. ``known``: they were just read.
    """
    named = release if known else read_what_is_named(Release(pk=release.pk))
    card = next((each.sha256 for each in named.cards.all() if not each.correction_note), None)
    files = [(each.path, each.size, each.sha256) for each in named.artifacts.all()]
    content = json.dumps([release.family_id, release.version, card, files], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:40]


def read_what_is_named(release: Release) -> Release:
    """Leave on ``release`` what its revision names, as it is stored now: all versions of its card, newest first and
    without their text, and all its files. One query."""
    cards = ModelCard.objects.filter(release=OuterRef("pk")).order_by("-number")
    files = Artifact.objects.filter(release=OuterRef("pk")).order_by("path")
    found = Release.objects.filter(pk=release.pk).values(
        card_rows=embedded(cards, "id", "release_id", "number", "sha256", "correction_note"),
        file_rows=embedded(files, "id", "release_id", "path", "size", "sha256"),
    )
    for row in found:
        prefetched(release, "cards", revived(ModelCard, row["card_rows"]), ModelCard)
        prefetched(release, "artifacts", revived(Artifact, row["file_rows"]), Artifact)
    return release


def waiting_releases(user: Any) -> QuerySet[Release]:
    """Drafts that the release manager has to bring to publication or leave, and releases with a phase that ``user``
    is named to decide on and whose planned day has come; ``phase_waits`` tells the latter."""
    phase = Exists(waiting_phases().filter(release=OuterRef("pk"), decider=user.pk))
    draft = inside(user, Role.RELEASE_MANAGER) & Q(stage=Release.Stage.DRAFT)
    deciding = inside(user, *DECIDING) & Q(phase)
    return Release.objects.filter(draft | deciding).annotate(phase_waits=phase)


def public_releases(publisher: str, family: str) -> QuerySet[Release]:
    """Releases of one family that anybody may see, the current one first, with family and publisher loaded."""
    return (
        Release.objects.filter(family__publisher__slug=publisher, family__slug=family, stage__in=PUBLIC_STAGES)
        .select_related("family__publisher")
        .order_by(_PUBLISHED_FIRST, "-published_at", "-pk")
    )


def public_families() -> QuerySet[ModelFamily]:
    """Families with a release that anybody may see. No join: that made a row of each release first."""
    return ModelFamily.objects.filter(Exists(Release.objects.filter(family=OuterRef("pk"), stage__in=PUBLIC_STAGES)))


def catalogue(families: QuerySet[ModelFamily]) -> QuerySet[ModelFamily]:
    """``families`` with their publisher, their current release and the level of their worst open public risk."""
    current = Release.objects.filter(family=OuterRef("pk"), stage__in=PUBLIC_STAGES)
    current = current.order_by(_PUBLISHED_FIRST, "-published_at", "-pk")
    columns = ("version", "stage", "licence", "modality", "published_at")
    worst = Risk.objects.shown().open().filter(family=OuterRef("pk")).order_by("-urgency")
    judged = JSONObject(score="current_score", band="current_band")
    return families.select_related("publisher").annotate(
        current=Subquery(current.values(json=JSONObject(**{name: name for name in columns}))[:1]),
        worst=_where_shown("current", Subquery(worst.values(json=judged)[:1]), publisher="publisher"),
    )


def _where_shown(field: str, value: Any, *, publisher: str, otherwise: Any = None) -> Case:
    """``value`` where the publisher that ``publisher`` leads to lets everybody see ``field`` of its risks."""
    shows = {f"{publisher}__public_risk_fields__contains": [field]}
    return Case(When(**shows, then=value), default=otherwise)


def worst_level(family: Any) -> Level | None:
    return level(family.worst["score"], family.worst["band"]) if family.worst else None


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


def _contents() -> dict[str, Any]:
    """Files and newest card of a release, for ``annotate``."""
    files = Artifact.objects.filter(release=OuterRef("pk"))
    totals = files.order_by().values("release").annotate(json=JSONObject(count=Count("pk"), bytes=Sum("size")))
    card = ModelCard.objects.filter(release=OuterRef("pk")).order_by("-number")
    return {
        "files": embedded(files.order_by("path")[:FILES_SHOWN], "id", "path", "size", "sha256"),
        "file_totals": Subquery(totals.values("json")),
        "card_body": Subquery(card.values("body")[:1]),
        "card_rows": embedded(card[:1], "id", "number", "sha256", "metadata", "correction_note", "created_at"),
    }


def with_contents(releases: QuerySet[Release]) -> QuerySet[Release]:
    """``releases`` with the first ``files`` by path, ``file_totals``, and the text and facts of their card."""
    return releases.annotate(**_contents(), picture_files=picture_files())


def card_of(release: Any) -> ModelCard | None:
    """The card of a release from ``with_contents``; its source is not loaded."""
    return next(iter(revived(ModelCard, release.card_rows)), None)


def release_details(releases: QuerySet[Release]) -> QuerySet[Release]:
    """``releases`` with all that the release manager's page shows, in one query; unpack with ``unpack_release``."""
    card = ModelCard.objects.filter(release=OuterRef("pk")).order_by("-number")[:1]
    files = Artifact.objects.filter(release=OuterRef("pk")).order_by("path")[:FILES_MANAGED]
    return releases.select_related("family__publisher").annotate(
        card_rows=embedded(card, "id", "release_id", "number", "sha256", "metadata", "correction_note", "created_at"),
        file_rows=embedded(files, "id", "release_id", "path", "size", "sha256", "created_at"),
        history_rows=embedded_history(Release),
    )


def unpack_release(release: Any) -> tuple[ModelCard | None, list[Artifact]]:
    """Card and files of a release from ``release_details``.

    They are also left on the release as prefetched rows, so that whoever asks it for them on the same
    page, such as the needs of a move, finds them without a query.
    """
    cards, files = revived(ModelCard, release.card_rows), revived(Artifact, release.file_rows)
    prefetched(release, "cards", cards, ModelCard)
    prefetched(release, "artifacts", files, Artifact)
    return next(iter(cards), None), files


@dataclass(frozen=True)
class ModelPage:
    """All that the public page of a model family shows of the registry."""

    family: ModelFamily
    current: Any
    releases: list[Release]
    more_releases: bool
    risks: list[Risk]
    more_risks: bool
    in_matrix: list[Risk]
    scale: RiskScale | None


def _page_rows(publisher: str, family: str) -> QuerySet[Release]:
    public = public_releases(publisher, family)
    first = Subquery(public.values("pk")[:1])
    shown = Risk.objects.filter(family=OuterRef("family")).shown().open()
    columns = (
        *("id", "number", "stage", "title", "harm", "affected"),
        *("current_score", "current_band", "current_likelihood", "current_severity"),
    )
    worst, first_recorded = (
        embedded(shown.order_by(order)[: RISKS_SHOWN + 1], *columns, measures=embedded_measures())
        for order in ("-urgency", "number")
    )
    # Worst first would tell a level that is hidden, and a matrix is nothing but levels.
    here = "family__publisher"
    details = {
        **_contents(),
        "risk_rows": _where_shown("current", worst, publisher=here, otherwise=first_recorded),
        "cells": _where_shown("current", embedded_cells(shown), publisher=here),
        "scale_rows": embedded_scale("family__publisher"),
        "disclosure": embedded_disclosure(OuterRef("family_id")),
        "rules_in_force": embedded_rules(),
    }
    only_first = {name: Case(When(pk=first, then=value), default=None) for name, value in details.items()}
    return public.annotate(**only_first)[: RELEASES_SHOWN + 1]


# Two hundred parameters and a score of queries within the query: building it cost half of the page.
_PAGE = PreparedObjects(_page_rows, publisher=str, family=str)


def model_page(publisher: str, family: str) -> ModelPage | None:
    """The public page of a family in one query; None when it has no public release.

    The current release is the newest that is published, or the newest withdrawn one if none is. Only it
    carries files, card and risks: the others are lines of a table.
    """
    rows = _PAGE.objects(publisher=publisher, family=family)
    if not rows:
        return None
    current: Any = rows[0]
    current.family.disclosure = current.disclosure
    current.family.rules_in_force = current.rules_in_force
    risks = revived(Risk, current.risk_rows)
    return ModelPage(
        family=current.family,
        current=current,
        releases=rows[:RELEASES_SHOWN],
        more_releases=len(rows) > RELEASES_SHOWN,
        risks=risks[:RISKS_SHOWN],
        more_risks=len(risks) > RISKS_SHOWN,
        in_matrix=of_cells(current.cells),
        scale=scale_of(current.scale_rows),
    )
