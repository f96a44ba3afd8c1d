from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from common import audit
from common.lifecycle import Refused
from registry import cards, permissions
from registry.models import ModelCard, Release


def import_card(release: Release, *, actor: Any, source: str) -> ModelCard:
    """Add ``source`` as the newest version of the release's card; the source is kept as it is.

    Licence, languages, base model and modality are taken from its metadata where the release does not
    say them yet. The same text again adds nothing. Raises ``Refused`` for a card that cannot be read,
    and once the release is published: the card of record does not change.
    """
    if not permissions.can_edit_release(actor, release):
        raise PermissionDenied
    # Read before the row is locked: reading long front matter takes a while.
    card = cards.read(source)
    with transaction.atomic():
        release = lock_draft(release, field="source")
        last = release.cards.first()
        if last and last.sha256 == card.sha256:
            return last
        row = ModelCard.objects.create(
            release=release,
            number=last.number + 1 if last else 1,
            source=card.source,
            body=card.body,
            metadata=card.metadata,
            sha256=card.sha256,
            created_by=actor,
        )
        filled = _fill(release, card.facts)
        audit.record(
            actor,
            "registry.release.import_card",
            release,
            before=last and {"card": last.number},
            after={"card": row.number, "sha256": card.sha256, **filled},
        )
    return row


def lock_draft(release: Release, *, field: str | None) -> Release:
    """The stored row of ``release``, locked. Raises ``Refused`` unless it is still a draft."""
    fresh = Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=release.pk)
    if fresh.stage != Release.Stage.DRAFT:
        words = _("This release is “%(stage)s”: its card and files stay as they are. Make a new release instead.")
        raise Refused(words % {"stage": fresh.get_stage_display()}, field=field)
    return fresh


def _fill(release: Release, facts: dict[str, Any]) -> dict[str, Any]:
    filled = {name: value for name, value in facts.items() if not getattr(release, name)}
    for name, value in filled.items():
        setattr(release, name, value)
    if filled:
        release.row_version += 1
        release.save(update_fields=[*filled, "row_version", "updated_at"])
    return filled
