"""What is sent again with its key is done once; what differs is told so."""

import tracemalloc
from types import SimpleNamespace

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import connection
from django.utils.datastructures import MultiValueDict

from accounts.services import create_token
from common.api.views import fingerprint
from common.models import IdempotencyRecord
from incidents.models import MisuseReport, ReportAttachment
from registry.models import Artifact
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db
KEY = "a-key-of-mine"
REPORT = {"model": "I do not know", "category": "other", "what_happened": "It answered in a way that it should not."}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def _own_storage(tmp_path, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "artifacts", "base_url": None},
        },
    }


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", created_by=release_manager)


@pytest.fixture
def upload(client, release_manager, draft):
    secret = create_token(release_manager, actor=release_manager, name="CI", scopes=["write"], days=1)[1]

    def send(content=b"weights", name="model.bin", key=KEY, **data):
        headers = {"Authorization": f"Bearer {secret}"} | ({"Idempotency-Key": key} if key else {})
        body = {"release": draft.pk, "file": SimpleUploadedFile(name, content), **data}
        return client.post("/api/v1/artifacts/", body, headers=headers)

    return send


def stored(tmp_path):
    return [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]


def test_a_file_sent_again_with_its_key_is_stored_once(upload, tmp_path):
    first, again = upload(), upload()

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    with Artifact.objects.get().file.open() as file:
        assert file.read() == b"weights"
    assert len(stored(tmp_path)) == 1


@pytest.mark.parametrize("change", [{"content": b"weighty"}, {"name": "other.bin"}, {"path": "somewhere/else.bin"}])
def test_a_key_does_not_answer_for_another_file(upload, change):
    assert upload().status_code == 201

    other = upload(**change)

    assert (other.status_code, other.headers["Content-Type"]) == (422, "application/problem+json")
    assert Artifact.objects.count() == 1


def test_what_was_refused_leaves_the_key_free_and_nothing_stored(upload, tmp_path):
    assert upload(sha256="0" * 64).status_code == 409
    assert stored(tmp_path) == []
    assert not IdempotencyRecord.objects.exists()

    assert upload().status_code == 201


def test_a_file_without_a_key_is_taken_as_before(upload):
    assert (upload(key=None).status_code, upload(key=None).status_code) == (201, 409)


def test_a_large_file_is_compared_without_being_in_memory():
    file = TemporaryUploadedFile("large.bin", "application/octet-stream", 50_000_000, None)
    file.truncate(50_000_000)
    request = SimpleNamespace(path="/", data=MultiValueDict({"file": [file]}))
    tracemalloc.start()
    try:
        fingerprint(request)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000
    assert file.tell() == 0


def evidence(*contents):
    return [SimpleUploadedFile(f"{number}.png", PNG + content) for number, content in enumerate(contents)]


def file_report(client, *contents):
    data = {**REPORT, "evidence": evidence(*contents)}
    return client.post("/api/v1/misuse-reports/", data, headers={"Idempotency-Key": KEY})


def test_every_file_of_a_form_counts(client, db):
    first, again = file_report(client, b"a", b"b"), file_report(client, b"a", b"b")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()

    for contents in ((b"x", b"b"), (b"a", b"x"), (b"b",), (b"a", b"b", b"b")):
        assert file_report(client, *contents).status_code == 422, contents
    assert MisuseReport.objects.count() == 1
    assert ReportAttachment.objects.count() == 2


def test_nothing_is_stored_when_the_answer_cannot_be_kept(upload, tmp_path, monkeypatch):
    def fail(self, **_options):
        raise RuntimeError("The disk of the database is full.")

    monkeypatch.setattr(IdempotencyRecord, "save", fail)
    with pytest.raises(RuntimeError):
        upload()

    assert not Artifact.objects.exists()
    assert stored(tmp_path) == []


def test_bytes_travel_to_the_storage_outside_of_any_transaction(upload, monkeypatch, transactional_db):
    inside = []
    save = FileSystemStorage.save
    monkeypatch.setattr(
        FileSystemStorage, "save", lambda *given: inside.append(connection.in_atomic_block) or save(*given)
    )

    assert upload().status_code == 201
    assert inside == [False]
