"""python -m config.local COMMAND: called by the Makefile."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from config.local.launcher import Interrupted, Launcher, environment_for, run_in_foreground, supervised
from config.local.run import run
from config.local.state import CannotStart, Lock, State
from config.local.system import ensure_browser, ensure_libraries


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run", help="start everything and stay until Ctrl-C")
    one.add_argument("--port", default=os.environ.get("PORT") or "8000")
    for name, text in (
        ("exec", "run a command with throw-away servers"),
        ("test", "the same, with a browser if one can be had"),
        ("with", "run a command with the servers and data of `make run`"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    options = parser.parse_args()
    try:
        if options.command == "run":
            return run(options.port)
        words = options.words[1:] if options.words[:1] == ["--"] else options.words
        if not words:
            parser.error("name a command after --")
        if options.command == "with":
            return with_kept_servers(words)
        return with_throwaway_servers(words, browser=options.command == "test")
    except CannotStart as error:
        print(f"Tidegate: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before anything was started
        return 130
    except Interrupted as interrupted:
        return 128 + interrupted.number


def with_throwaway_servers(command: list[str], *, browser: bool) -> int:
    """Servers on free ports in a temporary folder, gone with it when the command ends."""
    ensure_libraries()
    extra = {"CHROMIUM": ensure_browser() or ""} if browser else {}
    state = State(Path(tempfile.mkdtemp(prefix="tidegate-")))
    state.create()
    state.folder.chmod(0o711)  # PostgreSQL may run as another user, which has to get at its own folder
    launcher = Launcher(state, environment_for(state, **extra))
    with supervised(launcher, quiet=True, finish=lambda: shutil.rmtree(state.folder, ignore_errors=True)):
        launcher.start_servers(throwaway=True)
        return run_in_foreground(launcher, command)


def with_kept_servers(command: list[str]) -> int:
    """Those of a running ``make run``, or the same ones started for as long as the command takes."""
    state = State.default()
    state.create()
    lock = Lock(state)
    if lock.is_taken() and state.environment.exists():
        running = json.loads(state.environment.read_text())
        os.environ |= {name: value for name, value in running.items() if name not in os.environ}
    if {"DATABASE_URL", "REDIS_URL"} <= set(os.environ):
        os.execvpe(command[0], command, environment_for(state))
    lock.take()
    launcher = Launcher(state, environment_for(state))
    try:
        with supervised(launcher, quiet=True):
            launcher.start_servers()
            return run_in_foreground(launcher, command)
    finally:
        lock.give_back()


if __name__ == "__main__":
    sys.exit(main())
