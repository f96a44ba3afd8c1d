from typing import Any

from common.jobs import Progress, job
from registry import services
from registry.services import bulk, imports, scales


@job(scales.JOB)
def carry_over(progress: Progress) -> dict[str, Any]:
    return services.carry_risks(progress)


@job(imports.CHECK)
def check_import(progress: Progress) -> dict[str, Any]:
    return services.check_import(progress)


@job(imports.APPLY)
def apply_import(progress: Progress) -> dict[str, Any]:
    return services.apply_import(progress)


@job(bulk.JOB)
def change_in_bulk(progress: Progress) -> dict[str, Any]:
    return services.change_in_bulk(progress)
