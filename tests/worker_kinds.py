"""Kinds of jobs and an event handler for the tests of workers; a test's worker includes this module."""

import os
import time
from datetime import timedelta
from pathlib import Path

from common import jobs
from common.events import subscribe
from common.models import OutboxEvent

# Short, so that a test need not wait for what a person would.
jobs.BEAT_EVERY = timedelta(seconds=0.5)


@jobs.job("tests.steps")
def steps(progress):
    """Notes each start in the file ``log``, then sleeps ``seconds`` in its first attempt."""
    with Path(progress.payload["log"]).open("a") as log:
        log.write(f"{os.getpid()}\n")
    total = progress.payload.get("total", 3)
    for done in range(total):
        progress(done, total, f"Step {done + 1}")
        if progress.job.attempts == 1:
            time.sleep(progress.payload.get("seconds", 0))
    if reason := progress.payload.get("fail"):
        raise jobs.JobFailed(reason)
    if progress.payload.get("crash"):
        raise ZeroDivisionError
    return {"answer": 42}


@subscribe("tests.happened")
def note(event: OutboxEvent) -> None:
    """Fails as often as the file named in the payload has lines to take away."""
    path = Path(event.payload["log"])
    lines = path.read_text().splitlines() if path.exists() else []
    path.write_text("\n".join([*lines, "tried"]) + "\n")
    if len(lines) < event.payload.get("failures", 0):
        raise RuntimeError("not yet")
