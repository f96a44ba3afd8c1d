"""What the OpenAPI document promises, tried on every operation with input made up from it.

As somebody who may do everything, so that the input reaches the services. A test here has no opinion on
what is right, only that no input is a server error and that every answer has the shape the document says.
"""

import gc
import json

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from accounts.services import create_token
from common.api.reference import schema as document
from tests.factories.registry import (
    ArtifactFactory,
    AssessmentProposalFactory,
    HighRiskUseFactory,
    MitigationFactory,
    ObjectiveFactory,
    ObjectiveMeasurementFactory,
    ReleaseFactory,
    RiskAcceptanceFactory,
    RiskFactory,
    RiskScaleFactory,
    SafeguardFactory,
    TrainingDatasetFactory,
    UsageGuidelinesFactory,
)

pytestmark = [
    pytest.mark.django_db,
    # The client made from the document does not close answers, so uploads are closed by the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(document(), default=str)))
SCHEMA.app = get_wsgi_application()


@pytest.fixture(autouse=True)
def _one_connection():
    """A server closes its connections between requests; here they are the test's own transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    gc.collect()


@pytest.fixture
def token(superuser, family, release, risk_owner):
    """A token that may everything, and at least one row behind most addresses."""
    draft = ReleaseFactory(family=family, created_by=superuser)
    ArtifactFactory(release=draft, created_by=superuser)
    risk = RiskFactory(family=family, opened=True, owner=risk_owner)
    risk.objectives.add(ObjectiveFactory(family=family))
    MitigationFactory(family=family, owner=risk_owner, risks=[risk])
    ObjectiveMeasurementFactory(objective__family=family, recorded_by=superuser)
    HighRiskUseFactory(family=family, safeguards=[SafeguardFactory(family=family, in_place=True, risks=[risk])])
    TrainingDatasetFactory(family=family, releases=[release])
    borne = RiskFactory(family=family, opened=True, owner=risk_owner)
    RiskAcceptanceFactory(risk=borne)
    AssessmentProposalFactory(risk=risk, proposed_by=risk_owner)
    RiskScaleFactory(publisher=family.publisher)
    parts = {name: [{}] for name in ("rules", "scenarios", "overrides", "configurations", "workflows", "remedies")}
    UsageGuidelinesFactory(family=family, number=1, published=True)
    UsageGuidelinesFactory(family=family, number=2, parts=parts)
    return create_token(superuser, actor=superuser, name="Contract", scopes=["read", "write", "download"], days=1)[1]


@SCHEMA.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_operation_keeps_its_promise(case, token):
    case.headers = {
        **(case.headers or {}),
        "Authorization": f"Bearer {token}",
        "If-Match": "*",
        "Accept-Encoding": "identity",
    }
    case.call_and_validate(checks=[not_a_server_error, content_type_conformance, response_schema_conformance])


def test_the_document_has_no_warning_and_asks_the_database_nothing(client, django_assert_num_queries):
    document.cache_clear()
    with django_assert_num_queries(0):
        answer = client.get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert answer.json()["openapi"].startswith("3.1")
