"""The gate request by request: bytes, ranges, queries, storage elsewhere."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.files.storage import Storage
from django.test import Client
from django.utils import timezone

from access import services
from access.hub.answers import header_text
from access.models import DownloadEvent
from accounts.models import ApiToken
from registry.models import Artifact, Release
from tests.access.conftest import WEIGHTS, WEIGHTS_PATH

pytestmark = pytest.mark.django_db
FILE = f"/hf/harbour-lab/pilot-7b/resolve/main/{WEIGHTS_PATH}"


@pytest.fixture
def ask_gate(token):
    def call(path=FILE, method="get", secret=None, **headers):
        headers = {"Authorization": f"Bearer {secret or token}"} | headers
        return getattr(Client(), method)(path, headers=headers)

    return call


def body(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-99", 206, 0, 99),
        ("bytes=1000-", 206, 1000, len(WEIGHTS) - 1),
        ("bytes=-7", 206, len(WEIGHTS) - 7, len(WEIGHTS) - 1),
        ("bytes=5-99999999", 206, 5, len(WEIGHTS) - 1),
        ("bytes=0-1,4-5", 200, 0, len(WEIGHTS) - 1),
        ("lines=1-2", 200, 0, len(WEIGHTS) - 1),
    ],
)
def test_parts_of_a_file(grant, ask_gate, asked, status, first, last):
    answer = ask_gate(Range=asked)
    assert answer.status_code == status
    assert body(answer) == WEIGHTS[first : last + 1]
    assert answer["Content-Length"] == str(last - first + 1)
    event = DownloadEvent.objects.get()
    assert (event.first_byte, event.size, event.grant) == (first, last - first + 1, grant)


def test_a_part_outside_the_file(grant, ask_gate):
    answer = ask_gate(Range="bytes=99999999-")
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(WEIGHTS)}")
    assert not DownloadEvent.objects.exists()


def test_looking_is_not_downloading(grant, ask_gate, files):
    answer = ask_gate(method="head")
    assert answer["ETag"] == f'"{files.sha256}"'
    assert answer["X-Repo-Commit"] == files.release.revision
    assert answer["Content-Length"] == str(len(WEIGHTS))
    assert not DownloadEvent.objects.exists()


def test_a_decision_takes_few_queries(grant, ask_gate, django_assert_num_queries):
    ask_gate(method="head")
    # Release with the file, token, grant with its terms; a download adds its record.
    with django_assert_num_queries(3):
        assert ask_gate(method="head").status_code == 200
    with django_assert_num_queries(4):
        body(ask_gate())


def test_a_refusal_takes_few_queries(tier, release, ask_gate, django_assert_max_num_queries):
    ask_gate(method="head")
    with django_assert_max_num_queries(5):
        assert ask_gate(method="head").status_code == 403


def test_prepared_queries_read_what_the_querysets_say(grant, release):
    """The columns of a model may grow; what the gate builds from them must stay the same row."""
    from access.evaluator import _grants, judgeable
    from access.hub.views import find

    seen, artifact = find("harbour-lab", "pilot-7b", "1.0", WEIGHTS_PATH)
    wanted = Release.objects.select_related("family__publisher").get(pk=release.pk)
    for one, other in (
        (seen, wanted),
        (seen.family, wanted.family),
        (seen.family.publisher, wanted.family.publisher),
        (artifact, release.artifacts.get()),
    ):
        assert {f.attname: getattr(one, f.attname) for f in one._meta.concrete_fields} == {
            f.attname: getattr(other, f.attname) for f in other._meta.concrete_fields
        }
    (quick,), (slow,) = _grants(grant.user_id, release.pk, timezone.now()), list(judgeable(type(grant).objects.all()))
    names = [*(f.attname for f in grant._meta.concrete_fields), "required_terms", "required_terms_id", "accepted_terms"]
    assert [getattr(quick, name) for name in names] == [getattr(slow, name) for name in names]
    assert quick.tier.support_channel == slow.tier.support_channel


def test_refusals_carry_plain_headers(tier, release, ask_gate, family):
    services.edit_tier(
        tier,
        actor=release.created_by,
        changes={"support_channel": "Zürich “help desk” – hilfe@example.org"},
    )
    answer = ask_gate(method="head")
    assert (answer.status_code, answer["X-Error-Code"]) == (403, "GatedRepo")
    message = answer["X-Error-Message"]
    assert message.isascii()
    assert 'Help: Zurich "help desk" - hilfe@example.org' in message
    assert "/access/new/harbour-lab/pilot-7b/" in message


def test_a_session_is_no_key(grant, as_user, researcher):
    assert as_user(researcher).get(FILE).status_code == 401


def test_a_revoked_token_is_refused(grant, ask_gate, researcher):
    from accounts.services import revoke_token

    revoke_token(ApiToken.objects.get(), actor=researcher)
    answer = ask_gate()
    assert (answer.status_code, answer["X-Error-Message"]) == (401, "Invalid credentials in Authorization header")


@pytest.mark.parametrize("path", ["../secret", "weights/../../etc/passwd", "%2e%2e/secret", "README.md/x"])
def test_paths_lead_only_to_files_of_the_release(grant, ask_gate, path):
    assert ask_gate(f"/hf/harbour-lab/pilot-7b/resolve/main/{path}").status_code == 404


def test_a_draft_does_not_exist_here(family, release_manager, ask_gate):
    from tests.factories.registry import ReleaseFactory

    ReleaseFactory(family=family, version="3.0", created_by=release_manager)
    answer = ask_gate("/hf/api/models/harbour-lab/pilot-7b/revision/main")
    assert (answer.status_code, answer["X-Error-Code"]) == (404, "RepoNotFound")


def test_main_is_the_newest_published_release(grant, family, release, release_manager, ask_gate):
    from tests.factories.registry import ReleaseFactory

    newer = ReleaseFactory(family=family, version="2.0", published=True)
    url = "/hf/api/models/harbour-lab/pilot-7b/revision/"
    assert ask_gate(url + "main").json()["sha"] == newer.revision
    assert ask_gate(url + "1.0").json()["sha"] == release.revision
    assert Release.objects.count() == 2
    # The grant is for one release, not for whatever comes after it.
    assert ask_gate(method="head").status_code == 403


class ElsewhereStorage(Storage):
    """A storage without local paths, as S3 is: it gives out addresses."""

    address = ""

    def url(self, name, expire=None):
        return f"{self.address}/{name}?signature=x&expires={expire}"

    def exists(self, name):
        return True


@pytest.mark.django_db(transaction=True)
def test_a_storage_elsewhere_gets_the_download_but_never_the_token(grant, token, live_server, tmp_path, monkeypatch):
    seen = []

    class Bucket(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(200)
            self.send_header("Content-Length", str(len(WEIGHTS)))
            self.end_headers()
            self.wfile.write(WEIGHTS)

        def log_message(self, *args):
            pass

    bucket = HTTPServer(("127.0.0.1", 0), Bucket)
    thread = threading.Thread(target=bucket.serve_forever)
    thread.start()
    try:
        storage = ElsewhereStorage()
        # Another host name than the portal's, as a bucket has.
        storage.address = f"http://localhost:{bucket.server_port}"
        monkeypatch.setattr(Artifact._meta.get_field("file"), "storage", storage)
        from tests.access.test_hf_client import digest, run_client

        assert run_client(live_server.url, tmp_path, WEIGHTS_PATH, token) == digest()
    finally:
        bucket.shutdown()
        thread.join()
        bucket.server_close()
    assert [authorization for _path, authorization in seen] == [None]
    assert "signature=x&expires=300" in seen[0][0]
    assert DownloadEvent.objects.get().grant == grant


@pytest.mark.parametrize(
    "path",
    [
        "/hf/api/models/%00/pilot-7b",
        "/hf/api/models/harbour-lab/%00",
        "/hf/api/models/harbour-lab/pilot-7b/revision/%00",
        "/hf/api/models/harbour-lab/pilot-7b/tree/%00",
        "/hf/api/models/harbour-lab/pilot-7b/auth-check%00",
        "/hf/harbour-lab/pilot-7b/resolve/%00/model.safetensors",
        "/hf/harbour-lab/pilot-7b/resolve/main/%00",
    ],
)
def test_an_address_that_no_model_can_have_is_answered_as_not_found(grant, ask_gate, path):
    answer = ask_gate(path)
    assert (answer.status_code, answer["X-Error-Code"]) == (404, "RepoNotFound")


def test_a_range_with_thousands_of_digits_is_no_range(grant, ask_gate):
    answer = ask_gate(Range=f"bytes={'9' * 5000}-")
    assert (answer.status_code, body(answer)) == (200, WEIGHTS)


def test_a_reason_with_control_characters_fits_into_a_header():
    assert header_text("Resold\x01 to\x1f others\n\x7f") == "Resold to others"
