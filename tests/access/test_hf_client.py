"""The proof: an unmodified Hugging Face client in a process of its own, against the running portal."""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from django.utils import timezone

from access import services
from access.models import DownloadEvent, Grant
from accounts.services import create_token
from governance.services import withdraw_release
from tests.access.conftest import WEIGHTS
from tests.factories.access import SUPPORT

pytestmark = pytest.mark.django_db(transaction=True)

DOWNLOAD = """
    import hashlib, json, sys
    import huggingface_hub as hub
    what, repo, token = sys.argv[1:4]
    def chain(error):
        while error is not None:
            yield error
            error = error.__cause__ or error.__context__
    try:
        if what == "snapshot":
            folder = hub.snapshot_download(repo, token=token or False)
            import pathlib
            files = sorted(str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob("*") if p.is_file())
            print(json.dumps({"files": files}))
        elif what == "auth":
            hub.HfApi().auth_check(repo, token=token or False)
            print(json.dumps({"ok": True}))
        elif what == "whoami":
            print(json.dumps({"name": hub.HfApi().whoami(token=token)["name"]}))
        else:
            path = hub.hf_hub_download(repo, what, token=token or False, revision=sys.argv[4])
            print(json.dumps({"sha256": hashlib.sha256(open(path, "rb").read()).hexdigest()}))
    except Exception as error:
        print(json.dumps({"error": [type(e).__name__ for e in chain(error)], "text": str(error)}))
"""
FILE = "weights/model.safetensors"


def run_client(portal, home, what, token="", revision="main", repo="harbour-lab/pilot-7b"):
    environment = {
        "PATH": os.environ["PATH"],
        "HF_ENDPOINT": f"{portal}/hf",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    code = [sys.executable, "-c", textwrap.dedent(DOWNLOAD), what, repo, token, revision]
    done = subprocess.run(code, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def client(live_server, tmp_path, settings):
    """Run the client with a fresh cache, as somebody on another machine would."""
    settings.BASE_URL = live_server.url
    runs = iter(range(1000))
    return lambda *args, **more: run_client(live_server.url, tmp_path / f"home-{next(runs)}", *args, **more)


def digest():
    return {"sha256": hashlib.sha256(WEIGHTS).hexdigest()}


def test_the_gate_opens_with_the_grant_and_closes_with_its_revocation(
    client, files, tier, ask, token, release_manager, live_server
):
    nobody = client(FILE)
    assert nobody["error"][0] == "GatedRepoError"
    assert "Sign in, or send a token" in nobody["text"]

    before = client(FILE, token)
    assert before["error"][0] == "GatedRepoError"
    assert "Ask for access to Pilot 7B 1.0" in before["text"]
    assert f"{live_server.url}/access/new/harbour-lab/pilot-7b/" in before["text"]
    assert SUPPORT in before["text"]

    request = ask()
    waiting = client(FILE, token)
    assert waiting["error"][0] == "GatedRepoError"
    assert f"{request.reference} waits for a decision" in waiting["text"]

    services.decide_request(request, actor=release_manager, approve=True, reason="Sound plan")
    assert client(FILE, token) == digest()
    assert client(FILE, token, revision="1.0") == digest()
    assert client(FILE, token, revision=files.release.revision) == digest()
    event = DownloadEvent.objects.first()
    assert (event.grant.user.email, event.path, event.size) == ("researcher@example.org", FILE, len(WEIGHTS))

    services.revoke_grant(Grant.objects.get(), actor=release_manager, reason="Used for something else")
    after = client(FILE, token)
    assert after["error"][0] == "GatedRepoError"
    assert "Used for something else" in after["text"]


def test_a_whole_snapshot(client, files, grant, token):
    assert client("snapshot", token) == {"files": ["README.md", FILE]}
    assert client("auth", token) == {"ok": True}
    assert client("whoami", token) == {"name": "Researcher"}


def test_a_snapshot_without_a_grant(client, files, tier, token):
    refused = client("snapshot", token)
    assert refused["error"][0] == "GatedRepoError"
    assert client("auth", token)["error"][0] == "GatedRepoError"


def test_the_card_is_open_to_everybody(client, files, tier):
    assert "sha256" in client("README.md")


def test_time_closes_the_gate_though_no_worker_runs(client, files, grant, token):
    assert client(FILE, token) == digest()
    Grant.objects.update(
        valid_from=timezone.now() - timedelta(days=2), valid_until=timezone.now() - timedelta(seconds=1)
    )
    ended = client(FILE, token)
    assert ended["error"][0] == "GatedRepoError"
    assert "Your access ended on" in ended["text"]


def test_new_terms_close_the_gate_until_they_are_accepted(
    client, files, grant, token, tier, release_manager, researcher
):
    terms = services.publish_terms(tier, actor=release_manager, text="New text.", change_note="No training on outputs.")
    closed = client(FILE, token)
    assert closed["error"][0] == "GatedRepoError"
    assert "Accept version 2 of the terms" in closed["text"]
    assert f"/access/tiers/{tier.pk}/acceptance/" in closed["text"]
    services.accept_terms(terms, actor=researcher, typed_name="A Researcher")
    assert client(FILE, token) == digest()


def test_a_withdrawn_release_is_disabled(client, files, grant, token, release, release_manager):
    withdraw_release(release, actor=release_manager, reason="A safeguard did not hold.")
    refused = client(FILE, token)
    assert "DisabledRepoError" in refused["error"]
    assert "DisabledRepoError" in client("snapshot", token)["error"]


@pytest.mark.parametrize(
    ("what", "repo", "revision", "error"),
    [
        (FILE, "harbour-lab/nothing", "main", "RepositoryNotFoundError"),
        (FILE, "harbour-lab/pilot-7b", "9.9", "RevisionNotFoundError"),
        ("nothing.bin", "harbour-lab/pilot-7b", "main", "RemoteEntryNotFoundError"),
    ],
)
def test_what_does_not_exist(client, files, grant, token, what, repo, revision, error):
    assert error in client(what, token, revision, repo)["error"]


def test_a_token_that_may_only_read(client, files, grant, researcher):
    secret = create_token(researcher, actor=researcher, name="Reader", scopes=["read"], days=1)[1]
    refused = client(FILE, secret)
    assert refused["error"][0] == "GatedRepoError"
    assert "scope" in refused["text"]
    assert "Invalid credentials" in client(FILE, "tg_00000000_wrong")["text"]
