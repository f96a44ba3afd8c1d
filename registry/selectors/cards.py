"""Versions of model cards, and what the registry itself knows that a card need not repeat."""

import re
from typing import Any
from urllib.parse import unquote

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet
from django.urls import reverse

from common.markup import sources_of_pictures
from registry.models import Artifact, ModelCard, Release, Risk, Safeguard, TrainingDataset

PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
LARGEST_PICTURE = 5_000_000


def card_versions(release: Release, user: Any) -> QuerySet[ModelCard]:
    """The versions of a release's card that ``user`` may read, newest first, marked, without their texts."""
    rows = ModelCard.objects.visible_to(user).filter(release=release).marked()
    return rows.select_related("created_by").defer("source", "body", "metadata").order_by("-number")


def card_version(release: Release, user: Any, number: int | None = None) -> ModelCard | None:
    """One version as ``user`` may read it; the newest when no number is given."""
    rows = ModelCard.objects.visible_to(user).filter(release=release).marked().order_by("-number")
    return (rows if number is None else rows.filter(number=number)).first()


def card_facts(release: Release) -> dict[str, bool]:
    """What the registry knows of ``release`` by the names of ``registry.documentation.requirements.FACTS``."""
    shown = Risk.objects.shown().open().filter(family=OuterRef("family"))
    safeguards = Safeguard.objects.shown().active().filter(family=OuterRef("family"))
    asked = Release.objects.filter(pk=release.pk).values(
        "licence",
        "modality",
        "languages",
        "base_model",
        "published_at",
        intended_use=F("family__intended_use"),
        out_of_scope_use=F("family__out_of_scope_use"),
        contact=F("family__publisher__contact_email"),
        files=Exists(Artifact.objects.filter(release=OuterRef("pk"))),
        public_risks=Exists(shown),
        safeguards=Exists(safeguards),
        safeguard_reasons=Exists(safeguards) & ~Exists(safeguards.filter(why_chosen="", decision="")),
        training_data=Exists(TrainingDataset.objects.shown().filter(family=OuterRef("family"))),
    )
    known = dict(asked.get())
    known["published"] = known.pop("published_at")
    return {"publisher": True, "version": True} | {name: bool(value) for name, value in known.items()}


def pictures_of(release: Any, body: str) -> dict[str, str]:
    """The pictures of a card that are files of its release: what the card calls them, and our address for them.

    Needs family and publisher loaded. No query with ``picture_files`` on the release, else one for a card with
    pictures of its own.
    """
    wanted = _pictures(release, body)
    if not wanted:
        return {}
    known = set(_known_pictures(release))
    names = [release.family.publisher.slug, release.family.slug, release.version]
    return {
        source: reverse("registry:card_picture", args=[*names, path])
        for source, path in wanted.items()
        if path in known
    }


def picture_files() -> ArraySubquery:
    """The paths of the files of a release that could be pictures of its card, for ``annotate``."""
    endings = "|".join(ending.removeprefix(".") for ending in PICTURES)
    files = Artifact.objects.filter(release=OuterRef("pk"), path__iregex=rf"\.({endings})$", size__lte=LARGEST_PICTURE)
    return ArraySubquery(files.order_by("path").values("path")[:500])


def _known_pictures(release: Any) -> list[str]:
    if hasattr(release, "picture_files"):
        return list(release.picture_files)
    return list(Release.objects.filter(pk=release.pk).values_list(picture_files(), flat=True)[0])


def picture_paths(release: Any, body: str) -> set[str]:
    """The paths of the pictures that a card shows, whether or not there are such files."""
    return set(_pictures(release, body).values())


def _pictures(release: Any, body: str) -> dict[str, str]:
    return {source: path for source in sources_of_pictures(body) if (path := picture_path(release, source))}


def picture_path(release: Any, source: str) -> str:
    """The path in ``release`` that the address of a picture means; empty when it can be none of its files.

    Cards name their own files by path, or by their address on the Hub.
    """
    path = unquote(source.partition("#")[0].partition("?")[0])
    hub = re.fullmatch(r"https://huggingface\.co/([^/]+/[^/]+)/(?:resolve|raw|blob)/[^/]+/(.+)", path)
    if hub:
        path = hub[2] if hub[1] == release.family.repo_id else ""
    path = path.removeprefix("./")
    _name, dot, ending = path.rpartition(".")
    fits = f"{dot}{ending}".lower() in PICTURES and "\x00" not in path and len(path) <= 300
    return path if fits and ":" not in path and not path.startswith("/") and ".." not in path.split("/") else ""


def safeguards_as_text(release: Release) -> str:
    """The public safeguards of a release's model family as Markdown for its card; empty without any."""
    shown = Risk.objects.shown().only("number").order_by("number")
    rows = (
        Safeguard.objects.shown().active().filter(family=release.family_id).prefetch_related(Prefetch("risks", shown))
    )
    return "\n".join(map(_safeguard_line, rows.order_by("pk")))


def _safeguard_line(safeguard: Safeguard) -> str:
    parts = [f"- **{_line(safeguard.title)}**"]
    if safeguard.how_it_works:
        parts.append(f": {_line(safeguard.how_it_works)}")
    if risks := ", ".join(f"R-{risk.number}" for risk in safeguard.risks.all()):
        parts.append(f" Answers {risks}.")
    if safeguard.why_chosen:
        parts.append(f" Chosen because: {_line(safeguard.why_chosen)}")
    if safeguard.decision:
        parts.append(f" Decided in {safeguard.decision}.")
    return "".join(parts)


def _line(text: str) -> str:
    return " ".join(text.split())
