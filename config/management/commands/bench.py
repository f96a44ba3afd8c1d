import resource
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from access.models import Tier
from accounts.models import User
from accounts.services import create_token
from config import demo
from config.bench import measure
from config.bench.fill import Filler
from registry.models import ModelFamily, Publisher, Release
from reports import services as reports
from reports.scope import Period, Scope

RISKS = "/workspace/risks/"
FIGURES = "{:34} {:>7} {:>9} {:>9} {:>9}"


class Command(BaseCommand):
    help = "Fill an empty portal with many rows and measure its busiest pages on the real server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rows", type=int, nargs="+", default=[1_000, 100_000], help="reports and requests to measure at"
        )
        parser.add_argument("--requests", type=int, default=400, help="requests for each line")
        parser.add_argument("--port", type=int, default=8900)
        parser.add_argument("--no-report", action="store_true", help="leave out the safety report")

    def handle(self, *, rows: list[int], requests: int, port: int, no_report: bool, **options: Any) -> None:
        if not settings.LOCAL or Publisher.objects.exists():
            raise CommandError(
                "The bench writes a quarter of a million rows; it needs an empty portal of its own (make bench)."
            )
        cast = demo.tell("incident")
        release = Release.objects.get(family__slug="tideline-3b")
        filler = Filler(cast, Tier.objects.order_by("order").first(), release)
        for count in sorted(rows):
            start = time.perf_counter()
            filler.grow(count)
            self.stdout.write(f"\n{count:,} reports and requests, filled in {time.perf_counter() - start:.0f} s")
            self._measure(self._targets(cast), requests, port)
        if not no_report:
            self._report(cast)

    def _measure(self, targets: list[measure.Target], requests: int, port: int) -> None:
        self.stdout.write(FIGURES.format("8 clients", "queries", "p50 ms", "p95 ms", "× empty"))
        with measure.server(port) as base:
            empty = 0.0
            for target in targets:
                figures = measure.measure(base, target, requests)
                empty = empty or figures.p50
                numbers = (figures.queries, f"{figures.p50:.1f}", f"{figures.p95:.1f}", f"{figures.p50 / empty:.1f}")
                self.stdout.write(FIGURES.format(target.name, *numbers))
                self.stdout.flush()

    def _targets(self, cast: demo.Cast) -> list[measure.Target]:
        page = "/models/estuary-lab/tideline-3b/"
        manager, handler = _cookie(cast.release_manager), _cookie(cast.incident_handler)
        bearer = {"Authorization": f"Bearer {_token(cast.researcher)}"}
        gate = "/hf/estuary-lab/tideline-3b/resolve/main/config.json"

        def report() -> tuple[str, str, bytes, dict[str, str]]:
            body = {
                "model": "estuary-lab/tideline-3b",
                "category": "fraud",
                "what_happened": "Somebody imitated my bank with it.",
            }
            headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
            return "POST", "/api/v1/misuse-reports/", measure.as_json(body), headers

        return [
            # The frame of every page with nothing asked of the database: what an empty page costs here.
            measure.Target("empty page", lambda: ("GET", "/privacy/", b"", {})),
            measure.Target("the same, signed in", lambda: ("GET", "/privacy/", b"", manager)),
            measure.Target("bare answer, no template", lambda: ("GET", "/healthz/live", b"", {})),
            measure.Target("public model page", lambda: ("GET", page, b"", {})),
            measure.Target("access queue", lambda: ("GET", "/workspace/access/", b"", manager)),
            measure.Target("incident list", lambda: ("GET", "/workspace/incidents/", b"", handler)),
            measure.Target("incident search", lambda: ("GET", "/workspace/incidents/?q=phishing", b"", handler)),
            measure.Target("risk register", lambda: ("GET", "/workspace/risks/", b"", manager)),
            *(
                measure.Target(f"risk register, {name}", lambda query=query: ("GET", f"{RISKS}?{query}", b"", manager))
                for name, query in (
                    ("words and level", "q=phishing&band=high"),
                    ("what is overdue", "quick=overdue"),
                    ("matrix", "view=matrix"),
                    ("before and now", "view=heat"),
                    ("over time", "view=trend"),
                )
            ),
            measure.Target("public list of risks", lambda: ("GET", f"{page}risks/", b"", {})),
            measure.Target("gate decision", lambda: ("HEAD", gate, b"", bearer)),
            measure.Target("intake of a report (API)", report, expect=201),
        ]

    def _report(self, cast: demo.Cast) -> None:
        """One safety report over everything, made in a process of its own like a worker's."""
        tomorrow = timezone.now().date() + timedelta(days=1)
        period = Period(tomorrow - timedelta(days=365), tomorrow)
        family = ModelFamily.objects.select_related("publisher").get(slug="tideline-3b")
        made = reports.request_report(Scope(family=family), period, actor=cast.auditor)
        code = f"import django; django.setup(); from common import jobs; jobs.run({made.job_id})"
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 -- our own command
        wall = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        made.refresh_from_db()
        self.stdout.write(
            f"\nSafety report: {made.pages} pages in {wall:.1f} s, peak memory {peak:.0f} MB, {made.size:,} bytes"
        )


def _cookie(user: User) -> dict[str, str]:
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}


def _token(user: User) -> str:
    return create_token(user, actor=user, name="Bench", scopes=["download"], days=1)[1]
