import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

CLIENTS = 8
Send = Callable[[], tuple[str, str, bytes, dict[str, str]]]


@dataclass(frozen=True)
class Target:
    """Something to ask for: a name, and a function that makes the next request (method, path, body, headers)."""

    name: str
    request: Send
    expect: int = 200


@dataclass
class Figures:
    """Times in milliseconds as 8 clients saw them, and the queries of one request."""

    times: list[float] = field(default_factory=list)
    queries: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.times, n=20)[-1]


@contextmanager
def server(port: int) -> Iterator[str]:
    """The portal behind gunicorn with two processes of four threads, as ``make run`` starts it."""
    environment = {
        **os.environ,
        "REPORT_RATE": "1000000/hour",
        "API_ANONYMOUS_RATE": "1000000/min",
        "API_TOKEN_RATE": "1000000/min",
        "LOG_LEVEL": "ERROR",
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--threads",
        "4",
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(command, env=environment)  # noqa: S603 -- our own command
    try:
        for _try in range(100):
            try:
                ask(f"http://127.0.0.1:{port}", ("GET", "/healthz/live", b"", {}))
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def ask(
    base: str, request: tuple[str, str, bytes, dict[str, str]], wire: http.client.HTTPConnection | None = None
) -> int:
    method, path, body, headers = request
    wire = wire or http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
    wire.request(method, path, body or None, headers)
    answer = wire.getresponse()
    answer.read()
    return answer.status


def measure(base: str, target: Target, requests: int) -> Figures:
    """Send ``requests`` requests from 8 clients at once, after a warm-up, and note how long each took."""
    figures, lock, wrong = Figures(), threading.Lock(), []

    def client(count: int, keep: bool) -> None:
        wire = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
        for _n in range(count):
            request = target.request()
            start = time.perf_counter()
            status = ask(base, request, wire)
            spent = (time.perf_counter() - start) * 1000
            with lock:
                if status != target.expect:
                    wrong.append(status)
                if keep:
                    figures.times.append(spent)

    for count, keep in ((4, False), (requests // CLIENTS, True)):
        threads = [threading.Thread(target=client, args=(count, keep)) for _n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if wrong:
        raise RuntimeError(f"{target.name}: expected {target.expect}, got {sorted(set(wrong))}")
    figures.queries = queries_of(target)
    return figures


def queries_of(target: Target) -> int:
    """How many statements one request sends to PostgreSQL."""
    # The server counted all those requests; this one must not be told to wait.
    cache.delete_pattern("throttle:*")
    method, path, body, headers = target.request()
    client = Client(headers=headers, SERVER_NAME="127.0.0.1")
    content_type = headers.get("Content-Type", "application/octet-stream")
    with CaptureQueriesContext(connection) as captured:
        client.generic(method, path, body, content_type=content_type)
    return len(captured)


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()
