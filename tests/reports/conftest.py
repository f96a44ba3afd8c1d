import pytest
from django.test import Client

from reports.scope import Period, Scope
from tests.reports import scene


@pytest.fixture
def quarter():
    return Period(scene.START, scene.END)


@pytest.fixture
def filled(family, release_manager):
    """The cast's family with a quarter's life in it."""
    scene.build(family, release_manager)
    return family


@pytest.fixture
def scope(family):
    return Scope(family=family)


@pytest.fixture
def browser():
    """A client that is signed in as whom it is given."""

    def act(user):
        user.__dict__.pop("_scopes", None)
        client = Client()
        client.force_login(user)
        return client

    return act
