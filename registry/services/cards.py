from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from common import audit, events
from common.lifecycle import Refused, Stale
from registry import cards, permissions
from registry.documentation import metadata, sections
from registry.models import ModelCard, Release

LONGEST_NOTE = 2000
_TRIES = 3


def import_card(
    release: Release, *, actor: Any, source: str, correction_note: str = "", expected_number: int | None = None
) -> ModelCard:
    """Add ``source`` as the newest version of the release's card; the source is kept as it is.

    Licence, languages, base model and modality are taken from its metadata where the release does not
    say them yet. The same text again adds nothing. Raises ``Refused`` for a card that cannot be read and,
    once the release is published, without a ``correction_note`` that says what is corrected and why.
    """
    return _add_version(release, lambda latest: source, actor, "import_card", correction_note, expected_number)


def edit_card_section(
    release: Release, *, actor: Any, name: str, text: str, correction_note: str = "", expected_number: int | None = None
) -> ModelCard:
    """Add a version of the card with the text of one section replaced; all else keeps its bytes.

    ``expected_number`` is the version the writer had before them. When another section was changed since,
    both changes are kept; when it was this one, raises ``Stale``.
    """

    def changed(latest: ModelCard | None) -> str:
        parts = metadata.cut(_source(release, latest))
        return parts.with_body(sections.replace(parts.body, name, text))

    def untouched(base: ModelCard, latest: ModelCard) -> bool:
        return section_text(base, name) == section_text(latest, name)

    return _add_version(
        release, changed, actor, "edit_card_section", correction_note, expected_number, untouched, section=name
    )


def edit_card_metadata(
    release: Release,
    *,
    actor: Any,
    changes: dict[str, Any],
    correction_note: str = "",
    expected_number: int | None = None,
) -> ModelCard:
    """Add a version of the card with some keys of its metadata set, or taken out where the value is None.

    The lines of other keys keep their bytes. ``expected_number`` works as for sections, key by key.
    """

    def changed(latest: ModelCard | None) -> str:
        parts = metadata.cut(_source(release, latest))
        return parts.with_front(metadata.change(parts.front, changes))

    def untouched(base: ModelCard, latest: ModelCard) -> bool:
        fronts = [metadata.cut(card.source).front for card in (base, latest)]
        return all(len({metadata.lines_of(front, key) for front in fronts}) == 1 for key in changes)

    keys = sorted(changes)
    return _add_version(
        release, changed, actor, "edit_card_metadata", correction_note, expected_number, untouched, keys=keys
    )


def section_text(card: ModelCard, name: str) -> str | None:
    """The text of one section of a stored card; None when it has no such section."""
    found = sections.find(card.body, name)
    return None if found is None else found.text


def _add_version(
    release: Release,
    source: Callable[[ModelCard | None], str],
    actor: Any,
    name: str,
    correction_note: str,
    expected_number: int | None,
    untouched: Callable[[ModelCard, ModelCard], bool] = lambda base, latest: False,
    **evidence: Any,
) -> ModelCard:
    if not permissions.can_edit_release(actor, release):
        raise PermissionDenied
    note = _checked_note(correction_note)
    # Read before the row is locked: a long card takes a while. Whoever was faster makes us start again.
    for _try in range(_TRIES):
        latest = release.cards.first()
        _refuse_stale(release, latest, expected_number, untouched)
        card = cards.read(source(latest))
        with transaction.atomic():
            fresh = _lock(release, note)
            newest = fresh.cards.values_list("number", flat=True).first()
            if newest != (latest and latest.number):
                continue
            if latest and latest.sha256 == card.sha256:
                return latest
            return _insert(fresh, card, latest, actor, name, note, evidence)
    raise Stale(_("The card was changed while you were editing. Look at the new version, then save again."))


def _insert(
    release: Release,
    card: cards.ReadCard,
    latest: ModelCard | None,
    actor: Any,
    name: str,
    note: str,
    evidence: dict[str, Any],
) -> ModelCard:
    is_draft = release.stage == Release.Stage.DRAFT
    if latest and not is_draft:
        _refuse_other_licence(latest, card)
    row = ModelCard.objects.create(
        release=release,
        number=latest.number + 1 if latest else 1,
        source=card.source,
        body=card.body,
        metadata=card.metadata,
        sha256=card.sha256,
        correction_note="" if is_draft else note,
        created_by=actor,
    )
    filled = _fill(release, card.facts) if is_draft else {}
    why: dict[str, Any] = {} if is_draft else {"reason": note}
    audit.record(
        actor,
        f"registry.release.{name if is_draft else 'correct_card'}",
        release,
        before=latest and {"card": latest.number},
        after={"card": row.number, "sha256": card.sha256, **evidence, **filled},
        **why,
    )
    if not is_draft:
        events.emit("registry.release.card_corrected", release, number=row.number)
    return row


def _source(release: Release, latest: ModelCard | None) -> str:
    return latest.source if latest else f"---\n\n---\n# {release.family.name} {release.version}\n"


def _checked_note(note: str) -> str:
    note = note.strip()
    if "\x00" in note or len(note) > LONGEST_NOTE:
        raise Refused(_("Say it in at most %s characters.") % LONGEST_NOTE, field="correction_note")
    return note


def _refuse_stale(
    release: Release,
    latest: ModelCard | None,
    expected: int | None,
    untouched: Callable[[ModelCard, ModelCard], bool],
) -> None:
    """Raise ``Stale`` unless ``latest`` is what the writer had read, or differs from it elsewhere only."""
    if expected is None or expected == (latest.number if latest else 0):
        return
    base = release.cards.filter(number=expected).first()
    if base and latest and untouched(base, latest):
        return
    who = latest.created_by if latest else _("Somebody else")
    raise Stale(
        _("%(who)s changed this while you were editing. Look at the new version, then save again.") % {"who": who}
    )


def _refuse_other_licence(latest: ModelCard, card: cards.ReadCard) -> None:
    names = ("license", "license_name", "license_link")
    for name in names:
        if latest.metadata.get(name) != card.metadata.get(name):
            raise Refused(
                _("The licence of a published release stays as it was. Publish a new release under the other licence."),
                field=name,
            )


def _lock(release: Release, note: str) -> Release:
    """The stored row of ``release``, locked. Raises ``Refused`` when it is public and nothing says why."""
    fresh = Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=release.pk)
    if fresh.stage != Release.Stage.DRAFT and not note:
        raise Refused(
            _("This release is “%(stage)s”: say what this version of its card corrects, and why.")
            % {"stage": fresh.get_stage_display()},
            field="correction_note",
        )
    return fresh


def lock_draft(release: Release, *, field: str | None) -> Release:
    """The stored row of ``release``, locked. Raises ``Refused`` unless it is still a draft."""
    fresh = Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=release.pk)
    if fresh.stage != Release.Stage.DRAFT:
        words = _("This release is “%(stage)s”: its files stay as they are. Make a new release instead.")
        raise Refused(words % {"stage": fresh.get_stage_display()}, field=field)
    return fresh


def _fill(release: Release, facts: dict[str, Any]) -> dict[str, Any]:
    filled = {name: value for name, value in facts.items() if not getattr(release, name)}
    if "licence" not in filled:
        # The name and address of a licence of one's own say nothing about another one.
        filled = {name: value for name, value in filled.items() if not name.startswith("licence_")}
    for name, value in filled.items():
        setattr(release, name, value)
    if filled:
        release.row_version += 1
        release.save(update_fields=[*filled, "row_version", "updated_at"])
    return filled
