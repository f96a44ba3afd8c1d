"""``make run``: from a fresh clone to a portal that answers, and back down again."""

import hashlib
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.celery import app
from config.local import system
from config.local.launcher import Interrupted, Launcher, environment_for, python, supervised
from config.local.processes import Child
from config.local.state import ROOT, CannotStart, Lock, State

MANAGE = python("manage.py")


def run(port_text: str) -> int:
    started = time.monotonic()
    port = _port(port_text)
    state = State.default()
    state.create()
    lock = Lock(state)
    if stale := lock.take():
        print(f"The start before this one (process {stale}) was killed; its lock is cleared.")
    system.check_port(port)
    system.ensure_libraries()
    address = f"http://127.0.0.1:{port}"
    launcher = Launcher(state, environment_for(state, BASE_URL=address))
    try:
        with supervised(launcher):
            _start_all(launcher, port)
            _greet(launcher, address, time.monotonic() - started)
            while True:
                launcher.check_children()
                time.sleep(0.5)
    except Interrupted as interrupted:
        # Ctrl-C is how one leaves; a kill is reported to whoever sent it.
        return 0 if interrupted.number == signal.SIGINT else 128 + interrupted.number
    finally:
        state.environment.unlink(missing_ok=True)
        lock.give_back()


def _start_all(launcher: Launcher, port: int) -> None:
    with _step("PostgreSQL and Valkey"):
        launcher.start_servers()
    _check_settings(launcher)
    _publish_environment(launcher)
    first = launcher.state.folder / "first-start"
    if _is_empty(launcher.env["DATABASE_URL"]):
        first.touch()
    with _step("Database tables and static files"):
        made_from, fingerprint = launcher.state.folder / "static-made-from", _static_fingerprint()
        stale = not made_from.exists() or made_from.read_text() != fingerprint
        assets = launcher.start("assets", [*MANAGE, "setup_assets"]) if stale else None
        launcher.run("migrate", *MANAGE, "migrate", "--no-input")
        if assets:
            launcher.finish(assets)
            made_from.write_text(fingerprint)
    if first.exists():
        with _step("Demo data (first start only)"):
            launcher.run("demo", *MANAGE, "demo")
        first.unlink()
    with _step("Web server, worker and scheduler"):
        _start_portal(launcher, port)


def _start_portal(launcher: Launcher, port: int) -> None:
    node = f"local-{os.getpid()}@localhost"
    worker = launcher.start(
        "worker",
        python("-m", "celery", "-A", "config", "worker", "--loglevel=INFO", "--concurrency=2", "-n", node),
        patience=30,  # a warm shutdown: it finishes the task it is at
    )
    beat = launcher.start("beat", [*MANAGE, "beat"])
    web = launcher.start(
        "web",
        python("-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--workers=2", "--threads=8"),
    )
    launcher.wait_until(
        lambda: _answers(f"http://127.0.0.1:{port}/healthz/ready"), web, patience=60, what="the web server is ready"
    )
    launcher.wait_until(lambda: _worker_answers(launcher, node), worker, patience=60, what="the worker answers")
    launcher.wait_until(lambda: _schedules(beat), beat, patience=60, what="the scheduler is at work")


def _greet(launcher: Launcher, address: str, seconds: float) -> None:
    accounts = launcher.run("accounts", *MANAGE, "demo", "--accounts").strip()
    folder = launcher.state.folder
    if accounts:
        accounts += "\n\n"
    print(
        f"\nTidegate is ready after {seconds:.0f} s:  {launcher.env['BASE_URL']}/\n\n{accounts}"
        f"Mail is not sent but written to files under {launcher.state.mail}/\n"
        f"Everything else is kept in {folder}/ (logs in log/). Stop with Ctrl-C; the data stays.\n",
        flush=True,
    )


def _check_settings(launcher: Launcher) -> None:
    """A senseless value is told here in one line instead of by every process in its log."""
    os.environ.update(launcher.env)
    try:
        settings.INSTALLED_APPS  # noqa: B018 (the first use reads them)
    except ImproperlyConfigured as error:
        raise CannotStart(str(error)) from error


def _publish_environment(launcher: Launcher) -> None:
    """For ``make demo`` and ``make manage`` in another terminal."""
    path = launcher.state.environment
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    names = ("DATABASE_URL", "REDIS_URL", "BASE_URL")
    path.write_text(json.dumps({name: launcher.env[name] for name in names}))


def _static_fingerprint() -> str:
    """Changes when a static file may have: compressing them all takes longer than the rest of a start."""
    digest = hashlib.sha256((ROOT / "uv.lock").read_bytes())
    for path in sorted((*ROOT.glob("static/**/*"), *ROOT.glob("locale/**/*.po"), *ROOT.glob("common/*.py"))):
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT)} {path.stat().st_mtime_ns} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


def _is_empty(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT to_regclass('django_migrations') IS NULL").fetchone() == (True,)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _worker_answers(launcher: Launcher, node: str) -> bool:
    """Asked through the broker, so a worker that started but cannot be reached does not count."""
    return bool(app.control.ping(destination=[node], timeout=1, limit=1))


def _schedules(beat: Child) -> bool:
    # Standing by is healthy too: with a DATABASE_URL of your own, another one may be scheduling.
    return "this one schedules" in beat.output() or "stands by" in beat.output()


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


@contextmanager
def _step(what: str) -> Iterator[None]:
    begun = time.monotonic()
    print(f"{what} ...", end="", flush=True)
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f" {time.monotonic() - begun:.1f} s", flush=True)
