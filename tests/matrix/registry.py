from tests.matrix import (
    MEMBERS,
    api_only,
    everybody,
    only,
    registry_cards,
    registry_exports,
    registry_guidelines,
    registry_imports,
    registry_judging,
    registry_mitigations,
    registry_objectives,
    registry_plan,
    registry_reviews,
    registry_views,
    route,
)
from tests.registry.cards import CARD

PUBLIC = everybody(200)
RECORDING = ("release_manager", "risk_owner", "reviewer", "incident_handler")
TREATING = ("release_manager", "risk_owner")
MANAGER = ("release_manager",)


def inside(*roles, status=200):
    """A page about something that nobody outside knows of: 404 there, 403 to the wrong role."""
    return only(*roles, status=status, outside=404)


def family(w):
    return [w.publisher.slug, w.family.slug]


def of(name):
    return lambda w: [getattr(w, name).pk]


def api_inside(*roles, status=200):
    return api_only(*roles, status=status, outside=404)


# What concerns a public family is known to everybody: 403, not 404, to those without the role.
def known(*roles, status=200):
    return only(*roles, status=status)


REASON = {"reason": "It no longer applies."}
ASSESSMENT = {"kind": "residual", "likelihood": 2, "severity": 3, "rationale": "Measured again."}
FAMILY_TEXT = {"name": "Pilot", "summary": "A model.", "intended_use": "", "out_of_scope_use": "", "row_version": 1}
MITIGATION = {"title": "Filter", "description": "", "due_on": "2030-01-01"}

PAGES = {
    "home": route(get=PUBLIC),
    "models": route(get=PUBLIC, query="?q=pilot"),
    "family": route(args=family, get=PUBLIC),
    "family_risks": route(args=family, get=PUBLIC, query="?band=moderate"),
    "family_releases": route(args=family, get=PUBLIC),
    "release": route(args=lambda w: [*family(w), w.withdrawn.version], get=PUBLIC),
    "card_source": route(args=lambda w: [*family(w), w.release.version], get=PUBLIC),
    "search": route(get=PUBLIC, query="?q=pilot"),
    "help": route(get=PUBLIC),
    "accessibility": route(get=PUBLIC),
    "privacy": route(get=PUBLIC),
    "security": route(get=PUBLIC),
    "releases": route(get=only(*MEMBERS, "stranger")),
    "release_create": route(
        get=only(*MANAGER, "stranger"),
        post=only(*MANAGER, status=302) | {"stranger": 422},
        body=lambda w: {"family": w.family.pk, "version": "9.9", "source": CARD},
    ),
    "manage_release": route(args=of("draft"), get=inside(*MEMBERS)),
    "release_edit": route(
        args=of("draft"),
        get=inside(*MANAGER),
        post=inside(*MANAGER, status=302),
        body=lambda w: {"version": "2.1", "licence": "MIT", "row_version": 1},
    ),
    "card_import": route(
        args=of("draft"), get=inside(*MANAGER), post=inside(*MANAGER, status=302), body=lambda w: {"source": CARD}
    ),
    "artifact_add": route(args=of("draft"), get=inside(*MANAGER), post=inside(*MANAGER, status=422)),
    "artifact_removal": route(args=of("artifact"), get=inside(*MANAGER), post=inside(*MANAGER, status=302)),
    "family_create": route(
        get=only(*MANAGER, "stranger"),
        post=only(*MANAGER, status=302) | {"stranger": 422},
        body=lambda w: {"publisher": w.publisher.pk, "slug": "new", "name": "New", "summary": "A model."},
    ),
    "manage_family": route(
        args=of("family"), get=known(*MEMBERS), post=known(*MANAGER, status=302), body=lambda w: FAMILY_TEXT
    ),
    "objective_create": route(
        args=of("family"),
        get=known(*TREATING),
        post=known(*TREATING, status=302),
        body=lambda w: {"title": "No fraud"},
    ),
    "objective_edit": route(
        args=of("objective"),
        get=known(*TREATING),
        post=known(*TREATING, status=302),
        body=lambda w: {"title": "No fraud", "row_version": 1},
    ),
    "publisher_edit": route(
        args=of("publisher"),
        get=known("release_manager", "administrator"),
        post=known("release_manager", "administrator", status=302),
        body=lambda w: {"name": "Harbour", "row_version": 1},
    ),
    "risks": route(get=only(*MEMBERS, "stranger"), query="?view=matrix"),
    "risk_create": route(
        get=only(*RECORDING, "stranger"),
        # The stranger is asked for one of their own families first.
        post=only(*RECORDING, status=200) | {"stranger": 200},
        body=lambda w: {"title": "New", "harm": "Harm"},
    ),
    "risk": route(args=of("risk"), get=only(*MEMBERS, others=302)),
    "risk_edit": route(
        args=of("risk"),
        get=known(*TREATING),
        post=known(*TREATING, status=302),
        body=lambda w: {"title": "New", "harm": "Harm", "row_version": 1},
    ),
    "risk_owner": route(
        args=of("draft_risk"),
        get=inside(*TREATING),
        post=inside(*TREATING, status=302),
        body=lambda w: {"owner": w.risk_owner.pk, "row_version": 1},
    ),
    "assessment_create": route(
        args=of("risk"), get=known(*TREATING), post=known(*TREATING, status=302), body=lambda w: ASSESSMENT
    ),
    # The draft has neither owner nor assessment: even those who may are told so.
    "risk_opening": route(args=of("draft_risk"), get=inside(*MANAGER), post=inside(*MANAGER, status=422)),
    "risk_closure": route(
        args=of("risk"), get=known(*TREATING), post=known(*TREATING, status=302), body=lambda w: REASON
    ),
    "risk_reopening": route(
        args=of("risk"), get=known(*TREATING), post=known(*TREATING, status=422), body=lambda w: REASON
    ),
    "mitigation_create": route(
        args=of("risk"),
        get=known(*TREATING),
        post=known(*TREATING, status=302),
        body=lambda w: {**MITIGATION, "owner": w.risk_owner.pk},
    ),
    "mitigation": route(
        args=of("mitigation"),
        get=known(*MEMBERS),
        post=known(*TREATING, status=302),
        body=lambda w: {**MITIGATION, "owner": w.risk_owner.pk, "reason": "Later.", "row_version": 1},
    ),
    "mitigation_start": route(args=of("mitigation"), get=known(*TREATING), post=known(*TREATING, status=302)),
    "mitigation_completion": route(args=of("mitigation"), get=known(*TREATING), post=known(*TREATING, status=302)),
    "mitigation_cancellation": route(
        args=of("mitigation"), get=known(*TREATING), post=known(*TREATING, status=302), body=lambda w: REASON
    ),
}
API = {
    "publisher-list": route(
        get=PUBLIC, post=api_only(status=201), body=lambda w: {"slug": "another-lab", "name": "Another lab"}
    ),
    "publisher-detail": route(
        args=of("publisher"),
        get=PUBLIC,
        patch=api_only("release_manager", "administrator"),
        body=lambda w: {"about": "New"},
    ),
    "family-list": route(
        get=PUBLIC,
        post=api_only(*MANAGER, status=201),
        body=lambda w: {"publisher": w.publisher.pk, "slug": "new", "name": "New", "summary": "A model."},
    ),
    "family-detail": route(args=of("family"), get=PUBLIC, patch=api_only(*MANAGER), body=lambda w: {"summary": "New"}),
    "release-list": route(
        get=PUBLIC,
        post=api_only(*MANAGER, status=201),
        body=lambda w: {"family": w.family.pk, "version": "9.9", "card": CARD},
    ),
    "release-detail": route(
        args=of("draft"),
        get=api_inside(*MEMBERS) | {"anonymous": 404},
        patch=api_inside(*MANAGER),
        body=lambda w: {"licence": "MIT"},
    ),
    "release-card": route(
        args=of("release"),
        get=PUBLIC,
        # The release is published: its card is on record.
        put=api_only(*MANAGER, status=409),
        body=lambda w: {"source": CARD},
    ),
    "release-artifact": route(
        args=lambda w: [w.draft.pk, "new/file.bin"],
        put=api_inside(*MANAGER, status=201),
        body=lambda w: {"any": "bytes"},
    ),
    "artifact-list": route(get=PUBLIC, post=everybody(415) | {"anonymous": 401}),
    "artifact-detail": route(
        args=of("artifact"),
        get=api_inside(*MEMBERS) | {"anonymous": 404},
        delete=api_inside(*MANAGER, status=204),
    ),
    "objective-list": route(
        get=PUBLIC,
        post=api_only(*TREATING, status=201),
        body=lambda w: {"family": w.family.pk, "title": "No fraud"},
    ),
    "objective-detail": route(
        args=of("objective"), get=PUBLIC, patch=api_only(*TREATING), body=lambda w: {"statement": "New"}
    ),
    "risk-list": route(
        get=PUBLIC,
        post=api_only(*RECORDING, status=201),
        body=lambda w: {"family": w.family.pk, "title": "New", "harm": "Harm"},
    ),
    "risk-matrix": route(get=PUBLIC),
    "risk-detail": route(args=of("risk"), get=PUBLIC, patch=api_only(*TREATING), body=lambda w: {"harm": "New"}),
    "risk-owner": route(args=of("risk"), post=api_only(*TREATING), body=lambda w: {"owner": w.release_manager.pk}),
    "risk-assessments": route(
        args=of("risk"),
        get=everybody(403) | dict.fromkeys([*MEMBERS, "superuser"], 200) | {"anonymous": 401},
        post=api_only(*TREATING, status=201),
        body=lambda w: ASSESSMENT,
    ),
    "risk-opening": route(args=of("draft_risk"), post=api_inside(*MANAGER, status=409)),
    "risk-closure": route(args=of("risk"), post=api_only(*TREATING), body=lambda w: REASON),
    "risk-reopening": route(args=of("risk"), post=api_only(*TREATING, status=409), body=lambda w: REASON),
    "mitigation-list": route(
        get=PUBLIC,
        post=api_only(*TREATING, status=201),
        body=lambda w: {**MITIGATION, "risks": [w.risk.pk], "owner": w.risk_owner.pk},
    ),
    "mitigation-detail": route(
        args=of("mitigation"), get=PUBLIC, patch=api_only(*TREATING), body=lambda w: {"title": "New"}
    ),
    "mitigation-start": route(args=of("mitigation"), post=api_only(*TREATING)),
    "mitigation-completion": route(args=of("mitigation"), post=api_only(*TREATING)),
    "mitigation-cancellation": route(args=of("mitigation"), post=api_only(*TREATING), body=lambda w: REASON),
}
PAGES |= registry_guidelines.PAGES | registry_cards.PAGES | registry_exports.PAGES | registry_objectives.PAGES
API |= registry_guidelines.API | registry_cards.API | registry_exports.API | registry_objectives.API
PAGES |= registry_plan.PAGES | registry_reviews.PAGES
API |= registry_plan.API | registry_reviews.API
PAGES |= registry_views.PAGES
API |= registry_views.API
PAGES |= registry_judging.PAGES | registry_mitigations.PAGES
API |= registry_judging.API | registry_mitigations.API
PAGES |= registry_imports.PAGES
API |= registry_imports.API
ROUTES = {f"registry:{name}": row for name, row in PAGES.items()} | {f"api:{name}": row for name, row in API.items()}


def build(w):
    """What the routes of the slices point at."""
    registry_guidelines.build(w)
    registry_reviews.build(w)
    registry_objectives.build(w)
    registry_cards.build(w)
    registry_plan.build(w)
    registry_judging.build(w)
    registry_mitigations.build(w)
