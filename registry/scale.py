"""How likely, how bad, and what the product of both is called."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Likelihood(models.IntegerChoices):
    RARE = 1, _("Rare")
    UNLIKELY = 2, _("Unlikely")
    POSSIBLE = 3, _("Possible")
    LIKELY = 4, _("Likely")
    ALMOST_CERTAIN = 5, _("Almost certain")


class Severity(models.IntegerChoices):
    NEGLIGIBLE = 1, _("Negligible")
    MINOR = 2, _("Minor")
    MODERATE = 3, _("Moderate")
    MAJOR = 4, _("Major")
    SEVERE = 5, _("Severe")


class Band(models.TextChoices):
    LOW = "low", _("Low")
    MODERATE = "moderate", _("Moderate")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


@dataclass(frozen=True)
class Level:
    """A score with the band it falls in: what every page, PDF and API answer shows of a risk."""

    score: int
    band: Band

    @property
    def label(self) -> str:
        return str(self.band.label)


# The highest score of each band, lowest band first.
LIMITS = ((Band.LOW, 4), (Band.MODERATE, 9), (Band.HIGH, 15), (Band.CRITICAL, 25))


def band(score: int) -> Band:
    """The band of ``score`` (likelihood × severity, 1 to 25). Raises ``ValueError`` outside that range."""
    if not 1 <= score <= 25:
        raise ValueError(f"A score is between 1 and 25, not {score}.")
    return next(name for name, highest in LIMITS if score <= highest)


def bounds(name: Band) -> tuple[int, int]:
    """Lowest and highest score of a band."""
    lowest = 1
    for known, highest in LIMITS:
        if known == name:
            return lowest, highest
        lowest = highest + 1
    raise ValueError(name)


def level(score: int | None) -> Level | None:
    return None if score is None else Level(score, band(score))
