"""The register, and one risk with all that belongs to it."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from registry.models import Mitigation, Objective, Risk, RiskAssessment, RoundItem, Term
from registry.scale import Band
from registry.selectors.acceptances import ended_acceptances, with_judging
from registry.selectors.embed import embedded, embedded_history, revive, revived
from registry.selectors.people import inside
from registry.selectors.register import accepted
from registry.selectors.reviews import embedded_reviews

# What a page shows of what may be long.
MITIGATIONS_SHOWN = 50
ASSESSMENTS_SHOWN = 20
_LINE = (
    *("number", "title", "stage", "treatment", "review_due_on", "created_at", "urgency", "family__name"),
    *("current_score", "current_band", "residual_score", "residual_band"),
    *(f"{person}__{name}" for person in ("owner", "deputy") for name in ("display_name", "email")),
)
_JUDGEMENT = (
    *("id", "kind", "scale_id", "likelihood", "severity", "band", "detectability", "reversibility", "confidence"),
    *("rationale", "evidence", "cause", "assessed_at", "assessed_by_id", "confirmed_by_id"),
)


def register(user: Any) -> QuerySet[Risk]:
    """The risks of every family for which ``user`` holds a role, worst first."""
    return Risk.objects.filter(inside(user)).order_by("-urgency").defer("words")


def register_rows(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` as lines of a list: with family, owner, deputy, ``unfinished_count`` of mitigations and ``accepted``,
    worked out for the rows shown only. A line shows a fifth of the columns; others are read when they are asked for.
    """
    unfinished = Mitigation.objects.unfinished().filter(risks=OuterRef("pk")).order_by()
    count = unfinished.values("risks").annotate(number=Count("pk")).values("number")
    lines = risks.select_related("family", "owner", "deputy").only(*_LINE)
    return lines.annotate(unfinished_count=Coalesce(Subquery(count), 0), accepted=accepted())


def in_band(risks: QuerySet[Risk], name: Band) -> QuerySet[Risk]:
    return risks.filter(current_band=name)


def waiting_risks(user: Any) -> QuerySet[Risk]:
    """What the register wants from ``user``.

    Open risks they own that lack a judgement after mitigation, have an overdue mitigation or are due to be looked
    at again, also in a round, or whose acceptance ended (these go to the deputy too); and in families whose risks
    they treat, stubs, and drafts nobody owns. What is late or due comes first, by its day, then the newest stubs.
    """
    today = timezone.localdate()
    overdue = Mitigation.objects.unfinished().filter(risks=OuterRef("pk"), due_on__lt=today)
    in_round = RoundItem.objects.waiting().filter(risk=OuterRef("pk"))
    mine = Q(owner=user.pk, stage=Risk.Stage.OPEN) & (
        Q(residual_score=None) | Q(review_due_on__lte=today) | Q(Exists(overdue)) | Q(Exists(in_round))
    )
    unowned = Q(stage=Risk.Stage.STUB) | Q(owner=None, stage=Risk.Stage.DRAFT)
    unowned &= inside(user, Role.RELEASE_MANAGER, Role.RISK_OWNER)
    ended, stub = ended_acceptances(user), Q(stage=Risk.Stage.STUB)
    due = Least(
        Case(When(Q(review_due_on__lte=today), then="review_due_on")),
        Case(When(ended, then=Value(today))),
        Subquery(overdue.order_by("due_on").values("due_on")[:1]),
        Subquery(in_round.order_by("round__due_on").values("round__due_on")[:1]),
        output_field=DateField(),
    )
    newest = Case(When(stub, then="created_at")).desc(nulls_last=True)
    waiting = Risk.objects.filter((mine | ended) & inside(user) | unowned)
    return waiting.order_by(due.asc(nulls_last=True), newest, "pk")


def embedded_measures() -> ArraySubquery:
    """What is done about a risk, as the public sees it: dropped and retired mitigations and owners
    are left out."""
    measures = Mitigation.objects.counting().filter(risks=OuterRef("pk"))
    return embedded(measures.order_by("due_on", "pk")[:5], "id", "title", "stage", "due_on")


def risks_with_measures(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` with ``measures``: what is done about each, in the same query."""
    return risks.annotate(measures=embedded_measures()).defer("words")


def public_risk_details(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` with all that the public page of one may show; see ``measures``, ``objectives_of``, ``terms_of``."""
    measures = Mitigation.objects.counting().filter(risks=OuterRef("pk"))
    terms = Term.objects.filter(risks=OuterRef("pk")).order_by("taxonomy", "pk")
    return (
        risks.select_related("owner", "release", "scale")
        .defer("words")
        .annotate(
            measures=embedded(
                measures.order_by("due_on", "pk")[:MITIGATIONS_SHOWN], "id", "title", "description", "stage", "due_on"
            ),
            objective_rows=embedded(Objective.objects.filter(risks=OuterRef("pk")).order_by("pk"), "id", "title"),
            term_rows=embedded(terms, "id", "code", "name", taxonomy_name=F("taxonomy__name")),
            accepted=accepted(),
        )
    )


def terms_of(risk: Any) -> list[Term]:
    """The taxonomy entries of a risk, with ``taxonomy_name``."""
    return revived(Term, risk.term_rows)


def measures(risk: Any) -> list[Mitigation]:
    return revived(Mitigation, risk.measures)


def risk_details(risks: QuerySet[Risk]) -> QuerySet[Risk]:
    """``risks`` with all that the page of one shows, in one query; see the functions ``…_of`` that unpack it."""
    mitigations = Mitigation.objects.filter(risks=OuterRef("pk")).order_by("due_on", "pk")[:MITIGATIONS_SHOWN]
    assessments = RiskAssessment.objects.filter(risk=OuterRef("pk")).order_by("-pk")[:ASSESSMENTS_SHOWN]
    columns = ("id", "family_id", "title", "description", "stage", "owner_id", "due_on")
    person = {"person_name": F("owner__display_name"), "person_email": F("owner__email")}
    judged = {
        "person_name": F("assessed_by__display_name"),
        "person_email": F("assessed_by__email"),
        "confirmer_name": F("confirmed_by__display_name"),
        "confirmer_email": F("confirmed_by__email"),
    }
    return (
        with_judging(risks)
        .select_related("family__publisher", "owner", "deputy", "release", "scale", "concern", "duplicate_of")
        .defer("words", "duplicate_of__words")
        .annotate(
            history_rows=embedded_history(Risk),
            review_rows=embedded_reviews(),
            term_rows=embedded(
                Term.objects.filter(risks=OuterRef("pk")).order_by("taxonomy", "pk"),
                *("id", "code", "name"),
                taxonomy_name=F("taxonomy__name"),
            ),
            mitigation_rows=embedded(mitigations, *columns, **person),
            assessment_rows=embedded(assessments, *_JUDGEMENT, **judged),
            objective_rows=embedded(Objective.objects.filter(risks=OuterRef("pk")).order_by("pk"), "id", "title"),
        )
    )


def mitigations_of(risk: Any) -> list[Mitigation]:
    """The mitigations of a risk from ``risk_details``, with family and owner at hand."""
    rows = revived(Mitigation, risk.mitigation_rows)
    for row in rows:
        row.family, row.owner = risk.family, _person(row, row.owner_id)
    return rows


def objectives_of(risk: Any) -> list[Objective]:
    return revived(Objective, risk.objective_rows)


def assessments_of(risk: Any) -> list[RiskAssessment]:
    rows: list[Any] = revived(RiskAssessment, risk.assessment_rows)
    for row in rows:
        row.assessed_by = _person(row, row.assessed_by_id)
        if row.confirmed_by_id:
            name = {"display_name": row.confirmer_name, "email": row.confirmer_email}
            row.confirmed_by = revive(User, {"id": row.confirmed_by_id, **name})
    return rows


def _person(row: Any, pk: int) -> User:
    return revive(User, {"id": pk, "display_name": row.person_name, "email": row.person_email})
