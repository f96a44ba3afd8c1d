"""What the portal needs from the machine itself: WeasyPrint's libraries, a browser for the tests."""

import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from config.local.servers import LOOPBACK
from config.local.state import CannotStart

LIBRARIES = {
    "apt": "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
    "dnf": "pango harfbuzz",
    "brew": "pango",
}
# The headless build of the same Chromium opens a page without the browser around it, in a fraction of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def ensure_libraries() -> None:
    """WeasyPrint's libraries can be loaded; installs them where that is ours to do, else says how."""
    if _libraries_load():
        return
    if _may_use_apt():
        print("Installing the libraries that make PDFs (apt-get) ...", flush=True)
        _apt_install(LIBRARIES["apt"].split())
        if _libraries_load():
            return
    raise CannotStart(
        "The libraries that make PDFs (Pango and HarfBuzz) are missing. Install them and start again:\n"
        f"    Debian, Ubuntu   sudo apt-get install -y --no-install-recommends {LIBRARIES['apt']}\n"
        f"    Fedora           sudo dnf install -y {LIBRARIES['dnf']}\n"
        f"    macOS            brew install {LIBRARIES['brew']}"
    )


def ensure_browser() -> str | None:
    """The Chromium for the browser tests, or None after saying how to get one."""
    if not find_browser() and _may_use_apt() and _is("debian"):
        # Not on Ubuntu: its package of this name only points to a store of its own.
        print("Installing Chromium for the browser tests (apt-get) ...", flush=True)
        for package in ("chromium-headless-shell", "chromium"):
            try:
                _apt_install([package])
                break
            except CannotStart as error:
                print(error, file=sys.stderr)
    if not (browser := find_browser()):
        print(
            "No Chromium was found: the browser tests are SKIPPED. Install one (Debian: sudo apt-get install chromium, "
            "Fedora: sudo dnf install chromium) or name it in CHROMIUM=/path/to/chromium.",
            file=sys.stderr,
            flush=True,
        )
    return browser


def find_browser() -> str | None:
    if named := os.environ.get("CHROMIUM"):
        if not shutil.which(named):
            raise CannotStart(f"CHROMIUM names {named}, which is not a program.")
        return shutil.which(named)
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def with_library_path(env: dict[str, str]) -> dict[str, str]:
    """On macOS Homebrew's libraries lie where no program looks by itself."""
    if platform.system() == "Darwin":
        found = [folder for folder in ("/opt/homebrew/lib", "/usr/local/lib") if Path(folder).is_dir()]
        env.setdefault("DYLD_FALLBACK_LIBRARY_PATH", ":".join([*found, "/usr/lib"]))
    return env


def check_port(port: int) -> None:
    with socket.socket() as probe:
        # As the web server will bind it: connections of an earlier start that still linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except PermissionError as error:
            raise CannotStart(f"Port {port} is reserved for root; choose one above 1023: make run PORT=8000") from error
        except OSError as error:
            other = port + 1 if port < 65535 else 8000
            raise CannotStart(f"Port {port} is taken; choose another one: make run PORT={other}") from error


def _libraries_load() -> bool:
    # In a process of its own: a library that appears later is only found by a new one. HarfBuzz's
    # subsetter is optional to WeasyPrint for now, but fonts come out larger and wrong without it.
    code = "from weasyprint.text import ffi; raise SystemExit(ffi.harfbuzz_subset is None)"
    env = with_library_path(dict(os.environ))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, env=env).returncode == 0


def _may_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and (_is("debian") or _is("ubuntu"))


def _is(family: str) -> bool:
    try:
        return platform.freedesktop_os_release()["ID"] == family
    except (OSError, KeyError):
        return False


def _apt_install(packages: list[str]) -> None:
    env = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for attempt in (["apt-get", "update", "-qq"], command):
        result = subprocess.run(attempt, capture_output=True, text=True, env=env)
    if result.returncode:
        reason = (result.stderr.strip() or result.stdout.strip() or "no message").splitlines()[-1]
        raise CannotStart(f"apt-get could not install {' '.join(packages)}: {reason}")
