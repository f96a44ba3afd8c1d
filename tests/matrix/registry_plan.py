"""The release plan, licence, lineage and capabilities."""

from tests.factories.registry import (
    CapabilityStatusFactory,
    EntryCriterionFactory,
    PhaseFactory,
    ReleaseParentFactory,
)
from tests.matrix import MEMBERS, api_only, everybody, only, route

PUBLIC = everybody(200)
MANAGER = ("release_manager",)
JUDGES = ("release_manager", "risk_owner", "reviewer")
REASON = {"reason": "It no longer applies."}
CAPABILITY = {"capability": "Summaries", "status": "evaluated", "evidence": "0.8 on our set."}


def build(w):
    """A plan of the draft, with a phase whose criterion is met and one whose is not, and what belongs to it."""
    w.phase = PhaseFactory(release=w.draft, number=1, kind="internal", decider=w.reviewer)
    w.public_phase = PhaseFactory(release=w.release, number=1, kind="gated", is_announced=True, decider=w.reviewer)
    w.criterion = EntryCriterionFactory(phase=w.public_phase)
    w.met_criterion = EntryCriterionFactory(phase=w.public_phase, met=True)
    w.hidden_criterion = EntryCriterionFactory(phase=w.phase, is_required=False)
    w.edge = ReleaseParentFactory(release=w.release, parent_name="elsewhere/base", created_by=w.release_manager)
    w.capability_status = CapabilityStatusFactory(release=w.release, noted_by=w.reviewer)


def of(name):
    return lambda w: [getattr(w, name).pk]


def inside(*roles, status=200):
    return only(*roles, status=status, outside=404)


def known(*roles, status=200):
    return only(*roles, status=status)


def api_inside(*roles, status=200):
    return api_only(*roles, status=status, outside=404)


def public_release(w):
    return [w.publisher.slug, w.family.slug, w.release.version]


PAGES = {
    "release_licence": route(args=public_release, get=PUBLIC),
    "release_capabilities": route(args=public_release, get=PUBLIC),
    "release_plan": route(args=of("release"), get=known(*MEMBERS)),
    "phase_create": route(
        args=of("draft"),
        get=inside(*MANAGER),
        post=inside(*MANAGER, status=302),
        body=lambda w: {"kind": "gated", "decider": w.reviewer.pk},
    ),
    "phase": route(
        args=of("phase"),
        get=inside(*MEMBERS),
        post=inside(*MANAGER, status=302),
        body=lambda w: {"kind": "beta", "number": 1, "row_version": 1},
    ),
    "phase_cancellation": route(
        args=of("phase"), get=inside(*MANAGER), post=inside(*MANAGER, status=302), body=lambda w: REASON
    ),
    "criterion_create": route(
        args=of("phase"),
        get=inside(*MANAGER),
        post=inside(*MANAGER, status=302),
        body=lambda w: {"text": "Legal has read it", "is_required": "on"},
    ),
    "criterion_edit": route(
        args=of("criterion"),
        get=inside(*MANAGER) | {"anonymous": 302},
        post=inside(*MANAGER, status=302),
        body=lambda w: {"text": "Legal has read it", "row_version": 1},
    ),
    "criterion_confirmation": route(
        args=of("criterion"),
        get=inside(*JUDGES),
        post=inside(*JUDGES, status=302),
        body=lambda w: {"evidence": "Read on 4 May", "row_version": 1},
    ),
    "criterion_reopening": route(
        args=of("met_criterion"), get=inside(*JUDGES), post=inside(*JUDGES, status=302), body=lambda w: REASON
    ),
    "criterion_removal": route(args=of("criterion"), get=inside(*MANAGER), post=inside(*MANAGER, status=302)),
    "release_lineage": route(
        args=of("release"),
        get=known(*MEMBERS),
        post=known(*MANAGER, status=302),
        body=lambda w: {"relation": "merge", "parent_name": "elsewhere/other"},
    ),
    "parent_removal": route(args=of("edge"), get=known(*MANAGER), post=known(*MANAGER, status=302)),
    "capability_create": route(
        args=of("release"), get=known(*MEMBERS), post=known(*JUDGES, status=302), body=lambda w: CAPABILITY
    ),
}
API = {
    "release-licence": route(args=of("release"), get=PUBLIC),
    "release-plan": route(args=of("release"), get=PUBLIC),
    "release-lineage": route(
        args=of("release"),
        get=PUBLIC,
        post=api_only(*MANAGER, status=201),
        body=lambda w: {"relation": "merge", "parent_name": "elsewhere/other"},
    ),
    "release-lineage-edge": route(args=lambda w: [w.release.pk, w.edge.pk], delete=api_only(*MANAGER, status=204)),
    "phase-list": route(
        get=PUBLIC,
        post=api_only(*MANAGER, status=201),
        body=lambda w: {"release": w.release.pk, "kind": "public", "decider": w.reviewer.pk},
    ),
    "phase-detail": route(
        args=of("public_phase"), get=PUBLIC, patch=api_only(*MANAGER), body=lambda w: {"title": "First"}
    ),
    "phase-cancellation": route(args=of("phase"), post=api_inside(*MANAGER), body=lambda w: REASON),
    "criterion-list": route(
        get=PUBLIC,
        post=api_only(*MANAGER, status=201),
        body=lambda w: {"phase": w.public_phase.pk, "text": "Legal has read it"},
    ),
    "criterion-detail": route(
        args=of("criterion"),
        get=api_inside(*MEMBERS) | {"anonymous": 404},
        patch=api_inside(*MANAGER),
        delete=api_inside(*MANAGER, status=204),
        body=lambda w: {"text": "Legal has read it twice"},
    ),
    "criterion-confirmation": route(
        args=of("criterion"), post=api_inside(*JUDGES), body=lambda w: {"evidence": "Read on 4 May"}
    ),
    "criterion-reopening": route(args=of("met_criterion"), post=api_inside(*JUDGES), body=lambda w: REASON),
    "capability-status-list": route(
        get=PUBLIC,
        post=api_only(*JUDGES, status=201),
        body=lambda w: {**CAPABILITY, "release": w.release.pk},
    ),
    "capability-status-detail": route(args=of("capability_status"), get=PUBLIC),
}
