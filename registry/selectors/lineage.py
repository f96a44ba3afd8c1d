"""What a release was made from, and what was made from it, as far as the reader may know of each."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Func, JSONField, QuerySet

from registry.models import Release
from registry.models.lineage import Relation

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


def with_lineage(releases: QuerySet[Release]) -> QuerySet[Release]:
    """``releases`` with the numbers of the edges above and below each, in the same query."""
    return releases.annotate(lineage=Func("pk", function="registry_lineage", output_field=JSONField()))


def lineage_of(release: Any, user: Any) -> Lineage:
    """The tree around a release from ``with_lineage``, for ``user``. One query where there are releases here.

    A release that the reader may not know of is left out with all that hangs on it, so that nothing tells
    that it exists. Whoever reaches a release by two ways finds it at both, six steps deep at most.
    """
    up, down = release.lineage["up"], release.lineage["down"]
    numbers = {edge["parent_id"] for edge in up if edge["parent_id"]} | {edge["release_id"] for edge in down}
    known: dict[int, Release] = {}
    if numbers:
        rows = Release.objects.visible_to(user).filter(pk__in=numbers).select_related("family__publisher")
        known = {row.pk: row for row in rows.defer("licence_text", "family__intended_use", "family__out_of_scope_use")}
    left = [MOST]
    return Lineage(
        _tree(release.pk, up, known, left, upwards=True), _tree(release.pk, down, known, left, upwards=False)
    )


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
