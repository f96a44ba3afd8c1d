import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import User
from accounts.permissions import are_colleagues, has_role, scopes
from accounts.roles import Role
from accounts.services import assign_role, holders, remove_role, service_account
from common import audit
from common.lifecycle import Refused
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory

pytestmark = pytest.mark.django_db


def _again(user):
    return User.objects.get(pk=user.pk)


def test_a_role_at_a_publisher_counts_for_all_its_families_and_nowhere_else(publisher, family, release_manager):
    elsewhere = ModelFamilyFactory()

    assert has_role(release_manager, Role.RELEASE_MANAGER, publisher)
    assert has_role(release_manager, Role.RELEASE_MANAGER, family)
    assert not has_role(release_manager, Role.AUDITOR, family)
    assert not has_role(release_manager, Role.RELEASE_MANAGER, elsewhere)


def test_a_role_for_one_family_does_not_reach_its_publisher(publisher, family, administrator):
    other = ModelFamilyFactory(publisher=publisher)
    person = UserFactory()
    assign_role(person, Role.RISK_OWNER, family, actor=administrator)
    person = _again(person)

    assert has_role(person, Role.RISK_OWNER, family)
    assert not has_role(person, Role.RISK_OWNER, other)
    assert not has_role(person, Role.RISK_OWNER, publisher)


def test_all_roles_are_read_in_one_query(family, release_manager, django_assert_num_queries):
    person = _again(release_manager)

    with django_assert_num_queries(1):
        for role in Role:
            has_role(person, role, family)
        scopes(person).family_ids()


def test_assigning_is_for_administrators_and_on_record(publisher, family, release_manager, administrator):
    person = UserFactory()
    with pytest.raises(PermissionDenied):
        assign_role(person, Role.AUDITOR, publisher, actor=release_manager)
    assert not scopes(_again(person)).any()

    assign_role(person, Role.AUDITOR, publisher, actor=administrator)
    assign_role(person, Role.AUDITOR, publisher, actor=administrator)

    (event,) = audit.trail(person)
    assert (event.actor_id, event.verb) == (administrator.pk, "accounts.role.assign")
    assert event.after == {"role": "auditor", "scope": {"id": publisher.pk, "label": "Harbour Lab"}}


def test_removing_a_role_takes_effect_and_the_last_administrator_stays(publisher, auditor, administrator):
    remove_role(auditor, Role.AUDITOR, publisher, actor=administrator)
    assert not scopes(_again(auditor)).any()

    with pytest.raises(Refused, match="Name another administrator first"):
        remove_role(administrator, Role.ADMINISTRATOR, publisher, actor=administrator)
    assert has_role(_again(administrator), Role.ADMINISTRATOR, publisher)


def test_a_service_account_holds_no_role(publisher, administrator):
    with pytest.raises(Refused, match="service account"):
        assign_role(service_account("Sweeper"), Role.AUDITOR, publisher, actor=administrator)


def test_an_account_that_was_switched_off_holds_nothing(family, release_manager):
    release_manager.is_active = False
    release_manager.save()

    assert not has_role(_again(release_manager), Role.RELEASE_MANAGER, family)
    assert release_manager not in holders(Role.RELEASE_MANAGER, family)


def test_colleagues_are_people_of_one_organisation(researcher, colleague, release_manager):
    loner = UserFactory(organisation=None)

    assert are_colleagues(researcher, colleague)
    assert not are_colleagues(researcher, release_manager)
    assert not are_colleagues(loner, UserFactory(organisation=None))
