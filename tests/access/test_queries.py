import pytest
from django.urls import reverse

from access import services
from accounts.roles import Role
from accounts.services import assign_role, service_account
from tests.factories.access import AccessRequestFactory, GrantFactory, TierFactory
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def fill(release, count):
    tier = TierFactory(family=release.family)
    for _ in range(count):
        AccessRequestFactory(release=release, tier=tier)
        GrantFactory(request__release=release, request__tier=tier)


@pytest.fixture
def scoped(family):
    """A release manager of this one family only."""
    user = UserFactory(display_name="Scoped manager")
    assign_role(user, Role.RELEASE_MANAGER, family, actor=service_account("Set-up"))
    return user


@pytest.mark.parametrize("rows", [1, 3, 25])
@pytest.mark.parametrize("who", ["release_manager", "scoped", "auditor"])
@pytest.mark.parametrize(("name", "queries"), [("queue", 8), ("queue?tab=decided", 8), ("grant_list", 5)])
def test_lists_ask_the_same_for_one_row_as_for_many(
    request, rows, who, name, queries, as_user, release, django_assert_num_queries
):
    user = request.getfixturevalue(who)
    fill(release, rows)
    browser = as_user(user)
    name, _, query = name.partition("?")
    # Nothing can wait for an auditor, and that is known without asking; nor are there organisations to ask for.
    empty = who == "auditor" and name == "queue" and not query
    with django_assert_num_queries(queries - 2 if empty else queries):
        page = browser.get(reverse(f"access:{name}") + (f"?{query}" if query else ""))
    assert len(page.context["page"]) == (0 if empty else rows)


@pytest.mark.parametrize("rows", [1, 3])
def test_my_access_and_tiers_ask_the_same_for_one_row_as_for_many(
    rows, as_user, release, researcher, release_manager, django_assert_num_queries
):
    for _ in range(rows):
        GrantFactory(
            request__release=release, request__tier=TierFactory(family=release.family), request__requester=researcher
        )
    browser = as_user(researcher)
    with django_assert_num_queries(4):
        browser.get(reverse("access:mine"))
    browser = as_user(release_manager)
    with django_assert_num_queries(6):
        browser.get(reverse("access:tier_list"))


def test_one_request_asks_at_most_eight(as_user, grant, release_manager, researcher, django_assert_max_num_queries):
    for user, name in ((researcher, "request"), (release_manager, "decision_page")):
        browser = as_user(user)
        with django_assert_max_num_queries(8):
            assert browser.get(reverse(f"access:{name}", args=[grant.request_id])).status_code == 200


def test_a_decision_writes_with_few_queries(submitted, release_manager, django_assert_max_num_queries):
    with django_assert_max_num_queries(15):
        services.decide_request(submitted, actor=release_manager, approve=True, reason="Sound plan")
