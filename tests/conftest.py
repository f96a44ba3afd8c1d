"""One cast for every test, named by role, around one publisher with one model family and release."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase

from accounts.roles import Role
from accounts.services import assign_role, service_account
from tests.celery_fixtures import celery_worker, start_beat, start_worker  # noqa: F401
from tests.door import database_url, door  # noqa: F401
from tests.factories.accounts import OrganisationFactory, UserFactory
from tests.factories.registry import CARD, ModelFamilyFactory, PublisherFactory, ReleaseFactory

APPEND_ONLY = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%\\_no\\_truncate'"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Whoever still holds on to the test database when it is to go, a thread or a child, is sent away."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _clean_cache():
    """Throttles count in the cache; a test begins with none of another's tries."""
    cache.clear()


@pytest.fixture(autouse=True, scope="session")
def _flush_append_only_tables():
    """Tests with real transactions empty the database after themselves, which our triggers rightly refuse.

    They are put aside for that moment only; every test runs under them.
    """
    teardown = TransactionTestCase._fixture_teardown

    def without_triggers(self):
        with connection.cursor() as cursor:
            cursor.execute(APPEND_ONLY)
            tables = [row[0] for row in cursor.fetchall()]
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            teardown(self)
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    TransactionTestCase._fixture_teardown = without_triggers
    yield
    TransactionTestCase._fixture_teardown = teardown


@pytest.fixture
def publisher(db):
    return PublisherFactory(slug="harbour-lab", name="Harbour Lab")


@pytest.fixture
def family(publisher):
    return ModelFamilyFactory(publisher=publisher, slug="pilot-7b", name="Pilot 7B")


@pytest.fixture
def release(family, release_manager):
    """The published release of the cast's model family, with a card and two files."""
    files = {"model.safetensors": b"the weights", "config.json": b"{}"}
    return ReleaseFactory(
        family=family, version="1.0", published=True, card=CARD, files=files, created_by=release_manager
    )


@pytest.fixture
def organisation(db):
    """Where everybody at the publisher works."""
    return OrganisationFactory(name="Harbour Lab", slug="harbour-lab")


def _member(role, publisher, organisation):
    name = role.value.replace("_", " ").capitalize()
    user = UserFactory(
        email=f"{role.value.replace('_', '.')}@example.org", display_name=name, organisation=organisation
    )
    assign_role(user, role, publisher, actor=service_account("Set-up"))
    return user


@pytest.fixture
def release_manager(publisher, organisation):
    return _member(Role.RELEASE_MANAGER, publisher, organisation)


@pytest.fixture
def risk_owner(publisher, organisation):
    return _member(Role.RISK_OWNER, publisher, organisation)


@pytest.fixture
def reviewer(publisher, organisation):
    return _member(Role.REVIEWER, publisher, organisation)


@pytest.fixture
def incident_handler(publisher, organisation):
    return _member(Role.INCIDENT_HANDLER, publisher, organisation)


@pytest.fixture
def auditor(publisher, organisation):
    return _member(Role.AUDITOR, publisher, organisation)


@pytest.fixture
def administrator(publisher, organisation):
    return _member(Role.ADMINISTRATOR, publisher, organisation)


@pytest.fixture
def researcher(db):
    """Asks for access; has no role."""
    university = OrganisationFactory(name="University", slug="university")
    return UserFactory(email="researcher@example.org", display_name="Researcher", organisation=university)


@pytest.fixture
def colleague(researcher, publisher):
    """Works where the researcher works, and is a release manager here too: must not decide for them."""
    user = UserFactory(email="colleague@example.org", display_name="Colleague", organisation=researcher.organisation)
    assign_role(user, Role.RELEASE_MANAGER, publisher, actor=service_account("Set-up"))
    return user


@pytest.fixture
def stranger(db):
    """Signed in, with nothing to do with the publisher: holds every role at another one."""
    user = UserFactory(email="stranger@example.org", display_name="Stranger")
    elsewhere = PublisherFactory(slug="elsewhere", name="Elsewhere")
    for role in Role:
        assign_role(user, role, elsewhere, actor=service_account("Set-up"))
    return user


@pytest.fixture
def superuser(db):
    return UserFactory(email="operator@example.org", display_name="Operator", is_superuser=True, is_staff=True)
