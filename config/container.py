"""What a container of this image does: ``python -m config.container ROLE``.

Containers start in any order and their neighbours come and go, so each role waits for what it needs
instead of trusting the order: secret files first, then PostgreSQL, then the migrations of its own version.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from config.celery import app

PATIENCE = 300
MIGRATE_LOCK = 7_143_302


def main(arguments: list[str]) -> int:
    roles: dict[str, Callable[[], int]] = {
        "secrets": make_secrets,
        "migrate": migrate,
        "web": web,
        "worker": worker,
        "beat": beat,
        "check-web": check_web,
        "check-worker": check_worker,
        "check-beat": check_beat,
    }
    if (uploads := os.environ.get("UPLOAD_TEMP_DIR")) and arguments[:1] != ["secrets"]:
        Path(uploads).mkdir(parents=True, exist_ok=True)
    if arguments and arguments[0] == "manage":
        return replace(sys.executable, "manage.py", *arguments[1:])
    if len(arguments) != 1 or arguments[0] not in roles:
        print(f"usage: python -m config.container {' | '.join(roles)} | manage COMMAND", file=sys.stderr)
        return 2
    return roles[arguments[0]]()


def make_secrets() -> int:
    """Fill the secrets volume on the first start; what is there stays as it is.

    Other images read these files as users of their own, hence the mode: the volume is the boundary.
    """
    folder = Path(os.environ.get("SECRETS_DIR", "/run/tidegate"))
    for name in ("secret_key", "postgres_password", "valkey_password"):
        _keep(folder / name, secrets.token_urlsafe(48))
    password = (folder / "postgres_password").read_text()
    _keep(folder / "database_url", f"postgres://tidegate:{password}@postgres:5432/tidegate")
    password = (folder / "valkey_password").read_text()
    _keep(folder / "redis_url", f"redis://:{password}@valkey:6379/0")
    _keep(
        folder / "valkey.conf",
        f'bind * -::*\ndir /data\nrequirepass {password}\nappendonly yes\nsave ""\nmaxmemory-policy noeviction\n',
    )
    return 0


def _keep(path: Path, value: str) -> None:
    if path.exists():
        return
    part = path.with_suffix(".part")
    part.write_text(value)
    part.chmod(0o444)
    part.rename(path)
    print(f"made {path}", flush=True)


def migrate() -> int:
    """Migrate the database; of several that try at once, one does and the others wait for it."""
    wait_for_secrets()
    wait_until(lambda: database_answers() is None, "PostgreSQL answers")
    with psycopg.connect(database_url(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATE_LOCK])
        return subprocess.run([sys.executable, "manage.py", "migrate", "--no-input"]).returncode


def web() -> int:
    wait_for_database()
    return replace(
        sys.executable, "-m", "gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--worker-tmp-dir=/dev/shm",
        f"--workers={os.environ.get('WEB_WORKERS', '2')}", f"--threads={os.environ.get('WEB_THREADS', '8')}",
    )  # fmt: skip


def worker() -> int:
    wait_for_database()
    return replace(
        sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel=INFO",
        f"--concurrency={os.environ.get('WORKER_PROCESSES', '2')}",
    )  # fmt: skip


def beat() -> int:
    wait_for_database()
    return replace(sys.executable, "manage.py", "beat")


def check_web() -> int:
    host = urlsplit(os.environ.get("BASE_URL", "")).netloc or "127.0.0.1"
    request = urllib.request.Request("http://127.0.0.1:8000/healthz/ready", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return 0 if answer.status == 200 else 1


def check_worker() -> int:
    """Asked through the broker, as the jobs are."""
    return 0 if app.control.ping(destination=[f"celery@{socket.gethostname()}"], timeout=5, limit=1) else 1


def check_beat() -> int:
    """Some scheduler was at work in the last two minutes: this one, or the one it stands by for."""
    with psycopg.connect(database_url(), connect_timeout=5) as connection:
        query = "SELECT at > now() - interval '2 minutes' FROM common_heartbeat WHERE name = 'beat'"
        return 0 if connection.execute(query).fetchone() == (True,) else 1


def wait_for_secrets() -> None:
    files = [Path(value) for name, value in os.environ.items() if name.endswith("_FILE") and value.startswith("/")]
    wait_until(lambda: all(file.exists() for file in files), f"{', '.join(map(str, files))} exist")


def wait_for_database() -> None:
    wait_for_secrets()
    wait_until(lambda: database_answers() is None, "PostgreSQL answers")
    check = [sys.executable, "manage.py", "migrate", "--check"]
    wait_until(
        lambda: subprocess.run(check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0,
        "the migrations are applied",
        pause=2,
    )


def wait_until(good: Callable[[], bool], what: str, pause: float = 1) -> None:
    deadline = time.monotonic() + PATIENCE
    told = False
    while not good():
        if not told:
            print(f"Waiting until {what}.", flush=True)
            told = True
        if time.monotonic() > deadline:
            reason = database_answers() or "see the log of the migrate service"
            sys.exit(f"Waited {PATIENCE} s in vain until {what} ({reason}).")
        time.sleep(pause)


def database_answers() -> str | None:
    """None when it does, else why not."""
    try:
        psycopg.connect(database_url(), connect_timeout=3).close()
    except (psycopg.Error, OSError) as error:
        return str(error).strip().splitlines()[0]
    return None


def database_url() -> str:
    if path := os.environ.get("DATABASE_URL_FILE"):
        return Path(path).read_text().strip()
    return os.environ["DATABASE_URL"]


def replace(*command: str) -> int:
    os.execv(command[0], list(command))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
