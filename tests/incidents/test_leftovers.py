"""Attachments of what did not come to be are removed; what may be somebody's evidence is not."""

import os
import time

import pytest
from celery.schedules import crontab
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from common import audit
from incidents import services, tasks
from incidents.models import MisuseReport
from incidents.services import leftovers
from tests.factories.incidents import MisuseReportFactory, ReportAttachmentFactory

pytestmark = pytest.mark.django_db
DAY = 86_400
ORPHAN = "0f" * 32


@pytest.fixture(autouse=True)
def storage(tmp_path, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "artifacts", "base_url": None},
        },
    }
    return default_storage


@pytest.fixture
def kept(storage):
    """An attachment that a row names, older than the report of most tests."""
    attachment = ReportAttachmentFactory()
    age(attachment.file.path, 400)
    return attachment


def left(storage, name, days=2.0):
    name = storage.save(name, ContentFile(b"half of it"))
    age(storage.path(name), days)
    return name


def age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def swept(report):
    return audit.trail(report).filter(verb="incidents.misusereport.sweep_file")


def test_an_old_attachment_without_a_row_goes_and_is_on_record(storage, kept, report, caplog):
    name = left(storage, f"reports/{report.pk}/{ORPHAN}")

    with caplog.at_level("WARNING", logger="incidents"):
        assert services.sweep_attachments() == [name]

    assert not storage.exists(name)
    assert storage.exists(kept.file.name)
    event = swept(report).get()
    assert (event.before, event.object_label) == ({"file": name, "size": 10}, report.reference)
    assert event.actor_label == "Housekeeping"
    assert name in caplog.text


def test_attachments_of_a_report_that_was_never_filed_go(storage, kept):
    never = MisuseReport(pk=MisuseReportFactory().pk)
    MisuseReport.objects.filter(pk=never.pk).delete()
    MisuseReportFactory()
    names = [left(storage, f"reports/{never.pk}/{ORPHAN}") for _ in range(2)]  # the second has an addition

    assert sorted(services.sweep_attachments()) == sorted(names)
    assert swept(never).count() == 2


def test_a_second_sweep_finds_nothing(storage, kept, report):
    left(storage, f"reports/{report.pk}/{ORPHAN}")
    tasks.sweep_attachments()
    tasks.sweep_attachments()

    assert swept(report).count() == 1
    assert services.sweep_attachments() == []


def test_what_is_not_a_left_attachment_stays(storage, kept, report):
    names = [
        left(storage, f"reports/{report.pk}/{ORPHAN}", days=0.9),
        left(storage, f"reports/{report.pk}/{ORPHAN}.pdf"),
        left(storage, f"reports/{report.pk + 1}/{ORPHAN}"),
        left(storage, f"reports/{report.pk}/notes"),
        left(storage, f"reports/x/{ORPHAN}"),
        left(storage, f"releases/{report.pk}/{ORPHAN}"),
    ]

    assert services.sweep_attachments() == []
    assert all(storage.exists(name) for name in [*names, kept.file.name])


def test_nothing_goes_from_a_storage_that_is_not_this_databases(storage, kept, report):
    name = left(storage, f"reports/{report.pk}/{ORPHAN}")
    storage.delete(kept.file.name)
    assert services.sweep_attachments() == []
    kept.delete()
    assert services.sweep_attachments() == []
    assert storage.exists(name)


def test_many_folders_are_swept_in_batches(storage, kept, monkeypatch):
    monkeypatch.setattr(leftovers, "AT_ONCE", 2)
    names = [left(storage, f"reports/{each.pk}/{ORPHAN}") for each in MisuseReportFactory.create_batch(5)]

    assert sorted(services.sweep_attachments()) == sorted(names)


def test_what_the_storage_refuses_to_remove_is_not_on_record(storage, kept, report, monkeypatch):
    left(storage, f"reports/{report.pk}/{ORPHAN}")
    monkeypatch.setattr(FileSystemStorage, "delete", lambda self, name: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        services.sweep_attachments()

    assert not swept(report).exists()


def test_it_runs_once_a_day(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["sweep-attachments"]

    assert entry["task"] == tasks.sweep_attachments.name
    assert entry["schedule"] == crontab(hour=3, minute=27)
