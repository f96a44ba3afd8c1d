"""How likely, how bad, how it is called together, and the scale every publisher begins with."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Likelihood(models.IntegerChoices):
    """Likelihood on the scale a publisher begins with."""

    RARE = 1, _("Rare")
    UNLIKELY = 2, _("Unlikely")
    POSSIBLE = 3, _("Possible")
    LIKELY = 4, _("Likely")
    ALMOST_CERTAIN = 5, _("Almost certain")


class Severity(models.IntegerChoices):
    """Severity on the scale a publisher begins with."""

    NEGLIGIBLE = 1, _("Negligible")
    MINOR = 2, _("Minor")
    MODERATE = 3, _("Moderate")
    MAJOR = 4, _("Major")
    SEVERE = 5, _("Severe")


class Band(models.TextChoices):
    """The four levels a judgement falls in. Which pair falls where is for the publisher's scale to say."""

    LOW = "low", _("Low")
    MODERATE = "moderate", _("Moderate")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


# What is worse; stored bands are compared by it.
RANK = {Band.LOW: 1, Band.MODERATE: 2, Band.HIGH: 3, Band.CRITICAL: 4}
BY_RANK = {rank: band for band, rank in RANK.items()}
# More steps than this nobody tells apart; the database and the codes of reports count on one digit.
LARGEST = 7


@dataclass(frozen=True)
class Level:
    """A score with the band it falls in: what every page, PDF and API answer shows of a risk."""

    score: int
    band: Band

    @property
    def label(self) -> str:
        return str(self.band.label)


def level(score: int | None, band: str | None) -> Level | None:
    """The level of a stored judgement; None where there is none."""
    return None if score is None or not band else Level(score, Band(band))


# The highest score of each band on the first scale, lowest band first.
_LIMITS = ((Band.LOW, 4), (Band.MODERATE, 9), (Band.HIGH, 15), (Band.CRITICAL, 25))


def first_grid() -> list[list[str]]:
    """The bands of the scale a publisher begins with: by likelihood, then severity, the least first."""
    return [
        [next(band.value for band, highest in _LIMITS if row * column <= highest) for column in Severity.values]
        for row in Likelihood.values
    ]
