"""Scales, treatment, acceptances, and scores that wait for a second person."""

from django.utils import timezone

from registry.models import RiskScale
from registry.services import scales
from tests.factories.registry import AssessmentProposalFactory, RiskAcceptanceFactory, RiskFactory
from tests.matrix import API_SIGNED_IN, MEMBERS, api_only, everybody, only, route

PUBLIC = everybody(200)
MANAGER = ("release_manager",)
TREATING = ("release_manager", "risk_owner")
REASON = {"reason": "We decided so."}
WORDS = {
    "note": "Fewer steps.",
    "likelihoods": "Seldom\nOften",
    "severities": "Small\nBig",
    "detectabilities": "",
    "reversibilities": "",
}


def build(w):
    w.scale = RiskScale.objects.get(publisher=w.publisher)
    w.draft_scale = scales.draft_scale(w.publisher, actor=w.release_manager, note="Stricter.")
    # The owner of these has proposed or borne what others decide about.
    held = RiskFactory(family=w.family, number=41, opened=True, owner=w.risk_owner, residual_likelihood=3)
    w.proposal = AssessmentProposalFactory(risk=held, proposed_by=w.risk_owner)
    borne = RiskFactory(family=w.family, number=42, opened=True, owner=w.risk_owner, residual_likelihood=3)
    w.acceptance = RiskAcceptanceFactory(risk=borne, band="high", accepted_by=w.release_manager)
    w.high_risk = RiskFactory(family=w.family, number=43, opened=True, owner=w.risk_owner, residual_likelihood=3)


def of(name):
    return lambda w: [getattr(w, name).pk]


def model(w):
    return [w.publisher.slug, w.family.slug]


def inside(*roles, status=200):
    return only(*roles, status=status, outside=404)


def api_inside(*roles, status=200):
    return api_only(*roles, status=status, outside=404)


def today(w):
    return {"ends_on": timezone.now().date().isoformat(), "reason": "It is borne for a day."}


def bands(w):
    """The form as it stands."""
    cells = {f"cell_{i}_{j}": band for i, row in enumerate(w.draft_scale.grid) for j, band in enumerate(row)}
    rules = {}
    for rule in w.draft_scale.rules.all():
        for name in ("label", "review_days", "acceptance_days", "accepted_by"):
            rules[f"{rule.band}_{name}"] = getattr(rule, name)
    return cells | rules


PAGES = {
    "family_scale": route(args=model, get=PUBLIC),
    "scales": route(get=only(*MEMBERS, "stranger")),
    "scale_create": route(
        args=lambda w: [w.publisher.slug],
        get=inside(*MANAGER),
        # There is a draft already.
        post=inside(*MANAGER, status=422),
        body=lambda w: {"note": "Another."},
    ),
    # The one in force is known to everybody who knows the publisher; its page here is for those with a role.
    "scale": route(args=of("scale"), get=only(*MEMBERS)),
    "scale_words": route(
        args=of("draft_scale"), get=inside(*MANAGER), post=inside(*MANAGER, status=302), body=lambda w: WORDS
    ),
    "scale_bands": route(args=of("draft_scale"), get=inside(*MANAGER), post=inside(*MANAGER, status=302), body=bands),
    "scale_moves": route(args=of("draft_scale"), get=inside(*MEMBERS)),
    "scale_moves_csv": route(args=of("draft_scale"), get=inside(*MEMBERS)),
    "scale_activation": route(
        args=of("draft_scale"), get=inside(*MANAGER), post=inside(*MANAGER, status=302), body=lambda w: REASON
    ),
    "scale_removal": route(args=of("draft_scale"), get=inside(*MANAGER), post=inside(*MANAGER, status=302)),
    # No job was needed.
    "scale_job": route(args=of("scale"), get=only(*MEMBERS, status=404)),
    "scale_rerun": route(args=of("scale"), post=only(*MANAGER, status=302)),
    "risk_treatment": route(
        args=of("risk"),
        get=only(*TREATING),
        post=only(*TREATING, status=302),
        body=lambda w: {"treatment": "avoid", **REASON},
    ),
    "acceptance_create": route(args=of("high_risk"), get=only(*MANAGER), post=only(*MANAGER, status=302), body=today),
    "acceptance_revocation": route(
        args=of("acceptance"), get=only(*TREATING), post=only(*TREATING, status=302), body=lambda w: REASON
    ),
    "judging": route(get=only(*MEMBERS, "stranger")),
    "proposal": route(args=of("proposal"), get=inside(*MEMBERS)),
    "proposal_confirmation": route(args=of("proposal"), get=inside(*MANAGER), post=inside(*MANAGER, status=302)),
    "proposal_refusal": route(
        args=of("proposal"), get=inside(*MANAGER), post=inside(*MANAGER, status=302), body=lambda w: REASON
    ),
    # Whoever proposed it, and nobody else: a superuser neither.
    "proposal_withdrawal": route(
        args=of("proposal"),
        get=inside("risk_owner") | {"superuser": 403},
        post=inside("risk_owner", status=302) | {"superuser": 403},
    ),
}
API = {
    "risk-scale-list": route(
        get=PUBLIC, post=api_only(*MANAGER, status=409), body=lambda w: {"publisher": w.publisher.pk}
    ),
    "risk-scale-detail": route(
        args=of("draft_scale"),
        get=api_inside(*MEMBERS) | {"anonymous": 404},
        patch=api_inside(*MANAGER),
        delete=api_inside(*MANAGER, status=204),
        body=lambda w: {"note": "Stricter still."},
    ),
    "risk-scale-summary": route(args=of("scale"), get=api_only(*MEMBERS)),
    "risk-scale-moves": route(args=of("draft_scale"), get=api_inside(*MEMBERS) | {"anonymous": 404}),
    "risk-scale-activation": route(args=of("draft_scale"), post=api_inside(*MANAGER), body=lambda w: REASON),
    "risk-treatment": route(args=of("risk"), post=api_only(*TREATING), body=lambda w: {"treatment": "avoid", **REASON}),
    "risk-acceptances": route(
        args=of("high_risk"), get=api_only(*MEMBERS), post=api_only(*MANAGER, status=201), body=today
    ),
    "risk-acceptance-list": route(get=API_SIGNED_IN),
    "risk-acceptance-detail": route(args=of("acceptance"), get=api_inside(*MEMBERS)),
    "risk-acceptance-revocation": route(args=of("acceptance"), post=api_inside(*TREATING), body=lambda w: REASON),
    "assessment-proposal-list": route(get=API_SIGNED_IN),
    "assessment-proposal-detail": route(args=of("proposal"), get=api_inside(*MEMBERS)),
    "assessment-proposal-confirmation": route(args=of("proposal"), post=api_inside(*MANAGER, status=201)),
    "assessment-proposal-refusal": route(args=of("proposal"), post=api_inside(*MANAGER), body=lambda w: REASON),
    "assessment-proposal-withdrawal": route(args=of("proposal"), post=api_inside("risk_owner") | {"superuser": 403}),
}
