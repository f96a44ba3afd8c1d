"""Slowing down whoever floods the form or guesses receipts, never the whole site.

Counts are kept per caller, under a name that changes every day and cannot be turned back, and per
locator and caller: somebody who tries many secrets at one report cannot lock its reporter out, who
comes from elsewhere. Where the counters cannot be reached everybody passes.
"""

from django.core.cache import cache
from django.http import HttpRequest

from common.api.throttling import ReportRate
from common.network import caller_key

WINDOW = 900
PER_CALLER = 60
PER_LOCATOR = 10
REPLIES = 30


def may_file(request: HttpRequest) -> bool:
    """Count one more report from this caller; False when there were too many in the last hour."""
    return bool(ReportRate().allow_request(request, None))  # type: ignore[arg-type]


def may_track(request: HttpRequest, locator: str = "") -> bool:
    """Whether this caller may try a receipt (of ``locator``) now. Only failures count."""
    return all((cache.get(key) or 0) < limit for key, limit in _counters(request, locator))


def note_failure(request: HttpRequest, locator: str) -> None:
    for key, _limit in _counters(request, locator):
        _count(key, WINDOW)


def may_reply(request: HttpRequest, report_id: int) -> bool:
    """Count one more message from this caller to one report; False when there were too many in the last hour."""
    key = f"report:reply:{report_id}:{caller_key(request)}"
    return _count(key, 3600) <= REPLIES


def _counters(request: HttpRequest, locator: str) -> list[tuple[str, int]]:
    caller = caller_key(request)
    counters = [(f"report:track:{caller}", PER_CALLER)]
    return [*counters, (f"report:track:{locator}:{caller}", PER_LOCATOR)] if locator else counters


def _count(key: str, seconds: int) -> int:
    if cache.add(key, 1, seconds):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:
        # It ran out between the two, or the counters cannot be reached.
        return 1
