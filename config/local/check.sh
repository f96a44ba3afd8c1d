#!/bin/sh
# The checks that need the portal's settings: called by `make check` with throw-away servers.
set -eu
python=.venv/bin/python
set -x
$python manage.py makemigrations --check --dry-run
$python manage.py spectacular --api-version 1 --validate --fail-on-warn --file /dev/null
TIDEGATE_ENV=production BASE_URL=https://tidegate.example.org ALLOWED_HOSTS=tidegate.example.org \
  EMAIL_URL=smtp://localhost $python manage.py check --deploy --fail-level WARNING
