"""The register's views, one risk's public page and history, and what a publisher shows of its risks."""

from tests.matrix import MEMBERS, api_only, everybody, only, route

MANAGER = ("release_manager",)


def _model(w):
    return [w.publisher.slug, w.family.slug]


def _risk(w):
    return [w.risk.pk]


def _publisher(w):
    return [w.publisher.pk]


PAGES = {
    "public_risk": route(args=lambda w: [*_model(w), w.risk.number], get=everybody(200)),
    "risk_feed": route(args=_model, get=everybody(200)),
    "risk_json_feed": route(args=_model, get=everybody(200)),
    "risk_history": route(args=_risk, get=only(*MEMBERS)),
    "public_risk_fields": route(
        args=_publisher,
        get=only(*MANAGER),
        post=only(*MANAGER, status=302),
        body=lambda w: {"public_risk_fields": ["harm", "current"], "row_version": 1, "confirm": "yes"},
    ),
}
API = {
    "risk-heat": route(get=everybody(200)),
    "risk-trend": route(get=everybody(200), query="?weeks=13"),
    "risk-history": route(args=_risk, get=api_only(*MEMBERS)),
    "publisher-public-risk-fields": route(
        args=_publisher,
        get=everybody(200),
        put=api_only(*MANAGER),
        body=lambda w: {"public_risk_fields": ["harm", "current"]},
    ),
}
