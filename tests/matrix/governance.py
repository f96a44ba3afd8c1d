from tests.factories.governance import DecisionFactory
from tests.factories.registry import ArtifactFactory, ModelCardFactory, ReleaseFactory
from tests.matrix import MEMBERS, api_only, everybody, only, route

RECORDERS = ("release_manager", "reviewer", "risk_owner", "incident_handler")
DECIDERS = ("release_manager", "reviewer")
STOPPERS = ("release_manager", "incident_handler")
REASON = {"reason": "Because of a test."}


def build(w):
    w.decision_draft = DecisionFactory(family=w.family, decided_by=w.reviewer, risks=[w.risk])
    w.decision = DecisionFactory(family=w.family, decided_by=w.reviewer, risks=[w.risk], published=True)
    w.ready = ReleaseFactory(family=w.family, version="3.0", created_by=w.release_manager)
    ModelCardFactory(release=w.ready, created_by=w.release_manager)
    ArtifactFactory(release=w.ready, created_by=w.release_manager)


def text(w):
    forms = {
        f"{name}-{part}": value
        for name in ("options", "evidence")
        for part, value in (("TOTAL_FORMS", 0), ("INITIAL_FORMS", 0))
    }
    return {**forms, "title": "New", "decided_as": "reviewer", "decided_on": "2026-11-18"}


ROUTES = {
    "governance:decision_list": route(get=everybody(200)),
    "governance:decision_csv": route(get=everybody(200)),
    "governance:decision_feed": route(get=everybody(200)),
    "governance:decision": route(args=lambda w: [w.decision.pk], get=everybody(200)),
    "governance:decision_json": route(args=lambda w: [w.decision.pk], get=everybody(200)),
    "governance:decision_markdown": route(
        args=lambda w: [w.decision_draft.pk], get=only(*MEMBERS, others=404, anonymous=404)
    ),
    # A stranger has a workspace too; it holds the decisions of their own publisher.
    "governance:decision_work": route(get=only(*MEMBERS, "stranger")),
    "governance:decision_new": route(
        query="",
        get=only(*RECORDERS, "stranger"),
        post=only(*RECORDERS, "stranger"),
        body=text,
    ),
    "governance:decision_case": route(args=lambda w: [w.decision.pk], get=only(*MEMBERS, outside=404)),
    "governance:decision_text": route(
        args=lambda w: [w.decision_draft.pk],
        get=only(*RECORDERS, outside=404),
        post=only(*RECORDERS, status=302, outside=404),
        body=text,
    ),
    "governance:decision_publication": route(
        args=lambda w: [w.decision_draft.pk],
        get=only(*DECIDERS, outside=404),
        post=only(*DECIDERS, status=302, outside=404),
    ),
    "governance:decision_supersession": route(
        args=lambda w: [w.decision.pk], get=only(*DECIDERS, outside=404), post=only(*DECIDERS, status=302, outside=404)
    ),
    "governance:decision_annulment": route(
        args=lambda w: [w.decision.pk],
        get=only(*DECIDERS, outside=404),
        post=only(*DECIDERS, status=302, outside=404),
        body=lambda w: REASON,
    ),
    "governance:release_publication": route(
        args=lambda w: [w.ready.pk],
        get=only("release_manager", outside=404),
        post=only("release_manager", status=302, outside=404),
    ),
    "governance:release_withdrawal": route(
        args=lambda w: [w.release.pk], get=only(*STOPPERS), post=only(*STOPPERS, status=302), body=lambda w: REASON
    ),
    "governance:release_reinstatement": route(
        args=lambda w: [w.withdrawn.pk],
        get=only("release_manager"),
        post=only("release_manager", status=(302, 409)),
        body=lambda w: REASON,
    ),
    "governance:phase_entry": route(
        args=lambda w: [w.phase.pk], get=only(*DECIDERS, outside=404), post=only(*DECIDERS, status=302, outside=404)
    ),
    "api:phase-entry": route(args=lambda w: [w.phase.pk], post=api_only(*DECIDERS, outside=404)),
    "api:decision-list": route(
        get=everybody(200),
        post=api_only(*RECORDERS, status=201, others=403),
        body=lambda w: {"family": w.family.pk, "title": "New"},
    ),
    "api:decision-detail": route(
        args=lambda w: [w.decision_draft.pk],
        get=only(*MEMBERS, others=404, anonymous=404),
        patch=api_only(*RECORDERS, outside=404),
        body=lambda w: {"title": "New"},
    ),
    "api:decision-publication": route(args=lambda w: [w.decision_draft.pk], post=api_only(*DECIDERS, outside=404)),
    "api:decision-supersession": route(args=lambda w: [w.decision.pk], post=api_only(*DECIDERS, status=201)),
    "api:decision-annulment": route(args=lambda w: [w.decision.pk], post=api_only(*DECIDERS), body=lambda w: REASON),
    "api:release-publication": route(args=lambda w: [w.ready.pk], post=api_only("release_manager", outside=404)),
    "api:release-withdrawal": route(args=lambda w: [w.release.pk], post=api_only(*STOPPERS), body=lambda w: REASON),
    "api:release-reinstatement": route(
        args=lambda w: [w.withdrawn.pk], post=api_only("release_manager", status=(200, 409)), body=lambda w: REASON
    ),
}
