"""A list's filters say nothing about rows that their reader may not know of."""

import re

import django_filters
import pytest
from django.urls import get_resolver

from accounts.models import User
from accounts.roles import Role
from accounts.services import assign_role, service_account
from tests.factories.access import AccessRequestFactory, GrantFactory, TierFactory
from tests.factories.accounts import UserFactory
from tests.factories.incidents import IncidentFactory, MisuseReportFactory
from tests.factories.registry import ReleaseFactory, RiskFactory

pytestmark = pytest.mark.django_db
NOBODY = 987_654_321


def test_no_filter_of_the_api_looks_a_number_up():
    resolver = get_resolver("config.api_urls")
    views = [pattern.callback for pattern in resolver.url_patterns[1].url_patterns]
    looked_at = set()
    for view in views:
        cls = getattr(view, "cls", None)
        if getattr(cls, "queryset", None) is None:
            continue
        for backend in cls.filter_backends:
            filters = backend().get_filterset_class(cls, cls.queryset) if hasattr(backend, "filterset_base") else None
            if filters is not None:
                looked_at.add(cls.__name__)
                choosing = [
                    name
                    for name, each in filters.base_filters.items()
                    if isinstance(each, django_filters.ModelChoiceFilter | django_filters.ModelMultipleChoiceFilter)
                ]
                assert choosing == [], cls
    assert len(looked_at) > 12


@pytest.fixture
def hidden(db):
    """A model that nobody outside knows of, with one of everything."""
    # Numbers that occur nowhere else on a page.
    draft = ReleaseFactory(family__pk=123_456_701)
    risk = RiskFactory(family=draft.family)
    return {
        "family": draft.family_id,
        "publisher": draft.family.publisher_id,
        "release": draft.pk,
        "tier": TierFactory(pk=123_456_702, family=draft.family).pk,
        "risk": risk.pk,
        "requester": UserFactory().pk,
        "user": UserFactory().pk,
        "owner": UserFactory(pk=123_456_703).pk,
    }


ASKED = [
    *(("families", "publisher"), ("releases", "family"), ("artifacts", "release"), ("risks", "family")),
    *(("risks", "release"), ("risks", "owner"), ("mitigations", "family"), ("mitigations", "risk")),
    *(("objectives", "family"), ("tiers", "family"), ("terms", "tier"), ("access-requests", "requester")),
    *(("access-requests", "tier"), ("access-requests", "family"), ("grants", "user"), ("grants", "release")),
    *(("decisions", "family"), ("decisions", "publisher"), ("decisions", "risk"), ("decisions", "release")),
    *(("safety-reports", "family"), ("safety-reports", "publisher")),
]


@pytest.mark.parametrize(("route", "name"), ASKED)
@pytest.mark.parametrize("who", ["researcher", "release_manager"])
def test_a_number_that_is_hidden_and_one_that_is_not_there_get_the_same_answer(
    client, request, release, hidden, route, name, who
):
    client.force_login(request.getfixturevalue(who))

    answers = [client.get(f"/api/v1/{route}/?{name}={number}") for number in (hidden[name], NOBODY)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["results"] for answer in answers] == [[], []]


@pytest.mark.parametrize("number", ["", "0", "-1"])
def test_an_odd_number_is_an_empty_filter_or_an_empty_list(client, release, number):
    assert client.get(f"/api/v1/releases/?family={number}").status_code == 200


@pytest.mark.parametrize("number", ["x", "1.5", "1e3", "9" * 19, "9" * 400, "١٢٣x"])
def test_what_is_no_number_is_refused(client, release, number):
    answer = client.get(f"/api/v1/releases/?family={number}")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "family")


def test_a_filter_by_number_still_finds(client, release_manager, researcher, release):
    row = AccessRequestFactory(release=release, requester=researcher, tier=TierFactory(family=release.family))
    grant = GrantFactory(request=row)
    client.force_login(release_manager)

    requests = client.get(f"/api/v1/access-requests/?requester={researcher.pk}&family={release.family_id}").json()
    grants = client.get(f"/api/v1/grants/?user={grant.user_id}").json()

    assert [found["id"] for found in requests["results"]] == [row.pk]
    assert [found["id"] for found in grants["results"]] == [grant.pk]


@pytest.mark.parametrize("who", ["incident_handler", "auditor"])
@pytest.mark.parametrize("what", ["open", "edit", "triage"])
def test_an_owner_who_may_not_and_one_who_is_not_there_get_the_same_answer(client, request, family, what, who):
    client.force_login(request.getfixturevalue(who))
    incident, report = IncidentFactory(families=[family]), MisuseReportFactory(family=family)
    send = {
        "open": lambda owner: client.post(
            "/api/v1/incidents/", {"title": "T", "families": [family.pk], "owner": owner}, "application/json"
        ),
        "edit": lambda owner: client.patch(
            f"/api/v1/incidents/{incident.pk}/", {"owner": owner}, "application/json", headers={"If-Match": "*"}
        ),
        "triage": lambda owner: client.put(
            f"/api/v1/misuse-reports/{report.pk}/triage/",
            {"severity": "low", "owner": owner},
            "application/json",
            headers={"If-Match": "*"},
        ),
    }[what]

    answers = [send(number) for number in (UserFactory().pk, NOBODY)]

    expected = 409 if who == "incident_handler" else 403
    assert [answer.status_code for answer in answers] == [expected, expected]
    assert answers[0].json() == answers[1].json()
    assert not User.objects.filter(pk=0).exists()


def test_an_assignee_who_may_not_and_one_who_is_not_there_get_the_same_answer(client, researcher, release, colleague):
    row = AccessRequestFactory(release=release, requester=researcher, tier=TierFactory(family=release.family))
    client.force_login(researcher)

    answers = [
        client.post(f"/api/v1/access-requests/{row.pk}/assignment/", {"assignee": number}, "application/json")
        for number in (colleague.pk, NOBODY)
    ]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize(
    "address",
    [
        *("/workspace/risks/?family={family}", "/workspace/risks/?owner={owner}", "/decisions/?family={family}"),
        *("/workspace/decisions/?family={family}", "/workspace/access/?tier={tier}"),
        *("/workspace/misuse/?owner={owner}", "/workspace/incidents/?owner={owner}"),
    ],
)
def test_a_page_filtered_by_a_hidden_number_looks_like_one_for_nothing(client, superuser, publisher, hidden, address):
    everywhere_here = UserFactory()
    for role in Role:
        assign_role(everywhere_here, role, publisher, actor=service_account("Set-up"))
    client.force_login(everywhere_here)

    pages = []
    for numbers in (hidden, dict.fromkeys(hidden, NOBODY)):
        path = address.format(**numbers)
        answer = client.get(path)
        text = answer.content.decode().replace(path.rpartition("=")[2], "N")
        pages.append((answer.status_code, re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)))

    assert pages[0] == pages[1]
