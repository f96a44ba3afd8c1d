from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import audit
from common.editing import edit
from common.lifecycle import Refused
from registry import licences, permissions
from registry.models import ModelFamily, Publisher, Release
from registry.services import _store
from registry.services.cards import import_card
from registry.services.scales import start_scale

# What stays editable once people rely on a release: what describes it, not what they agreed to.
ALWAYS_EDITABLE = frozenset({"modality", "base_model", "languages", "intended_users"})
# What says more about a licence of one's own: it may be filled in later, but not replaced.
OWN_LICENCE = ("licence_name", "licence_url", "licence_text")


@transaction.atomic
def create_publisher(
    *, actor: Any, slug: str, name: str, about: str = "", website: str = "", contact_email: str = ""
) -> Publisher:
    """Register a publisher; whoever does so becomes its administrator and release manager.

    Raises ``PermissionDenied`` to anybody but a superuser or a service account that sets the portal up.
    """
    if not (permissions.can_create_publisher(actor) or actor.is_service):
        raise PermissionDenied
    publisher = Publisher(slug=slug, name=name, about=about, website=website, contact_email=contact_email)
    _store.insert(publisher, taken={"slug": "slug"})
    start_scale(publisher, actor=actor)
    audit.record(actor, "registry.publisher.create", publisher, after={"slug": slug, "name": name})
    if not actor.is_service:
        for role in (Role.ADMINISTRATOR, Role.RELEASE_MANAGER):
            assign_role(actor, role, publisher, actor=service_account("Registry"))
    return publisher


def edit_publisher(
    publisher: Publisher, *, actor: Any, expected_version: int | None = None, **changes: Any
) -> Publisher:
    """Change name, description or contact of a publisher. Its short name stays: addresses depend on it."""
    if not permissions.can_edit_publisher(actor, publisher):
        raise PermissionDenied
    _store.allow(changes, {"name", "about", "website", "contact_email"})
    _store.checked(publisher, changes)
    return edit(
        publisher, actor=actor, verb="registry.publisher.edit", changes=changes, expected_version=expected_version
    )


@transaction.atomic
def create_family(
    publisher: Publisher,
    *,
    actor: Any,
    slug: str,
    name: str,
    summary: str,
    intended_use: str = "",
    out_of_scope_use: str = "",
    allows_public_concerns: bool = False,
) -> ModelFamily:
    """Register a model family. Nobody outside the publisher knows of it until a release is published."""
    if not permissions.can_create_family(actor, publisher):
        raise PermissionDenied
    family = ModelFamily(
        publisher=publisher,
        slug=slug,
        name=name,
        summary=summary,
        intended_use=intended_use,
        out_of_scope_use=out_of_scope_use,
        allows_public_concerns=allows_public_concerns,
    )
    _store.insert(family, taken={"one_family_per_name": "slug"})
    audit.record(actor, "registry.modelfamily.create", family, after={"repo_id": family.repo_id, "name": name})
    return family


def edit_family(family: ModelFamily, *, actor: Any, expected_version: int | None = None, **changes: Any) -> ModelFamily:
    """Change what a family says of itself. Its short name stays: addresses and clients depend on it."""
    if not permissions.can_edit_family(actor, family):
        raise PermissionDenied
    _store.allow(changes, {"name", "summary", "intended_use", "out_of_scope_use", "allows_public_concerns"})
    _store.checked(family, changes)
    return edit(
        family, actor=actor, verb="registry.modelfamily.edit", changes=changes, expected_version=expected_version
    )


@transaction.atomic
def create_release(
    family: ModelFamily,
    *,
    actor: Any,
    version: str,
    modality: str = "",
    licence: str = "",
    base_model: str = "",
    languages: Sequence[str] = (),
    card: str = "",
    **text: str,
) -> Release:
    """Begin a release as a draft, with the source of its model card if that is at hand.

    What is left empty here, the card may fill. ``text`` may hold ``intended_users`` and what is said of a
    licence of one's own (``licence_name``, ``licence_url``, ``licence_text``).
    """
    if not permissions.can_create_release(actor, family):
        raise PermissionDenied
    _store.allow(text, {"intended_users", *OWN_LICENCE})
    release = Release(
        family=family,
        version=version,
        modality=modality,
        base_model=base_model,
        languages=list(languages),
        created_by=actor,
    )
    for name, value in _licensed(release, {"licence": licence, **text}).items():
        setattr(release, name, value)
    _store.insert(release, taken={"one_release_per_version": "version"})
    audit.record(actor, "registry.release.create", release, after={"version": version})
    if card:
        import_card(release, actor=actor, source=card)
        release.refresh_from_db()
    return release


def edit_release(release: Release, *, actor: Any, expected_version: int | None = None, **changes: Any) -> Release:
    """Change the fields of a release. After publication its version and licence stay as they were.

    A licence is an SPDX expression; one of its own (``LicenseRef-…``) comes with a name, and its text or where
    that is. What was stored before there was this rule stays as it is until somebody changes it.
    """
    if not permissions.can_edit_release(actor, release):
        raise PermissionDenied
    _store.allow(changes, ALWAYS_EDITABLE | {"version", "licence", *OWN_LICENCE})
    _store.checked(release, changes)
    with transaction.atomic():
        fresh = Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=release.pk)
        if fresh.stage != Release.Stage.DRAFT:
            for name in changes.keys() - ALWAYS_EDITABLE:
                stored = getattr(fresh, name)
                if changes[name] != stored and (stored or name not in OWN_LICENCE):
                    raise Refused(_("This cannot change any more: the release has been published."), field=name)
        changes = _licensed(fresh, changes)
        with _store.refusing(release, {"one_release_per_version": "version"}), transaction.atomic():
            return edit(
                fresh, actor=actor, verb="registry.release.edit", changes=changes, expected_version=expected_version
            )


def _licensed(release: Release, changes: dict[str, Any]) -> dict[str, Any]:
    """``changes`` with the licence as SPDX spells it. Raises ``Refused`` for one that is not known or not complete."""
    names = ("licence", *OWN_LICENCE)
    changed = {name for name in names if name in changes and changes[name] != getattr(release, name)}
    if not changed:
        return changes
    if "licence" in changed:
        changes = {**changes, "licence": licences.read(changes["licence"])}
    after = {name: changes.get(name, getattr(release, name)) for name in names}
    if own := licences.own_references(after["licence"]):
        if not after["licence_name"]:
            raise Refused(_("Say what “%s” is called.") % own[0], field="licence_name")
        if not (after["licence_url"] or after["licence_text"]):
            raise Refused(_("Give the text of “%s”, or where it is.") % own[0], field="licence_url")
    elif licences.is_read(after["licence"]):
        for name in OWN_LICENCE:
            if after[name]:
                words = _("“%s” is a known licence with a text of its own: leave this empty.")
                raise Refused(words % after["licence"], field=name)
    return changes
