"""The portal's own settings, and what only a test run needs."""

import os
import tempfile
from urllib.parse import urlsplit, urlunsplit

os.environ.setdefault("TIDEGATE_ENV", "local")
os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="tidegate-tests-"))

# Tests that run side by side have databases of their own; so that no worker takes another's tasks or files,
# each also gets a numbered database of the broker and a folder. Children of a test keep what it has.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker and os.environ.get("TEST_WORKER_HAS") != _worker:
    _url = urlsplit(os.environ["REDIS_URL"])
    _number = int(_url.path.strip("/") or 0) + 1 + int(_worker.removeprefix("gw"))
    os.environ["REDIS_URL"] = urlunsplit(_url._replace(path=f"/{_number % 16}"))
    os.environ["DATA_DIR"] = f"{os.environ['DATA_DIR']}/{_worker}"
    os.environ["TEST_WORKER_HAS"] = _worker

from config.settings import *  # noqa: E402, F403
from config.settings import ASSETS_DIR, DATABASES, STATIC_ROOT, STORAGES, TEMPLATES  # noqa: E402

for folder in (ASSETS_DIR, STATIC_ROOT):
    folder.mkdir(parents=True, exist_ok=True)
# Argon2 is meant to be slow; who tests sign-in itself asks for the real hasher.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
# Threads of a live server share the test's connection through the plain backend, not through a pool.
DATABASES["default"]["OPTIONS"].pop("pool", None)
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# A name that a template asks for and the view did not give must not pass as an empty string.
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = "«missing: %s»"
LOGGING["root"]["level"] = "ERROR"  # noqa: F405
