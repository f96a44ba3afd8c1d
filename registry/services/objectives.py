"""What a model family must hold to, and what was measured for it."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit
from common.editing import edit
from common.lifecycle import Refused
from registry import permissions
from registry.models import ModelFamily, Objective, ObjectiveMeasurement, Release
from registry.services import _store

FIELDS = frozenset(
    {
        *("title", "statement", "metric", "comparator", "threshold", "unit", "data_set", "population"),
        *("value_kind", "value"),
    }
)
TAKEN = {"one_objective_per_title": "title"}


@transaction.atomic
def add_objective(family: ModelFamily, *, actor: Any, title: str, **fields: Any) -> Objective:
    """Say what a family must hold to. A title is enough; it is measurable once it names a metric and a threshold."""
    if not permissions.can_edit_objectives(actor, family):
        raise PermissionDenied
    _store.allow(fields, FIELDS)
    objective = Objective(family=family, title=title, **fields)
    _whole(objective)
    _store.insert(objective, taken=TAKEN)
    audit.record(actor, "registry.objective.add", objective, after={"family": family, "title": title, **fields})
    return objective


def edit_objective(
    objective: Objective, *, actor: Any, expected_version: int | None = None, **changes: Any
) -> Objective:
    """Change an objective. What was measured for another metric, unit, data set or population no longer counts."""
    if not permissions.can_edit_objectives(actor, objective.family):
        raise PermissionDenied
    _store.allow(changes, FIELDS)
    _store.checked(objective, changes)
    with _store.refusing(objective, TAKEN), transaction.atomic():
        fresh = Objective.objects.select_for_update().get(pk=objective.pk)
        for name, value in changes.items():
            setattr(fresh, name, value)
        _whole(fresh)
        return edit(
            objective, actor=actor, verb="registry.objective.edit", changes=changes, expected_version=expected_version
        )


def _whole(objective: Objective) -> None:
    """A metric, how it compares and the threshold come together, or not at all."""
    given = {name: getattr(objective, name) for name in ("metric", "comparator", "threshold")}
    missing = [name for name, value in given.items() if value in (None, "")]
    if missing and len(missing) < len(given):
        names = {"metric": _("the metric"), "comparator": _("how it compares"), "threshold": _("the threshold")}
        raise Refused(_("To be measurable it also needs %s.") % names[missing[0]], field=missing[0])
    if objective.value and not objective.value_kind:
        raise Refused(_("Say whether this is a value or a business objective."), field="value_kind")


@transaction.atomic
def record_measurement(
    objective: Objective,
    *,
    actor: Any,
    value: Decimal,
    source: str,
    measured_at: dt.datetime | None = None,
    evidence_url: str = "",
    release: Release | None = None,
    corrects: ObjectiveMeasurement | None = None,
) -> ObjectiveMeasurement:
    """Put on record what was measured for ``objective``, and where that is written down.

    It is never changed. One that ``corrects`` another stands in its place, for the same release.
    """
    if not permissions.can_edit_objectives(actor, objective.family):
        raise PermissionDenied
    asked = Objective.objects.select_for_update(no_key=True).get(pk=objective.pk)
    if not asked.is_measurable:
        raise Refused(_("This objective is not measurable yet: name its metric and threshold first."), field="value")
    if measured_at is not None and measured_at > timezone.now():
        raise Refused(_("This is in the future."), field="measured_at")
    if release is not None and release.family_id != asked.family_id:
        raise Refused(_("This release belongs to another model family."), field="release")
    if corrects is not None:
        _can_correct(corrects, asked)
        release = corrects.release
    measurement = ObjectiveMeasurement(
        objective=asked,
        release=release,
        metric=asked.metric,
        unit=asked.unit,
        data_set=asked.data_set,
        population=asked.population,
        value=value,
        measured_at=measured_at or (corrects.measured_at if corrects else timezone.now()),
        source=source,
        evidence_url=evidence_url,
        corrects=corrects,
        recorded_by=actor,
    )
    _store.insert(measurement, taken={})
    after = {"value": measurement.value, "measured_at": measurement.measured_at, "release": release, "source": source}
    audit.record(actor, "registry.objective.measure", asked, before=corrects and {"value": corrects.value}, after=after)
    return measurement


def _can_correct(corrects: ObjectiveMeasurement, objective: Objective) -> None:
    if corrects.objective_id != objective.pk:
        raise Refused(_("This measurement is of another objective."), field="corrects")
    # The objective is locked, so nobody else corrects the same one at this moment.
    if ObjectiveMeasurement.objects.filter(corrects=corrects).exists():
        raise Refused(_("This measurement has been corrected already. Correct the later one."), field="corrects")
