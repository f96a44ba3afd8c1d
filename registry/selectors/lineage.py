"""What a release was made from, and what was made from it, as far as the reader may know of each."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Func, JSONField, QuerySet
from django.db.models.expressions import RawSQL

from registry.models import ModelFamily, Publisher, Release
from registry.models.lineage import Relation
from registry.selectors.embed import embedded, revive, revived

LABELS = dict(Relation.choices)
DEEPEST, MOST = 6, 200


@dataclass
class Node:
    """A release in the tree: its name, its page where it is one here, and how it belongs to the one above it."""

    edge: int
    relation: str
    label: str
    url: str = ""
    release: Release | None = None
    children: "list[Node]" = field(default_factory=list)

    @property
    def words(self) -> Any:
        return LABELS[self.relation]


@dataclass(frozen=True)
class Lineage:
    """``parents`` with their own parents below them, ``derivatives`` with what was made from those."""

    parents: list[Node]
    derivatives: list[Node]

    def __bool__(self) -> bool:
        return bool(self.parents or self.derivatives)


# Both ends of all edges around the release of the outer row. A Release inside a subquery has another alias.
_KIN = """
SELECT (edge ->> 'parent_id')::bigint
  FROM jsonb_path_query(registry_lineage("registry_release"."id"), '$.up[*]') edge
UNION ALL
SELECT (edge ->> 'release_id')::bigint
  FROM jsonb_path_query(registry_lineage("registry_release"."id"), '$.down[*]') edge
"""


def with_lineage(releases: QuerySet[Release], user: Any) -> QuerySet[Release]:
    """``releases`` with the edges around each and those releases of them that ``user`` may know of, in one query."""
    known = Release.objects.visible_to(user).filter(pk__in=RawSQL(_KIN, [])).order_by()  # noqa: S611 -- no input in it
    names = {
        "family_name": F("family__name"),
        "family_slug": F("family__slug"),
        "publisher_id": F("family__publisher_id"),
        "publisher_slug": F("family__publisher__slug"),
    }
    return releases.annotate(
        lineage=Func("pk", function="registry_lineage", output_field=JSONField()),
        lineage_rows=embedded(known[: 2 * MOST], "id", "version", "stage", "family_id", **names),
    )


def lineage_of(release: Any) -> Lineage:
    """The tree around a release from ``with_lineage``, for the reader named there.

    A release that the reader may not know of is left out with all that hangs on it, so that nothing tells
    that it exists. Whoever reaches a release by two ways finds it at both, six steps deep at most.
    """
    known: dict[int, Release] = {}
    for row in revived(Release, release.lineage_rows):
        names: Any = row
        row.family = revive(ModelFamily, {"id": row.family_id, "name": names.family_name, "slug": names.family_slug})
        row.family.publisher = revive(Publisher, {"id": names.publisher_id, "slug": names.publisher_slug})
        known[row.pk] = row
    left = [MOST]
    parents = _tree(release.pk, release.lineage["up"], known, left, upwards=True)
    return Lineage(parents, _tree(release.pk, release.lineage["down"], known, left, upwards=False))


def _tree(
    pk: int, edges: list[dict[str, Any]], known: dict[int, Release], left: list[int], *, upwards: bool, depth: int = 1
) -> list[Node]:
    """The nodes next to ``pk``, each with its own; ``left`` counts down what a page can bear."""
    here, there = ("release_id", "parent_id") if upwards else ("parent_id", "release_id")
    nodes = []
    for edge in edges:
        found = known.get(edge[there]) if edge[there] else None
        if edge[here] != pk or (edge[there] and found is None) or left[0] <= 0:
            continue
        left[0] -= 1
        node = Node(edge["id"], edge["relation"], str(found or edge["parent_name"]))
        if found is not None:
            node.release, node.url = found, found.get_absolute_url()
            if depth < DEEPEST:
                node.children = _tree(found.pk, edges, known, left, upwards=upwards, depth=depth + 1)
        nodes.append(node)
    return nodes
