"""How the demo's risks are treated: one accepted, one that waits to be, a lower score that waits, a scale in draft."""

from datetime import timedelta

from django.utils import timezone

from config.demo.cast import Cast
from registry.models import Publisher, Risk
from registry.scale import Band
from registry.services import acceptances, risks, scales


def judge(cast: Cast, made: list[Risk]) -> None:
    """What was decided about the risks, and what waits for a second person."""
    phishing, hidden, _dutch, memorised, _sources, passed_on = made
    risks.assess_risk(
        phishing,
        actor=cast.risk_owner,
        kind="target",
        likelihood=2,
        severity=3,
        rationale="With the filter on output, and refusals for senders that are imitated.",
        confidence="medium",
    )
    risks.assess_risk(
        hidden,
        actor=cast.risk_owner,
        kind="residual",
        likelihood=3,
        severity=4,
        rationale="Quoted text is marked as such since last month; fewer of the 400 hidden instructions are followed.",
        confidence="low",
        evidence="Run 12 of the evaluation of hidden instructions.",
    )
    acceptances.choose_treatment(
        passed_on,
        actor=cast.risk_owner,
        treatment=Risk.Treatment.ACCEPT,
        reason="Terms and single grants are what can be done about it.",
    )
    acceptances.accept_risk(
        passed_on,
        actor=cast.release_manager,
        ends_on=timezone.now().date() + timedelta(days=90),
        reason="Research access to weights is what the release is for.",
        conditions="Holders are asked again once a year.",
    )
    acceptances.choose_treatment(
        memorised,
        actor=cast.risk_owner,
        treatment=Risk.Treatment.ACCEPT,
        reason="What is left are names that stand on public pages anyway.",
    )
    _scale(cast, cast.publisher)


def _scale(cast: Cast, publisher: Publisher) -> None:
    draft = scales.draft_scale(
        publisher,
        actor=cast.release_manager,
        note="Major harm that is possible is critical, after what others have seen.",
    )
    grid = [list(row) for row in draft.grid]
    for severity in (4, 5):
        grid[2][severity - 1] = Band.CRITICAL.value
    scales.edit_scale(draft, actor=cast.release_manager, grid=grid)
