"""Reviews of releases and of risks, and what changed between two of them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from common.models import AuditEvent
from registry.changes import Change, told_by_others
from registry.models import (
    Mitigation,
    ModelFamily,
    Publisher,
    Question,
    QuestionSet,
    Release,
    ReleaseReview,
    RequiredReview,
    ReviewRound,
    Risk,
    RiskReview,
    RoundItem,
)
from registry.models.risks import STUB_AGES
from registry.models.rounds import CLOSED_MEANWHILE, WAITS
from registry.selectors.embed import embedded, revive, revived
from registry.selectors.people import inside
from registry.selectors.register import filtered


def raised_by(review: ReleaseReview) -> list[Question]:
    """The questions whose present answer raises a risk."""
    last = review.versions.first()
    answers = last.answers if last else {}
    return [
        question
        for question in review.question_set.questions.all()
        if (answers.get(question.key) or {}).get("value") in question.raises_when
    ]


@dataclass(frozen=True)
class ReviewNeed:
    """A question set a release can be reviewed with: whether its publisher asks for it, and how far that is."""

    question_set: QuestionSet
    required: bool
    blocks: bool
    last: ReleaseReview | None
    running: ReleaseReview | None

    @property
    def state(self) -> str:
        """missing, draft, overdue, or the outcome: pass, conditions, fail."""
        if self.last is None:
            return "draft" if self.running else "missing"
        return "overdue" if self.last.overdue and self.last.outcome != "fail" else self.last.outcome

    @property
    def met(self) -> bool:
        return self.state in {"pass", "conditions"}


_REVIEW = ("id", "release_id", "stage", "outcome", "submitted_at", "next_due_on", "created_at")


def review_needs(release: Release) -> list[ReviewNeed]:
    """What ``release`` can be reviewed with and has been, required sets first. One query."""
    publisher = release.family.publisher_id
    required = RequiredReview.objects.filter(publisher=publisher, slug=OuterRef("slug"))
    same = ReleaseReview.objects.filter(release=release.pk, question_set__slug=OuterRef("slug")).order_by("-pk")
    sets = (
        QuestionSet.objects.for_publisher(publisher)
        .annotate(
            blocks=Subquery(required.values("blocks")[:1]),
            last_rows=embedded(same.filter(stage=ReleaseReview.Stage.SUBMITTED)[:1], *_REVIEW),
            running_rows=embedded(same.filter(stage=ReleaseReview.Stage.DRAFT)[:1], *_REVIEW),
        )
        .order_by(F("blocks").desc(nulls_last=True), "title")
    )
    return [
        ReviewNeed(
            question_set=each,
            required=each.blocks is not None,
            blocks=bool(each.blocks),
            last=next(iter(revived(ReleaseReview, each.last_rows)), None),
            running=next(iter(revived(ReleaseReview, each.running_rows)), None),
        )
        for each in sets
    ]


def missing_reviews(release: Release) -> list[str]:
    """The titles of the reviews without which the publisher of ``release`` lets nothing be published."""
    return [need.question_set.title for need in review_needs(release) if need.blocks and not need.met]


def last_answers(review: ReleaseReview) -> dict[str, Any]:
    """What was answered to the same set the last time it was submitted for this family; empty where it never was."""
    before = ReleaseReview.objects.submitted().filter(
        release__family=review.release.family_id, question_set__slug=review.question_set.slug, pk__lt=review.pk
    )
    newest = before.order_by("-pk").first()
    last = newest.versions.first() if newest else None
    return dict(last.answers) if last else {}


def ageing_stubs(user: Any, days: int = STUB_AGES) -> QuerySet[Risk]:
    """Stubs that have waited for ``days`` to be worked out by those who treat the family's risks, oldest first."""
    since = timezone.now() - dt.timedelta(days=days)
    rows = Risk.objects.filter(inside(user, Role.RELEASE_MANAGER, Role.RISK_OWNER), stage=Risk.Stage.STUB)
    return rows.filter(created_at__lte=since).order_by("created_at", "pk")


# What of the register's filter chooses the risks of a round, which are open ones.
FOR_ROUNDS = frozenset(
    {"q", "band", "owner", "deputy", "treatment", "overdue", "term", "scale", "likelihood", "severity"}
    | {"inherent_likelihood", "inherent_severity"}
)


def risks_for_round(
    publisher: Publisher, user: Any, chosen: Mapping[str, Any], *, family: ModelFamily | None = None
) -> QuerySet[Risk]:
    """The open risks of a publisher, or of one family, that the filter of the register finds."""
    rows = Risk.objects.open().filter(family__publisher=publisher.pk)
    if family is not None:
        rows = rows.filter(family=family)
    return filtered(rows, {name: value for name, value in chosen.items() if name in FOR_ROUNDS}, user)


def rounds_of(user: Any) -> QuerySet[ReviewRound]:
    """Rounds with ``waiting_count`` and ``item_count``, counted for the rows shown only."""
    items = RoundItem.objects.filter(round=OuterRef("pk")).order_by().values("round")
    waiting = items.filter(WAITS)
    rows = ReviewRound.objects.visible_to(user).select_related("publisher", "family", "started_by")
    return rows.annotate(
        item_count=Subquery(items.annotate(number=Count("pk")).values("number")),
        waiting_count=Subquery(waiting.annotate(number=Count("pk")).values("number")),
    )


def with_progress(rounds: QuerySet[ReviewRound], user: Any) -> QuerySet[ReviewRound]:
    """``rounds`` with ``progress``: how far each owner is, those with most to do first, over the risks that the
    reader may know of. In the same query."""
    done, skipped = Q(review__isnull=False), Q(skipped_at__isnull=False)
    items = RoundItem.objects.visible_to(user).filter(round=OuterRef("pk")).order_by()
    owners = (
        items.values(person=F("risk__owner"), name=F("risk__owner__display_name"), email=F("risk__owner__email"))
        .annotate(
            items=Count("pk"),
            reviewed=Count("pk", filter=done),
            skipped=Count("pk", filter=skipped),
            closed=Count("pk", filter=CLOSED_MEANWHILE),
            waiting=Count("pk", filter=WAITS),
        )
        .order_by("-waiting", "name")
    )
    columns = ("person", "name", "email", "items", "reviewed", "skipped", "closed", "waiting")
    return rounds.annotate(progress=embedded(owners, *columns))


def round_items(review_round: ReviewRound, user: Any) -> QuerySet[RoundItem]:
    """The items of a round, each with its risk, what came of it, and the numbers of the risk's mitigations."""
    through = Mitigation.risks.through.objects.filter(risk_id=OuterRef("risk_id"))
    return (
        RoundItem.objects.visible_to(user)
        .filter(round=review_round)
        .select_related("round", "risk__family__publisher", "risk__owner", "review__reviewed_by", "skipped_by")
        .defer("risk__words")
        .annotate(mitigation_ids=ArraySubquery(through.values("mitigation_id")))
    )


def changes_in(items: Iterable[Any], user: Any) -> dict[int, list[Change]]:
    """What changed about the risks of ``items`` (from ``round_items``) since each was last looked at, newest first,
    by the number of the risk. One query, and one for each app that has something to tell."""
    since = {item.risk_id: item.since for item in items}
    through = {pk: item.risk_id for item in items for pk in item.mitigation_ids or ()}
    return changes_since(since, user, mitigations=_by_mitigation(items) if through else {})


def _by_mitigation(items: Iterable[Any]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for item in items:
        for pk in item.mitigation_ids or ():
            found.setdefault(pk, []).append(item.risk_id)
    return found


def changes_since(
    since: Mapping[int, dt.datetime], user: Any, *, mitigations: Mapping[int, list[int]] | None = None
) -> dict[int, list[Change]]:
    """What changed about risks since a moment of each. ``mitigations`` are their numbers with those of their risks."""
    if not since:
        return {}
    if mitigations is None:
        mitigations = _mitigations_of(list(since))
    found: dict[int, list[Change]] = told_by_others(since, user)
    wanted = Q(object_type="registry.risk", object_id__in=[str(pk) for pk in since])
    if mitigations:
        wanted |= Q(object_type="registry.mitigation", object_id__in=[str(pk) for pk in mitigations])
    events = AuditEvent.objects.filter(wanted, at__gt=min(since.values())).order_by("-pk")
    for event in events.exclude(verb__in=["registry.risk.review", "registry.risk.skip_review"]):
        number = int(event.object_id)
        for pk in [number] if event.object_type == "registry.risk" else mitigations[number]:
            if event.at > since[pk]:
                found[pk].append(Change(event.at, event.actor_label, event=event))
    return {pk: sorted(rows, key=lambda change: change.at, reverse=True) for pk, rows in found.items()}


def _mitigations_of(risks: list[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for mitigation, risk in Mitigation.risks.through.objects.filter(risk_id__in=risks).values_list(
        "mitigation_id", "risk_id"
    ):
        found.setdefault(mitigation, []).append(risk)
    return found


def round_items_waiting(user: Any) -> QuerySet[RoundItem]:
    """What ``user`` has to look at in open rounds: the items of risks they own."""
    return RoundItem.objects.waiting().filter(risk__owner=user.pk).select_related("round", "risk")


def embedded_reviews() -> Any:
    """The newest looks at a risk, for its page."""
    reviews = RiskReview.objects.filter(risk=OuterRef("pk")).order_by("-pk")[:5]
    columns = ("id", "verdict", "note", "reviewed_at", "due_on", "reviewed_by_id", "round_id")
    person = {"person_name": F("reviewed_by__display_name"), "person_email": F("reviewed_by__email")}
    return embedded(reviews, *columns, **person)


def reviews_of(risk: Any) -> list[RiskReview]:
    """The newest looks at a risk from ``risk_details``."""
    rows: list[Any] = revived(RiskReview, risk.review_rows)
    for row in rows:
        person = {"display_name": row.person_name, "email": row.person_email}
        row.reviewed_by = revive(User, {"id": row.reviewed_by_id, **person})
    return rows


@dataclass(frozen=True)
class Answered:
    """A question with the answer it was given, for reading."""

    question: Question
    value: str
    note: str
    raises: bool


def answered(questions: list[Question], answers: Mapping[str, Any]) -> list[Answered]:
    rows = []
    for question in questions:
        answer = answers.get(question.key) or {}
        value = str(answer.get("value") or "")
        raises = value in question.raises_when
        rows.append(Answered(question, question.label_of(value), str(answer.get("note") or ""), raises))
    return rows


def with_changes(items: list[Any], user: Any) -> list[tuple[Any, list[Change]]]:
    """The ``items`` of a round, each with what changed about its risk since it was last looked at."""
    changes = changes_in(items, user)
    return [(item, changes[item.risk_id]) for item in items]
