"""Real workers and schedulers for tests: processes of their own, on the test's database and broker.

``celery_worker`` is one that is ready; ``start_worker`` starts as many as a test wants to kill.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def environment():
    """The environment of a child: ours, with the test's database in place of the real one."""
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    return {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONUNBUFFERED": "1"}


class Child:
    """A process with its children in a group of its own, and what it has said so far."""

    def __init__(self, log, *arguments, **env):
        self.log = Path(log)
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment() | env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, words):
        return words in self.log.read_text(errors="replace")

    def wait_for(self, words, seconds=60):
        wait_until(lambda: self.said(words) or self.process.poll() is not None, seconds, lambda: self.log.read_text())
        assert self.said(words), self.log.read_text()

    def kill(self):
        """As a machine that loses its power: the process and its children at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def wait_until(good, seconds=30, explain=lambda: ""):
    """Wait until ``good()``; fails with what ``explain()`` says when that takes longer than ``seconds``."""
    deadline = time.monotonic() + seconds
    while not good():
        if time.monotonic() > deadline:
            pytest.fail(f"Waited {seconds} s in vain. {explain()}")
        time.sleep(0.1)


@pytest.fixture
def start_worker(transactional_db, tmp_path):
    """Call it to start a worker; it returns once the worker is ready. Stops them all at the end."""
    current_app.control.purge()
    children = []

    def start(concurrency=1):
        child = Child(
            tmp_path / f"worker-{len(children)}.log",
            *("-m", "celery", "-A", "config", "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle"),
            *(
                "--include",
                "tests.worker_kinds",
                "--concurrency",
                str(concurrency),
                "--hostname",
                f"test-{len(children)}@%h",
            ),
        )
        children.append(child)
        child.wait_for("ready.")
        return child

    yield start
    for child in children:
        child.stop()
    current_app.control.purge()


@pytest.fixture
def celery_worker(start_worker):
    """A real worker that is ready. Rows must be committed for it to see them."""
    return start_worker()


@pytest.fixture
def start_beat(transactional_db, tmp_path):
    """Call it to start a scheduler (``manage.py beat``), with more of an environment if need be."""
    children = []

    def start(**env):
        child = Child(tmp_path / f"beat-{len(children)}.log", "manage.py", "beat", **env)
        children.append(child)
        return child

    yield start
    for child in children:
        child.stop()
    current_app.control.purge()
