import pytest

from tests.factories.governance import DecisionFactory
from tests.factories.registry import ArtifactFactory, ModelCardFactory, ReleaseFactory, RiskFactory


@pytest.fixture
def draft_release(family, release_manager):
    """A release that is ready to be published."""
    release = ReleaseFactory(family=family, version="2.0", created_by=release_manager)
    ModelCardFactory(release=release, created_by=release_manager)
    ArtifactFactory(release=release, created_by=release_manager)
    return release


@pytest.fixture
def risk(family, risk_owner):
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner)


@pytest.fixture
def draft(family, release_manager):
    return DecisionFactory(family=family, decided_by=release_manager)


@pytest.fixture
def published(family, release_manager, risk):
    return DecisionFactory(family=family, decided_by=release_manager, risks=[risk], published=True)
