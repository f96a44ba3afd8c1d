from typing import Any

from common.jobs import Progress, job
from registry import services
from registry.services import scales


@job(scales.JOB)
def carry_over(progress: Progress) -> dict[str, Any]:
    return services.carry_risks(progress)
