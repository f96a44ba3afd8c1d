from typing import Any

from common.jobs import Progress, job
from reports import services


@job(services.KIND)
def safety_report(progress: Progress) -> dict[str, Any]:
    return services.make_report(progress.payload["report"], progress)


@job(services.PACKAGE_KIND)
def release_package(progress: Progress) -> dict[str, Any]:
    return services.make_package(progress.payload["package"], progress)
