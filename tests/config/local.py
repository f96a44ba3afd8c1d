"""Starting the launcher as a person would, and seeing what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
NAMED = (
    "DATABASE_URL",
    "REDIS_URL",
    "DATA_DIR",
    "SECRET_KEY",
    "SECRET_KEY_FILE",
    "BASE_URL",
    "STATIC_DIR",
    "PORT",
    "DJANGO_SETTINGS_MODULE",
)


class Launch:
    """A running ``python -m config.local``, with everything it ever started."""

    def __init__(self, *arguments: str, data_dir: Path, **env: str):
        clean = {name: value for name, value in os.environ.items() if name not in NAMED}
        self.output_file = data_dir.parent / f"{data_dir.name}-{time.monotonic_ns()}.txt"
        with self.output_file.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.local", *arguments],
                cwd=ROOT,
                env=clean | {"DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.family: set[psutil.Process] = {psutil.Process(self.process.pid)}

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def until(self, good: Callable[[], object], patience: float = 90) -> None:
        deadline = time.monotonic() + patience
        while not good():
            assert self.process.poll() is None, f"the launcher ended: {self.output}"
            assert time.monotonic() < deadline, f"waited in vain: {self.output}"
            time.sleep(0.05)
        self.meet()

    def until_says(self, text: str, patience: float = 90) -> None:
        self.until(lambda: text in self.output, patience)

    def meet(self) -> None:
        """Remember everybody it has started so far, to see later whether they are gone."""
        if self.process.poll() is None:
            self.family |= set(psutil.Process(self.process.pid).children(recursive=True))

    def child(self, *words: str) -> psutil.Process:
        """The direct child with these words in its command line."""
        for process in psutil.Process(self.process.pid).children():
            if all(word in " ".join(process.cmdline()) for word in words):
                return process
        raise AssertionError(f"no child with {words}")

    def send(self, number: int) -> None:
        self.meet()
        self.process.send_signal(number)

    def end(self, patience: float = 60) -> int:
        return self.process.wait(patience)

    def alive(self) -> list[str]:
        """Whoever it started and is still there."""
        left = []
        for process in self.family:
            try:
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    left.append(" ".join(process.cmdline()))
            except psutil.NoSuchProcess:
                continue
        return left

    def assert_nobody_left(self, patience: float = 0) -> None:
        deadline = time.monotonic() + patience
        while (left := self.alive()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == [], self.output


@contextmanager
def launched(*arguments: str, data_dir: Path, **env: str):
    launch = Launch(*arguments, data_dir=data_dir, **env)
    try:
        yield launch
    finally:
        launch.meet()
        if launch.process.poll() is None:
            launch.process.send_signal(signal.SIGTERM)
            try:
                launch.end()
            except subprocess.TimeoutExpired:
                launch.process.kill()
        for process in launch.family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
