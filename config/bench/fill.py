import hashlib
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from access.models import AccessRequest, Grant, Tier
from accounts.models import User
from common.models import AuditEvent
from config.demo import Cast
from incidents.models import Incident, MisuseReport
from registry.models import ModelFamily, Release, Risk, RiskAssessment, RiskScale

WORDS = ["phishing", "voice", "clone", "forum", "prompt", "filter", "leak", "address", "election", "bank", "letter"]
CATEGORIES = ["fraud", "harassment", "cyber", "privacy", "other"]
BANDS = ["low", "moderate", "high", "critical"]
FAMILIES = 50


class Filler:
    """Adds rows around the demo's publisher. The seed is fixed: two runs fill alike."""

    def __init__(self, cast: Cast, tier: Tier, release: Release) -> None:
        self.cast, self.tier, self.release = cast, tier, release
        self.random = random.Random(7)  # noqa: S311 -- sizes and words, not secrets
        self.now = timezone.now()
        self.families: list[ModelFamily] = []
        self.people: list[User] = []

    def grow(self, rows: int) -> None:
        """Bring the portal to ``rows`` reports and requests, a fifth of that in risks and incidents, and one
        release for every 200."""
        self._people()
        self._releases(rows // 200)
        self._risks(rows // 5)
        self._requests(rows)
        self._reports(rows)
        self._incidents(rows // 5)
        with connection.cursor() as cursor:
            # Else autovacuum comes after the filling, and its work is measured as if it were the portal's.
            cursor.execute("VACUUM (ANALYZE)")

    def _text(self) -> str:
        return " ".join(self.random.choices(WORDS, k=30))

    def _ago(self) -> Any:
        return self.now - timedelta(minutes=self.random.randrange(1, 500_000))

    def _people(self) -> None:
        if not self.people:
            self.people = _store(
                User,
                (User(email=f"person-{n}@example.net", display_name=f"Person {n}") for n in range(2000)),
            )

    def _releases(self, wanted: int) -> None:
        if not self.families:
            self.families = _store(
                ModelFamily,
                (
                    ModelFamily(
                        publisher=self.cast.publisher,
                        slug=f"bench-{n}",
                        name=f"Bench {n}",
                        summary="A model of the bench.",
                    )
                    for n in range(FAMILIES)
                ),
            )
        missing = range(Release.objects.count(), wanted)
        _store(
            Release,
            (
                Release(
                    family=self.families[n % FAMILIES],
                    version=f"1.{n}",
                    stage=Release.Stage.PUBLISHED,
                    revision=hashlib.sha256(str(n).encode()).hexdigest()[:40],
                    published_at=self._ago(),
                    licence="Apache-2.0",
                    created_by=self.cast.release_manager,
                )
                for n in missing
            ),
        )

    def _risks(self, wanted: int) -> None:
        """A third of them belong to the demo's family, whose public page is measured."""
        families = [self.release.family, *self.families[:2], *self.families]
        have = Risk.objects.count()
        scales = dict(RiskScale.objects.in_force().values_list("publisher_id", "pk"))
        made = _store(
            Risk,
            (
                Risk(
                    family=(family := families[n % 3] if n % 2 else families[n % len(families)]),
                    scale_id=scales[family.publisher_id],
                    number=1000 + n,
                    title=f"Risk {n} {self.random.choice(WORDS)}",
                    harm=self._text(),
                    owner=self.cast.risk_owner,
                    stage=Risk.Stage.OPEN,
                    opened_at=self.now - timedelta(days=self.random.randrange(30, 400)),
                    **{
                        f"{kind}_{name}": self.random.randint(1, 5)
                        for kind in ("inherent", "residual")
                        for name in ("likelihood", "severity")
                    },
                )
                for n in range(have, wanted)
            ),
        )
        self._past(made)

    def _past(self, risks: list[Risk]) -> None:
        """What is on record about ``risks``: two judgements before mitigation and two after it, and their moves; a
        tenth was closed and opened again."""
        judgements = [
            (
                RiskAssessment(
                    risk=risk,
                    scale_id=risk.scale_id,
                    kind=kind,
                    likelihood=getattr(risk, f"{kind}_likelihood") if newest else self.random.randint(1, 5),
                    severity=getattr(risk, f"{kind}_severity") if newest else self.random.randint(1, 5),
                    rationale=self._text(),
                    assessed_by=self.cast.release_manager,
                ),
                risk.opened_at + timedelta(days=days),
            )
            for kind, newest, days in (
                ("inherent", False, -2),
                ("inherent", True, -1),
                ("residual", False, 10),
                ("residual", True, 25),
            )
            for risk in risks
        ]
        moves = [
            (
                AuditEvent(
                    actor_label="Bench",
                    verb=f"registry.risk.{verb}",
                    object_type="registry.risk",
                    object_id=str(risk.pk),
                    object_label=str(risk),
                    before=before,
                    after=after,
                ),
                risk.opened_at + timedelta(days=days),
            )
            for verb, before, after, days, every in (
                ("open", "draft", "open", 0, 1),
                ("close", "open", "closed", 12, 10),
                ("reopen", "closed", "open", 20, 10),
            )
            for risk in risks[::every]
        ]
        _store_at(RiskAssessment, "assessed_at", judgements)
        _store_at(AuditEvent, "at", moves)

    def _requests(self, wanted: int) -> None:
        releases = list(Release.objects.filter(stage=Release.Stage.PUBLISHED).select_related("family"))
        have = AccessRequest.objects.count()

        def rows() -> Iterable[AccessRequest]:
            for n in range(have, wanted):
                # Of twenty requests one waits, seventeen were approved, two declined.
                stage = ("submitted", "declined", "declined", *["approved"] * 17)[n % 20]
                asked = self._ago()
                yield AccessRequest(
                    tier=self.tier,
                    release=releases[n % len(releases)],
                    family_id=releases[n % len(releases)].family_id,
                    requester=self.people[(n // 20) % len(self.people)]
                    if stage == "submitted"
                    else self.people[n % len(self.people)],
                    stage=stage,
                    purpose=f"{self.random.choice(WORDS)} {n}",
                    signed_terms=self.tier.terms.first(),
                    signed_name="Bench",
                    submitted_at=asked,
                    due_at=asked + timedelta(days=10),
                    decided_at=None if stage == "submitted" else asked + timedelta(hours=n % 200),
                    closed_at=None if stage == "submitted" else asked + timedelta(hours=n % 200),
                    decided_by=None if stage == "submitted" else self.cast.release_manager,
                    decision_reason="" if stage == "submitted" else "Bench",
                )

        _store(AccessRequest, rows(), ignore=True)
        approved = AccessRequest.objects.filter(stage="approved", grants=None).order_by("pk")[:20_000]
        _store(
            Grant,
            (
                Grant(
                    request=each,
                    user_id=each.requester_id,
                    tier_id=each.tier_id,
                    release_id=each.release_id,
                    family_id=each.family_id,
                    valid_from=each.decided_at,
                    valid_until=each.decided_at + timedelta(days=365),
                )
                for each in approved
            ),
            ignore=True,
        )

    def _reports(self, wanted: int) -> None:
        have = MisuseReport.objects.count()
        _store(
            MisuseReport,
            (
                MisuseReport(
                    locator=f"{n:08d}",
                    salt=b"bench",
                    digest=b"bench",
                    submission=hashlib.sha256(f"bench {n}".encode()).digest(),
                    family=(family := self.families[n % FAMILIES]),
                    audience=[f"f{family.pk}", f"p{family.publisher_id}"],
                    category=CATEGORIES[n % len(CATEGORIES)],
                    what_happened=self._text(),
                    stage="received" if n % 10 == 0 else "answered",
                    awaits_handler=n % 10 == 0,
                    severity="" if n % 10 == 0 else BANDS[n % 4],
                    owner=None if n % 10 == 0 else self.cast.incident_handler,
                    received_at=self._ago(),
                )
                for n in range(have, wanted)
            ),
        )

    def _incidents(self, wanted: int) -> None:
        have = Incident.objects.count()
        _store(
            Incident,
            (
                Incident(
                    title=f"Incident {n} {self.random.choice(WORDS)}",
                    summary=self._text(),
                    severity=BANDS[n % 4],
                    owner=self.cast.incident_handler,
                    audience=[f"f{(family := self.families[n % FAMILIES]).pk}", f"p{family.publisher_id}"],
                    stage="open" if n % 10 == 0 else "resolved",
                    resolved_at=None if n % 10 == 0 else self.now,
                    opened_by=self.cast.incident_handler,
                )
                for n in range(have, wanted)
            ),
        )


def _store_at(model: type[models.Model], column: str, rows: list[tuple[Any, Any]]) -> None:
    """Store rows whose time is otherwise the moment of writing."""
    field: Any = model._meta.get_field(column)
    field.auto_now_add = False
    try:
        for row, at in rows:
            setattr(row, column, at)
        _store(model, (row for row, _at in rows))
    finally:
        field.auto_now_add = True


def _store(model: type[models.Model], rows: Iterable[Any], *, ignore: bool = False) -> list[Any]:
    return model._base_manager.bulk_create(list(rows), batch_size=2000, ignore_conflicts=ignore)
