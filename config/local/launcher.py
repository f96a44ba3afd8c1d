"""One object that starts things in order and stops them in the reverse order, whatever happens."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.local.processes import Child, Journal, start_guardian, stop
from config.local.servers import Postgres, Valkey, wait_for_broker, wait_for_postgres
from config.local.state import ROOT, CannotStart, State
from config.local.system import with_library_path


class Interrupted(BaseException):
    """Ctrl-C, a closed terminal or a polite kill. Not an error: the person asked for it."""

    def __init__(self, number: int):
        self.number = number


class Launcher:
    """The servers and processes of one start, their environment, journal and logs."""

    def __init__(self, state: State, env: dict[str, str]):
        self.state = state
        self.env = with_library_path(env)
        self.journal = Journal(state.journal)
        self.children: list[Child] = []

    def start(self, name: str, command: list[str], **options) -> Child:
        child = Child(
            name,
            command,
            journal=self.journal,
            log=self.state.logs / f"{name}.log",
            env=self.env,
            cwd=options.pop("cwd", ROOT),
            **options,
        )
        self.children.append(child)
        return child

    def start_servers(self, *, throwaway: bool = False) -> None:
        """Those that the environment does not name already; each is ready when this returns."""
        if url := self.env.get("DATABASE_URL"):
            wait_for_postgres(url)
        else:
            self.env["DATABASE_URL"] = self._serve(Postgres(self.state.folder / "postgres", throwaway=throwaway))
        if url := self.env.get("REDIS_URL"):
            wait_for_broker(url)
        else:
            self.env["REDIS_URL"] = self._serve(Valkey(self.state.folder / "valkey", throwaway=throwaway))

    def _serve(self, server: Postgres | Valkey) -> str:
        server.prepare()
        for tries_left in (2, 1, 0):
            child = self.start(
                server.name,
                server.command(),
                cwd=server.folder,
                stop_with=server.stop_with,
                patience=server.patience,
                **server.options,
            )
            try:
                self.wait_until(server.is_ready, child, patience=60, what=f"{server.name} is ready")
                return server.url
            except CannotStart:
                # Somebody else may have taken the port between our choosing and its binding it.
                taken = "already in use" in child.last_lines()
                if child.is_alive() or not taken or not tries_left:
                    raise
                self.forget(child)
        raise AssertionError("unreachable")

    def run(self, name: str, *command: str) -> str:
        """One command to its end; answers what it printed. Its failure ends the start."""
        return self.finish(self.start(name, list(command)))

    def finish(self, child: Child) -> str:
        status = child.process.wait()
        output = child.output()
        self.forget(child)
        if status:
            raise CannotStart(f"{child.name} failed with status {status}; {child.where()}".rstrip())
        return output

    def wait_until(self, ready: Callable[[], bool], child: Child, *, patience: float, what: str) -> None:
        deadline = time.monotonic() + patience
        while not ready():
            self.check_children()
            if time.monotonic() > deadline:
                raise CannotStart(f"Waited {patience:.0f} s in vain until {what}; {child.where()}".rstrip())
            time.sleep(0.1)

    def check_children(self) -> None:
        for child in self.children:
            if not child.is_alive():
                status = child.process.returncode
                how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
                raise CannotStart(f"{child.name} {how}; {child.where()}".rstrip())

    def forget(self, child: Child) -> None:
        self.children.remove(child)
        child.leave()

    def stop(self) -> None:
        stop(self.journal.entries)
        for child in self.children:
            child.process.poll()
        self.journal.remove()


@contextmanager
def supervised(launcher: Launcher, *, finish: Callable[[], None] | None = None, quiet: bool = False) -> Iterator[None]:
    """Signals end the block; all children are stopped when it ends, and also when we are killed.

    A second signal while stopping does not wait for anybody any more.
    """
    stop(Journal(launcher.state.journal).read())
    dismiss_guardian = start_guardian(launcher.journal, finish)
    names = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup stays what it is
        names.append(signal.SIGHUP)

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    for name in names:
        signal.signal(name, interrupt)
    try:
        yield
    except Interrupted:
        if not quiet:
            print("\nStopping", flush=True)
        raise
    finally:
        try:
            launcher.stop()
        except Interrupted:
            for name in names:
                signal.signal(name, signal.SIG_IGN)
            for entry in launcher.journal.entries:
                entry.stop_with, entry.patience = signal.SIGKILL, 5
            launcher.stop()
        dismiss_guardian()
        if finish:
            finish()


def run_in_foreground(launcher: Launcher, command: list[str]) -> int:
    """A command that owns the terminal (and so gets its own Ctrl-C); answers its exit status."""
    child = Child(
        Path(command[0]).name,
        command,
        journal=launcher.journal,
        log=None,
        env=launcher.env,
        cwd=Path.cwd(),
        own_group=False,
        patience=15,
    )
    while True:
        try:
            status = child.process.wait()
            break
        except Interrupted as interrupted:
            if interrupted.number != signal.SIGINT:
                raise
    child.leave()
    return 128 - status if status < 0 else status


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def environment_for(state: State, **extra: str) -> dict[str, str]:
    """What the portal's processes read: what is set already wins over what ``make run`` would choose."""
    chosen = {
        "TIDEGATE_ENV": "local",
        "DATA_DIR": str(state.folder),
        "PYTHONUNBUFFERED": "1",
        # Not the system's folder, which is often kept in memory: uploads may be of any size.
        "UPLOAD_TEMP_DIR": str(state.uploads),
        **extra,
    }
    if not {"SECRET_KEY", "SECRET_KEY_FILE"} & set(os.environ):
        state.secret("secret_key")
        chosen["SECRET_KEY_FILE"] = str(state.folder / "secret_key")
    folders = {"DATA_DIR": str(state.folder), "STATIC_DIR": str(state.folder)}
    given = dict(os.environ)
    if given.get("DJANGO_SETTINGS_MODULE") == "config.settings":
        # Importing ``config`` put it there. Each program knows its own: the tests have others.
        del given["DJANGO_SETTINGS_MODULE"]
    return chosen | given | folders
