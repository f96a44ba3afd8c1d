"""PostgreSQL goes away while somebody reports something: nothing is lost and nothing is filed twice.

A real server in a process of its own reaches the database through a door that the test can shut.
"""

import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from incidents.models import MisuseReport
from tests.incidents.conftest import ANSWERS, SHAPE, hidden

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(database_url):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "BASE_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--threads=4"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{base}/healthz/live", timeout=2)
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    yield base
    process.terminate()
    process.wait(timeout=20)


class Browser:
    def __init__(self, base):
        self.base = base
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def __call__(self, path, form=None):
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.base + path, data, headers={"Referer": self.base + path})
        try:
            answer = self.opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.read().decode(), answer.headers


def test_a_report_survives_an_outage_of_the_database(server, door, release):
    browser = Browser(server)
    _status, page, _headers = browser("/report/")
    form = {name: hidden(page, name) for name in ("csrfmiddlewaretoken", "form_token")} | ANSWERS

    door.shut()
    started = time.monotonic()
    status, page, headers = browser("/report/", form | {"what_happened": 'It says "no" & then does it.\nTwice.'})
    assert status == 503
    assert time.monotonic() - started < 30
    assert headers["Retry-After"] == "60"
    assert headers["Cache-Control"] == "no-store"
    assert "Nothing was saved" in page
    assert "It says &quot;no&quot; &amp; then does it." in page
    shown = re.sub(r"<input[^>]+>", "", page)
    assert form["form_token"] not in shown  # to be sent again, not to be read
    status, page, _headers = browser("/report/", given_back(page))
    assert status == 503

    door.open()
    again = given_back(page)
    assert again["form_token"] == form["form_token"]
    for _ in range(30):
        status, sent, _headers = browser("/report/", again)
        if status == 200:
            break
        time.sleep(1)
    assert status == 200
    receipt = SHAPE.search(re.sub(r"<[^>]+>", "", sent))[0]
    _status, sent, _headers = browser("/report/", again)
    assert receipt in re.sub(r"<[^>]+>", "", sent)
    report = MisuseReport.objects.get()
    assert report.what_happened.splitlines() == ['It says "no" & then does it.', "Twice."]


def given_back(page):
    """What the button of the 503 page sends."""
    import html

    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page, re.S)
    return {name: html.unescape(value) for name, value in fields}


@pytest.mark.parametrize("path", ["/report/", "/report/track/"])
def test_pages_say_so_while_the_database_is_away(server, door, path, release):
    browser = Browser(server)
    browser(path)
    door.shut()
    status, page, _headers = browser(path)
    # The way back needs no database until a receipt is given.
    assert status == (503 if path == "/report/" else 200)
    assert "Traceback" not in page


def test_somebody_signed_in_is_told_the_same(server, door, release):
    """The session is read before any view runs, in a middleware."""
    door.shut()
    request = urllib.request.Request(f"{server}/models/", headers={"Cookie": "sessionid=anything"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 503
    assert refused.value.headers["Retry-After"] == "60"
    assert "Nothing was saved" in refused.value.read().decode()
