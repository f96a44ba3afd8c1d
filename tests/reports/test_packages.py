"""The release package: the same bytes for the same facts, checkable with ordinary tools, nothing that is not public."""

import io
import json
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from common import audit
from common.lifecycle import Refused
from common.models import Job
from registry import services as registry
from registry.models import Release, Risk
from reports import packages, services
from reports.models import ReleasePackage
from tests.factories.registry import (
    ObjectiveFactory,
    ReleaseFactory,
    RiskFactory,
    UsageGuidelinesFactory,
)
from tests.factories.reports import ReleasePackageFactory


@pytest.fixture
def filled(family, release, release_manager):
    """A release with a shown and a hidden risk, guidelines that hold and a draft of the next."""
    RiskFactory(family=family, number=1, opened=True, owner=release_manager, title="Shown risk", harm="Told harm")
    RiskFactory(family=family, number=2, opened=True, owner=release_manager, title="Hidden risk", is_public=False)
    ObjectiveFactory(family=family, title="Nobody is deceived")
    rule = {"key": "persona", "title": "Imitate a real person"}
    UsageGuidelinesFactory(family=family, number=1, published=True, parts={"rules": [rule]})
    UsageGuidelinesFactory(family=family, number=2, parts={"rules": [{"key": "new", "title": "A drafted rule"}]})
    return release


def build(release):
    return packages.build(packages.told(Release.objects.all()).get(pk=release.pk))


def unpacked(content):
    archive = zipfile.ZipFile(io.BytesIO(content))
    return {info.filename.partition("/")[2]: archive.read(info) for info in archive.infolist()}


def made(release, actor):
    """A package as the worker makes it."""
    package = services.request_package(release, actor=actor)
    services.make_package(package.pk, lambda *_steps: None)
    Job.objects.filter(pk=package.job_id).update(state=Job.State.SUCCEEDED)
    return ReleasePackage.objects.get(pk=package.pk)


# The archive


def test_the_same_facts_give_the_same_bytes_whenever_and_in_whatever_language(filled):
    first, _manifest, fingerprint = build(filled)
    with time_machine.travel(datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)), translation.override("nl"):
        again, _manifest, same = build(filled)
    assert (again, same) == (first, fingerprint)


def test_another_fact_gives_another_package(filled, family):
    first, _manifest, before = build(filled)
    family.summary = "Something else."
    family.save()
    second, _manifest, after = build(filled)
    assert second != first
    assert before != after


def test_everything_is_in_it_and_in_the_manifest(filled):
    content, manifest, _fingerprint = build(filled)
    files = unpacked(content)
    assert set(files) == {
        *("README.md", "SHA256SUMS", "manifest.json", "weights.sha256", "terms.md", "usage-guidelines.md"),
        *("risk-summary.md", "risk-summary.csv", "evaluation-summary.md", "model-card/README.md"),
        *("machines/cyclonedx.json", "machines/spdx.json"),
        *("documents/risk-report.md", "documents/risk-report.txt", "documents/risk-report.csv"),
        *("documents/incident-response-plan.md", "documents/incident-response-plan.txt"),
        *("documents/user-support-macro.md", "documents/user-support-macro.txt"),
        *("documents/release-checklist.md", "documents/release-checklist.txt", "documents/release-checklist.csv"),
        *("documents/evaluation-plan.md", "documents/evaluation-plan.txt", "documents/evaluation-plan.csv"),
    }
    assert json.loads(files["manifest.json"]) == manifest
    assert {entry["path"] for entry in manifest["files"]} == set(files) - {"SHA256SUMS", "manifest.json"}
    assert manifest["model"]["revision"] == filled.revision
    assert files["model-card/README.md"].decode() == filled.cards.get().source
    assert "Imitate a real person" in files["terms.md"].decode()
    assert "«missing" not in "".join(data.decode() for data in files.values())


def test_it_can_be_checked_with_sha256sum(filled, tmp_path):
    archive = tmp_path / "package.zip"
    archive.write_bytes(build(filled)[0])
    subprocess.run(["python3", "-m", "zipfile", "-e", str(archive), str(tmp_path)], check=True)
    folder = tmp_path / "pilot-7b-1.0"
    for artifact in filled.artifacts.all():
        with artifact.file.open() as stored:
            (folder / artifact.path).write_bytes(stored.read())
    for sums, count in (("SHA256SUMS", 24), ("weights.sha256", 2)):
        checked = subprocess.run(["sha256sum", "-c", sums], cwd=folder, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
        assert checked.stdout.count(": OK") == count
    (folder / "terms.md").write_text("Do what you like.")
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True).returncode == 1


def test_what_is_not_public_is_in_none_of_its_files(filled, family, release_manager):
    family.publisher.public_risk_fields = []
    family.publisher.save()
    text = b"".join(unpacked(build(filled)[0]).values()).decode()
    assert "Shown risk" in text
    for words in ("Hidden risk", "Told harm", "A drafted rule", release_manager.display_name, release_manager.email):
        assert words not in text, words


def test_the_entries_depend_on_nothing_but_their_bytes(filled):
    entries = zipfile.ZipFile(io.BytesIO(build(filled)[0])).infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {(entry.create_system, entry.external_attr >> 16) for entry in entries} == {(3, 0o100644)}


# Making one


def test_request_package_queues_a_job_and_the_job_makes_it_once(filled, auditor):
    package = services.request_package(filled, actor=auditor)
    assert (package.job.kind, package.job.payload) == ("reports.release_package", {"package": package.pk})
    result = services.make_package(package.pk, lambda *_steps: None)
    fresh = ReleasePackage.objects.get(pk=package.pk)
    assert result == {"package": package.pk, "sha256": fresh.sha256}
    with fresh.file.open() as stored:
        assert stored.read() == build(filled)[0]
    assert services.make_package(package.pk, lambda *_steps: None) == result
    assert [event.verb for event in audit.trail(package)] == [
        "reports.releasepackage.make",
        "reports.releasepackage.request",
    ]


def test_request_package_is_for_those_who_report_on_a_public_release(family, filled, auditor, risk_owner, stranger):
    for person in (risk_owner, stranger):
        with pytest.raises(PermissionDenied):
            services.request_package(filled, actor=person)
    with pytest.raises(Refused, match="Publish the release first"):
        services.request_package(ReleaseFactory(family=family), actor=auditor)
    services.request_package(filled, actor=auditor)
    with pytest.raises(Refused, match="being made already"):
        services.request_package(filled, actor=auditor)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reports_releasepackage SET sha256 = repeat('0', 64)",
        "UPDATE reports_releasepackage SET manifest = '{}'",
        "DELETE FROM reports_releasepackage",
        "TRUNCATE reports_releasepackage",
    ],
)
def test_the_database_keeps_what_was_made(statement, db):
    ReleasePackageFactory(made=True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute(statement)


# Pages and API


def page_of(release):
    return reverse("reports:package", args=[release.family.publisher.slug, release.family.slug, release.version])


def test_the_page_says_what_is_in_it_and_whether_it_still_holds(client, filled, family, auditor):
    assert "No package yet" in client.get(page_of(filled)).content.decode()
    package = made(filled, auditor)
    page = client.get(page_of(filled))
    assert page.context["is_current"] is True
    text = page.content.decode()
    assert "documents/risk-report.md" in text
    assert reverse("reports:package_file", args=[package.pk]) in text
    RiskFactory(family=family, number=3, opened=True, owner=auditor)
    stale = client.get(page_of(filled))
    assert stale.context["is_current"] is False
    assert "Something has changed since" in stale.content.decode()


def test_the_file_is_the_archive(client, filled, auditor):
    package = made(filled, auditor)
    for url in (
        reverse("reports:package_file", args=[package.pk]),
        reverse("api:release-package-file", args=[package.pk]),
    ):
        answer = client.get(url)
        assert b"".join(answer.streaming_content) == build(filled)[0]
        assert answer.headers["Content-Type"] == "application/zip"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="pilot-7b-1.0-package.zip"'
        assert answer.headers["ETag"] == f'"{package.sha256}"'


@pytest.mark.parametrize("hide", ["a field", "a risk"])
def test_one_that_tells_what_was_hidden_since_is_withheld(client, filled, family, auditor, release_manager, hide):
    package = made(filled, auditor)
    file = reverse("reports:package_file", args=[package.pk])
    assert fetched(client, file)
    if hide == "a field":
        shown = [name for name in family.publisher.public_risk_fields if name != "harm"]
        registry.set_public_risk_fields(family.publisher, actor=release_manager, fields=shown)
    else:
        registry.edit_risk(Risk.objects.get(number=1), actor=release_manager, is_public=False)
    for url in (file, reverse("api:release-package-file", args=[package.pk])):
        assert client.get(url).status_code == 404
    assert f"/packages/{package.pk}/" not in client.get(page_of(filled)).content.decode()
    again = made(filled, auditor)
    assert fetched(client, reverse("reports:package_file", args=[again.pk]))
    assert client.get(file).status_code == 404
    client.force_login(auditor)
    assert fetched(client, file)


def fetched(client, url):
    answer = client.get(url)
    return answer.status_code == 200 and b"".join(answer.streaming_content)


def test_one_that_is_not_made_is_known_to_those_who_report(client, filled, auditor, researcher):
    package = services.request_package(filled, actor=auditor)
    url = reverse("api:release-package-detail", args=[package.pk])
    assert client.get(url).status_code == 404
    client.force_login(researcher)
    assert client.get(url).status_code == 404
    client.force_login(auditor)
    assert client.get(url).json()["url"] == ""
    assert client.get(reverse("api:job-detail", args=[package.job_id])).status_code == 200
    assert client.get(reverse("reports:package_file", args=[package.pk])).status_code == 404


@pytest.mark.parametrize("rows", [1, 25])
def test_pages_cost_the_same_at_any_number(client, filled, family, auditor, rows):
    for number in range(rows):
        RiskFactory(family=family, number=number + 10, opened=True, owner=auditor)
        ReleasePackageFactory(release=filled, requested_by=auditor, made=True)
    costs = []
    with CaptureQueriesContext(connection) as queries:
        client.get(page_of(filled))
    costs.append(len(queries))
    client.force_login(auditor)
    for url in (
        reverse("reports:package_work", args=[filled.pk]),
        reverse("api:release-package-list") + "?page_size=200",
    ):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        costs.append(len(queries))
    assert costs == [4, 6, 4]
