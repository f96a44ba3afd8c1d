"""Permanent references: a link for whoever may know of the thing, plain words for everybody else."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory

from common import references
from tests.factories.governance import DecisionFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.registry import ModelFamilyFactory, ReleaseFactory, RiskFactory

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


@pytest.mark.parametrize(
    ("text", "written"),
    [("D-12", "D-12"), (" d-12 ", "D-12"), ("inc-3", "INC-3"), ("R-7", "R-7")]
    + [(text, "") for text in ("", "D-0", "D-012", "D12", "X-3", "D-1234567890", "see D-12", "D-١٢")],
)
def test_only_references_of_a_known_kind_count(text, written):
    assert references.normalised(text) == written


def test_a_published_decision_is_known_to_everybody_and_a_draft_inside_only(family, risk_owner, stranger):
    published = DecisionFactory(family=family, number=12, published=True)
    DecisionFactory(family=family, number=13)
    target = references.resolve("d-12", NOBODY)
    assert target == references.Target(str(published), published.get_absolute_url())
    for reader in (NOBODY, stranger):
        # A draft of somebody else and a number that nobody gave out are the same.
        assert references.resolve("D-13", reader) is None
        assert references.resolve("D-14", reader) is None
    assert references.resolve("D-13", risk_owner).label.startswith("D-13")


def test_a_risk_is_found_where_its_number_is_the_only_one_that_the_reader_knows(family, release, risk_owner):
    risk = RiskFactory(family=family, number=1, opened=True)
    assert references.resolve("R-1", NOBODY).url == risk.get_absolute_url()
    hidden = RiskFactory(family=ModelFamilyFactory(), number=1)
    assert references.resolve("R-1", NOBODY) is not None
    other = ReleaseFactory(published=True).family
    RiskFactory(family=other, number=1, opened=True)
    assert references.resolve("R-1", NOBODY) is None
    assert references.resolve("R-1", NOBODY, within=family).label == str(risk)
    assert references.resolve("R-1", risk_owner, within=hidden.family) is None


def test_incidents_are_known_to_their_readers(family, incident_handler, stranger):
    incident = IncidentFactory(audience=[f"f{family.pk}", f"p{family.publisher_id}"])
    assert references.resolve(incident.reference, incident_handler).label == str(incident)
    assert references.resolve(incident.reference, stranger) is None


def test_many_are_one_query_a_kind(family, release, django_assert_num_queries):
    for number in range(1, 26):
        DecisionFactory(family=family, number=number, published=True)
        RiskFactory(family=family, number=number, opened=True)
    texts = [f"{kind}-{number}" for kind in "DR" for number in range(1, 40)] + ["", "nothing"]
    with django_assert_num_queries(2):
        found = references.resolve_all(texts, NOBODY, within=family)
    assert len(found) == 50


def test_templates_link_what_is_known_and_escape_the_rest(family):
    DecisionFactory(family=family, number=5, title="<b>Filter</b>", published=True)
    request = RequestFactory().get("/")
    request.user = NOBODY
    page = Template("{% load references %}{% reference known %} {% reference other %}")
    shown = page.render(Context({"request": request, "known": "D-5", "other": "<i>D-6</i>"}))
    assert "&lt;b&gt;Filter&lt;/b&gt;</a>" in shown
    assert shown.endswith("&lt;i&gt;D-6&lt;/i&gt;")
