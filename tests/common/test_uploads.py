"""How much anybody may send to which address."""

import socket

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from accounts.services import create_token
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db
FORM = {"model": "I do not know", "category": "other", "what_happened": "It answered in a way that it should not."}


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", created_by=release_manager)


@pytest.fixture(autouse=True)
def _small(settings):
    settings.LARGEST_BODY = 1000


@pytest.fixture
def written(monkeypatch):
    """What was begun to be written to the disk."""
    begun = []
    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", lambda self, *args, **kwargs: begun.append(args))
    return begun


def bearer(user):
    secret = create_token(user, actor=user, name="CI", scopes=["read", "write"], days=1)[1]
    return {"Authorization": f"Bearer {secret}"}


def large():
    return SimpleUploadedFile("large.bin", b"x" * 2000)


PAGES = ["/report/", "/theme/", "/account/login/", "/account/profile/", "/workspace/releases/new/"]
API = ["/api/v1/misuse-reports/", "/api/v1/tokens/", "/api/v1/families/"]


@pytest.mark.parametrize("who", ["nobody", "researcher", "release_manager"])
@pytest.mark.parametrize("path", PAGES + API)
def test_no_address_but_those_for_model_files_takes_a_body_of_any_size(client, request, written, path, who):
    if who != "nobody":
        client.force_login(request.getfixturevalue(who))

    answer = client.post(path, {**FORM, "evidence": large()})

    assert (answer.status_code, written) == (413, [])
    assert (answer.headers["Content-Type"] == "application/problem+json") == (path in API)
    assert "larger than this" in answer.content.decode()


@pytest.mark.parametrize("who", ["nobody", "researcher", "auditor"])
def test_the_addresses_for_model_files_take_no_more_from_those_who_may_add_none(request, written, draft, who):
    client = Client(enforce_csrf_checks=True)
    page, api, headers = f"/workspace/releases/{draft.pk}/artifacts/", "/api/v1/artifacts/", {}
    if who != "nobody":
        user = request.getfixturevalue(who)
        client.force_login(user)
        headers = bearer(user)

    by_page = client.post(page, {"path": "weights.bin", "file": large()})
    client.logout()
    by_api = client.post(api, {"release": draft.pk, "file": large()}, headers=headers)

    assert (by_page.status_code, by_api.status_code) == (413, 401 if who == "nobody" else 413)
    assert written == []


def test_a_release_manager_adds_files_of_any_size(client, release_manager, draft):
    client.force_login(release_manager)
    by_page = client.post(f"/workspace/releases/{draft.pk}/artifacts/", {"path": "a.bin", "file": large()})
    client.logout()
    token = bearer(release_manager)
    by_api = client.post("/api/v1/artifacts/", {"release": draft.pk, "path": "b.bin", "file": large()}, headers=token)
    put = client.put(
        f"/api/v1/releases/{draft.pk}/artifacts/c.bin", b"x" * 2000, "application/octet-stream", headers=token
    )

    assert (by_page.status_code, by_api.status_code, put.status_code) == (302, 201, 201)
    assert [file.size for file in draft.artifacts.order_by("path")] == [2000] * 3


def test_a_body_is_refused_before_any_of_it_has_arrived(live_server):
    host = live_server.url.removeprefix("http://")
    name, _, port = host.partition(":")
    head = f"POST /theme/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=b\r\n"

    with socket.create_connection((name, int(port)), timeout=10) as line:
        line.sendall(f"{head}Content-Length: 5000000000\r\n\r\n--b\r\n".encode())
        answer = line.recv(4096)

    assert answer.startswith(b"HTTP/1.1 413")


def test_a_length_of_more_digits_than_a_number_has_is_too_large(client):
    assert client.post("/theme/", {"theme": "dark"}, CONTENT_LENGTH="0" * 20 + "5000000000").status_code == 413
