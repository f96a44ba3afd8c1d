"""Roles and organisations over the API: the same rules as on the pages."""

import pytest
from django.contrib.auth.models import Group

from accounts.models import Organisation, User
from accounts.permissions import has_role
from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import audit
from tests.factories.accounts import OrganisationDomainFactory, OrganisationFactory, UserFactory
from tests.factories.registry import ModelFamilyFactory

pytestmark = pytest.mark.django_db
ROLES = "/api/v1/role-assignments/"
ORGANISATIONS = "/api/v1/organisations/"


def give(client, **data):
    return client.post(ROLES, data, content_type="application/json")


def fresh(user):
    return User.objects.get(pk=user.pk)


def test_a_role_is_given_and_taken_away(client, administrator, researcher, publisher):
    client.force_login(administrator)

    made = give(client, email=researcher.email.upper(), role="reviewer", publisher=publisher.pk)
    again = give(client, email=researcher.email, role="reviewer", publisher=publisher.pk)

    body = made.json()
    assert (made.status_code, again.json()) == (201, body)
    assert body["user"] == {"id": researcher.pk, "email": researcher.email, "display_name": "Researcher"}
    assert (body["role"], body["publisher"], body["family"]) == ("reviewer", publisher.pk, None)
    assert has_role(fresh(researcher), Role.REVIEWER, publisher)
    event = audit.trail(researcher).first()
    assert (event.verb, event.actor_id) == ("accounts.role.assign", administrator.pk)

    assert client.get(f"{ROLES}{body['id']}/").json() == body
    assert client.delete(f"{ROLES}{body['id']}/").status_code == 204
    assert client.get(f"{ROLES}{body['id']}/").status_code == 404
    assert not has_role(fresh(researcher), Role.REVIEWER, publisher)


def test_a_role_for_one_family_only(client, administrator, researcher, publisher, family):
    client.force_login(administrator)

    body = give(client, email=researcher.email, role="risk_owner", family=family.pk).json()

    assert (body["publisher"], body["family"]) == (None, family.pk)
    assert has_role(fresh(researcher), Role.RISK_OWNER, family)
    assert not has_role(fresh(researcher), Role.RISK_OWNER, publisher)


def test_the_last_administrator_stays(client, administrator, publisher):
    client.force_login(administrator)
    (row,) = client.get(f"{ROLES}?role=administrator").json()["results"]

    answer = client.delete(f"{ROLES}{row['id']}/")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "user")
    assert has_role(fresh(administrator), Role.ADMINISTRATOR, publisher)


def test_everybody_lists_only_where_they_give_roles(client, administrator, auditor, stranger, superuser, family):
    nearby = UserFactory()
    assign_role(nearby, Role.ADMINISTRATOR, family, actor=service_account("Set-up"))
    other = ModelFamilyFactory(publisher=family.publisher)
    assign_role(auditor, Role.REVIEWER, other, actor=service_account("Set-up"))

    def listed(user):
        client.force_login(user)
        return [(row["role"], row["publisher"], row["family"]) for row in client.get(ROLES).json()["results"]]

    here = {("administrator", family.publisher_id, None), ("auditor", family.publisher_id, None)}
    single = {("administrator", None, family.pk)}
    assert set(listed(administrator)) == here | single | {("reviewer", None, other.pk)}
    assert set(listed(nearby)) == single
    assert {publisher for _role, publisher, _family in listed(stranger)}.isdisjoint({family.publisher_id})
    assert len(listed(stranger)) == len(Role)
    assert len(listed(superuser)) == len(Role) + 4


@pytest.mark.parametrize(("query", "count"), [("role=auditor", 1), ("family={family}", 1), ("user={user}", 2)])
def test_the_list_is_narrowed_down(client, administrator, auditor, family, query, count):
    assign_role(auditor, Role.REVIEWER, family, actor=service_account("Set-up"))
    client.force_login(administrator)

    rows = client.get(f"{ROLES}?{query.format(family=family.pk, user=auditor.pk)}").json()["results"]

    assert len(rows) == count
    assert client.get(f"{ROLES}?publisher={family.publisher_id}").json()["results"] != rows


def test_whoever_gives_no_roles_there_does_not_learn_which_addresses_have_accounts(client, stranger, release):
    client.force_login(stranger)
    known, unknown = UserFactory().email, "nobody@example.org"

    answers = [give(client, email=email, role="auditor", family=release.family_id) for email in (known, unknown)]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("scope", [{}, {"publisher": True, "family": True}, {"family": 987654}])
def test_a_role_is_for_one_thing_that_there_is(client, administrator, researcher, publisher, family, scope):
    client.force_login(administrator)
    numbers = {"publisher": publisher.pk, "family": family.pk}
    named = {name: numbers[name] if value is True else value for name, value in scope.items()}

    assert give(client, email=researcher.email, role="auditor", **named).status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_roles_costs_the_same_for_many(client, administrator, family, count, django_assert_num_queries):
    for _number in range(count):
        assign_role(UserFactory(), Role.AUDITOR, family, actor=service_account("Set-up"))
    client.force_login(administrator)

    with django_assert_num_queries(5):
        client.get(ROLES)


def test_an_organisation_gets_a_domain_and_with_its_proof_members(client, superuser):
    client.force_login(superuser)
    send = {"content_type": "application/json"}

    made = client.post(ORGANISATIONS, {"name": "Institute", "slug": "institute", "country": "nl"}, **send)
    taken = client.post(ORGANISATIONS, {"name": "Other", "slug": "institute"}, **send)
    here = f"{ORGANISATIONS}{made.json()['id']}/"
    domain = client.post(f"{here}domains/", {"domain": "Institute.example.org"}, **send)
    proof = client.post(f"{here}domains/{domain.json()['id']}/verification/", {"evidence": "Seen the record"}, **send)

    assert (made.status_code, domain.status_code, proof.status_code) == (201, 201, 200)
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (409, "slug")
    body = client.get(here).json()
    assert (body["country"], body["members"], [row["domain"] for row in body["domains"]]) == (
        "NL",
        0,
        ["institute.example.org"],
    )
    assert body["domains"][0]["evidence"] == "Seen the record"
    assert audit.trail(Organisation.objects.get(slug="institute")).first().verb == "accounts.organisation.create"


@pytest.mark.parametrize("domain", ["", "no spaces", "@example.org", "x" * 300])
def test_what_is_no_domain_is_refused(client, superuser, domain):
    client.force_login(superuser)
    here = f"{ORGANISATIONS}{OrganisationFactory().pk}/domains/"

    assert client.post(here, {"domain": domain}, content_type="application/json").status_code == 400


def test_a_domain_is_verified_at_its_own_organisation_only(client, superuser):
    client.force_login(superuser)
    domain = OrganisationDomainFactory(verified_at=None)
    path = f"{ORGANISATIONS}{OrganisationFactory().pk}/domains/{domain.pk}/verification/"

    assert client.post(path, {"evidence": "Seen"}, content_type="application/json").status_code == 404
    domain.refresh_from_db()
    assert domain.verified_at is None


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_organisations_costs_the_same_for_many(client, superuser, count, django_assert_num_queries):
    for _number in range(count):
        OrganisationDomainFactory()
    client.force_login(superuser)

    with django_assert_num_queries(4):
        assert client.get(ORGANISATIONS).status_code == 200


@pytest.mark.parametrize("country", ["1", "1B", "Belgium"])
def test_page_and_api_refuse_the_same_countries(client, superuser, country):
    client.force_login(superuser)
    given = {"name": "University", "slug": "university", "country": country}

    assert client.post("/workspace/organisations/", given).status_code == 422
    answer = client.post("/api/v1/organisations/", given, content_type="application/json")
    assert (answer.status_code, "country" in answer.content.decode()) == (400, True)


def test_page_and_api_take_no_country_and_a_domain_in_any_spelling(client, superuser):
    client.force_login(superuser)
    given = {"name": "University", "slug": "university", "country": ""}
    made = client.post("/api/v1/organisations/", given, content_type="application/json")
    assert made.status_code == 201

    address = "/workspace/organisations/university/"
    assert client.post(address, {"domain": "University.EXAMPLE.org"}).status_code == 302
    assert Organisation.objects.get(slug="university").domains.get().domain == "university.example.org"


def test_groups_and_scopes_of_other_hands_do_no_harm(client, superuser, auditor):
    client.force_login(superuser)
    for name in ("publisher:readers", "modelfamily:999999:auditor"):
        Group.objects.create(name=name).user_set.add(auditor)

    rows = client.get("/api/v1/role-assignments/").json()["results"]
    gone = next(row for row in rows if row["family"] == 999999)
    assert client.delete(f"/api/v1/role-assignments/{gone['id']}/").status_code == 404
