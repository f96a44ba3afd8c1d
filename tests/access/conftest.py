import pytest
from django.test import Client

from access import services
from accounts.services import create_token
from common import audit
from common.events import run_delivery, waiting
from governance.services import publish_release
from tests.factories.access import TierFactory, TierQuestionFactory
from tests.factories.registry import ArtifactFactory, ModelCardFactory, ReleaseFactory

WEIGHTS = bytes(range(256)) * 4096
WEIGHTS_PATH = "weights/model.safetensors"


@pytest.fixture
def tier(family):
    """The researchers' tier of the cast's family: one question, terms version 1."""
    tier = TierFactory(family=family, name="Researcher", decided_singly=True)
    TierQuestionFactory(tier=tier, text="Which data do you use?")
    return tier


@pytest.fixture
def question(tier):
    return tier.questions.get()


@pytest.fixture
def release(family, release_manager):
    """The cast's release with a card and weights, published through the service, which fixes its revision."""
    draft = ReleaseFactory(family=family, version="1.0", created_by=release_manager)
    if not draft.cards.exists():
        ModelCardFactory(release=draft, created_by=release_manager)
    ArtifactFactory(release=draft, path=WEIGHTS_PATH, content=WEIGHTS, created_by=release_manager)
    return publish_release(draft, actor=release_manager)


@pytest.fixture
def files(release):
    return release.artifacts.get()


@pytest.fixture
def ask(tier, release, researcher, question):
    """Send the researcher's request, through the service."""

    def send(user=researcher, **changes):
        data = {
            "purpose": "Measure how well it refuses",
            "answers": {question.field_name: "A public benchmark"},
            "typed_name": "A Researcher",
        } | changes
        return services.request_access(tier, release, actor=user, **data)

    return send


@pytest.fixture
def submitted(ask):
    return ask()


@pytest.fixture
def grant(submitted, release_manager):
    """The researcher's grant, made by approving their request."""
    services.decide_request(submitted, actor=release_manager, approve=True, reason="Sound plan")
    return submitted.grants.get()


@pytest.fixture
def token(researcher):
    """The researcher's token that may download: its secret."""
    return create_token(researcher, actor=researcher, name="Notebook", scopes=["download"], days=30)[1]


@pytest.fixture
def deliver():
    """Let the outbox deliver what waits, as a worker would, until nothing does."""

    def run():
        while numbers := waiting():
            for pk in numbers:
                run_delivery(pk)

    return run


@pytest.fixture
def as_user():
    def client(user):
        browser = Client()
        if user is not None:
            browser.force_login(user)
        return browser

    return client


def verbs(obj):
    return list(audit.trail(obj).order_by("pk").values_list("verb", flat=True))
