"""Usage guidelines with all their parts, and which of them hold."""

from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from registry.guidelines import Document
from registry.models import PARTS, ModelFamily, Release, UsageGuidelines
from registry.selectors.catalogue import public_releases
from registry.selectors.embed import embedded, embedded_history, revived


def guidelines_with_parts(guidelines: QuerySet[UsageGuidelines]) -> QuerySet[UsageGuidelines]:
    """``guidelines`` with family, publisher, release and all parts, in one query; unpack each with ``document_of``."""
    arrays = {}
    for name, model in PARTS.items():
        columns = [column.attname for column in model._meta.concrete_fields]
        rows = model._default_manager.filter(guidelines=OuterRef("pk")).order_by("position", "pk")
        arrays[f"{name}_rows"] = embedded(rows, *columns)
    return guidelines.select_related("family__publisher", "release").annotate(**arrays)


def guidelines_details(guidelines: QuerySet[UsageGuidelines]) -> QuerySet[UsageGuidelines]:
    """``guidelines_with_parts``, with their history."""
    return guidelines_with_parts(guidelines).annotate(history_rows=embedded_history(UsageGuidelines))


def document_of(guidelines: Any) -> Document:
    """The version with its parts, from a row of ``guidelines_with_parts``."""
    parts: dict[str, Any] = {name: revived(model, getattr(guidelines, f"{name}_rows")) for name, model in PARTS.items()}
    return Document(guidelines, **parts)


def holding_guidelines(family: ModelFamily, release: Release | None = None) -> Document | None:
    """What holds for ``release``: its own published guidelines, else those of the whole family.

    Without a release it is the current public one that counts. Only what anybody may read.
    """
    current: Any = release.pk if release is not None else _current(family)
    found = (
        UsageGuidelines.objects.public()
        .filter(Q(release=None) | Q(release=current), family=family, stage=UsageGuidelines.Stage.PUBLISHED)
        .order_by(F("release").asc(nulls_last=True))
    )
    row = guidelines_with_parts(found).first()
    return document_of(row) if row is not None else None


def guidelines_before(guidelines: UsageGuidelines) -> QuerySet[UsageGuidelines]:
    """Earlier versions of the same guidelines that were published, the last one first."""
    earlier = UsageGuidelines.objects.versions_of(guidelines).filter(number__lt=guidelines.number)
    return earlier.exclude(stage=UsageGuidelines.Stage.DRAFT)


def _current(family: ModelFamily) -> Subquery:
    return Subquery(public_releases(family.publisher.slug, family.slug).values("pk")[:1])
