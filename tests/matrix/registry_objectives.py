"""Objectives and their measurements, safeguards and high-risk uses, training data."""

import hashlib

from tests.factories.registry import (
    HighRiskUseFactory,
    ObjectiveFactory,
    ObjectiveMeasurementFactory,
    SafeguardFactory,
    TrainingDatasetFactory,
)
from tests.matrix import MEMBERS, api_only, everybody, only, route
from tests.registry.croissants import MINUTES

PUBLIC = everybody(200)
TREATING = ("release_manager", "risk_owner")
MANAGER = ("release_manager",)
REASON = {"reason": "It no longer applies."}


def build(w):
    w.measurable = ObjectiveFactory(
        family=w.family, title="Refuses", metric="Refusal rate", comparator="at_least", threshold="0.9"
    )
    w.measurement = ObjectiveMeasurementFactory(objective=w.measurable, recorded_by=w.risk_owner)
    w.safeguard = SafeguardFactory(family=w.family, in_place=True, risks=[w.risk])
    w.planned = SafeguardFactory(
        family=w.family, how_it_works="It filters.", why_chosen="It holds whatever the prompt was."
    )
    w.use = HighRiskUseFactory(family=w.family, safeguards=[w.safeguard])
    w.dataset = TrainingDatasetFactory(
        family=w.family, croissant=MINUTES, croissant_sha256=hashlib.sha256(MINUTES.encode()).hexdigest()
    )


def of(name):
    return lambda w: [getattr(w, name).pk]


def public(w):
    return [w.publisher.slug, w.family.slug]


DATASET = {"name": "Minutes of debates", "kind": "public", "personal_data": "none", "legal_basis": "not_needed"}
PAGES = {
    "family_objectives": route(args=public, get=PUBLIC),
    "family_safeguards": route(args=public, get=PUBLIC),
    "family_training_data": route(args=public, get=PUBLIC),
    "training_data_croissant": route(args=lambda w: [*public(w), w.dataset.pk], get=PUBLIC),
    "objective_measurements": route(
        args=of("measurable"),
        get=only(*MEMBERS),
        post=only(*TREATING, status=302),
        body=lambda w: {"value": "0.95", "measured_at": "2026-01-02T10:00", "source": "Run 13"},
    ),
    "manage_safeguards": route(args=of("family"), get=only(*MEMBERS)),
    "safeguard_create": route(
        args=of("family"),
        get=only(*TREATING),
        post=only(*TREATING, status=302),
        body=lambda w: {"kind": "monitoring", "title": "Logs are read", "risks": [w.risk.pk]},
    ),
    "safeguard": route(args=of("safeguard"), get=only(*MEMBERS)),
    "safeguard_edit": route(
        args=of("planned"),
        get=only(*TREATING),
        post=only(*TREATING, status=302),
        body=lambda w: {"kind": "monitoring", "title": "Logs are read", "row_version": 1},
    ),
    "safeguard_introduction": route(args=of("planned"), get=only(*TREATING), post=only(*TREATING, status=302)),
    "safeguard_retirement": route(
        args=of("safeguard"), get=only(*TREATING), post=only(*TREATING, status=302), body=lambda w: REASON
    ),
    "high_risk_use_create": route(
        args=of("family"),
        get=only(*TREATING),
        post=only(*TREATING, status=302),
        body=lambda w: {"title": "Ranking applicants", "why": "Annex III", "severity": "high"},
    ),
    "high_risk_use": route(
        args=of("use"),
        get=only(*TREATING),
        post=only(*TREATING, status=302),
        body=lambda w: {"title": "Ranking applicants", "why": "Annex III", "severity": "high", "row_version": 1},
    ),
    "high_risk_use_removal": route(
        args=of("use"), get=only(*TREATING), post=only(*TREATING, status=302), body=lambda w: REASON
    ),
    "manage_training_data": route(args=of("family"), get=only(*MEMBERS)),
    "training_data_create": route(
        args=of("family"), get=only(*MANAGER), post=only(*MANAGER, status=302), body=lambda w: DATASET
    ),
    # What was read is shown in the form; nothing is saved yet.
    "training_data_import": route(
        args=of("family"), get=only(*MANAGER), post=only(*MANAGER), body=lambda w: {"source": MINUTES}
    ),
    "training_dataset": route(
        args=of("dataset"),
        get=only(*MANAGER),
        post=only(*MANAGER, status=302),
        body=lambda w: {**DATASET, "row_version": 1},
    ),
    "training_data_removal": route(
        args=of("dataset"), get=only(*MANAGER), post=only(*MANAGER, status=302), body=lambda w: REASON
    ),
}
API = {
    "measurement-list": route(
        get=PUBLIC,
        post=api_only(*TREATING, status=201),
        body=lambda w: {"objective": w.measurable.pk, "value": "0.95", "source": "Run 13"},
    ),
    "measurement-detail": route(args=of("measurement"), get=PUBLIC),
    "safeguard-list": route(
        get=PUBLIC,
        post=api_only(*TREATING, status=201),
        body=lambda w: {"family": w.family.pk, "kind": "monitoring", "title": "Logs are read", "risks": [w.risk.pk]},
    ),
    "safeguard-detail": route(
        args=of("safeguard"), get=PUBLIC, patch=api_only(*TREATING), body=lambda w: {"evidence": "Measured again."}
    ),
    "safeguard-introduction": route(args=of("planned"), post=api_only(*TREATING)),
    "safeguard-retirement": route(args=of("safeguard"), post=api_only(*TREATING), body=lambda w: REASON),
    "high-risk-use-list": route(
        get=PUBLIC,
        post=api_only(*TREATING, status=201),
        body=lambda w: {"family": w.family.pk, "title": "Ranking applicants", "why": "Annex III"},
    ),
    "high-risk-use-detail": route(
        args=of("use"), get=PUBLIC, patch=api_only(*TREATING), body=lambda w: {"affected": "Applicants"}
    ),
    "high-risk-use-removal": route(args=of("use"), post=api_only(*TREATING, status=204), body=lambda w: REASON),
    "training-dataset-list": route(
        get=PUBLIC, post=api_only(*MANAGER, status=201), body=lambda w: {"family": w.family.pk, **DATASET}
    ),
    "training-dataset-detail": route(
        args=of("dataset"), get=PUBLIC, patch=api_only(*MANAGER), body=lambda w: {"known_gaps": "No dialects."}
    ),
    "training-dataset-removal": route(args=of("dataset"), post=api_only(*MANAGER, status=204), body=lambda w: REASON),
    "training-dataset-croissant": route(args=of("dataset"), get=PUBLIC),
    "training-dataset-reading": route(
        post=api_only(*MANAGER), body=lambda w: {"family": w.family.pk, "croissant": MINUTES}
    ),
}
