"""A quarter in the life of one model family, with rows before, in and after it, dated by their own time stamps."""

import datetime as dt

from access.models import AccessRequest
from incidents.models import Category, Incident, MisuseReport
from registry.models import Release, Risk
from tests.factories.access import TierFactory
from tests.factories.accounts import UserFactory
from tests.factories.governance import DecisionFactory
from tests.factories.incidents import IncidentFactory, MisuseReportFactory
from tests.factories.registry import ArtifactFactory, MitigationFactory, ModelCardFactory, ReleaseFactory, RiskFactory

START, END = dt.date(2026, 4, 1), dt.date(2026, 7, 1)
RISKS = [
    ("Instructions for building dangerous agents are pieced together", 5, 5, 3, 5),
    ("Voices of relatives are imitated to get money", 4, 4, 3, 4),
    ("Private data of training texts is repeated", 3, 4, 2, 4),
    ("People in a crisis get advice that harms them", 4, 5, 2, 5),
    ("Wrong medical answers are trusted because they read well", 4, 3, 3, 3),
    ("Code with a known weakness is suggested", 4, 2, None, None),
    ("Minority languages are refused more often", 3, 2, 2, 2),
    ("Safeguards are removed by fine-tuning", 5, 4, 5, 4),
    ("Watermarks are taken out of generated pictures", 2, 2, 1, 2),
]
LESSON = (
    "The filter looked at the question alone. Answers that only become harmful over several turns passed it.\n"
    "We now judge the whole conversation, and test with conversations of ten turns before every release."
)


def at(month, day, hour=12):
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


def build(family, owner, risks=9, requests=40, incidents=14, reports=60):
    """Fill ``family``. The numbers are those of rows within and around the quarter."""
    live = _release(family, owner, "1.0", at(2, 10))
    _release(family, owner, "1.1", at(5, 4))
    gone = _release(family, owner, "0.9", at(1, 12))
    Release.objects.filter(pk=gone.pk).update(
        stage="withdrawn", withdrawn_at=at(5, 20), withdrawal_reason="A safeguard could be switched off by its user."
    )
    _release(family, owner, "2.0-rc1", at(7, 3))
    _risks(family, owner, risks)
    _requests(family, live, owner, requests)
    _incidents(family, owner, incidents)
    _reports(family, reports)
    _decisions(family, owner)


def _release(family, owner, version, published_at):
    release = ReleaseFactory(family=family, version=version, created_by=owner)
    ModelCardFactory(release=release, created_by=owner)
    for name in (
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "tokenizer.json",
    ):
        content = f"{version} {name}".encode()
        ArtifactFactory(release=release, path=name, content=content, created_by=owner)
    Release.objects.filter(pk=release.pk).update(
        stage="published", revision=f"{release.pk:040x}", published_at=published_at, created_at=published_at
    )
    release.refresh_from_db()
    return release


def _risks(family, owner, number):
    rows = []
    for index in range(number):
        title, likelihood, severity, after_likelihood, after_severity = RISKS[index % len(RISKS)]
        opened = at(3, 1 + index % 28) if index % 3 else at(4 + index % 3, 1 + index % 28)
        rows.append(
            RiskFactory.build(
                family=family,
                scale=family.publisher.risk_scales.get(),
                number=index + 1,
                title=title if index < len(RISKS) else f"{title}, case {index + 1}",
                stage="closed" if index % 9 == 8 else "open",
                owner=owner,
                inherent_likelihood=likelihood,
                inherent_severity=severity,
                residual_likelihood=after_likelihood,
                residual_severity=after_severity,
                opened_at=opened,
                closed_at=at(6, 10) if index % 9 == 8 else None,
            )
        )
    made = Risk.objects.bulk_create(rows)
    Risk.objects.filter(family=family).update(created_at=at(3, 1))
    for index, risk in enumerate(made[:6]):
        MitigationFactory(family=family, owner=owner, risks=[risk], stage="done" if index % 2 else "in_progress")


def _requests(family, release, owner, number):
    tiers = [TierFactory(family=family, name=name) for name in ("Researchers", "Developers")]
    people = UserFactory.create_batch(min(number, 5))
    rows = []
    for index in range(number):
        sent = at(3, 20) + dt.timedelta(days=index * 110 / max(number, 1))
        stage = ("approved", "approved", "declined", "submitted", "withdrawn", "approved")[index % 6]
        decided = sent + dt.timedelta(hours=7 + 31 * (index % 14)) if stage in {"approved", "declined"} else None
        rows.append(
            AccessRequest(
                family=family,
                release=release,
                tier=tiers[index % 2],
                requester=people[index % len(people)],
                # Open requests are one a person and tier, so later ones are taken back.
                stage="withdrawn" if stage == "submitted" and index >= 10 else stage,
                purpose=f"Measure refusals, part {index}",
                submitted_at=sent,
                due_at=sent + dt.timedelta(days=10),
                decided_at=decided,
                decided_by=owner if decided else None,
                decision_reason="It is what the tier is for." if decided else "",
                closed_at=decided or (sent + dt.timedelta(days=3) if stage == "withdrawn" or index >= 10 else None),
            )
        )
    AccessRequest.objects.bulk_create(rows)


def _incidents(family, owner, number):
    for index in range(number):
        made = at(3, 25) + dt.timedelta(days=index * 95 / max(number, 1))
        incident = IncidentFactory(
            families=[family], opened_by=owner, severity=("high", "moderate", "critical", "low", "")[index % 5]
        )
        values = {"created_at": made, "occurred_on": (made - dt.timedelta(days=2)).date()}
        if index % 3 == 1:
            values |= {
                "stage": "resolved",
                "resolved_at": made + dt.timedelta(days=9),
                "lessons": LESSON if index % 2 else "",
            }
        elif index % 3 == 2:
            values |= {"stage": "contained", "contained_at": made + dt.timedelta(days=1)}
        Incident.objects.filter(pk=incident.pk).update(**values)


def _reports(family, number):
    for index in range(number):
        received = at(3, 20, index % 24) + dt.timedelta(days=int(index * 100 / max(number, 1)))
        category = Category.values[index * 5 % len(Category.values)]
        report = MisuseReportFactory(family=family, category=category, received_at=received)
        if index % 4:
            answered = received + dt.timedelta(hours=3 + 11 * (index % 9), minutes=20)
            MisuseReport.objects.filter(pk=report.pk).update(first_answered_at=answered)


def _decisions(family, owner):
    risks = list(Risk.objects.filter(family=family).order_by("number")[:2])
    words = {
        "context": "Version 1.1 answers better, and its filter for several turns is new. Evaluations of the publisher "
        "are in; an outside review is not. Three of the risks that are open for 1.0 are open for 1.1 too.",
        "outcome": "Release 1.1 to vetted researchers only. What speaks for it: those who look for weaknesses need the "
        "model that people will use. What speaks against more: the new filter has been tried by us alone.",
        "consequences": "A person decides on each request, within ten days. Developers wait for the outside review.",
        "stops_holding_when": "A model of the same ability is public without safeguards, or the outside review finds "
        "that the filter holds in the cases it is meant for.",
    }
    common = {"family": family, "decided_by": owner, "decided_as": "release_manager", "published": True}
    february, may = dt.date(2026, 2, 9), dt.date(2026, 5, 2)
    DecisionFactory(number=901, title="Keep 1.0 gated", decided_on=february, published_at=at(2, 9), **common)
    DecisionFactory(
        number=902,
        title="Release 1.1 to vetted researchers",
        decided_on=may,
        review_by=dt.date(2026, 8, 1),
        risks=risks,
        dissent="The reviewer would have waited for the outside review.",
        published_at=at(5, 3),
        **common,
        **words,
    )
    withdrawal, overdue = dt.date(2026, 5, 20), dt.date(2026, 6, 1)
    DecisionFactory(
        number=903, title="Withdraw 0.9", decided_on=withdrawal, review_by=overdue, published_at=at(5, 20), **common
    )
    DecisionFactory(
        number=904, title="After the quarter", decided_on=dt.date(2026, 7, 2), published_at=at(7, 2), **common
    )


def content_of(report):
    """The bytes of a report's PDF."""
    with report.pdf.open("rb") as file:
        return file.read()
