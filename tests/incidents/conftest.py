import re

import pytest
from django.test import Client

from common import audit
from common.actors import ANONYMOUS_REPORTER
from incidents import services
from tests.factories.incidents import IncidentFactory, MisuseReportFactory

SHAPE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{5}-){6}[0-9A-HJKMNP-TV-Z]{5}")
ANSWERS = {
    "model": "harbour-lab/pilot-7b",
    "category": "fraud",
    "what_happened": "It writes letters that pretend to come from a bank.",
}


@pytest.fixture
def browser():
    """A browser of somebody without an account; forms are checked for forgery as in real life."""
    return Client(enforce_csrf_checks=True, raise_request_exception=True)


@pytest.fixture
def fill():
    """Open the form, fill it in and send it, as a browser does; ``fill.form`` is what was sent."""

    def send(browser, form=None, **answers):
        if form is None:
            page = browser.get("/report/").content.decode()
            form = {name: hidden(page, name) for name in ("csrfmiddlewaretoken", "form_token")} | ANSWERS
        send.form = form | answers
        return browser.post("/report/", send.form)

    return send


def hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]+)"', page)[1]


@pytest.fixture
def sent(browser, fill, release):
    """A report sent through the page; answers with the receipt that was shown."""
    response = fill(browser)
    assert response.status_code == 302, response.content.decode()
    page = browser.get(response["Location"]).content.decode()
    return SHAPE.search(re.sub(r"<[^>]+>", "", page.split('id="receipt"')[1]))[0]


@pytest.fixture
def report(family):
    return MisuseReportFactory(family=family)


@pytest.fixture
def triaged(report, incident_handler):
    return services.triage_report(report, actor=incident_handler, severity="high", owner=incident_handler)


@pytest.fixture
def incident(family, incident_handler):
    return IncidentFactory(families=[family], owner=incident_handler, opened_by=incident_handler)


def verbs(obj):
    return [event.verb.rpartition(".")[2] for event in audit.trail(obj).order_by("pk")]


def file(**answers):
    return services.file_report(actor=ANONYMOUS_REPORTER, **ANSWERS | answers)
