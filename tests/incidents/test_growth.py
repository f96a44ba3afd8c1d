"""Lists and searches ask the same of ten thousand rows as of one hundred, and of those who may see little."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident, MisuseReport, audience_for
from tests.factories.registry import ModelFamilyFactory

pytestmark = pytest.mark.django_db
MANY = 10_000


@pytest.fixture
def many(family, incident_handler):
    """Ten thousand rows of each kind; a handful belongs to the cast's model, the rest to another."""
    other = ModelFamilyFactory()
    concerned = {number: family if number % 2000 == 0 else other for number in range(MANY)}
    MisuseReport.objects.bulk_create(
        MisuseReport(
            locator=f"{number:08d}",
            salt=b"s",
            digest=b"d",
            submission=str(number).encode(),
            family=concerned[number],
            category="fraud",
            what_happened=f"Letters that pretend to come from a bank, number {number}.",
            audience=audience_for([concerned[number]]),
            awaits_handler=number % 50 == 0,
        )
        for number in range(MANY)
    )
    Incident.objects.bulk_create(
        Incident(
            title=f"Incident {number}",
            summary="A safeguard did not hold." if number % 2500 else "A heron was impersonated.",
            audience=audience_for([concerned[number]]),
            opened_by=incident_handler,
        )
        for number in range(MANY)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incidents_misusereport, incidents_incident")
    return other


def milliseconds(queryset):
    """What PostgreSQL needs to answer, by its own clock; the best of three, because the machine may be busy."""
    return min(json.loads(queryset.explain(format="json", analyze=True))[0]["Execution Time"] for _ in range(3))


def test_no_list_or_search_gets_slow(many, incident_handler, superuser):
    few, everybody = incident_handler, superuser
    for user in (few, everybody):
        reports, incidents = MisuseReport.objects.visible_to(user), Incident.objects.visible_to(user)
        for name, rows in {
            "queue": reports.waiting().order_by("pk"),
            "all reports": reports.order_by("-pk"),
            "open reports": reports.open().order_by("-pk"),
            "report search": reports.search("number 4000").order_by("-pk"),
            "all incidents": incidents.order_by("-pk"),
            "incident search": incidents.search("heron").order_by("-pk"),
            "incident by number": incidents.search("INC-1"),
        }.items():
            assert milliseconds(rows[:26]) < 15, (name, user)
    assert MisuseReport.objects.visible_to(few).count() == 5
    assert Incident.objects.visible_to(everybody).search("heron").count() == 4


def test_pages_cost_the_same_queries_with_ten_thousand_rows(many, client, incident_handler):
    client.force_login(incident_handler, backend="allauth.account.auth_backends.AuthenticationBackend")
    for path, queries in (
        ("/workspace/misuse/?tab=all", 5),
        ("/workspace/incidents/", 6),
        ("/workspace/incidents/?q=heron", 6),
    ):
        with CaptureQueriesContext(connection) as counted:
            assert client.get(path).status_code == 200
        assert len(counted) <= queries, path
