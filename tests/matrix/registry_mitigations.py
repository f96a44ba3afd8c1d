"""Mitigations in depth: retiring, measuring, and the risks they are for."""

from tests.factories.registry import MitigationFactory, RiskFactory
from tests.matrix import MEMBERS, api_only, everybody, only, route

TREATING = ("release_manager", "risk_owner")
JUDGING = (*TREATING, "reviewer")
FOUND = {"measured": "Jailbreaks", "result": "97 of 100", "effect": "works", "measured_on": "2026-01-01"}


def build(w):
    w.other_risk = RiskFactory(family=w.family, number=801, opened=True, owner=w.risk_owner)
    w.done_mitigation = MitigationFactory(
        family=w.family, owner=w.risk_owner, risks=[w.risk, w.other_risk], stage="done"
    )
    w.new_risk = RiskFactory(family=w.family, number=802, opened=True, owner=w.risk_owner)


def _done(w):
    return [w.done_mitigation.pk]


def _shared(w):
    return [w.done_mitigation.pk, w.other_risk.pk]


def _ending(w):
    return {"reason": "Switched off.", "confirmed": True}


PAGES = {
    "mitigation_retirement": route(args=_done, get=only(*TREATING), post=only(*TREATING, status=302), body=_ending),
    "mitigation_measurement": route(
        args=_done, get=only(*JUDGING), post=only(*JUDGING, status=302), body=lambda w: FOUND
    ),
    "mitigation_link": route(
        args=_done,
        get=only(*TREATING),
        post=only(*TREATING, status=302),
        body=lambda w: {"risk": w.new_risk.reference},
    ),
    "mitigation_unlink": route(
        args=_shared, get=only(*TREATING), post=only(*TREATING, status=302), body=lambda w: {"reason": "Not for it."}
    ),
}
API = {
    "mitigation-retirement": route(args=_done, post=api_only(*TREATING), body=_ending),
    "mitigation-measurements": route(
        args=_done,
        get=everybody(403) | dict.fromkeys([*MEMBERS, "superuser"], 200) | {"anonymous": 401},
        post=api_only(*JUDGING, status=201),
        body=lambda w: FOUND,
    ),
    "mitigation-linking": route(args=_done, post=api_only(*TREATING), body=lambda w: {"risk": w.new_risk.pk}),
    "mitigation-unlinking": route(
        args=_done, post=api_only(*TREATING), body=lambda w: {"risk": w.other_risk.pk, "reason": "Not for it."}
    ),
}
