"""Files in a bucket: what is signed, what is said when the service is away, and all of it against a real one.

The last part needs an S3 service: TEST_S3_ENDPOINT_URL, TEST_S3_BUCKET, TEST_S3_ACCESS_KEY, TEST_S3_SECRET_KEY.
"""

import hashlib
import os
import socket
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.files.base import ContentFile

from accounts.services import create_token
from common.storage import MIB, BucketStorage
from registry.models import Artifact
from tests.factories.incidents import MisuseReportFactory
from tests.factories.registry import ReleaseFactory

OPTIONS = {"bucket_name": "files", "region_name": "eu-west-1", "access_key": "key", "secret_key": "secret"}


@pytest.fixture(scope="module")
def closed_port():
    """A port of this machine that nobody listens on and nobody else gets."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def away(closed_port):
    return BucketStorage(endpoint_url=f"http://127.0.0.1:{closed_port}", **OPTIONS)


def use(monkeypatch, storage):
    monkeypatch.setattr(Artifact._meta.get_field("file"), "storage", storage)


@pytest.fixture
def upload(release_manager, family, client):
    """Sends a file to a draft of ours as a program does."""
    draft = ReleaseFactory(family=family, version="2.0", created_by=release_manager)
    _token, secret = create_token(release_manager, actor=release_manager, name="Upload", scopes=["write"], days=1)

    def send(content, path="weights.bin"):
        return client.put(
            f"/api/v1/releases/{draft.pk}/artifacts/{path}",
            data=content,
            content_type="application/octet-stream",
            headers={"Authorization": f"Bearer {secret}"},
        )

    return send


def test_addresses_are_signed_with_version_4_and_end_soon():
    storage = BucketStorage(endpoint_url="https://files.example.org", **OPTIONS)

    address = urlsplit(storage.url("releases/1/a", expire=300))

    query = parse_qs(address.query)
    assert (address.hostname, address.path) == ("files.example.org", "/files/releases/1/a")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["300"]
    assert "/eu-west-1/s3/" in query["X-Amz-Credential"][0]


def test_addresses_name_the_host_that_downloaders_reach():
    storage = BucketStorage(
        endpoint_url="http://store:9000", public_endpoint_url="https://files.example.org", **OPTIONS
    )

    assert storage.url("a").startswith("https://files.example.org/files/a?")
    assert storage.connection.meta.client.meta.endpoint_url == "http://store:9000"


@pytest.mark.django_db
def test_an_upload_while_the_store_is_away_says_so_and_leaves_nothing(upload, away, monkeypatch):
    use(monkeypatch, away)

    answer = upload(b"weights")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "cannot reach its files" in answer.json()["detail"]
    assert not Artifact.objects.exists()


@pytest.mark.django_db
def test_a_page_with_a_file_says_that_the_store_is_away(client, incident_handler, away, monkeypatch):
    report = MisuseReportFactory()
    attachment = report.attachments.create(
        name="a.png", media_type="image/png", size=1, sha256="0" * 64, file="reports/1/a"
    )
    monkeypatch.setattr(attachment.file.field, "storage", away)
    client.force_login(incident_handler, backend="allauth.account.auth_backends.AuthenticationBackend")

    answer = client.get(f"/workspace/misuse/{report.pk}/attachments/{attachment.pk}/")

    assert answer.status_code == 503
    assert "cannot reach its files" in answer.content.decode()


@pytest.fixture
def bucket(monkeypatch):
    if "TEST_S3_ENDPOINT_URL" not in os.environ:
        pytest.skip("no S3 service is named: TEST_S3_ENDPOINT_URL")
    storage = BucketStorage(
        region_name="us-east-1",
        **{
            name: os.environ[f"TEST_S3_{variable}"]
            for name, variable in (
                ("endpoint_url", "ENDPOINT_URL"),
                ("bucket_name", "BUCKET"),
                ("access_key", "ACCESS_KEY"),
                ("secret_key", "SECRET_KEY"),
            )
        },
    )
    use(monkeypatch, storage)
    return storage


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 1000, 35 * MIB], ids=["one byte", "one part", "several parts"])
def test_what_a_real_service_gives_back_is_what_was_sent(bucket, upload, size):
    content = os.urandom(size)

    answer = upload(content)

    assert (answer.status_code, answer.json()["sha256"]) == (201, hashlib.sha256(content).hexdigest())
    name = Artifact.objects.get().file.name
    try:
        address = bucket.url(name, expire=60)
        assert requests.get(address, timeout=60).content == content
        assert requests.get(address.partition("?")[0], timeout=60).status_code in {400, 401, 403}
        with bucket.open(name) as file:
            assert file.read() == content
        assert bucket.size(name) == size
        assert name.rpartition("/")[2] in bucket.listdir(name.rpartition("/")[0])[1]
    finally:
        bucket.delete(name)
    assert not bucket.exists(name)
    with pytest.raises(FileNotFoundError):
        bucket.open(name)
    with pytest.raises(FileNotFoundError):
        bucket.get_modified_time(name)


def test_a_real_service_keeps_what_is_there(bucket):
    first, second = (bucket.save("tests/same-name", ContentFile(text)) for text in (b"first", b"second"))
    try:
        assert first != second
        with bucket.open(first) as file:
            assert file.read() == b"first"
    finally:
        bucket.delete(first)
        bucket.delete(second)
