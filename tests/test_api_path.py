"""The main job again, over the REST API alone: each person with a token of their own, and a real worker."""

import hashlib
import json
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import create_token
from tests.hub_client import download

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]
CARD = "---\nlicense: mit\nlanguage: [en]\npipeline_tag: text-generation\n---\n# Walker 2B\n\nFor this walk.\n"
WEIGHTS = bytes(range(256)) * 20


class Caller:
    """Somebody with a token, or without one."""

    def __init__(self, client, user=None):
        self.client, self.headers = client, {}
        if user is not None:
            scopes = ["read", "write", "download"]
            self.token = create_token(user, actor=user, name="Walk", scopes=scopes, days=1)[1]
            self.headers = {"Authorization": f"Bearer {self.token}"}

    def __call__(self, verb, path, body=None, *, expect=(200, 201, 202), version=None, kind="application/json"):
        headers = {**self.headers, **({"If-Match": version} if version else {})}
        answer = self.client.generic(
            verb, f"/api/v1{path}", self._bytes(body, kind), content_type=kind, headers=headers
        )
        assert answer.status_code in (expect if isinstance(expect, tuple) else (expect,)), answer.content
        return answer.json() if answer.headers.get("Content-Type", "").endswith("json") else answer

    def _bytes(self, body, kind):
        if body is None or isinstance(body, bytes):
            return body or b""
        return json.dumps(body).encode()


def test_the_whole_path_over_the_api(
    client,
    publisher,
    release_manager,
    risk_owner,
    incident_handler,
    reviewer,
    researcher,
    auditor,
    live_server,
    celery_worker,
    tmp_path,
):
    manager, owner, handler = (Caller(client, user) for user in (release_manager, risk_owner, incident_handler))
    asker, judge, checker, anybody = (
        *(Caller(client, user) for user in (researcher, reviewer, auditor)),
        Caller(client),
    )

    family = manager(
        "POST",
        "/families/",
        {"publisher": publisher.pk, "slug": "walker-2b", "name": "Walker 2B", "summary": "For this walk."},
    )
    release = manager("POST", "/releases/", {"family": family["id"], "version": "1.0", "card": CARD})
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    path = f"/releases/{release['id']}/artifacts/model.safetensors"
    artifact = manager("PUT", path, WEIGHTS, kind="application/octet-stream")
    assert (artifact["size"], artifact["sha256"]) == (len(WEIGHTS), digest)

    risk = manager("POST", "/risks/", {"family": family["id"], "title": "Phishing", "harm": "Imitated banks."})
    problem = manager("POST", f"/risks/{risk['id']}/opening/", version="*", expect=409)
    assert "risk owner" in problem["detail"]
    manager("POST", f"/risks/{risk['id']}/owner/", {"owner": risk_owner.pk}, version="*")
    for kind, likelihood, severity in (("inherent", 4, 4), ("residual", 2, 4)):
        body = {"kind": kind, "likelihood": likelihood, "severity": severity, "rationale": "Seen."}
        owner("POST", f"/risks/{risk['id']}/assessments/", body, version="*")
    assert owner("POST", f"/risks/{risk['id']}/opening/", version="*")["stage"] == "open"

    body = {
        "family": family["id"],
        "name": "Research",
        "description": "To study it.",
        "support_channel": "help@example.org",
    }
    tier = manager("POST", "/tiers/", body)
    manager("POST", f"/tiers/{tier['id']}/terms/", {"text": "Keep it to yourself."})
    manager("POST", f"/releases/{release['id']}/publication/", version="*")
    assert anybody("GET", f"/releases/{release['id']}/")["stage"] == "published"

    def fetch(home):
        return download(live_server.url, "harbour-lab/walker-2b", "model.safetensors", asker.token, tmp_path / home)

    assert fetch("before").error == "GatedRepoError"
    body = {"tier": tier["id"], "release": release["id"], "purpose": "Study", "answers": {}, "typed_name": "Researcher"}
    request = asker("POST", "/access-requests/", body)
    asker(
        "POST",
        f"/access-requests/{request['id']}/decision/",
        {"approve": True, "reason": "Me"},
        version="*",
        expect=403,
    )
    manager("POST", f"/access-requests/{request['id']}/decision/", {"approve": True, "reason": "Clear."}, version="*")
    assert fetch("after").content == WEIGHTS
    (grant,) = asker("GET", "/grants/")["results"]
    manager("POST", f"/grants/{grant['id']}/revocation/", {"reason": "Ended."}, version="*")
    assert fetch("revoked").error == "GatedRepoError"

    body = {"model": "harbour-lab/walker-2b", "category": "fraud", "what_happened": "Somebody imitated my bank."}
    receipt = anybody("POST", "/misuse-reports/", body)["receipt"]
    (report,) = handler("GET", "/misuse-reports/")["results"]
    incident = handler(
        "POST", "/incidents/", {"title": "Bank phishing", "severity": "high", "families": [family["id"]]}
    )
    body = {"severity": "high", "owner": incident_handler.pk, "incident": incident["id"]}
    handler("PUT", f"/misuse-reports/{report['id']}/triage/", body, version="*")
    handler("POST", f"/misuse-reports/{report['id']}/messages/", {"visibility": "public", "body": "Which forum?"})
    conversation = anybody("POST", "/misuse-reports/track/", {"receipt": receipt})
    assert "Which forum?" in str(conversation)
    anybody("POST", "/misuse-reports/track/messages/", {"receipt": receipt, "body": "The students' one."})

    body = {
        "family": family["id"],
        "title": "Filter the output",
        "context": "A prompt was posted.",
        "outcome": "We filter.",
        "consequences": "Slower.",
        "stops_holding_when": "2 of 100 pass.",
        "risks": [risk["id"]],
        "options": [{"name": "Filter", "chosen": True}, {"name": "Block the prompt"}],
    }
    decision = judge("POST", "/decisions/", body)
    judge("POST", f"/decisions/{decision['id']}/publication/", version="*")
    handler("POST", f"/incidents/{incident['id']}/decisions/", {"decision": decision["id"]})
    assert anybody("GET", f"/decisions/{decision['id']}/")["title"] == "Filter the output"

    today = timezone.now().date()
    body = {
        "family": family["id"],
        "period_start": str(today - timedelta(days=30)),
        "period_end": str(today + timedelta(days=1)),
    }
    made = checker("POST", "/safety-reports/", body, expect=202)
    wait_for(checker, made)
    report = checker("GET", f"/safety-reports/{made['id']}/")
    assert len(report["sha256"]) == 64
    figures = checker("GET", f"/figures/?family={family['id']}&from={body['period_start']}&to={body['period_end']}")
    printed = checker("GET", f"/safety-reports/{made['id']}/data/")
    assert printed["figures"] == figures["figures"]
    assert len(printed["figures"]) > 50


def wait_for(checker, made):
    """Ask for the job until the worker has done it."""
    deadline = time.monotonic() + 120
    while (job := checker("GET", f"/jobs/{made['job']['id']}/"))["state"] != "succeeded":
        assert job["state"] != "failed", job
        assert time.monotonic() < deadline, job
        time.sleep(0.5)
