"""What is for one reader stays with that reader, and what is for nobody costs nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from accounts.services import create_token
from common.views import unavailable
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db
FORM = {"model": "I do not know", "category": "other", "what_happened": "It answered in a way that it should not."}


@pytest.mark.parametrize(
    "path", ["/", "/account/profile/", "/workspace/incidents/", "/workspace/misuse/", "/api/v1/me/"]
)
def test_no_cache_keeps_a_page_with_somebodys_name_on_it(client, incident_handler, path):
    client.force_login(incident_handler)

    answer = client.get(path)

    assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (200, True)


def test_no_cache_keeps_what_a_token_asked_for(client, researcher, release):
    secret = create_token(researcher, actor=researcher, name="CI", scopes=["read"], days=1)[1]

    for path in ("/api/v1/me/", "/hf/api/whoami-v2"):
        answer = client.get(path, headers={"Authorization": f"Bearer {secret}"})
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Cache-Control" not in client.get("/models/").headers


@pytest.mark.parametrize("path", ["/report/", "/api/v1/misuse-reports/", "/theme/"])
def test_nobody_fills_the_disk_without_an_account(client, settings, monkeypatch, path):
    settings.ANONYMOUS_UPLOAD_LIMIT = 1000
    written = []
    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", lambda self, *args, **kwargs: written.append(args))

    answer = client.post(path, {**FORM, "evidence": SimpleUploadedFile("large.txt", b"x" * 2000)})

    assert (answer.status_code in {400, 413}, written) == (True, [])


def test_whoever_has_an_account_may_send_more(client, settings, release_manager, draft):
    settings.ANONYMOUS_UPLOAD_LIMIT = 1000
    client.force_login(release_manager)

    answer = client.post(
        f"/workspace/releases/{draft.pk}/artifacts/",
        {"path": "weights.bin", "file": SimpleUploadedFile("weights.bin", b"x" * 2000)},
    )

    assert answer.status_code == 302
    assert draft.artifacts.get().size == 2000


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", created_by=release_manager)


@pytest.mark.parametrize("name", ["password", "oldpassword", "password2", "code", "receipt", "credential"])
def test_an_outage_gives_back_no_form_with_a_secret_in_it(rf, name):
    page = unavailable(rf.post("/account/password/change/", {"note": "Typed", name: "a secret value"})).content.decode()

    assert "a secret value" not in page
    assert "Typed" in page
    assert "<form" not in page


def test_an_outage_gives_back_a_form_to_be_sent_again(rf):
    page = unavailable(rf.post("/report/", {**FORM, "form_token": "a number"})).content.decode()

    assert '<input type="hidden" name="form_token" value="a number">' in page
    assert page.count("It answered in a way that it should not.") == 2
