"""What a killed upload leaves behind is removed; what belongs to somebody is not."""

import os
import time
from pathlib import Path

import pytest
from celery.schedules import crontab
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from common import audit
from registry import services, tasks
from registry.services import leftovers
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db
DAY = 86_400


@pytest.fixture(autouse=True)
def storage(tmp_path, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "artifacts", "base_url": None},
        },
    }
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "arriving")
    (tmp_path / "arriving").mkdir()
    return default_storage


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", created_by=release_manager)


def left(storage, name, days=2.0, content=b"half of it"):
    name = storage.save(name, ContentFile(content))
    age(storage.path(name), days)
    return name


def age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def test_an_old_file_without_a_row_goes_and_is_on_record(storage, draft, caplog):
    name = left(storage, f"releases/{draft.pk}/orphan")

    with caplog.at_level("WARNING", logger="registry"):
        assert services.sweep_leftovers() == [name]

    assert not storage.exists(name)
    event = audit.trail(draft).first()
    assert (event.verb, event.before) == ("registry.release.sweep_file", {"file": name, "size": 10})
    assert event.actor_label == "Housekeeping"
    assert name in caplog.text


def test_a_second_sweep_finds_nothing(storage, draft):
    left(storage, f"releases/{draft.pk}/orphan")
    tasks.sweep_leftovers()
    events = audit.trail(draft).count()

    tasks.sweep_leftovers()

    assert audit.trail(draft).count() == events
    assert services.sweep_leftovers() == []


def test_what_a_row_names_stays_however_old(storage, release):
    files = [artifact.file for artifact in release.artifacts.all()]
    for file in files:
        age(file.path, 400)

    assert services.sweep_leftovers() == []
    assert [storage.exists(file.name) for file in files] == [True] * len(files) != []


def test_an_upload_that_may_still_be_arriving_stays(storage, draft):
    name = left(storage, f"releases/{draft.pk}/arriving", days=0.9)

    assert services.sweep_leftovers() == []
    assert storage.exists(name)


def test_files_that_are_not_this_databases_stay(storage, draft):
    names = [left(storage, name) for name in (f"releases/{draft.pk + 999}/other", "reports/1/pdf", "releases/x/y")]

    assert services.sweep_leftovers() == []
    assert all(storage.exists(name) for name in names)


def test_many_folders_are_swept_in_batches(storage, family, monkeypatch):
    monkeypatch.setattr(leftovers, "AT_ONCE", 2)
    drafts = [ReleaseFactory(family=family, version=f"3.{number}") for number in range(5)]
    for number in range(5):
        left(storage, f"releases/none-{number}/at-all")
    names = [left(storage, f"releases/{draft.pk}/orphan") for draft in drafts]

    assert sorted(services.sweep_leftovers()) == sorted(names)


def test_a_form_that_never_ended_goes_from_the_folder_for_uploads(settings):
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    for name, days in (("tmp1.upload.bin", 2), ("tmp2.upload", 0.5), ("notes.txt", 9)):
        (folder / name).write_bytes(b"x")
        age(folder / name, days)

    assert services.sweep_leftovers() == [str(folder / "tmp1.upload.bin")]
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "tmp2.upload"]


def test_what_the_storage_refuses_to_remove_is_not_on_record(storage, draft, monkeypatch):
    left(storage, f"releases/{draft.pk}/orphan")
    monkeypatch.setattr(FileSystemStorage, "delete", lambda self, name: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        services.sweep_leftovers()

    assert not audit.trail(draft).filter(verb="registry.release.sweep_file").exists()


def test_it_runs_once_a_day(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["sweep-leftovers"]

    assert entry["task"] == tasks.sweep_leftovers.name
    assert entry["schedule"] == crontab(hour=3, minute=17)
