"""Where the training data of a model family comes from."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit
from common.lifecycle import Refused
from registry import permissions
from registry.croissant import Reading
from registry.models import PUBLIC_STAGES, ModelFamily, Release, TrainingDataset
from registry.services import _links, _store
from registry.services.risks import stated

FIELDS = frozenset(
    {
        *("name", "kind", "description", "source_url", "publisher", "licence", "collection", "collected_from"),
        *("collected_until", "size", "modalities", "languages", "personal_data", "legal_basis", "consent"),
        *("copyright_handling", "filtering", "known_gaps", "auditor", "audited_on", "notes", "is_public"),
    }
)
TAKEN = {"one_training_dataset_per_name": "name"}


def add_training_dataset(
    family: ModelFamily,
    *,
    actor: Any,
    name: str,
    kind: str,
    releases: Iterable[Release] = (),
    reading: Reading | None = None,
    **fields: Any,
) -> TrainingDataset:
    """Put a data set on record that ``family`` was trained on.

    With ``reading`` the Croissant description it was read from is kept as it came; which of its values count
    is for the caller to say, who has seen them.
    """
    if not permissions.can_edit_training_data(actor, family):
        raise PermissionDenied
    _store.allow(fields, FIELDS)
    dataset = TrainingDataset(family=family, name=name, kind=kind, **fields)
    if reading is not None:
        dataset.croissant, dataset.croissant_sha256 = reading.source, reading.sha256
    _store.check(dataset)
    _consistent(dataset)
    links = {"releases": _links.of_family(family, releases, field="releases")}
    after = {"family": family, "name": name, "kind": kind, **fields}
    if reading is not None:
        after["croissant_sha256"] = reading.sha256
    return _links.insert(dataset, links, actor=actor, verb="registry.trainingdataset.add", taken=TAKEN, after=after)


def edit_training_dataset(
    dataset: TrainingDataset,
    *,
    actor: Any,
    expected_version: int | None = None,
    releases: Iterable[Release] | None = None,
    **changes: Any,
) -> TrainingDataset:
    """Change what is said of a data set; what it said before stays on record."""
    if not permissions.can_edit_training_data(actor, dataset.family):
        raise PermissionDenied
    _store.allow(changes, FIELDS)
    _store.checked(dataset, changes)
    links = {} if releases is None else {"releases": _links.of_family(dataset.family, releases, field="releases")}
    with transaction.atomic():
        fresh = TrainingDataset.objects.select_for_update().get(pk=dataset.pk)
        for name, value in changes.items():
            setattr(fresh, name, value)
        _consistent(fresh)
        return _links.edit(
            dataset,
            links,
            actor=actor,
            verb="registry.trainingdataset.edit",
            changes=changes,
            taken=TAKEN,
            expected_version=expected_version,
        )


@transaction.atomic
def remove_training_dataset(dataset: TrainingDataset, *, actor: Any, reason: str) -> None:
    """Take a data set off the list, with the reason; what it said stays on record.

    Raises ``Refused`` while a public release says that it was trained on it.
    """
    reason = stated(reason)
    if not permissions.can_edit_training_data(actor, dataset.family):
        raise PermissionDenied
    dataset = TrainingDataset.objects.select_for_update().get(pk=dataset.pk)
    if public := dataset.releases.filter(stage__in=PUBLIC_STAGES).order_by("pk").first():
        words = _("Release %s is public and says that it was trained on this. Correct that first.")
        raise Refused(words % public.version)
    before = {name: getattr(dataset, name) for name in sorted(FIELDS)}
    before |= {"releases": [str(each) for each in dataset.releases.select_related("family")]}
    before["croissant_sha256"] = dataset.croissant_sha256
    audit.record(actor, "registry.trainingdataset.remove", dataset, before=before, reason=reason)
    dataset.delete()


def _consistent(dataset: TrainingDataset) -> None:
    """What one field says must not contradict another; the database holds the same."""
    start, end, personal = dataset.collected_from, dataset.collected_until, dataset.personal_data
    if start and end and start > end:
        raise Refused(_("This is before the collection began."), field="collected_until")
    if dataset.audited_on and not dataset.auditor.strip():
        raise Refused(_("Say who audited it."), field="auditor")
    if dataset.audited_on and dataset.audited_on > timezone.localdate():
        raise Refused(_("This is in the future."), field="audited_on")
    held = {TrainingDataset.PersonalData.PRESENT, TrainingDataset.PersonalData.PSEUDONYMISED}
    if personal in held and dataset.legal_basis == TrainingDataset.LegalBasis.NOT_NEEDED:
        raise Refused(_("Personal data needs a legal basis, pseudonymised data too."), field="legal_basis")
