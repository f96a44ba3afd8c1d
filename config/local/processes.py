"""Child processes that never outlive the one that started them, however it ends.

Every child leads a process group of its own: Ctrl-C in a terminal then reaches the launcher alone,
which stops them in order. The launcher writes each child into a journal; a guardian process, which
notices at once when the launcher is gone, stops whatever the journal still names.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from config.local.state import CannotStart

MARK = "TIDEGATE_STARTED_BY"


@dataclass
class Entry:
    """A process in the journal. ``created`` tells it from a later one that got the same number."""

    name: str
    pid: int
    created: float
    stop_with: int
    patience: float
    mark: str
    leads_group: bool = True


class Journal:
    def __init__(self, path: Path):
        self.path = path
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._write()

    def drop(self, entry: Entry) -> None:
        self.entries.remove(entry)
        self._write()

    def read(self) -> list[Entry]:
        try:
            return [Entry(**row) for row in json.loads(self.path.read_text())]
        except (FileNotFoundError, ValueError, TypeError):
            return []

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps([asdict(entry) for entry in self.entries]))
        part.replace(self.path)


class Child:
    """A running process, its log and where it stands in the journal."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        journal: Journal,
        log: Path | None,
        env: dict[str, str],
        cwd: Path,
        stop_with: int = signal.SIGTERM,
        patience: float = 10,
        own_group: bool = True,
        **options,
    ):
        self.name, self.log = name, log
        self.log_start = log.stat().st_size if log and log.exists() else 0
        output = open(log, "ab") if log else None  # noqa: SIM115 (the child keeps it)
        mark = str(os.getpid())
        self.journal = journal
        with _signals_later():  # a child that is running and in no journal would never be stopped
            try:
                self.process = subprocess.Popen(
                    command,
                    env=env | {MARK: mark},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL if log else None,
                    stdout=output,
                    stderr=subprocess.STDOUT if log else None,
                    start_new_session=own_group,
                    **options,
                )
            except OSError as error:
                raise CannotStart(f"{name} could not be started: {error}") from error
            finally:
                if output:
                    output.close()
            try:
                created = psutil.Process(self.process.pid).create_time()
            except psutil.NoSuchProcess:
                created = time.time()
            self.entry = Entry(name, self.process.pid, created, stop_with, patience, mark, own_group)
            journal.add(self.entry)

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def leave(self) -> None:
        """It has ended by itself: end what it left of its group and forget it."""
        stop([self.entry])
        self.journal.drop(self.entry)

    def output(self) -> str:
        """What it wrote since it was started."""
        if not self.log:
            return ""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read().decode(errors="replace")

    def last_lines(self, count: int = 12) -> str:
        return "".join(f"    {line}\n" for line in self.output().splitlines()[-count:])

    def where(self) -> str:
        """Where to read on, and the end of it."""
        return f"the end of {self.log}:\n{self.last_lines()}" if self.log else ""


def stop(entries: Iterable[Entry]) -> None:
    """Stop each process politely, in reverse order of start, then end what is left of its group."""
    for entry in reversed(list(entries)):
        leader = _find(entry)
        if leader:
            _send(leader, entry.stop_with)
            _wait(leader, entry.patience)
        if entry.leads_group and (leader or _has_members(entry)):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(entry.pid, signal.SIGKILL)
        if leader:
            _send(leader, signal.SIGKILL)
            _wait(leader, 5)


def start_guardian(journal: Journal, finish: Callable[[], None] | None = None) -> Callable[[], None]:
    """Fork the process that cleans up when this one is killed; answers how to dismiss it.

    It holds one end of a pipe and sleeps. The pipe closes when the launcher ends, for whatever reason,
    also ``kill -9``, also on systems without Linux's parent-death signal. ``finish`` runs last.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    listen, hold = os.pipe()
    guardian = os.fork()
    if guardian == 0:
        try:
            os.setsid()
            os.close(hold)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            os.read(listen, 1)
            stop(journal.read())
            journal.remove()
            if finish:
                finish()
        finally:
            os._exit(0)
    os.close(listen)

    def dismiss() -> None:
        os.close(hold)
        os.waitpid(guardian, 0)

    return dismiss


@contextmanager
def _signals_later() -> Iterator[None]:
    """Signals that arrive meanwhile are acted on at the end. (Blocked ones a child would inherit.)"""
    waiting: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    ours = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in ours:
        signal.signal(number, lambda arrived, frame: waiting.append(arrived))
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)


def _find(entry: Entry) -> psutil.Process | None:
    """The process the journal means, unless it has ended (or its number went to somebody else)."""
    try:
        process = psutil.Process(entry.pid)
        alive = abs(process.create_time() - entry.created) < 5 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if alive else None


def _has_members(entry: Entry) -> bool:
    """Whether processes of a group are left whose leader is gone: ours carry a mark in their environment."""
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == entry.pid and process.environ().get(MARK) == entry.mark:
                return True
        except (psutil.Error, ProcessLookupError, PermissionError):
            continue
    return False


def _send(process: psutil.Process, number: int) -> None:
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        process.send_signal(number)


def _wait(process: psutil.Process, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.05)
