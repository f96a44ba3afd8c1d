#!/bin/sh
# `make check`: everything but the tests. All of it runs, then the names of what failed are told.
# It is called with throw-away servers, since most of it loads the portal's settings.
set -u
bin=.venv/bin
failed=""

try() {
  name=$1; shift
  printf '\n== %s\n' "$name"
  "$@" || failed="$failed, $name"
}

production() {
  TIDEGATE_ENV=production BASE_URL=https://tidegate.example.org ALLOWED_HOSTS=tidegate.example.org \
    EMAIL_URL=smtp://localhost "$@"
}

try "format" $bin/ruff format --check --quiet .
try "lint" $bin/ruff check --quiet .
try "types" $bin/mypy
try "import contracts" $bin/lint-imports --no-cache
try "migrations" $bin/python manage.py makemigrations --check --dry-run
try "API schema" $bin/python manage.py spectacular --validate --fail-on-warn --file /dev/null
try "deployment" production $bin/python manage.py check --deploy --fail-level WARNING

if [ -n "$failed" ]; then printf '\nFAILED: %s\n' "${failed#, }"; exit 1; fi
printf '\nAll checks passed.\n'
