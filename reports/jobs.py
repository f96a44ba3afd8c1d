from typing import Any

from common.jobs import Progress, job
from reports import services


@job(services.KIND)
def safety_report(progress: Progress) -> dict[str, Any]:
    return services.make_report(progress.payload["report"], progress)
