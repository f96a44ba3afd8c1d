"""What is for one reader stays with that reader, and what is for nobody costs nothing."""

import pytest

from accounts.services import create_token
from common.views import unavailable

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
