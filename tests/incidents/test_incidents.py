from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied

from accounts.roles import Role
from accounts.services import assign_role, service_account
from common import audit
from common.lifecycle import Refused, Stale
from common.models import OutboxEvent
from incidents import services
from incidents.models import Incident, MisuseReport, audience_for
from tests.factories.accounts import UserFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.registry import ModelFamilyFactory, ReleaseFactory, RiskFactory
from tests.incidents.conftest import verbs

pytestmark = pytest.mark.django_db

OUTSIDE = ("release_manager", "risk_owner", "reviewer", "auditor", "administrator", "stranger", "researcher")


def test_opening_an_incident_from_a_report(report, incident_handler, family):
    incident = services.open_incident(
        actor=incident_handler, title="Bank letters", severity="high", owner=incident_handler, report=report
    )
    assert (incident.stage, list(incident.families.all()), list(incident.reports.all())) == ("open", [family], [report])
    assert incident.audience == report.audience
    assert verbs(incident) == ["open", "link_report"]
    assert OutboxEvent.objects.filter(name="incidents.incident.opened").exists()


@pytest.mark.parametrize("role", OUTSIDE)
def test_only_handlers_open_and_change_incidents(role, incident, family, request):
    user = request.getfixturevalue(role)
    for attempt in (
        lambda: services.open_incident(actor=user, title="x", families=[family]),
        lambda: services.edit_incident(incident, actor=user, title="x"),
        lambda: services.move_incident(incident, "contain", actor=user, reason="x"),
        lambda: services.record_lessons(incident, actor=user, lessons="x"),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


def test_nobody_opens_an_incident_about_somebody_elses_model(stranger, incident_handler, family):
    other = ModelFamilyFactory()
    with pytest.raises(PermissionDenied):
        services.open_incident(actor=incident_handler, title="x", families=[family, other])
    incident = services.open_incident(actor=incident_handler, title="x", families=[family])
    with pytest.raises(PermissionDenied):
        services.edit_incident(incident, actor=incident_handler, families=[family, other])


def test_an_incident_goes_through_its_stages_with_reasons(incident, incident_handler):
    incident.owner, incident.lessons = incident_handler, ""
    incident.save()
    with pytest.raises(Refused, match="Say why"):
        services.move_incident(incident, "contain", actor=incident_handler, reason=" ")
    with pytest.raises(Refused, match="no such step"):
        services.move_incident(incident, "explode", actor=incident_handler, reason="x")
    assert services.move_incident(incident, "contain", actor=incident_handler, reason="Blocked.").contained_at
    resolved = services.move_incident(incident, "resolve", actor=incident_handler, reason="Fixed.")
    assert resolved.resolved_at
    with pytest.raises(Refused, match="Record what was learned first"):
        services.move_incident(incident, "close", actor=incident_handler, reason="Done.")
    services.record_lessons(incident, actor=incident_handler, lessons="Test letters as well.")
    closed = services.move_incident(incident, "close", actor=incident_handler, reason="Done.")
    assert closed.stage == "closed"
    again = services.move_incident(incident, "reopen", actor=incident_handler, reason="It is back.")
    assert (again.stage, again.resolved_at, again.closed_at) == ("open", None, None)
    assert verbs(incident) == ["contain", "resolve", "record_lessons", "close", "reopen"]
    assert [event.reason for event in audit.trail(incident).exclude(evidence={})][:1] == ["It is back."]


@pytest.mark.parametrize("link", ["families", "releases"])
def test_nobody_draws_somebody_elses_model_into_an_incident(incident, incident_handler, link):
    other = ReleaseFactory(published=True)
    with pytest.raises(PermissionDenied):
        services.edit_incident(
            incident, actor=incident_handler, **{link: [other.family if link == "families" else other]}
        )
    assert f"f{other.family_id}" not in Incident.objects.get(pk=incident.pk).audience


@pytest.fixture
def shared(family, release, stranger):
    """An incident of the cast's model and of one that is handled elsewhere, with a release and a risk of each."""
    other = ReleaseFactory(family__publisher__slug="far-away", published=True)
    assign_role(stranger, Role.INCIDENT_HANDLER, other.family, actor=service_account("Set-up"))
    incident = IncidentFactory(families=[family, other.family])
    incident.releases.set([release, other])
    incident.risks.set([RiskFactory(family=family), RiskFactory(family=other.family)])
    incident.other = other
    return incident


def linked(incident):
    """The models of an incident, each as often as it is linked: itself, by a release, by a risk."""
    return sorted(
        [family.pk for family in incident.families.all()]
        + [row.family_id for relation in (incident.releases, incident.risks) for row in relation.all()]
    )


def test_a_handler_takes_only_their_own_models_off_a_shared_incident(shared, incident_handler, family):
    services.edit_incident(shared, actor=incident_handler, families=[], releases=[], risks=[])

    fresh = Incident.objects.get(pk=shared.pk)
    assert linked(fresh) == [shared.other.family_id] * 3
    assert fresh.audience == audience_for([shared.other.family])
    relates = [event for event in audit.trail(fresh) if event.verb == "incidents.incident.relate"]
    assert len(relates) == 3


def test_what_others_linked_needs_not_be_named_to_stay(shared, incident_handler, family, release):
    mine = list(shared.risks.filter(family=family))
    services.edit_incident(shared, actor=incident_handler, families=[family], releases=[release], risks=mine)

    assert linked(Incident.objects.get(pk=shared.pk)) == sorted([family.pk, shared.other.family_id] * 3)
    assert verbs(shared) == []


@pytest.mark.parametrize("link", ["releases", "risks"])
def test_a_handler_adds_nothing_of_a_shared_incidents_other_models(shared, incident_handler, link):
    family = shared.other.family
    more = ReleaseFactory(family=family, version="9") if link == "releases" else RiskFactory(family=family)
    with pytest.raises(PermissionDenied):
        services.edit_incident(shared, actor=incident_handler, **{link: [*getattr(shared, link).all(), more]})
    with pytest.raises(PermissionDenied):
        services.open_incident(actor=incident_handler, title="x", **{link: [more]})


def test_neither_page_nor_api_takes_somebody_elses_model_off(shared, incident_handler, family, client):
    client.force_login(incident_handler)
    by_api = client.patch(
        f"/api/v1/incidents/{shared.pk}/",
        {"families": [family.pk], "releases": [], "risks": []},
        content_type="application/json",
        headers={"If-Match": "*"},
    )
    data = {"title": "T", "severity": "low", "families": [family.pk], "row_version": shared.row_version}
    by_page = client.post(f"/workspace/incidents/{shared.pk}/edit/", data)

    assert (by_api.status_code, by_page.status_code) == (200, 302)
    assert linked(Incident.objects.get(pk=shared.pk)) == sorted([family.pk, *[shared.other.family_id] * 3])


def test_an_incident_without_owner_stays_open(family, incident_handler):
    incident = IncidentFactory(families=[family])
    with pytest.raises(Refused, match="Name an owner first"):
        services.move_incident(incident, "contain", actor=incident_handler, reason="x")


def test_a_linked_report_closes_an_open_ended_incident_to_the_others(report, incident_handler, stranger):
    incident = IncidentFactory()
    assert Incident.objects.visible_to(stranger).exists()
    services.link_report(incident, report, actor=incident_handler)
    services.link_report(incident, report, actor=incident_handler)
    assert not Incident.objects.visible_to(stranger).exists()
    assert verbs(incident) == ["link_report"]
    services.unlink_report(incident, report, actor=incident_handler)
    assert not incident.reports.exists()


def test_an_edit_over_somebody_elses_is_refused(incident, incident_handler):
    services.edit_incident(incident, actor=incident_handler, expected_version=1, title="New title")
    with pytest.raises(Stale):
        services.edit_incident(incident, actor=incident_handler, expected_version=1, title="Mine")
    assert Incident.objects.get().title == "New title"


def test_decisions_are_linked_when_they_may_be_seen(incident, incident_handler, release_manager, family):
    from tests.factories.governance import DecisionFactory

    decision = DecisionFactory(family=family)
    services.link_decision(incident, decision, actor=incident_handler)
    assert list(incident.decisions.all()) == [decision]
    hidden = DecisionFactory()
    with pytest.raises(Refused, match="no such decision"):
        services.link_decision(incident, hidden, actor=incident_handler)


def test_the_database_itself_refuses_what_makes_no_sense(report, incident):
    from django.db import IntegrityError, transaction

    for model, pk, changes in (
        (MisuseReport, report.pk, {"stage": "nowhere"}),
        (MisuseReport, report.pk, {"stage": "answered"}),
        (MisuseReport, report.pk, {"stage": "closed"}),
        (Incident, incident.pk, {"stage": "resolved"}),
        (Incident, incident.pk, {"stage": "nowhere"}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.filter(pk=pk).update(**changes)


@pytest.fixture
def far_away():
    """A handler at another publisher."""
    other = ModelFamilyFactory(publisher__slug="far-away")
    handler = UserFactory()
    assign_role(handler, Role.INCIDENT_HANDLER, other, actor=service_account("Set-up"))
    return handler


def test_an_incident_about_a_risk_concerns_the_risks_model_only(incident_handler, far_away, family):
    risk = RiskFactory(family=family)
    incident = services.open_incident(actor=incident_handler, title="x", risks=[risk])

    assert incident.audience == audience_for([family])
    assert list(Incident.objects.visible_to(incident_handler)) == [incident]
    assert not Incident.objects.visible_to(far_away).exists()


def test_a_risk_that_is_linked_later_closes_an_open_ended_incident_to_the_others(incident_handler, far_away, family):
    incident = IncidentFactory()
    assert Incident.objects.visible_to(far_away).exists()
    services.edit_incident(incident, actor=incident_handler, risks=[RiskFactory(family=family)])

    assert Incident.objects.get().audience == audience_for([family])
    assert not Incident.objects.visible_to(far_away).exists()
    services.edit_incident(incident, actor=incident_handler, families=[family])
    services.edit_incident(incident, actor=incident_handler, risks=[])
    assert Incident.objects.get().audience == audience_for([family])


def test_incidents_from_before_get_the_audience_of_their_risks(shared, family, release):
    migration = import_module("incidents.migrations.0002_risks_count_for_the_audience")
    by_risk, by_all, by_none = IncidentFactory(), IncidentFactory(families=[family]), IncidentFactory()
    for incident in (by_risk, by_all):
        incident.risks.set([RiskFactory(family=shared.other.family)])
    untouched = IncidentFactory(families=[family])
    before = Incident.objects.get(pk=shared.pk).audience

    migration.recompute(apps, None)
    migration.recompute(apps, None)

    audience = dict(Incident.objects.values_list("pk", "audience"))
    assert audience == {
        by_risk.pk: audience_for([shared.other.family]),
        by_all.pk: audience_for([family, shared.other.family]),
        by_none.pk: ["any"],
        untouched.pk: audience_for([family]),
        shared.pk: before,
    }


@pytest.mark.parametrize("link", ["families", "releases", "risks"])
def test_a_handler_does_not_open_their_incident_to_everybody(incident_handler, far_away, family, release, link, client):
    named = {"families": [family], "releases": [release], "risks": [RiskFactory(family=family)]}[link]
    incident = IncidentFactory(owner=incident_handler)
    services.edit_incident(incident, actor=incident_handler, **{link: named})
    with pytest.raises(Refused, match="Name at least one model") as refused:
        services.edit_incident(incident, actor=incident_handler, title="Other", **{link: []})

    assert refused.value.field == "families"
    fresh = Incident.objects.get()
    assert (fresh.title, list(getattr(fresh, link).all())) == (incident.title, named)
    assert not Incident.objects.visible_to(far_away).exists()

    client.force_login(incident_handler)
    data = {"title": "T", "severity": "low", "row_version": fresh.row_version}
    by_page = client.post(f"/workspace/incidents/{incident.pk}/edit/", data)
    by_api = client.patch(
        f"/api/v1/incidents/{incident.pk}/", {link: []}, content_type="application/json", headers={"If-Match": "*"}
    )
    assert (by_page.status_code, by_api.status_code) == (422, 409)
    assert "Name at least one model" in by_page.content.decode()
    assert by_api.json()["errors"][0]["field"] == "families"
    assert Incident.objects.get().audience == audience_for([family])


def test_an_incident_that_never_named_a_model_needs_none(incident_handler):
    incident = IncidentFactory()
    services.edit_incident(incident, actor=incident_handler, title="Other", families=[], releases=[], risks=[])
    assert (Incident.objects.get().title, Incident.objects.get().audience) == ("Other", ["any"])


def test_a_superuser_may_open_an_incident_to_everybody(incident, superuser):
    services.edit_incident(incident, actor=superuser, families=[])
    assert Incident.objects.get().audience == ["any"]
