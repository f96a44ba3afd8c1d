from accounts.reminding import stop_token
from tests.factories.accounts import OrganisationDomainFactory
from tests.matrix import API_SIGNED_IN, SIGNED_IN, api_only, everybody, only, route

# Organisations are the portal's, not a publisher's.
ORGANISATIONS = only()


def build(w):
    w.domain = OrganisationDomainFactory(organisation=w.researcher.organisation, verified_at=None, evidence="")


ROUTES = {
    "accounts:workspace": route(get=SIGNED_IN),
    "accounts:profile": route(get=SIGNED_IN, post=everybody(302), body=lambda w: {"display_name": "New name"}),
    "accounts:reminders": route(
        get=SIGNED_IN,
        post=everybody(302),
        body=lambda w: {"frequency": "weekly", "hour": "8", "weekday": "1", "kinds": ["registry.review"]},
    ),
    # Whoever holds the mail ends its mails; nothing else comes of it.
    "accounts:reminder_stop": route(args=lambda w: [stop_token(w.risk_owner)], get=everybody(200), post=everybody(200)),
    "accounts:token_list": route(
        get=SIGNED_IN, post=SIGNED_IN, body=lambda w: {"name": "CI", "scopes": ["read"], "days": "30"}
    ),
    "accounts:token_revocation": route(
        args=lambda w: [w.token.pk],
        get=only("release_manager", others=404) | {"superuser": 404},
        post=only("release_manager", status=302, others=404) | {"superuser": 404},
    ),
    "accounts:organisation_list": route(
        get=ORGANISATIONS,
        post={role: 302 if status == 200 else status for role, status in ORGANISATIONS.items()},
        body=lambda w: {"name": "Institute", "slug": "institute", "country": "NL"},
    ),
    "accounts:organisation": route(
        args=lambda w: [w.researcher.organisation.slug],
        get=ORGANISATIONS,
        post={role: 302 if status == 200 else status for role, status in ORGANISATIONS.items()},
        body=lambda w: {"domain": "institute.example.org"},
    ),
    "accounts:domain_verification": route(
        args=lambda w: [w.domain.organisation.slug, w.domain.pk],
        get=ORGANISATIONS,
        post={role: 302 if status == 200 else status for role, status in ORGANISATIONS.items()},
        body=lambda w: {"evidence": "Seen the DNS record"},
    ),
    "accounts:handover": route(
        args=lambda w: [w.risk_owner.pk],
        get=only("release_manager", "administrator", "risk_owner") | {"stranger": 404},
        post=only("release_manager", "administrator", "risk_owner", status=302) | {"stranger": 404},
        body=lambda w: {"to": w.release_manager.email, "reason": "On leave."},
    ),
    "accounts:account_closure": route(
        args=lambda w: [w.risk_owner.pk],
        get=only(),
        post=only(status=302),
        body=lambda w: {"to": w.release_manager.email, "reason": "Left."},
    ),
    "api:person-holdings": route(
        args=lambda w: [w.risk_owner.pk],
        get=api_only("release_manager", "administrator", "risk_owner") | {"stranger": 404},
    ),
    "api:person-handover": route(
        args=lambda w: [w.risk_owner.pk],
        post=api_only("release_manager", "administrator", "risk_owner") | {"stranger": 404},
        body=lambda w: {"to": w.release_manager.email, "reason": "On leave."},
    ),
    "api:person-closure": route(
        args=lambda w: [w.risk_owner.pk],
        post=api_only(),
        body=lambda w: {"to": w.release_manager.email, "reason": "Left."},
    ),
    "api:organisation-list": route(
        get=api_only(),
        post=api_only(status=201),
        body=lambda w: {"name": "Institute", "slug": "institute", "country": "NL"},
    ),
    "api:organisation-detail": route(args=lambda w: [w.researcher.organisation.pk], get=api_only()),
    "api:organisation-domains": route(
        args=lambda w: [w.researcher.organisation.pk],
        post=api_only(status=201),
        body=lambda w: {"domain": "institute.example.org"},
    ),
    "api:organisation-verification": route(
        args=lambda w: [w.domain.organisation.pk, w.domain.pk],
        post=api_only(),
        body=lambda w: {"evidence": "Seen the DNS record"},
    ),
    "api:me": route(get=API_SIGNED_IN),
    "api:me-reminders": route(get=API_SIGNED_IN, patch=API_SIGNED_IN, body=lambda w: {"hour": 9}),
    "api:token-list": route(
        get=API_SIGNED_IN, post=everybody(201) | {"anonymous": 401}, body=lambda w: {"name": "CI", "scopes": ["read"]}
    ),
    "api:token-detail": route(
        args=lambda w: [w.token.pk], get=api_only("release_manager", others=404) | {"superuser": 404}
    ),
    "api:token-revocation": route(
        args=lambda w: [w.token.pk], post=api_only("release_manager", others=404) | {"superuser": 404}
    ),
}
