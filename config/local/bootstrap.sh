#!/bin/sh
# Makes .venv from the lock file: `sh config/local/bootstrap.sh GROUP...`. Needs only Python >= 3.11 and
# a package index. uv is installed into .venv itself, so nothing on the machine changes.
set -eu
cd "$(dirname "$0")/../.."

stop() { echo "Tidegate: $*" >&2; exit 1; }

stamp=.venv/.synced
fresh=yes
for group in "$@"; do
  for file in uv.lock pyproject.toml; do
    # `find -newer` instead of `test -nt`, which not every sh has
    if [ ! -f "$stamp-$group" ] || [ -n "$(find $file -newer "$stamp-$group")" ]; then fresh=no; fi
  done
done
if [ $fresh = yes ] && .venv/bin/python -c '' 2>/dev/null; then exit 0; fi

if ! .venv/bin/python -c '' 2>/dev/null; then
  for candidate in python3.13 python3.12 python3.11 python3 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; break; fi
  done
  [ -n "${python:-}" ] || stop "Python 3.11 or newer is needed. Debian, Ubuntu: sudo apt-get install python3 python3-venv; Fedora: sudo dnf install python3; macOS: brew install python@3.13"
  echo "Creating .venv with $("$python" --version)"
  rm -rf .venv
  if ! message=$("$python" -m venv .venv 2>&1); then
    rm -rf .venv
    if "$python" -c 'import ensurepip' 2>/dev/null; then stop "$python could not make .venv: $(echo "$message" | tail -n1)"; fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "Installing python$version-venv (apt-get)"
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version-venv"; } >/dev/null 2>&1 \
        && "$python" -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; stop "$python cannot make a virtual environment: apt-get install python$version-venv"; }
    else
      stop "$python cannot make a virtual environment because its venv module is incomplete. Debian, Ubuntu: sudo apt-get install python$version-venv"
    fi
  fi
fi

if ! .venv/bin/uv --version >/dev/null 2>&1; then
  .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null 2>&1 \
    || stop ".venv has neither uv nor pip; remove it and try again: rm -rf .venv"
  echo "Installing uv into .venv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1' \
    || stop "pip could not install uv; is the package index reachable?"
fi

# --inexact keeps uv, pip and what another group brought. Never a Python from anywhere else. Compiled now,
# because six processes that start at once would otherwise each do it.
groups=""
for group in "$@"; do groups="$groups --group $group"; done
echo "Installing the packages of uv.lock ($*)"
unset VIRTUAL_ENV
UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_PYTHON=.venv/bin/python UV_PROJECT_ENVIRONMENT=.venv \
  .venv/bin/uv sync --quiet --frozen --inexact $groups \
  || stop "uv could not install the packages of uv.lock; what it said stands above."
for group in "$@"; do : > "$stamp-$group"; done
