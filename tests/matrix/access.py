from tests.factories.access import AccessRequestFactory, GrantFactory, TierFactory, TierQuestionFactory
from tests.matrix import API_SIGNED_IN, Route, api_only, everybody, only, route

STAFF = ("release_manager", "reviewer", "auditor", "administrator")
PUBLIC = everybody(200)


def build(w):
    w.tier = TierFactory(family=w.family, name="Researcher")
    TierQuestionFactory(tier=w.tier)
    w.bare_tier = TierFactory(family=w.family, name="Developer")
    w.access_request = AccessRequestFactory(release=w.release, tier=w.tier, requester=w.researcher)
    w.access_draft = AccessRequestFactory(release=w.release, tier=w.bare_tier, requester=w.researcher, draft=True)
    open_tier = TierFactory(family=w.family, name="Open")
    w.grant = GrantFactory(request__release=w.release, request__tier=open_tier, request__requester=w.researcher)
    w.terms = w.tier.terms.get()


def mine(get=200, post=None):
    """A page of the researcher's own; for everybody else it does not exist."""
    verbs = {"get": get} if post is None else {"get": get, "post": post}
    return {verb: only("researcher", status=status, others=404) | {"superuser": 404} for verb, status in verbs.items()}


def managers(status=200, others=404):
    return only("release_manager", status=status, others=others)


def api_managers(status=200):
    """For the release manager; those who also read it are refused, and others find nothing."""
    refused = dict.fromkeys(("researcher", "reviewer", "auditor", "administrator"), 403)
    return api_only("release_manager", status=status, others=404) | refused


def hub(name, **rule):
    return {f"access:hub_{name}": route(**rule)}


REPO = lambda w: [w.publisher.slug, w.family.slug]  # noqa: E731

ROUTES: dict[str, Route] = {
    "access:new_request": route(
        args=REPO, get=everybody(200) | {"anonymous": 302}, post=everybody(302), body=lambda w: {"tier": w.bare_tier.pk}
    ),
    "access:mine": route(get=everybody(200) | {"anonymous": 302}),
    "access:request": route(
        args=lambda w: [w.access_request.pk],
        get=only(*STAFF, status=302, others=404) | {"researcher": 200, "superuser": 302},
    ),
    "access:request_questions": route(
        args=lambda w: [w.access_draft.pk], body=lambda w: {"purpose": "Try it"}, **mine(200, 302)
    ),
    "access:request_terms": route(
        args=lambda w: [w.access_draft.pk], body=lambda w: {"typed_name": "A Researcher"}, **mine(200, 302)
    ),
    "access:request_check": route(args=lambda w: [w.access_draft.pk], **mine(200, 422)),
    "access:request_message": route(
        args=lambda w: [w.access_request.pk],
        body=lambda w: {"body": "A question"},
        post=only("researcher", status=302, others=404) | {"superuser": 404},
    ),
    "access:request_withdrawal": route(args=lambda w: [w.access_request.pk], **mine(200, 302)),
    "access:terms": route(args=lambda w: [w.terms.pk], get=PUBLIC),
    "access:terms_acceptance": route(
        args=lambda w: [w.grant.tier_id], body=lambda w: {"typed_name": "A Researcher"}, **mine(200, 302)
    ),
    "access:queue": route(get=only(*STAFF, "stranger")),
    "access:bulk_decision": route(
        body=lambda w: {"chosen": [w.access_request.pk], "action": "decline"},
        post=only(*STAFF) | {"stranger": 302},
    ),
    "access:decision_page": route(args=lambda w: [w.access_request.pk], get=only(*STAFF, others=404)),
    "access:decision": route(
        args=lambda w: [w.access_request.pk],
        body=lambda w: {"outcome": "decline", "reason": "Say more", "row_version": w.access_request.row_version},
        post=managers(302) | dict.fromkeys(("reviewer", "auditor", "administrator"), 403),
    ),
    "access:staff_message": route(
        args=lambda w: [w.access_request.pk],
        body=lambda w: {"message-body": "Which data?", "message-visibility": "internal"},
        post=only("release_manager", "reviewer", "administrator", status=302, others=404) | {"auditor": 403},
    ),
    "access:assignment": route(
        args=lambda w: [w.access_request.pk],
        get=managers() | dict.fromkeys(("reviewer", "auditor", "administrator"), 403),
        post=managers(302) | dict.fromkeys(("reviewer", "auditor", "administrator"), 403),
        body=lambda w: {"assignee": w.release_manager.pk},
    ),
    "access:grant_list": route(get=only(*STAFF, "stranger")),
    "access:grant_change": route(
        args=lambda w: [w.grant.pk, "revocation"],
        body=lambda w: {"reason": "Resold"},
        get=managers() | dict.fromkeys(("reviewer", "auditor", "administrator"), 403),
        post=managers(302) | dict.fromkeys(("reviewer", "auditor", "administrator"), 403),
    ),
    "access:tier_list": route(get=only("release_manager", "stranger")),
    "access:tier_new": route(
        args=lambda w: [w.family.pk],
        get=managers(),
        post=managers(302),
        body=lambda w: {
            "name": "New",
            "kind": "developer",
            "description": "For developers",
            "support_channel": "help@example.org",
            "grant_days": 30,
            "decision_days": 5,
            "renewal_days": 10,
            "order": 2,
        },
    ),
    "access:tier_edit": route(args=lambda w: [w.tier.pk], get=managers(), post=managers(422)),
    "access:tier_questions": route(
        args=lambda w: [w.tier.pk],
        get=managers(),
        post=managers(302),
        body=lambda w: {"form-TOTAL_FORMS": 0, "form-INITIAL_FORMS": 0},
    ),
    "access:terms_publication": route(args=lambda w: [w.tier.pk], get=managers(), post=managers(422)),
    **hub("whoami", get=everybody(401)),
    **hub("auth_check", args=REPO, get=everybody(401)),
    **hub("model", args=REPO, get=PUBLIC),
    **hub("revision", args=lambda w: [*REPO(w), "main"], get=PUBLIC),
    **hub("tree", args=lambda w: [*REPO(w), "main"], get=PUBLIC),
    **hub("folder", args=lambda w: [*REPO(w), "main", "weights"], get=PUBLIC),
    # A session is no key here: programs send a token.
    **hub("resolve", args=lambda w: [*REPO(w), "main", "weights.safetensors"], get=everybody(401)),
    **hub("unknown", args=lambda w: ["api/agent-harnesses"], get=everybody(404)),
    "api:tier-list": route(
        get=PUBLIC,
        post=everybody(403) | {"anonymous": 401, "release_manager": 201, "superuser": 201},
        body=lambda w: {"family": w.family.pk, "name": "X", "description": "x", "support_channel": "x@example.org"},
    ),
    "api:tier-detail": route(
        args=lambda w: [w.tier.pk],
        get=PUBLIC,
        patch=everybody(403) | {"anonymous": 401, "release_manager": 200, "superuser": 200},
        body=lambda w: {"name": "Y"},
    ),
    "api:tier-questions": route(
        args=lambda w: [w.tier.pk],
        put=everybody(403) | {"anonymous": 401, "release_manager": 200, "superuser": 200},
        body=lambda w: {"questions": []},
    ),
    "access:phase_tiers": route(
        args=lambda w: [w.public_phase.pk],
        get=only("release_manager"),
        post=only("release_manager", status=302),
        body=lambda w: {"tiers": [w.tier.pk]},
    ),
    "api:phase-tiers": route(
        args=lambda w: [w.public_phase.pk],
        get=PUBLIC,
        put=api_only("release_manager"),
        body=lambda w: {"tiers": [w.tier.pk]},
    ),
    "api:tier-terms": route(
        args=lambda w: [w.tier.pk],
        post=everybody(403) | {"anonymous": 401, "release_manager": 201, "superuser": 201},
        body=lambda w: {"text": "New.", "change_note": "Shorter."},
    ),
    "api:terms-list": route(get=PUBLIC),
    "api:terms-detail": route(args=lambda w: [w.terms.pk], get=PUBLIC),
    "api:terms-acceptance": route(
        args=lambda w: [w.terms.pk], post=everybody(201) | {"anonymous": 401}, body=lambda w: {"typed_name": "A Person"}
    ),
    "api:access-request-list": route(
        get=API_SIGNED_IN,
        post=everybody(201) | {"anonymous": 401},
        body=lambda w: {"tier": w.bare_tier.pk, "release": w.release.pk, "is_draft": True, "purpose": "Try"},
    ),
    "api:access-request-detail": route(
        args=lambda w: [w.access_request.pk],
        get=api_only("researcher", *STAFF, others=404),
        patch=api_only("researcher", status=409, others=404) | dict.fromkeys((*STAFF, "superuser"), 403),
        body=lambda w: {"purpose": "Other"},
    ),
    "api:access-request-submission": route(
        args=lambda w: [w.access_request.pk],
        post=api_only("researcher", status=409, others=404) | dict.fromkeys((*STAFF, "superuser"), 403),
    ),
    "api:access-request-withdrawal": route(
        args=lambda w: [w.access_request.pk],
        post=api_only("researcher", others=404) | dict.fromkeys((*STAFF, "superuser"), 403),
    ),
    "api:access-request-decision": route(
        args=lambda w: [w.access_request.pk],
        post=api_managers(),
        body=lambda w: {"approve": False, "reason": "Say more"},
    ),
    "api:access-request-return": route(
        args=lambda w: [w.access_request.pk], post=api_managers(), body=lambda w: {"message": "Say more"}
    ),
    "api:access-request-assignment": route(
        args=lambda w: [w.access_request.pk], post=api_managers(), body=lambda w: {"assignee": None}
    ),
    "api:access-request-messages": route(
        args=lambda w: [w.access_request.pk],
        get=api_only("researcher", *STAFF, others=404),
        post=api_managers(201) | {"researcher": 201},
        body=lambda w: {"body": "Which data?"},
    ),
    "api:grant-list": route(get=API_SIGNED_IN),
    "api:grant-detail": route(args=lambda w: [w.grant.pk], get=api_only("researcher", *STAFF, others=404)),
    "api:grant-revocation": route(
        args=lambda w: [w.grant.pk], post=api_managers(), body=lambda w: {"reason": "Resold"}
    ),
    "api:grant-suspension": route(args=lambda w: [w.grant.pk], post=api_managers(), body=lambda w: {"reason": "Asked"}),
    "api:grant-resumption": route(
        args=lambda w: [w.grant.pk], post=api_managers(409), body=lambda w: {"reason": "Cleared"}
    ),
    "api:grant-downloads": route(args=lambda w: [w.grant.pk], get=api_only("researcher", *STAFF, others=404)),
    "api:access-check": route(query="?release=0", get=everybody(404) | {"anonymous": 401}),
}
