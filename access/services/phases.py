from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from access import permissions
from access.models import PhaseTier, Tier
from common import audit
from common.lifecycle import Refused
from registry.models import Phase


@transaction.atomic
def set_phase_tiers(phase: Phase, *, actor: Any, tiers: Iterable[Tier]) -> list[Tier]:
    """Make ``tiers`` those that are open while the release is in ``phase``.

    A phase that the release is in can only be narrowed, at once and for everybody: opening more needs a phase of
    its own. Raises ``Refused`` for that, for a tier of another model, and for a phase that is over.
    """
    # The lock makes this wait for somebody who is entering the phase, and then see that they did.
    phase = Phase.objects.select_for_update(of=("self",)).select_related("release__family").get(pk=phase.pk)
    if not permissions.can_manage_tiers(actor, phase.family):
        raise PermissionDenied
    wanted = {tier.pk: tier for tier in tiers}
    if any(tier.family_id != phase.release.family_id for tier in wanted.values()):
        raise Refused(_("Choose tiers of this model."), field="tiers")
    before = list(Tier.objects.filter(phases__phase=phase).order_by("order", "pk"))
    more, fewer = wanted.keys() - {tier.pk for tier in before}, {tier.pk for tier in before} - wanted.keys()
    if phase.stage not in {Phase.Stage.PLANNED, Phase.Stage.ENTERED} and (more or fewer):
        raise Refused(_("This phase is “%s” and stays as it was.") % phase.stage_label, field="tiers")
    if more and phase.stage == Phase.Stage.ENTERED:
        words = _("The release is in this phase already: it can close tiers, not open more. Plan a phase for that.")
        raise Refused(words, field="tiers")
    if not phase.opens and wanted:
        raise Refused(_("The gate is closed to everybody in this kind of phase."), field="tiers")
    if more or fewer:
        PhaseTier.objects.filter(phase=phase, tier__in=fewer).delete()
        PhaseTier.objects.bulk_create(PhaseTier(phase=phase, tier_id=pk, created_by=actor) for pk in sorted(more))
        names = [tier.name for tier in wanted.values()]
        audit.record(actor, "access.phase.set_tiers", phase, before=[tier.name for tier in before], after=names)
    return list(wanted.values())
