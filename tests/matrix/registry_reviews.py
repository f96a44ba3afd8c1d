"""Stubs, concerns, taxonomies, question sets, reviews of releases and of risks, review rounds."""

from common.sealing import Seal
from registry.models import QuestionSet, Risk, Term
from tests.factories.registry import (
    PublicConcernFactory,
    QuestionSetFactory,
    ReleaseReviewFactory,
    ReviewRoundFactory,
    RiskFactory,
    RiskReviewFactory,
    RoundItemFactory,
)
from tests.matrix import API_SIGNED_IN, MEMBERS, api_only, everybody, only, route

PUBLIC = everybody(200)
MANAGER = ("release_manager",)
TREATING = ("release_manager", "risk_owner")
JUDGES = ("release_manager", "risk_owner", "reviewer")
RECORDING = (*JUDGES, "incident_handler")
REASON = {"reason": "It no longer applies."}
TAXONOMY = {"slug": "own", "name": "Own list", "kind": "risk", "terms": [{"code": "A", "name": "First"}]}
QUESTIONS = [{"key": "tested", "text": "Was it tested?", "kind": "yes_no"}]
SUBMISSION = {"outcome": "pass", "reason": "All was tested."}


def build(w):
    """One of each, with everything that its moves need."""
    type(w.family).objects.filter(pk=w.family.pk).update(allows_public_concerns=True)
    w.stub = RiskFactory(family=w.family, number=31, stage=Risk.Stage.STUB, harm="Somebody is misled.")
    w.dismissed = RiskFactory(family=w.family, number=32, stage=Risk.Stage.CLOSED)
    sealed = Seal("registry.concerns", "contact").seal("somebody@example.org")
    stub = RiskFactory(family=w.family, number=33, stage=Risk.Stage.STUB, harm="", origin="public", is_public=False)
    w.concern = PublicConcernFactory(risk=stub, contact_sealed=sealed)
    w.term = Term.objects.order_by("pk").first()
    w.question_set = QuestionSetFactory(publisher=w.publisher, slug="own")
    w.draft_set = QuestionSetFactory(publisher=w.publisher, slug="own", number=2, draft=True)
    w.shipped_set = QuestionSet.objects.get(publisher=None, slug="privacy", stage="published")
    w.review = ReleaseReviewFactory(
        release=w.release, question_set=w.question_set, started_by=w.reviewer, answers={"tested": "yes"}
    )
    w.round = ReviewRoundFactory(publisher=w.publisher, started_by=w.release_manager)
    w.round_item = RoundItemFactory(round=w.round, risk=w.risk)
    RoundItemFactory(round=w.round, risk=RiskFactory(family=w.family, number=34, opened=True, owner=w.risk_owner))
    w.looked_at = RiskReviewFactory(risk=w.risk, reviewed_by=w.risk_owner)


def of(name):
    return lambda w: [getattr(w, name).pk]


def model(w):
    return [w.publisher.slug, w.family.slug]


def inside(*roles, status=200):
    return only(*roles, status=status, outside=404)


def api_inside(*roles, status=200):
    return api_only(*roles, status=status, outside=404) | {"anonymous": 401}


def read_inside(*roles):
    """For people with an account; nobody outside learns whether it exists."""
    return api_only(*roles, outside=404)


CONCERN = {"title": "It imitates the voices of real people"}
PAGES = {
    "concern_new": route(args=model, get=PUBLIC, post=everybody(302), body=lambda w: CONCERN),
    "concern_sent": route(args=model, get=PUBLIC),
    "concern_contact": route(args=lambda w: [w.concern.risk_id], post=inside(*TREATING)),
    "stub_create": route(
        get=only(*RECORDING, "stranger"),
        post=only(*RECORDING, status=302) | {"stranger": 422},
        body=lambda w: {"family": w.family.pk, "title": "Something worries me"},
    ),
    "stub_working_out": route(
        args=of("stub"),
        get=inside(*TREATING),
        post=inside(*TREATING, status=302),
        body=lambda w: {"title": "Misled readers", "harm": "People believe what is false.", "row_version": 1},
    ),
    "stub_dismissal": route(
        args=of("stub"), get=inside(*TREATING), post=inside(*TREATING, status=302), body=lambda w: REASON
    ),
    "stub_taking_up": route(
        args=of("dismissed"), get=inside(*TREATING), post=inside(*TREATING, status=302), body=lambda w: REASON
    ),
    "risk_review": route(
        args=of("risk"), get=only(*JUDGES), post=only(*JUDGES, status=302), body=lambda w: {"verdict": "right"}
    ),
    "risk_cadence": route(
        args=of("risk"), get=only(*TREATING), post=only(*TREATING, status=302), body=lambda w: {"review_days": 30}
    ),
    "review_rounds": route(get=only(*MEMBERS, "stranger")),
    "round_create": route(
        get=only(*TREATING, "stranger"),
        post=only(*TREATING, status=302) | {"stranger": 422},
        body=lambda w: {"publisher": w.publisher.pk, "title": "Autumn round", "due_on": "2050-01-01"},
        query="?overdue=&band=",
    ),
    "review_round": route(args=of("round"), get=inside(*MEMBERS), query="?state=waiting"),
    "round_abandonment": route(
        args=of("round"), get=inside(*TREATING), post=inside(*TREATING, status=302), body=lambda w: REASON
    ),
    "round_item_skip": route(
        args=of("round_item"), get=inside(*JUDGES), post=inside(*JUDGES, status=302), body=lambda w: REASON
    ),
    "taxonomies": route(get=only(*MEMBERS, "stranger")),
    "taxonomy_import": route(get=only(), post=only(status=422)),
    "release_reviews": route(
        args=of("release"),
        get=only(*MEMBERS),
        post=only(*JUDGES, status=302),
        body=lambda w: {"question_set": w.shipped_set.pk},
    ),
    "release_review": route(
        args=of("review"),
        get=inside(*MEMBERS),
        post=inside(*JUDGES, status=302),
        body=lambda w: {"value-tested": "no", "note-tested": "Not in French."},
    ),
    "review_version": route(args=lambda w: [w.review.pk, w.review.versions.get().number], get=inside(*MEMBERS)),
    "review_submission": route(
        args=of("review"), get=inside(*JUDGES), post=inside(*JUDGES, status=302), body=lambda w: SUBMISSION
    ),
    "review_discarding": route(
        args=of("review"), get=inside(*JUDGES), post=inside(*JUDGES, status=302), body=lambda w: REASON
    ),
    "question_sets": route(get=only(*MEMBERS, "stranger")),
    "question_set": route(args=of("question_set"), get=only(*MEMBERS, outside=404) | {"researcher": 403}),
    "question_set_import": route(get=only(*MANAGER, "stranger"), post=only(*MANAGER, "stranger", status=422)),
    "question_set_publication": route(args=of("draft_set"), get=inside(*MANAGER), post=inside(*MANAGER, status=302)),
    "question_set_retirement": route(
        args=of("question_set"), get=inside(*MANAGER), post=inside(*MANAGER, status=302), body=lambda w: REASON
    ),
    "required_reviews": route(
        args=of("publisher"),
        get=only(*MANAGER),
        post=only(*MANAGER, status=302),
        body=lambda w: {"set-privacy": "asked"},
    ),
}
API = {
    "stub-list": route(
        get=API_SIGNED_IN,
        post=api_only(*RECORDING, status=201),
        body=lambda w: {"family": w.family.pk, "title": "Something worries me"},
    ),
    "risk-working-out": route(
        args=of("stub"), post=api_inside(*TREATING), body=lambda w: {"harm": "People believe what is false."}
    ),
    "risk-dismissal": route(
        args=of("stub"), post=api_inside(*TREATING), body=lambda w: REASON | {"duplicate_of": w.risk.pk}
    ),
    "risk-taking-up": route(args=of("dismissed"), post=api_inside(*TREATING), body=lambda w: REASON),
    "risk-cadence": route(args=of("risk"), put=api_only(*TREATING), body=lambda w: {"review_days": 30}),
    "concern-list": route(get=API_SIGNED_IN, post=everybody(201), body=lambda w: CONCERN | {"model": w.family.repo_id}),
    "concern-detail": route(args=of("concern"), get=read_inside(*MEMBERS)),
    "concern-contact": route(args=of("concern"), post=api_inside(*TREATING)),
    "taxonomy-list": route(get=PUBLIC, post=api_only(status=201), body=lambda w: TAXONOMY),
    "taxonomy-detail": route(args=lambda w: [w.term.taxonomy_id], get=PUBLIC),
    "taxonomy-term-list": route(get=PUBLIC),
    "taxonomy-term-detail": route(args=of("term"), get=PUBLIC),
    "question-set-list": route(
        get=API_SIGNED_IN,
        post=api_only(*MANAGER, status=201),
        body=lambda w: {"publisher": w.publisher.pk, "slug": "more", "title": "More", "questions": QUESTIONS},
    ),
    "question-set-detail": route(args=of("question_set"), get=read_inside(*MEMBERS)),
    "question-set-publication": route(args=of("draft_set"), post=api_inside(*MANAGER)),
    "question-set-retirement": route(args=of("question_set"), post=api_inside(*MANAGER), body=lambda w: REASON),
    "question-set-required": route(
        post=api_only(*MANAGER),
        body=lambda w: {"publisher": w.publisher.pk, "required": [{"slug": "privacy", "blocks": True}]},
    ),
    "release-review-list": route(
        get=API_SIGNED_IN,
        post=api_only(*JUDGES, status=201),
        body=lambda w: {"release": w.release.pk, "question_set": w.shipped_set.pk},
    ),
    "release-review-detail": route(args=of("review"), get=read_inside(*MEMBERS)),
    "release-review-answers": route(
        args=of("review"), put=api_inside(*JUDGES), body=lambda w: {"answers": {"tested": {"value": "no"}}}
    ),
    "release-review-versions": route(args=of("review"), get=read_inside(*MEMBERS)),
    "release-review-submission": route(args=of("review"), post=api_inside(*JUDGES), body=lambda w: SUBMISSION),
    "release-review-discarding": route(args=of("review"), post=api_inside(*JUDGES), body=lambda w: REASON),
    "risk-review-list": route(
        get=API_SIGNED_IN,
        post=api_only(*JUDGES, status=201),
        body=lambda w: {"risk": w.risk.pk, "verdict": "right"},
    ),
    "risk-review-detail": route(args=of("looked_at"), get=read_inside(*MEMBERS)),
    "review-round-list": route(
        get=API_SIGNED_IN,
        post=api_only(*TREATING, status=201),
        body=lambda w: {"publisher": w.publisher.pk, "title": "Autumn round", "due_on": "2050-01-01"},
    ),
    "review-round-detail": route(args=of("round"), get=read_inside(*MEMBERS)),
    "review-round-progress": route(args=of("round"), get=read_inside(*MEMBERS)),
    "review-round-items": route(args=of("round"), get=read_inside(*MEMBERS), query="?state=waiting"),
    "review-round-skips": route(
        args=of("round"), post=api_inside(*JUDGES), body=lambda w: REASON | {"item": w.round_item.pk}
    ),
    "review-round-abandonment": route(args=of("round"), post=api_inside(*TREATING), body=lambda w: REASON),
}
