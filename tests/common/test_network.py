import logging

import pytest
import time_machine
from django.test import RequestFactory

from common.logs import RedactFilter, redact
from common.network import caller_address, caller_key


@pytest.mark.parametrize(
    ("proxies", "header", "expected"),
    [
        (0, "198.51.100.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.66, 198.51.100.9", "198.51.100.9"),
        (2, "203.0.113.66, 198.51.100.9, 198.51.100.10", "198.51.100.9"),
        (3, "198.51.100.9", "192.0.2.1"),
    ],
)
def test_caller_is_what_our_own_proxies_saw(settings, proxies, header, expected):
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": header} if header else {})

    assert caller_address(request) == expected


def test_a_forged_header_does_not_make_a_new_caller(settings):
    settings.TRUSTED_PROXY_COUNT = 1
    keys = {
        caller_key(RequestFactory().get("/", headers={"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.9"}))
        for n in range(20)
    }

    assert len(keys) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unix:", False),
    ],
)
def test_one_household_is_one_caller(one, other, same):
    first, second = (caller_key(RequestFactory().get("/", REMOTE_ADDR=address)) for address in (one, other))

    assert (first == second) is same


def test_the_caller_key_changes_daily_and_hides_the_address():
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
        today = caller_key(request)
        assert caller_key(request) == today
    with time_machine.travel("2026-11-24T12:00:00Z", tick=False):
        assert caller_key(request) != today


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("token tg_0a1b2c3d_Zm9vYmFyLWJhei1xdXV4 used", "token tg_0a1b2c3d_… used"),
        ("GET /x?signature=abcdef&a=1", "GET /x?signature=…&a=1"),
        ("receipt 7K2MX-9QRTW-ABCDE-FGHJK-MNPQR-STVWX-YZ234", "receipt 7K2MX-9QRTW-…"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_are_cut_from_logs(text, expected):
    assert redact(text) == expected
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (text,), None)
    RedactFilter().filter(record)
    assert record.getMessage() == expected
