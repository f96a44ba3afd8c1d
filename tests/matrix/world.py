"""The world in which the matrix is tried: everything a route can point at, once."""

from types import SimpleNamespace

from tests.factories.accounts import ApiTokenFactory
from tests.factories.registry import (
    ArtifactFactory,
    MitigationFactory,
    ObjectiveFactory,
    ReleaseFactory,
    RiskFactory,
)


def registry(w: SimpleNamespace) -> None:
    w.draft = ReleaseFactory(family=w.family, version="2.0-draft", created_by=w.release_manager)
    w.withdrawn = ReleaseFactory(family=w.family, version="0.9", withdrawn=True, created_by=w.release_manager)
    w.card = w.release.cards.get()
    w.artifact = ArtifactFactory(release=w.draft, created_by=w.release_manager)
    w.objective = ObjectiveFactory(family=w.family)
    w.risk = RiskFactory(family=w.family, number=1, opened=True, owner=w.risk_owner)
    w.risk.objectives.add(w.objective)
    w.draft_risk = RiskFactory(family=w.family, number=2)
    w.mitigation = MitigationFactory(family=w.family, owner=w.risk_owner, risks=[w.risk])
    w.token = ApiTokenFactory(user=w.release_manager)
