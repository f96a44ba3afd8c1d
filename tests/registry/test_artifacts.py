"""Files of a release: hashed while they arrive, whole or not at all."""

import base64
import hashlib
import io
import socket
import time
import tracemalloc
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.services import create_token
from common import audit
from common.lifecycle import Refused
from registry import services
from registry.models import Artifact, Release
from tests.factories.registry import ArtifactFactory, ReleaseFactory

DATA = b"the weights of a small model" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


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


def stored_files():
    root = Path(settings.STORAGES["default"]["OPTIONS"]["location"])
    return [path for path in root.rglob("*") if path.is_file()]


class Zeros:
    """A stream of zeros that exists nowhere: as large as one likes."""

    def __init__(self, size):
        self.left = size

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return b"\0" * size


class Breaks(io.BytesIO):
    """A stream whose connection is cut after its bytes."""

    def read(self, size=-1):
        data = super().read(size)
        if not data:
            raise ConnectionResetError("cut")
        return data


def test_add_artifact_stores_bytes_size_and_digest(draft, release_manager):
    artifact = services.add_artifact(draft, actor=release_manager, path="weights/model.bin", content=io.BytesIO(DATA))
    assert (artifact.size, artifact.sha256) == (len(DATA), DIGEST)
    with artifact.file.open() as file:
        assert file.read() == DATA
    event = audit.trail(draft).first()
    assert event.verb == "registry.release.add_artifact"
    assert event.after == {"path": "weights/model.bin", "size": len(DATA), "sha256": DIGEST}


def test_a_large_file_is_never_in_memory(draft, release_manager):
    size = 300 * 1024 * 1024
    tracemalloc.start()
    try:
        artifact = services.add_artifact(draft, actor=release_manager, path="large.bin", content=Zeros(size))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert artifact.size == size
    assert peak < 16 * 1024 * 1024


def test_a_digest_that_differs_is_refused_at_its_field_and_nothing_stays(draft, release_manager):
    with pytest.raises(Refused) as refusal:
        services.add_artifact(draft, actor=release_manager, path="model.bin", content=io.BytesIO(DATA), sha256="0" * 64)
    assert refusal.value.field == "sha256"
    assert DIGEST in str(refusal.value)
    assert not Artifact.objects.exists()
    assert stored_files() == []


def test_a_declared_digest_may_be_written_in_the_usual_ways(draft, release_manager):
    services.add_artifact(
        draft, actor=release_manager, path="a", content=io.BytesIO(DATA), sha256=f" sha256:{DIGEST.upper()} "
    )
    with pytest.raises(Refused, match="64 hexadecimal"):
        services.add_artifact(draft, actor=release_manager, path="b", content=io.BytesIO(DATA), sha256="abc")


def test_a_file_that_is_shorter_than_announced_is_refused(draft, release_manager):
    with pytest.raises(Refused, match="cut off"):
        services.add_artifact(
            draft, actor=release_manager, path="a", content=io.BytesIO(DATA[:100]), expected_size=len(DATA)
        )
    assert not Artifact.objects.exists()
    assert stored_files() == []


def test_a_stream_that_breaks_leaves_nothing(draft, release_manager):
    with pytest.raises(ConnectionResetError):
        services.add_artifact(draft, actor=release_manager, path="a", content=Breaks(DATA))
    assert not Artifact.objects.exists()
    assert stored_files() == []


def test_the_same_path_is_refused_unless_it_is_the_same_file(draft, release_manager):
    first = services.add_artifact(draft, actor=release_manager, path="a", content=io.BytesIO(DATA))
    again = services.add_artifact(draft, actor=release_manager, path="a", content=io.BytesIO(b""), sha256=DIGEST)
    assert again == first
    with pytest.raises(Refused) as refusal:
        services.add_artifact(draft, actor=release_manager, path="a", content=io.BytesIO(b"other"))
    assert refusal.value.field == "path"
    assert len(stored_files()) == 1


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a//b", "a/./b", "a\\b", "", "a/\u202eb", "x" * 301])
def test_paths_with_tricks_are_refused(draft, release_manager, path):
    with pytest.raises(ValidationError) as invalid:
        services.add_artifact(draft, actor=release_manager, path=path, content=io.BytesIO(DATA))
    assert list(invalid.value.error_dict) == ["path"]
    assert stored_files() == []


def test_files_come_and_go_only_while_it_is_a_draft(release, release_manager):
    before = stored_files()
    with pytest.raises(Refused, match="Published"):
        services.add_artifact(release, actor=release_manager, path="a", content=Zeros(10))
    for artifact in release.artifacts.all():
        with pytest.raises(Refused, match="Published"):
            services.remove_artifact(artifact, actor=release_manager)
    assert stored_files() == before


def test_a_release_published_during_an_upload_does_not_get_the_file(draft, release_manager):
    class PublishedMeanwhile(Zeros):
        def read(self, size):
            Release.objects.filter(pk=draft.pk).update(
                stage=Release.Stage.PUBLISHED, revision="a" * 40, published_at=draft.created_at
            )
            return super().read(size)

    with pytest.raises(Refused, match="Published"):
        services.add_artifact(draft, actor=release_manager, path="a", content=PublishedMeanwhile(10))
    assert not Artifact.objects.exists()
    assert stored_files() == []


def test_remove_artifact_takes_row_and_file(draft, release_manager, django_capture_on_commit_callbacks):
    artifact = services.add_artifact(draft, actor=release_manager, path="a", content=io.BytesIO(DATA))
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_artifact(artifact, actor=release_manager)
    assert not Artifact.objects.exists()
    assert stored_files() == []
    assert audit.trail(draft).first().before["sha256"] == DIGEST


def test_files_are_for_the_release_manager(draft, reviewer, auditor, risk_owner, stranger):
    artifact = ArtifactFactory(release=draft)
    for person in (reviewer, auditor, risk_owner, stranger):
        with pytest.raises(PermissionDenied):
            services.add_artifact(draft, actor=person, path="b", content=io.BytesIO(DATA))
        with pytest.raises(PermissionDenied):
            services.remove_artifact(artifact, actor=person)


def test_the_page_takes_a_file_and_names_its_digest(client, draft, release_manager):
    client.force_login(release_manager)
    url = reverse("registry:artifact_add", args=[draft.pk])
    file = SimpleUploadedFile("model.bin", DATA)
    response = client.post(url, {"file": file, "sha256": DIGEST}, follow=True)
    assert DIGEST in response.content.decode()
    assert draft.artifacts.get().path == "model.bin"


def test_the_page_shows_a_wrong_digest_at_its_field(client, draft, release_manager):
    client.force_login(release_manager)
    url = reverse("registry:artifact_add", args=[draft.pk])
    response = client.post(url, {"file": SimpleUploadedFile("model.bin", DATA), "sha256": "0" * 64})
    assert response.status_code == 422
    assert response.context["form"].errors["sha256"] == [
        f"The file that arrived has the SHA-256 {DIGEST}, not the one you declared. Nothing was stored."
    ]


def put(client, draft, data, **headers):
    url = reverse("api:release-artifact", args=[draft.pk, "weights/model.bin"])
    return client.put(url, data, content_type="application/octet-stream", headers=headers)


def test_the_api_takes_a_file_as_the_body(client, draft, release_manager):
    client.force_login(release_manager)
    declared = f"sha-256=:{base64.b64encode(hashlib.sha256(DATA).digest()).decode()}:"
    response = put(client, draft, DATA, **{"Content-Digest": declared})
    assert response.status_code == 201
    assert response.json()["sha256"] == DIGEST
    assert put(client, draft, DATA, **{"Content-Digest": declared}).json()["id"] == response.json()["id"]


@pytest.mark.parametrize("declared", ["sha-256=:AAAA:", "md5=:AAAA:", "sha-256=:not base64!:", "nonsense"])
def test_the_api_does_not_guess_at_a_digest(client, draft, release_manager, declared):
    client.force_login(release_manager)
    response = put(client, draft, DATA, **{"Content-Digest": declared})
    assert response.status_code == 409
    assert response.json()["errors"][0]["field"] == "Content-Digest"


def test_the_api_compares_the_digest(client, draft, release_manager):
    client.force_login(release_manager)
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    response = put(client, draft, DATA, **{"Content-Digest": f"sha-256=:{other}:"})
    assert response.status_code == 409
    assert response.json()["errors"][0]["field"] == "sha256"
    assert stored_files() == []


def test_the_api_takes_a_form(client, draft, release_manager):
    client.force_login(release_manager)
    data = {"release": draft.pk, "file": SimpleUploadedFile("model.bin", DATA), "sha256": DIGEST}
    response = client.post(reverse("api:artifact-list"), data)
    assert response.status_code == 201
    assert (response.json()["path"], response.json()["size"]) == ("model.bin", len(DATA))


def _send_half(server, lines, body):
    """Announce twice the bytes of ``body``, send them, and hang up."""
    host = urlsplit(server.url)
    head = "\r\n".join([*lines, f"Host: {host.netloc}", f"Content-Length: {2 * len(body)}", "", ""])
    with socket.create_connection((host.hostname, host.port)) as line:
        line.sendall(head.encode() + body)
        line.shutdown(socket.SHUT_WR)
        line.settimeout(20)
        return b"".join(iter(lambda: line.recv(65536), b"")).decode()


@pytest.mark.django_db(transaction=True)
def test_a_real_connection_cut_off_half_way_leaves_nothing(live_server, draft, release_manager):
    _token, secret = create_token(release_manager, actor=release_manager, name="CI", scopes=["write"], days=1)
    path = reverse("api:release-artifact", args=[draft.pk, "model.bin"])
    answer = _send_half(live_server, [f"PUT {path} HTTP/1.1", f"Authorization: Bearer {secret}"], DATA * 20)
    assert "409" in answer.splitlines()[0]
    assert "cut off" in answer
    assert not Artifact.objects.exists()
    assert stored_files() == []


@pytest.mark.django_db(transaction=True)
def test_a_form_cut_off_half_way_leaves_nothing(live_server, client, draft, release_manager):
    client.force_login(release_manager)
    page = reverse("registry:artifact_add", args=[draft.pk])
    client.get(page)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    body = (
        '--edge\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'
        f"{client.cookies['csrftoken'].value}\r\n"
        '--edge\r\nContent-Disposition: form-data; name="file"; filename="model.bin"\r\n\r\n'
    ).encode() + DATA * 20
    lines = [f"POST {page} HTTP/1.1", f"Cookie: {cookies}", "Content-Type: multipart/form-data; boundary=edge"]
    answer = _send_half(live_server, lines, body)
    assert "422" in answer.splitlines()[0]
    time.sleep(0.1)
    assert not Artifact.objects.exists()
    assert stored_files() == []
