"""The same over the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.services import create_token
from incidents import receipts
from incidents.models import Incident, MisuseReport, ReportAttachment
from tests.factories.incidents import IncidentFactory, MisuseReportFactory
from tests.factories.registry import ReleaseFactory, RiskFactory
from tests.incidents.conftest import ANSWERS

pytestmark = pytest.mark.django_db
REPORTS, TRACK, INCIDENTS = "/api/v1/misuse-reports/", "/api/v1/misuse-reports/track/", "/api/v1/incidents/"


def client_of(user, scopes=("read", "write")):
    _token, value = create_token(user, actor=user, name="Test", scopes=list(scopes), days=1)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {value}")
    return client


@pytest.fixture
def api(incident_handler):
    return client_of(incident_handler)


def test_file_track_and_reply_without_an_account(release, incident_handler):
    anybody = APIClient()
    answer = anybody.post(REPORTS, ANSWERS, format="json")
    assert answer.status_code == 201
    assert set(answer.json()) == {"receipt", "stage", "received_at"}
    assert answer["Cache-Control"] == "no-store"
    receipt = answer.json()["receipt"]
    tracked = anybody.post(TRACK, {"receipt": receipt.lower()}, format="json")
    assert tracked.json()["story"][0] | {"on": ""} == {
        "what": "You sent the report", "on": "", "by": "reporter", "reason": "", "message": "", "files": []
    }  # fmt: skip
    said = anybody.post(f"{TRACK}messages/", {"receipt": receipt, "body": "More."}, format="json")
    assert said.status_code == 201
    assert said.json()["story"][-1]["message"] == "More."
    assert MisuseReport.objects.get().awaits_handler


def test_a_slip_is_400_and_names_the_group_and_an_unknown_receipt_is_404(report):
    anybody = APIClient()
    good = receipts.Receipt(report.locator, "0" * 20).text
    slip = good[:-1] + ("2" if good[-1] != "2" else "3")
    answer = anybody.post(TRACK, {"receipt": slip}, format="json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert "Group 7 is mistyped" in answer.json()["errors"][0]["message"]
    unknown = [
        anybody.post(TRACK, {"receipt": receipts.Receipt(one, "1" * 20).text}, format="json")
        for one in (report.locator, "ZZZZZZZZ")
    ]
    assert [answer.status_code for answer in unknown] == [404, 404]
    assert unknown[0].content == unknown[1].content


def test_an_idempotency_key_makes_a_second_try_safe(release):
    anybody = APIClient()
    first, second = (
        anybody.post(REPORTS, ANSWERS, format="json", headers={"idempotency-key": "a-key-of-mine"}) for _ in "12"
    )
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert MisuseReport.objects.count() == 1


def test_files_by_multipart_and_refusals_as_problems(release):
    anybody = APIClient()
    good = ANSWERS | {"evidence": [SimpleUploadedFile("a.txt", b"a")]}
    assert anybody.post(REPORTS, good, format="multipart").status_code == 201
    assert ReportAttachment.objects.get().media_type == "text/plain"
    bad = anybody.post(REPORTS, ANSWERS | {"evidence": [SimpleUploadedFile("a.svg", b"<svg/>")]}, format="multipart")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (409, "evidence")
    short = anybody.post(REPORTS, {"model": "x"}, format="json")
    assert {error["field"] for error in short.json()["errors"]} == {"category", "what_happened"}


def test_filing_is_throttled_per_caller(release):
    anybody = APIClient(REMOTE_ADDR="192.0.2.9")
    codes = [
        anybody.post(REPORTS, ANSWERS, format="json", headers={"x-forwarded-for": f"198.51.100.{n}"}).status_code
        for n in range(21)
    ]
    assert codes == [201] * 20 + [429]
    assert APIClient(REMOTE_ADDR="192.0.2.10").post(REPORTS, ANSWERS, format="json").status_code == 201


def test_a_session_does_not_name_the_reporter_but_a_token_does(release, researcher):
    from common.models import AuditEvent

    browser = APIClient()
    browser.force_login(researcher, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.post(REPORTS, ANSWERS, format="json").status_code == 201
    assert client_of(researcher).post(REPORTS, ANSWERS, format="json").status_code == 201
    actors = (
        AuditEvent.objects.filter(verb="incidents.misusereport.file").order_by("pk").values_list("actor_id", flat=True)
    )
    assert list(actors) == [None, researcher.pk]


def test_handling_a_report(api, report, incident, incident_handler):
    url = f"{REPORTS}{report.pk}/"
    read = api.get(url)
    assert read["ETag"] == '"v1"'
    for secret in ("salt", "digest", "contact_sealed", "submission", "locator"):
        assert secret not in read.json()
    judged = {"severity": "high", "owner": incident_handler.pk, "incident": incident.pk}
    assert api.put(f"{url}triage/", judged, format="json").status_code == 428
    assert api.put(f"{url}triage/", judged, format="json", headers={"if-match": '"v1"'}).json()["stage"] == "triaged"
    assert api.put(f"{url}triage/", judged, format="json", headers={"if-match": '"v1"'}).status_code == 412
    assert api.post(f"{url}messages/", {"visibility": "internal", "body": "Note."}, format="json").status_code == 201
    assert api.post(f"{url}messages/", {"visibility": "public", "body": "Answer."}, format="json").status_code == 201
    assert (
        api.post(f"{url}closure/", {"reason": "resolved", "body": "Done."}, format="json").json()["stage"] == "closed"
    )
    assert api.post(f"{url}closure/", {"reason": "resolved", "body": "Done."}, format="json").status_code == 409
    assert api.post(f"{url}reopening/", {"reason": "Back."}, format="json").json()["stage"] == "received"
    detail = api.get(url).json()
    assert [message["body"] for message in detail["messages"]] == ["Note.", "Answer.", "Done."]
    assert detail["incidents"] == [incident.pk]


def test_who_may_not(report, incident, stranger, auditor, researcher):
    url, judged = f"{REPORTS}{report.pk}/", {"severity": "low", "owner": auditor.pk}
    assert APIClient().get(REPORTS).status_code == 401
    assert client_of(stranger).get(url).status_code == 404
    assert client_of(researcher).get(REPORTS).json()["results"] == []
    assert client_of(auditor).get(url).status_code == 200
    assert client_of(auditor).put(f"{url}triage/", judged, format="json", headers={"if-match": "*"}).status_code == 403
    assert client_of(auditor).post(f"{url}contact/").status_code == 403
    assert client_of(stranger).get(f"{INCIDENTS}{incident.pk}/").status_code == 404
    assert (
        client_of(auditor)
        .patch(f"{INCIDENTS}{incident.pk}/", {"title": "x"}, format="json", headers={"if-match": "*"})
        .status_code
        == 403
    )


def test_incidents(api, family, report, stranger):
    assert client_of(stranger).post(INCIDENTS, {"title": "x", "families": [family.pk]}, format="json").status_code in {
        400,
        403,
    }
    made = api.post(INCIDENTS, {"title": "Letters", "severity": "high", "families": [family.pk]}, format="json")
    assert made.status_code == 201
    url, version = f"{INCIDENTS}{made.json()['id']}/", made["ETag"]
    changed = api.patch(url, {"title": "Bank letters"}, format="json", headers={"if-match": version})
    assert changed.json()["title"] == "Bank letters"
    assert api.patch(url, {"title": "Mine"}, format="json", headers={"if-match": version}).status_code == 412
    refused = api.post(f"{url}moves/", {"move": "contain", "reason": "Blocked."}, format="json")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Name an owner first.")
    assert api.post(f"{url}reports/", {"report": report.pk}, format="json").json()["reports"] == [report.pk]
    assert api.post(f"{url}reports/", {"report": 999999}, format="json").status_code == 400
    assert api.delete(f"{url}reports/{report.pk}/").status_code == 204
    current = api.get(url)["ETag"]
    assert (
        api.put(f"{url}lessons/", {"lessons": "Test."}, format="json", headers={"if-match": current}).json()["lessons"]
        == "Test."
    )
    assert Incident.objects.get().lessons == "Test."


@pytest.mark.parametrize("rows", [1, 3, 25])
def test_lists_cost_the_same_however_long(rows, api, family, django_assert_num_queries):
    MisuseReportFactory.create_batch(rows, family=family)
    for _ in range(rows):
        IncidentFactory(families=[family])
    api.get(REPORTS)
    with django_assert_num_queries(3):
        assert len(api.get(REPORTS).json()["results"]) == rows
    with django_assert_num_queries(6):
        assert len(api.get(INCIDENTS).json()["results"]) == rows


def test_naming_an_owner_does_not_turn_numbers_into_names(api, stranger, family):
    opened = {"title": "Bank letters", "severity": "high", "families": [family.pk], "owner": stranger.pk}
    report = MisuseReportFactory(family=family)
    judged = {"severity": "high", "owner": stranger.pk}
    for answer in (
        api.post(INCIDENTS, opened, format="json"),
        api.put(f"{REPORTS}{report.pk}/triage/", judged, format="json", HTTP_IF_MATCH="*"),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "owner")
        assert str(stranger) not in answer.content.decode()


@pytest.fixture
def shared(family):
    """An incident of the cast's model and of one nobody may know of yet; with the links that the cast may see."""
    secret = ReleaseFactory(family__publisher__slug="far-away", family__name="Not announced")
    incident = IncidentFactory(families=[family, secret.family])
    incident.releases.set([secret])
    mine = RiskFactory(family=family)
    incident.risks.set([mine, RiskFactory(family=secret.family)])
    incident.seen = {"families": [family.pk], "releases": [], "risks": [mine.pk]}
    return incident


def test_links_name_only_what_the_caller_may_know_of(api, shared, report, superuser):
    url, match = f"{INCIDENTS}{shared.pk}/", {"if-match": "*"}
    for answer in (
        api.get(url),
        api.patch(url, {"title": "Letters"}, format="json", headers=match),
        api.patch(url, {"families": shared.seen["families"]}, format="json", headers=match),
        api.put(f"{url}lessons/", {"lessons": "Test."}, format="json", headers=match),
        api.post(f"{url}reports/", {"report": report.pk}, format="json"),
        api.get(INCIDENTS),
    ):
        body = answer.json()
        assert answer.status_code in {200, 201}, body
        body = body["results"][0] if "results" in body else body
        assert {name: body[name] for name in shared.seen} == shared.seen
    everything = client_of(superuser).get(url).json()
    assert [len(everything[name]) for name in shared.seen] == [2, 1, 2]


def test_the_list_of_incidents_names_no_model_that_the_reader_may_not_know_of(client, shared, incident_handler):
    client.force_login(incident_handler)
    page = client.get("/workspace/incidents/").content.decode()
    assert shared.title in page
    assert "Not announced" not in page


@pytest.mark.parametrize("links", [1, 3])
def test_one_incident_costs_the_same_however_much_is_linked(links, api, family, django_assert_max_num_queries):
    incident = IncidentFactory(families=[family])
    incident.releases.set(ReleaseFactory(family=family, version=f"7.{number}") for number in range(links))
    incident.risks.set(RiskFactory.create_batch(links, family=family))
    url = f"{INCIDENTS}{incident.pk}/"
    api.get(url)
    with django_assert_max_num_queries(8):
        assert len(api.get(url).json()["risks"]) == links
    with django_assert_max_num_queries(15):
        api.patch(url, {"title": "Letters"}, format="json", headers={"if-match": "*"})
