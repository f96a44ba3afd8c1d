"""One risk with its whole past, and the page of it that anybody may read."""

import datetime as dt

import pytest
from django.urls import reverse

from registry import services
from tests.factories.governance import DecisionFactory
from tests.factories.registry import MitigationFactory, RiskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def risk(family, release, risk_owner, release_manager):
    """Recorded, judged, opened, mitigated, changed and closed."""
    made = services.create_risk(family, actor=release_manager, title="Leak", harm="Names leak.", owner=risk_owner)
    services.assess_risk(
        made, actor=release_manager, kind="inherent", likelihood=4, severity=4, rationale="Seen in tests."
    )
    services.open_risk(made, actor=risk_owner)
    done = services.add_mitigation(
        [made],
        actor=risk_owner,
        title="Filter",
        owner=risk_owner,
        due_on=dt.date(2030, 1, 1),
    )
    services.start_mitigation(done, actor=risk_owner)
    services.edit_risk(made, actor=risk_owner, harm="Names and addresses leak.")
    services.close_risk(made, actor=risk_owner, reason="The data is gone.")
    made.refresh_from_db()
    return made


def verbs(client, risk, **query):
    page = client.get(reverse("registry:risk_history", args=[risk.pk]), query).context["page"]
    return [event.verb.rpartition(".")[2] for event in page]


def test_the_history_tells_all_that_happened_newest_first(client, risk, reviewer):
    client.force_login(reviewer)
    assert verbs(client, risk) == ["close", "edit", "start", "add", "open", "assess", "create"]
    assert verbs(client, risk, kind="judgements") == ["assess"]
    assert verbs(client, risk, kind="moves") == ["close", "open", "create"]
    assert verbs(client, risk, kind="mitigations") == ["start", "add"]
    assert verbs(client, risk, kind="text") == ["edit"]
    assert verbs(client, risk, kind="people") == []
    assert len(verbs(client, risk, kind="nonsense")) == 7


def test_an_event_says_what_was_and_what_is_and_why(client, risk, reviewer):
    client.force_login(reviewer)
    text = client.get(reverse("registry:risk_history", args=[risk.pk])).content.decode()
    assert "<del>Names leak.</del>" in text
    assert "<ins>Names and addresses leak.</ins>" in text
    assert "The data is gone." in text
    assert "Mitigation: Filter" in text


def test_a_long_history_goes_on_where_the_page_ends(client, risk, risk_owner):
    for number in range(60):
        services.edit_risk(risk, actor=risk_owner, affected=f"Group {number}")
    client.force_login(risk_owner)
    url, seen = reverse("registry:risk_history", args=[risk.pk]), []
    while url:
        page = client.get(url).context["page"]
        seen += [event.pk for event in page]
        url = page.next_url
    assert len(seen) == len(set(seen)) == 67
    assert seen == sorted(seen, reverse=True)


def test_the_history_of_another_risk_does_not_show(client, risk, family, risk_owner):
    other = RiskFactory(family=family, number=50)
    MitigationFactory(family=family, owner=risk_owner, risks=[other])
    services.edit_risk(other, actor=risk_owner, harm="Something else.")
    client.force_login(risk_owner)
    assert verbs(client, other) == ["edit"]
    assert len(verbs(client, risk)) == 7


def test_the_api_tells_the_same_history_to_the_same_people(client, risk, reviewer, researcher):
    url = reverse("api:risk-history", args=[risk.pk])
    client.force_login(reviewer)
    rows = client.get(url).json()["results"]
    assert [row["verb"].rpartition(".")[2] for row in rows] == verbs(client, risk)
    assert rows[0]["reason"] == "The data is gone."
    assert client.get(url, {"kind": "moves"}).json()["results"][0]["after"] == "closed"
    assert client.get(url, {"kind": "nonsense"}).status_code == 400
    client.force_login(researcher)
    assert client.get(url).status_code == 403


def test_the_public_page_of_a_risk_shows_published_decisions_and_nobody(client, risk, family, release_manager):
    DecisionFactory(family=family, published=True, title="Filter names", risks=[risk])
    DecisionFactory(family=family, title="A draft of ours", risks=[risk])
    url = reverse("registry:public_risk", args=[family.publisher.slug, family.slug, risk.number])
    text = client.get(url).content.decode()
    assert "Filter names" in text
    assert "A draft of ours" not in text
    assert "Risk owner" not in text
    assert "The data is gone." not in text


def test_a_risk_that_is_not_shown_has_no_public_page(client, family, release, risk_owner):
    hidden = RiskFactory(family=family, number=7, opened=True, owner=risk_owner, is_public=False)
    draft = RiskFactory(family=family, number=8)
    client.force_login(risk_owner)
    for risk in (hidden, draft):
        url = reverse("registry:public_risk", args=[family.publisher.slug, family.slug, risk.number])
        assert client.get(url).status_code == 404
    for number in (99, 2**70):
        url = reverse("registry:public_risk", args=[family.publisher.slug, family.slug, number])
        assert client.get(url).status_code == 404


def test_a_reader_from_outside_is_led_to_the_public_page(client, risk, family):
    answer = client.get(risk.get_absolute_url())
    assert answer.status_code == 302
    assert answer.url == f"/models/{family.publisher.slug}/{family.slug}/risks/R-{risk.number}/"
