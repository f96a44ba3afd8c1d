"""Whom somebody worked for stays on record."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Membership, User
from accounts.permissions import are_colleagues
from common import audit
from tests.factories.accounts import OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db


def places(user):
    return list(Membership.objects.filter(user=user).values_list("organisation__name", flat=True))


def test_every_organisation_somebody_comes_to_is_kept_whoever_writes_it():
    first, second = OrganisationFactory(name="First"), OrganisationFactory(name="Second")
    user = UserFactory(organisation=first)
    user.display_name = "Renamed"
    user.save()
    user.organisation = second
    user.save()
    User.objects.filter(pk=user.pk).update(organisation=None)
    User.objects.filter(pk=user.pk).update(organisation=first)

    assert places(user) == ["First", "Second", "First"]


def test_a_membership_is_never_changed_or_removed():
    row = Membership.objects.get(user=UserFactory())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Membership.objects.filter(pk=row.pk).update(organisation=OrganisationFactory())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        row.delete()


def test_who_was_a_colleague_stays_one():
    shared = OrganisationFactory()
    one, other = UserFactory(organisation=shared), UserFactory(organisation=shared)
    User.objects.update(organisation=None)

    one, other = User.objects.get(pk=one.pk), User.objects.get(pk=other.pk)

    assert are_colleagues(one, other)
    assert not are_colleagues(one, UserFactory())
    assert not are_colleagues(UserFactory(organisation=None), UserFactory(organisation=None))


@pytest.mark.django_db(transaction=True)
def test_the_migration_keeps_where_everybody_is_and_was():
    def migrate(*targets):
        MigrationExecutor(connection).migrate(list(targets))

    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    first, second = OrganisationFactory(name="First"), OrganisationFactory(name="Second")
    user, loner = UserFactory(organisation=second), UserFactory(organisation=None)
    with transaction.atomic():
        audit.record(user, "accounts.user.join_organisation", user, after={"organisation": first})
    try:
        migrate(("accounts", "0001_tables"))
        migrate(("accounts", "0002_memberships"))
        assert (places(user), places(loner)) == (["First", "Second"], [])
    finally:
        migrate(*latest)
