"""Rows of the matrix for model cards: sections, metadata, versions, pictures."""

from tests.factories.registry import ArtifactFactory, ModelCardFactory
from tests.matrix import MEMBERS, api_only, everybody, only, route

PUBLIC = everybody(200)
MANAGER = ("release_manager",)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)
SOURCE = "---\nlicense: mit\n---\n# Draft\n\n![chart](chart.png)\n\n## Uses\n\nTests.\n"


def build(w):
    ModelCardFactory(
        release=w.draft,
        source=SOURCE,
        body=SOURCE.partition("\n---\n")[2],
        metadata={"license": "mit"},
        created_by=w.release_manager,
    )
    ArtifactFactory(release=w.draft, path="chart.png", content=PICTURE, created_by=w.release_manager)


def inside(*roles, status=200):
    return only(*roles, status=status, outside=404)


def address(name, *more):
    return lambda w: [w.publisher.slug, w.family.slug, getattr(w, name).version, *more]


def of(name, *more):
    return lambda w: [getattr(w, name).pk, *more]


def api_inside(*roles, status=200):
    return api_only(*roles, status=status, outside=404)


# Those outside do not know of the draft, with an account or without.
API_DRAFT = api_inside(*MEMBERS) | {"anonymous": 404}
SECTION = {"text": "Written anew.", "number": 1}
PAGES = {
    "card_versions": route(args=address("release"), get=PUBLIC),
    "card_version": route(args=address("release", 1), get=PUBLIC),
    "card_version_source": route(args=address("release", 1), get=PUBLIC),
    "card_comparison": route(args=address("release"), get=PUBLIC, query="?old=1&new=1"),
    "card_picture": route(args=address("draft", "chart.png"), get=inside(*MEMBERS) | {"anonymous": 404}),
    "manage_card": route(args=of("draft"), get=inside(*MEMBERS)),
    "card_completeness": route(args=of("draft"), get=inside(*MEMBERS)),
    "card_section": route(
        args=of("draft", "intent"),
        get=inside(*MANAGER),
        post=inside(*MANAGER, status=302),
        body=lambda w: SECTION,
    ),
    "card_metadata": route(
        args=of("draft"),
        get=inside(*MANAGER),
        post=inside(*MANAGER, status=302),
        body=lambda w: {"number": 1, "license": "apache-2.0", "tags": "a\nb"},
    ),
    "card_source_edit": route(
        args=of("draft"),
        get=inside(*MANAGER),
        post=inside(*MANAGER, status=302),
        body=lambda w: {"number": 1, "source": SOURCE + "More.\n"},
    ),
}
API = {
    "release-cards": route(args=of("draft"), get=API_DRAFT),
    "release-card-version": route(args=of("draft", 1), get=API_DRAFT),
    "release-card-sections": route(args=of("draft"), get=API_DRAFT),
    "release-card-section": route(
        args=of("draft", "intent"), get=API_DRAFT, put=api_inside(*MANAGER), body=lambda w: {"text": "Anew."}
    ),
    "release-card-metadata": route(
        args=of("draft"),
        get=API_DRAFT,
        patch=api_inside(*MANAGER),
        body=lambda w: {"changes": {"tags": ["a"]}},
    ),
    "release-card-diff": route(args=of("draft"), get=API_DRAFT, query="?from=1&to=1"),
    "release-card-completeness": route(args=of("draft"), get=API_DRAFT),
}
