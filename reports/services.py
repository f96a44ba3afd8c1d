import hashlib
import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.services import service_account
from common import audit, events, jobs, lifecycle
from common.jobs import Progress
from common.lifecycle import Refused
from common.models import Job
from registry.models import Release
from reports import contents, packages, permissions
from reports.lifecycle import PUBLISH_REPORT
from reports.models import ReleasePackage, SafetyReport
from reports.scope import Period, Scope

KIND = "reports.safety_report"
PACKAGE_KIND = "reports.release_package"
LONGEST = 366 * 5


@transaction.atomic
def request_report(scope: Scope, period: Period, *, actor: Any, title: str = "") -> SafetyReport:
    """Ask for the safety report of ``scope`` for ``period``; a worker makes it.

    A period may include today, but not a day that has not begun. Raises ``Refused`` while the same
    report is being made already.
    """
    if not permissions.can_request_report(actor, scope.subject):
        raise PermissionDenied
    _check_period(period)
    same = SafetyReport.objects.filter(
        publisher=scope.publisher, family=scope.family, period_start=period.start, period_end=period.end
    )
    if running := same.filter(job__state__in=[Job.State.QUEUED, Job.State.RUNNING]).first():
        raise Refused(_("%s is being made for this period already.") % running.reference)
    report = SafetyReport.objects.create(
        publisher=scope.publisher,
        family=scope.family,
        period_start=period.start,
        period_end=period.end,
        title=title or default_title(scope, period),
        requested_by=actor,
    )
    report.job = jobs.enqueue(KIND, actor=actor, payload={"report": report.pk})
    report.save(update_fields=["job"])
    audit.record(actor, "reports.safetyreport.request", report, after=report.stage, scope=scope.subject)
    return report


def default_title(scope: Scope, period: Period) -> str:
    first, last = date_format(period.start, "j M Y"), date_format(period.last_day, "j M Y")
    return _("%(scope)s, %(first)s to %(last)s") % {"scope": scope, "first": first, "last": last}


def _check_period(period: Period) -> None:
    if period.last_day > timezone.now().date():
        raise Refused(_("The period must not end after today."), field="last_day")
    if period.days > LONGEST:
        raise Refused(_("A report covers five years at most."), field="first_day")


@transaction.atomic
def run_report_again(report: SafetyReport, *, actor: Any) -> SafetyReport:
    """Queue the failed job of ``report`` once more."""
    if not permissions.can_run_report_again(actor, report):
        raise PermissionDenied
    if report.job is None:
        raise Refused(_("There is no job to run again."))
    report.job = jobs.run_again(report.job, actor=actor)
    return report


@transaction.atomic
def publish_report(report: SafetyReport, *, actor: Any) -> SafetyReport:
    """Put ``report`` on the public page. Its PDF and data stay as they are."""
    changes = {"published_at": timezone.now(), "published_by": actor}
    report = lifecycle.apply(PUBLISH_REPORT, report, actor=actor, changes=changes, sha256=report.sha256)
    events.emit("reports.safetyreport.published", report)
    return report


def make_report(report_id: int, progress: Progress) -> dict[str, Any]:
    """Make the PDF of a report: the work of its job.

    Safe to run twice: data that was frozen stays frozen, and a PDF that was made is not made again.
    """
    # The renderer takes seconds and 80 MB to load, and only the workers need it.
    from reports import pdf  # noqa: PLC0415

    report = SafetyReport.objects.select_related("publisher", "family__publisher", "requested_by").get(pk=report_id)
    if report.is_made:
        return _result(report)
    steps = 5
    progress(0, steps, _("Reading the figures"))
    data = report.data or _freeze(report)
    progress(1, steps, _("Writing the pages"))
    html = pdf.html_of(report, data)
    progress(2, steps, _("Laying out the pages"))
    document = pdf.layout(html)
    progress(3, steps, _("Writing the PDF"))
    content = pdf.write(document, data_bytes(data), report.period)
    progress(4, steps, _("Storing the PDF"))
    return _result(_store(report, content, pages=len(document.pages)))


def data_bytes(data: Any) -> bytes:
    """The data as it is signed off and attached: one spelling only, so that equal data has one digest.

    The form of RFC 8785 for what we store: objects with sorted keys, strings, integers, no floats.
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _freeze(report: SafetyReport) -> dict[str, Any]:
    data = contents.collect(report)
    digest = hashlib.sha256(data_bytes(data)).hexdigest()
    # Two runs at once: whoever is first decides, and both go on with the same data.
    frozen = SafetyReport.objects.filter(pk=report.pk, data__isnull=True).update(data=data, data_sha256=digest)
    if not frozen:
        report.refresh_from_db(fields=["data", "data_sha256"])
        return dict(report.data or {})
    report.data, report.data_sha256 = data, digest
    return data


@transaction.atomic
def _store(report: SafetyReport, content: bytes, *, pages: int) -> SafetyReport:
    report = SafetyReport.objects.select_for_update().get(pk=report.pk)
    if report.is_made:
        return report
    report.sha256, report.size, report.pages = hashlib.sha256(content).hexdigest(), len(content), pages
    report.made_at = timezone.now()
    report.pdf.save("report.pdf", ContentFile(content), save=False)
    report.save(update_fields=["pdf", "sha256", "size", "pages", "made_at", "updated_at"])
    audit.record(
        service_account("Report worker"),
        "reports.safetyreport.make",
        report,
        after={"sha256": report.sha256, "pages": pages},
        on_behalf_of=report.requested_by,
    )
    return report


def _result(report: SafetyReport) -> dict[str, Any]:
    return {"report": report.pk, "sha256": report.sha256, "pages": report.pages}


@transaction.atomic
def request_package(release: Release, *, actor: Any) -> ReleasePackage:
    """Ask for the package of a public release; a worker makes it.

    Raises ``Refused`` for a draft, and while one is being made already.
    """
    if not permissions.can_request_package(actor, release):
        raise PermissionDenied
    release = _locked(release)
    if not release.is_public:
        raise Refused(_("Publish the release first: until then its package would tell what may still change."))
    running = ReleasePackage.objects.filter(release=release, job__state__in=[Job.State.QUEUED, Job.State.RUNNING])
    if running.exists():
        raise Refused(_("The package of this release is being made already."))
    return _queue_package(release, actor)


@transaction.atomic
def package_published_release(release: Release, *, actor: Any) -> ReleasePackage | None:
    """Have the first package of a release made because it was published.

    Nothing where one was asked for already, by somebody or by an earlier delivery of the same news, or where the
    release is not public any more. A job that fails is shown with the packages of the release, where it can be run
    again.
    """
    release = _locked(release)
    if not release.is_public or ReleasePackage.objects.filter(release=release).exists():
        return None
    return _queue_package(release, actor)


def _locked(release: Release) -> Release:
    """So that of two at once the second sees what the first asked for."""
    return Release.objects.select_for_update(of=("self",)).select_related("family__publisher").get(pk=release.pk)


def _queue_package(release: Release, actor: Any) -> ReleasePackage:
    package = ReleasePackage.objects.create(release=release, requested_by=actor)
    package.job = jobs.enqueue(PACKAGE_KIND, actor=actor, payload={"package": package.pk})
    package.save(update_fields=["job"])
    audit.record(actor, "reports.releasepackage.request", package, after={"release": release})
    return package


@transaction.atomic
def run_package_again(package: ReleasePackage, *, actor: Any) -> ReleasePackage:
    """Queue the failed job of ``package`` once more."""
    if not permissions.can_request_package(actor, package.release):
        raise PermissionDenied
    if package.job is None:
        raise Refused(_("There is no job to run again."))
    package.job = jobs.run_again(package.job, actor=actor)
    return package


def make_package(package_id: int, progress: Progress) -> dict[str, Any]:
    """Make the archive of a package: the work of its job. Safe to run twice."""
    package = ReleasePackage.objects.get(pk=package_id)
    if not package.is_made:
        progress(0, 2, _("Reading what is public about the release"))
        content, manifest, fingerprint = packages.build(packages.told(Release.objects.all()).get(pk=package.release_id))
        progress(1, 2, _("Storing the archive"))
        package = _store_package(package_id, content, manifest, fingerprint)
    return {"package": package.pk, "sha256": package.sha256}


@transaction.atomic
def _store_package(package_id: int, content: bytes, manifest: dict[str, Any], fingerprint: str) -> ReleasePackage:
    rows = ReleasePackage.objects.select_for_update(of=("self",)).select_related("requested_by", "release__family")
    package = rows.get(pk=package_id)
    if package.is_made:
        return package
    package.sha256, package.size = hashlib.sha256(content).hexdigest(), len(content)
    package.manifest, package.fingerprint, package.made_at = manifest, fingerprint, timezone.now()
    package.file.save("package.zip", ContentFile(content), save=False)
    package.save()
    audit.record(
        service_account("Report worker"),
        "reports.releasepackage.make",
        package,
        after={"sha256": package.sha256, "size": package.size},
        on_behalf_of=package.requested_by,
    )
    return package
