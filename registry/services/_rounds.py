"""Ending review rounds in which nothing waits any more."""

from collections.abc import Iterable
from dataclasses import replace
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
    locked = ReviewRound.objects.select_for_update(of=("self",)).filter(pk__in=waiting).order_by("pk")
    # One that was ended while this waited for it is found as well.
    return [each for each in locked if each.stage == ReviewRound.Stage.OPEN]


def finish(rounds: Iterable[ReviewRound], actor: Any) -> None:
    """End those of ``rounds``, which are locked, in which nothing waits any more."""
    # The one thing it needs has just been looked up.
    move = replace(FINISH_ROUND, needs=())
    for each in rounds:
        if not each.items.waiting().exists():
            lifecycle.apply(move, each, actor=actor, changes={"ended_at": timezone.now()}, held=True)
