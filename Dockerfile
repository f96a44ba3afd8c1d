# One image for web, worker, scheduler and migrations; a second one, "proxy", for the front door.
# Build: docker compose build

FROM docker.io/library/python:3.13-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/app/.venv/bin:$PATH
# What WeasyPrint loads to make PDFs.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app

FROM base AS build
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore 'uv>=0.9,<1'
# The packages first: their layer stays until the lock file changes.
COPY pyproject.toml uv.lock ./
RUN UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_CACHE=1 uv sync --frozen
COPY . .
# Static files belong to the version, so they lie in the image and not in the data volume. The settings
# want the values of a running portal; none of these is used for anything here, or kept.
RUN export TIDEGATE_ENV=local DATABASE_URL=postgres://build@localhost/build REDIS_URL=redis://localhost \
      SECRET_KEY=build-only-build-only-build-only-build-only-build-only STATIC_DIR=/app/built \
 && python manage.py setup_assets \
 && chmod -R a+rX built \
 && python -m compileall -q -j 0 -x '\.venv' .

FROM base AS app
RUN groupadd --gid 10001 tidegate \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin tidegate \
 && install -d -o tidegate -g tidegate /data \
 && install -d /run/tidegate
COPY --from=build /app /app
ENV STATIC_DIR=/app/built DATA_DIR=/data UPLOAD_TEMP_DIR=/data/tmp XDG_CACHE_HOME=/tmp
USER 10001:10001
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "config.container"]
CMD ["web"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-m", "config.container", "check-web"]

# HAProxy from Debian instead of one more image to trust: it finds every copy of `web` by name.
FROM docker.io/library/python:3.13-slim-bookworm AS proxy
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends haproxy \
 && rm -rf /var/lib/apt/lists/*
COPY config/haproxy.cfg /etc/haproxy/haproxy.cfg
USER haproxy
EXPOSE 8080
ENTRYPOINT ["haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/')"]
