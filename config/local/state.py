"""The folder in which one copy of the portal keeps everything it must remember, and its lock."""

import fcntl
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class CannotStart(Exception):
    """What is wrong and what to do about it, in one line for the person at the keyboard."""


@dataclass(frozen=True)
class State:
    folder: Path

    @classmethod
    def default(cls) -> "State":
        return cls(Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve())

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def assets(self) -> Path:
        """Where ``setup_assets`` puts fonts; Django wants the folder even before."""
        return self.folder / "assets"

    @property
    def uploads(self) -> Path:
        return self.folder / "tmp"

    @property
    def journal(self) -> Path:
        """The processes that are running now: read by whoever has to stop them."""
        return self.folder / "processes.json"

    @property
    def environment(self) -> Path:
        """How to reach the servers that are running now, for commands typed in another terminal."""
        return self.folder / "environment.json"

    def create(self) -> None:
        for folder in (self.folder, self.logs, self.mail, self.assets, self.uploads):
            folder.mkdir(parents=True, exist_ok=True)

    def secret(self, name: str) -> str:
        """The secret kept in ``name``; made on first use, readable by its owner only."""
        path = self.folder / name
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if value := path.read_text().strip():
                return value
            handle = os.open(path, os.O_WRONLY | os.O_TRUNC)
        value = secrets.token_urlsafe(48)
        with os.fdopen(handle, "w") as file:
            file.write(value + "\n")
        return value


class Lock:
    """One ``make run`` a folder. The kernel holds the lock, so none outlives its holders.

    The guardian (``processes.start_guardian``) inherits it: after a ``kill -9`` the folder stays locked
    until the guardian has stopped what was left. The file itself stays; it tells who had it last.
    """

    def __init__(self, state: State):
        self.path = state.folder / "lock"

    def take(self, patience: float = 30) -> int | None:
        """Lock the folder; answers the process that had it and ended without giving it back, if any."""
        deadline = time.monotonic() + patience
        while not self._try():
            holder = self._holder()
            if holder and _exists(holder):
                raise CannotStart(
                    f"Tidegate already runs from {self.path.parent} as process {holder}. Stop it with Ctrl-C in its "
                    f"terminal or with: kill {holder}"
                )
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{self.path} is still held by what a killed start left behind; see by whom with: fuser {self.path}"
                )
            time.sleep(0.1)
        stale = self._holder()
        self._write(str(os.getpid()))
        return stale

    def is_taken(self) -> bool:
        if self._try():
            self.file.close()
            return False
        return True

    def give_back(self) -> None:
        self._write("")
        self.file.close()

    def _try(self) -> bool:
        self.file = open(self.path, "a+")  # noqa: SIM115 (open for as long as the lock is held)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int | None:
        self.file.seek(0)
        text = self.file.read().strip()
        return int(text) if text.isdigit() else None

    def _write(self, text: str) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.file.write(text)
        self.file.flush()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
