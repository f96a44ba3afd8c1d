"""Nothing of who a reporter is, and nothing of the receipt, stays anywhere."""

import logging
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from redis import Redis

from tests.incidents.conftest import ANSWERS, SHAPE, hidden

pytestmark = pytest.mark.django_db

ADDRESS, PROGRAM, REQUEST = "203.0.113.77", "canary-browser/1.0", "canary-request-id"


def everything_stored():
    """Every row of every table, as text; bytes in hex."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            yield from ((table, row) for (row,) in cursor.fetchall())


def everything_cached():
    with Redis.from_url(settings.REDIS_URL) as redis:
        for key in redis.scan_iter("*"):
            kind = redis.type(key)
            value = redis.get(key) if kind == b"string" else redis.lrange(key, 0, -1) if kind == b"list" else b""
            yield f"{key!r} {value!r}"


@pytest.fixture
def walked(release, incident_handler, caplog):
    """A whole visit: form with file, receipt, track, wrong tries, reply, API."""
    caplog.set_level(logging.DEBUG)
    headers = {"user-agent": PROGRAM, "x-request-id": REQUEST, "x-forwarded-for": ADDRESS}
    browser = Client(REMOTE_ADDR=ADDRESS, headers=headers)
    token = hidden(browser.get("/report/").content.decode(), "form_token")
    form = ANSWERS | {"form_token": token, "contact": "canary-contact", "evidence": SimpleUploadedFile("a.txt", b"a")}
    browser.post("/report/", form)
    page = re.sub(r"<[^>]+>", "", browser.get("/report/sent/").content.decode())
    receipt = SHAPE.search(page)[0]
    browser.post("/report/sent/", {"saved": "on"})
    browser.post("/report/track/end/")
    browser.post("/report/track/", {"receipt": receipt[:-1] + ("2" if receipt[-1] != "2" else "3")})
    browser.post("/report/track/", {"receipt": receipt})
    conversation = browser.get("/report/track/").content.decode()
    browser.post("/report/track/messages/", {"report": hidden(conversation, "report"), "body": "More."})
    browser.post("/api/v1/misuse-reports/track/", {"receipt": receipt}, content_type="application/json")
    api = browser.post(
        "/api/v1/misuse-reports/", ANSWERS, content_type="application/json", headers={"idempotency-key": "canary-key-1"}
    )
    return token, [receipt, api.json()["receipt"]], caplog.text


def test_a_copy_of_the_database_holds_no_receipt_no_address_no_browser(walked):
    token, receipts, _logs = walked
    nonce = token.split(":")[0]
    forbidden = [ADDRESS, PROGRAM, REQUEST, "canary-contact", "canary-key-1", nonce]
    for receipt in receipts:
        groups = receipt.split("-")[2:]
        secret = "".join(group[:4] for group in groups)
        forbidden += [receipt, secret, "-".join(groups), "".join(groups), secret.encode().hex(), receipt.encode().hex()]
    found = [(table, word) for table, row in everything_stored() for word in forbidden if word.lower() in row.lower()]
    assert found == []
    assert any(table == "incidents_misusereport" for table, _row in everything_stored())


def test_no_session_is_made(walked):
    assert not [row for table, row in everything_stored() if table == "django_session"]


def test_logs_hold_no_receipt_and_no_address(walked):
    _token, receipts, logs = walked
    for word in (ADDRESS, PROGRAM, *(receipt[12:] for receipt in receipts)):
        assert word not in logs


def test_counters_hold_no_address(walked):
    _token, receipts, _logs = walked
    cached = list(everything_cached())
    assert any("report" in entry for entry in cached)
    for entry in cached:
        for word in (ADDRESS, PROGRAM, *(receipt[12:] for receipt in receipts)):
            assert word not in entry


def test_no_column_is_made_for_an_address_or_a_browser():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_name LIKE 'incidents\\_%%'"
            " AND (data_type IN ('inet', 'cidr') OR column_name ~ '(^|_)(ip|address|agent|browser|referr?er)(_|$)')"
        )
        assert cursor.fetchall() == []
