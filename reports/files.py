"""Handing out what a report consists of: the stored PDF, and its data byte for byte as attached to it."""

from typing import Any

from django.http import FileResponse, HttpResponse

from reports import services
from reports.models import ReleasePackage, SafetyReport


def pdf_response(report: SafetyReport) -> FileResponse:
    name = f"safety-report-{report.pk}.pdf"
    response = FileResponse(report.pdf.open("rb"), content_type="application/pdf", filename=name)
    return _dated(response, report.sha256, report)


def data_response(report: SafetyReport) -> HttpResponse:
    response = HttpResponse(services.data_bytes(report.data), content_type="application/json")
    response.headers["Content-Disposition"] = f'inline; filename="safety-report-{report.pk}.json"'
    return _dated(response, report.data_sha256, report)


def package_response(package: ReleasePackage) -> FileResponse:
    response = FileResponse(
        package.file.open("rb"), content_type="application/zip", filename=package.filename, as_attachment=True
    )
    response.headers["ETag"] = f'"{package.sha256}"'
    # Its bytes never change, but it is withheld when its publisher hides what it tells.
    response.headers["Cache-Control"] = "public, no-cache"
    return response


def _dated(response: Any, digest: str, report: SafetyReport) -> Any:
    """What is published never changes and may be kept; a draft is for the people who work on it."""
    response.headers["ETag"] = f'"{digest}"'
    published = report.stage == SafetyReport.Stage.PUBLISHED
    response.headers["Cache-Control"] = "public, max-age=86400" if published else "no-store"
    return response
