import pytest
from django.urls import reverse

from tests.factories.accounts import OrganisationDomainFactory, OrganisationFactory
from tests.factories.registry import ReleaseFactory, RiskFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [1, 3])
def test_the_start_page_costs_the_same_for_much_that_waits(
    client, superuser, family, release, count, django_assert_max_num_queries
):
    for number in range(count):
        ReleaseFactory(family=family, version=f"2.{number}", created_by=superuser)
        RiskFactory(family=family, number=10 + number)
        OrganisationDomainFactory(verified_at=None)
    client.force_login(superuser)

    with django_assert_max_num_queries(8):
        assert client.get(reverse("accounts:workspace")).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_organisations_are_listed_at_one_cost(client, superuser, count, django_assert_num_queries):
    OrganisationFactory.create_batch(count)
    client.force_login(superuser)

    with django_assert_num_queries(5):
        assert client.get(reverse("accounts:organisation_list")).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_people_and_roles_are_listed_at_one_cost(
    client, administrator, publisher, request, count, django_assert_num_queries
):
    for role in ("auditor", "reviewer", "risk_owner")[:count]:
        request.getfixturevalue(role)
    client.force_login(administrator)

    with django_assert_num_queries(8):
        assert client.get(reverse("registry:people", args=[publisher.slug])).status_code == 200
