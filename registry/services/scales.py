"""The scale a publisher judges its risks on."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.roles import Role
from registry.models import BandRule, Publisher, RiskScale
from registry.scale import Band, Likelihood, Severity, first_grid

# What a publisher begins with: days until the next look, days of acceptance at most, who accepts, four eyes.
FIRST_RULES: dict[Band, dict[str, Any]] = {
    Band.LOW: {"review_days": 365, "acceptance_days": 365, "accepted_by": Role.RISK_OWNER},
    Band.MODERATE: {"review_days": 180, "acceptance_days": 365, "accepted_by": Role.RISK_OWNER},
    Band.HIGH: {
        "review_days": 90,
        "acceptance_days": 180,
        "accepted_by": Role.RELEASE_MANAGER,
        "needs_second_person": True,
    },
    Band.CRITICAL: {
        "review_days": 30,
        "acceptance_days": 30,
        "accepted_by": Role.RELEASE_MANAGER,
        "needs_second_person": True,
    },
}


@transaction.atomic
def start_scale(publisher: Publisher, *, actor: Any = None) -> RiskScale:
    """Give a new publisher its first scale, 5 × 5, in force from now on."""
    scale = RiskScale.objects.create(
        publisher=publisher,
        number=1,
        stage=RiskScale.Stage.ACTIVE,
        likelihoods=[str(label) for label in Likelihood.labels],
        severities=[str(label) for label in Severity.labels],
        grid=first_grid(),
        created_by=actor,
        activated_at=timezone.now(),
    )
    BandRule.objects.bulk_create(BandRule(scale=scale, band=band, **rule) for band, rule in FIRST_RULES.items())
    return scale
