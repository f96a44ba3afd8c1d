"""Ending review rounds in which nothing waits any more."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from common import lifecycle
from registry.lifecycle import FINISH_ROUND
from registry.models import ReviewRound, Risk, RoundItem


def rounds_with(risk: Risk) -> list[ReviewRound]:
    """The open rounds in which ``risk`` waits, locked.

    Rounds before risks, everywhere: whoever settles the last item has to see the others settled.
    """
    waiting = RoundItem.objects.waiting().filter(risk=risk.pk).values("round")
    return list(ReviewRound.objects.select_for_update(of=("self",)).filter(pk__in=waiting).order_by("pk"))


def finish(rounds: Iterable[ReviewRound], actor: Any) -> None:
    """End those of ``rounds`` in which nothing waits any more."""
    for each in rounds:
        if not each.items.waiting().exists():
            lifecycle.apply(FINISH_ROUND, each, actor=actor, changes={"ended_at": timezone.now()})
