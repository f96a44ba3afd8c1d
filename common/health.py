"""Health checks for whatever supervises the portal."""

from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from psycopg_pool import PoolTimeout
from redis import Redis
from redis.exceptions import RedisError

from common.models import Heartbeat

BEAT_SILENT_AFTER = timedelta(minutes=2)


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. It says nothing of what it depends on: restarting it would mend none of that."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """The portal can serve: database and migrations. The broker and the scheduler are told, not required:
    without them pages work and work waits."""
    checks = {"database": _database(), "broker": _broker()}
    if checks["database"] == "ok":
        checks["migrations"] = _migrations()
        checks["scheduler"] = _scheduler()
    good = checks["database"] == "ok" and checks.get("migrations") == "ok"
    return JsonResponse({"status": "ok" if good else "unavailable", "checks": checks}, status=200 if good else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (Error, PoolTimeout):
        return "unreachable"
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _broker() -> str:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except (RedisError, OSError):
        return "unreachable"
    return "ok"


def _scheduler() -> str:
    last = Heartbeat.objects.filter(name="beat").first()
    if last is None:
        return "not seen yet"
    return "ok" if timezone.now() - last.at < BEAT_SILENT_AFTER else "silent"
