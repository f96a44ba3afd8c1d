from django.utils import timezone

from common.models import Job
from tests.factories.reports import ReleasePackageFactory, SafetyReportFactory
from tests.matrix import api_only, everybody, only, route

READERS = ("auditor", "release_manager", "reviewer")


def build(w):
    def job(state):
        return Job.objects.create(
            kind="reports.safety_report",
            state=state,
            requested_by=w.auditor,
            queued_at=timezone.now(),
            payload={"report": 0},
        )

    w.public_report = SafetyReportFactory(family=w.family, requested_by=w.auditor, published=True, job=job("succeeded"))
    w.ready_report = SafetyReportFactory(family=w.family, requested_by=w.auditor, made=True, job=job("succeeded"))
    w.package = ReleasePackageFactory(release=w.release, requested_by=w.auditor, made=True, job=job("succeeded"))
    w.failed_package = ReleasePackageFactory(release=w.release, requested_by=w.auditor, job=job("failed"))
    w.failed_report = SafetyReportFactory(family=w.family, requested_by=w.auditor, job=job("failed"))


def asked(w):
    return {"subject": f"family-{w.family.pk}", "preset": "last_month"}


def outside(status=200, **options):
    return only(*READERS, status=status, outside=404, **options)


ROUTES = {
    "reports:report_list": route(get=everybody(200)),
    "reports:report": route(args=lambda w: [w.public_report.pk], get=everybody(200)),
    "reports:report_pdf": route(args=lambda w: [w.ready_report.pk], get=only(*READERS, others=404, anonymous=404)),
    "reports:report_data": route(args=lambda w: [w.public_report.pk], get=everybody(200)),
    # A stranger reports on their own publisher, and is told that ours is not among the choices.
    "reports:report_work": route(get=only(*READERS, "stranger")),
    "reports:report_new": route(
        get=only(*READERS, "stranger"), post=only(*READERS, status=302) | {"stranger": 422}, body=asked
    ),
    "reports:report_case": route(args=lambda w: [w.failed_report.pk], get=outside(others=404)),
    "reports:report_job": route(args=lambda w: [w.failed_report.pk], get=outside(status=302, others=404)),
    "reports:report_rerun": route(args=lambda w: [w.failed_report.pk], post=outside(status=302, others=404)),
    "reports:report_publication": route(
        args=lambda w: [w.ready_report.pk],
        get=outside(others=404) | {"auditor": 403, "reviewer": 403},
        post=outside(status=302, others=404) | {"auditor": 403, "reviewer": 403},
    ),
    "api:safety-report-list": route(
        get=everybody(200),
        post=api_only(*READERS, status=202, others=403),
        body=lambda w: {"family": w.family.pk, "period_start": "2026-01-01", "period_end": "2026-02-01"},
    ),
    "api:safety-report-detail": route(args=lambda w: [w.public_report.pk], get=everybody(200)),
    "api:safety-report-pdf": route(args=lambda w: [w.ready_report.pk], get=only(*READERS, others=404, anonymous=404)),
    "api:safety-report-data": route(args=lambda w: [w.public_report.pk], get=everybody(200)),
    "api:safety-report-publication": route(
        args=lambda w: [w.ready_report.pk],
        post=api_only("release_manager", others=404) | {"auditor": 403, "reviewer": 403},
    ),
    "api:safety-report-rerun": route(
        args=lambda w: [w.failed_report.pk], post=api_only(*READERS, status=202, others=404)
    ),
    "reports:package": route(args=lambda w: [w.publisher.slug, w.family.slug, w.release.version], get=everybody(200)),
    "reports:package_file": route(args=lambda w: [w.package.pk], get=everybody(200)),
    "reports:package_work": route(args=lambda w: [w.release.pk], get=only(*READERS), post=only(*READERS, status=302)),
    "reports:package_rerun": route(args=lambda w: [w.failed_package.pk], post=only(*READERS, status=302, others=404)),
    "api:release-package-list": route(
        get=everybody(200), post=api_only(*READERS, status=202), body=lambda w: {"release": w.release.pk}
    ),
    "api:release-package-detail": route(args=lambda w: [w.package.pk], get=everybody(200)),
    "api:release-package-file": route(args=lambda w: [w.package.pk], get=everybody(200)),
    "api:release-package-rerun": route(
        args=lambda w: [w.failed_package.pk], post=api_only(*READERS, status=202, others=404)
    ),
    "api:job-list": route(get=everybody(200) | {"anonymous": 401}),
    "api:job-detail": route(args=lambda w: [w.failed_report.job_id], get=api_only(*READERS, others=404)),
    "api:figures": route(
        get=api_only(*READERS, others=400) | {"anonymous": 401} | dict.fromkeys(READERS, 400) | {"superuser": 400},
    ),
}
