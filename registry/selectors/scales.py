"""The scale a publisher judges on now."""

from typing import Any

from registry.models import RiskScale
from registry.selectors.matrix import Matrix, matrix


def scale_in_force(publisher_id: int) -> RiskScale:
    """The scale in force at a publisher; every publisher has one from its first day."""
    return RiskScale.objects.in_force().get(publisher=publisher_id)


def empty_matrix(scale: RiskScale, **urls: Any) -> Matrix:
    """The scale drawn without risks."""
    return matrix([], scale, chip_url=lambda risk: "", **urls)
