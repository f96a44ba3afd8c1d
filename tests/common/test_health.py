import json
import os
import subprocess
import sys

import pytest
from django.utils import timezone

from common.models import Heartbeat

PROBE = """
import django, json
django.setup()
from django.test import Client
client = Client(SERVER_NAME="127.0.0.1")
for path in ("/healthz/live", "/healthz/ready", "/models/", "/api/v1/me/"):
    answer = client.get(path, headers={"Authorization": "Bearer tg_0a1b2c3d_x"})
    kind, wait = answer.headers.get("Content-Type", ""), answer.headers.get("Retry-After", "")
    print(json.dumps([path, answer.status_code, kind, wait, answer.content.decode()[:4000]]))
typed = {"what_happened": "It told me how to <hurt> somebody", "csrfmiddlewaretoken": "x"}
answer = client.post("/report/", typed)
print(json.dumps(["POST /report/", answer.status_code, "", "", answer.content.decode()]))
"""


@pytest.mark.django_db
def test_ready_names_what_it_depends_on(client):
    Heartbeat.objects.create(name="beat", at=timezone.now())

    answer = client.get("/healthz/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "broker": "ok", "migrations": "ok", "scheduler": "ok"},
    }


@pytest.mark.django_db
def test_ready_does_not_need_the_broker(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = client.get("/healthz/ready")

    assert (answer.status_code, answer.json()["checks"]["broker"]) == (200, "unreachable")


def test_without_postgresql_nothing_is_a_server_error():
    """The portal itself, in a process of its own, with a database that is not there."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    answers = {path: rest for path, *rest in map(json.loads, run.stdout.splitlines())}

    assert answers["/healthz/live"][0] == 200
    assert answers["/healthz/ready"][0] == 503
    status, _kind, retry, text = answers["/models/"]
    assert (status, retry) == (503, "60")
    assert "Nothing was saved" in text or "try again" in text.lower()
    status, kind, _retry, text = answers["/api/v1/me/"]
    assert (status, kind) == (503, "application/problem+json")
    status, _kind, _retry, text = answers["POST /report/"]
    assert status == 503
    assert "It told me how to &lt;hurt&gt; somebody" in text
