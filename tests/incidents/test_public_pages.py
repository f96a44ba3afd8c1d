"""What somebody without an account meets: the form, the receipt, the way back."""

import re
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from common.lifecycle import Refused
from common.models import AuditEvent
from incidents import receipts, services
from incidents.models import MisuseReport, ReportAttachment, ReportMessage
from tests.factories.incidents import MisuseReportFactory
from tests.incidents.conftest import ANSWERS, hidden

pytestmark = pytest.mark.django_db


def open_report(browser, receipt):
    page = browser.get("/report/track/").content.decode()
    return browser.post(
        "/report/track/", {"csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"), "receipt": receipt}
    )


def write(browser, body, **more):
    page = browser.get("/report/track/").content.decode()
    token, report = hidden(page, "csrfmiddlewaretoken"), hidden(page, "report")
    return browser.post(
        "/report/track/messages/", {"csrfmiddlewaretoken": token, "report": report, "body": body, **more}
    )


def test_three_answers_are_enough_and_the_receipt_leads_back(browser, fill, sent, release):
    report = MisuseReport.objects.get()
    assert (report.family, report.stage, report.category) == (release.family, "received", "fraud")
    assert sent.startswith(report.locator_text)
    other = Client(enforce_csrf_checks=True)
    assert open_report(other, sent.lower()).status_code == 302
    page = other.get("/report/track/").content.decode()
    assert "It writes letters that pretend to come from a bank." in page
    assert "missing:" not in page


def test_the_form_asks_at_most_three_things_and_links_errors_to_their_fields(browser, fill, release):
    page = browser.get("/report/").content.decode()
    assert page.count("(optional)") == 6
    response = fill(browser, model="", category="", what_happened="too short")
    page = response.content.decode()
    assert response.status_code == 422
    for words in ("Say which model", "Choose what kind of misuse this is", "in at least 20 characters"):
        assert page.count(words) == 2  # in the summary and at the field
    assert '<a href="#id_model">' in page
    assert '<a href="#id_category_0">' in page
    assert "too short" in page
    assert not MisuseReport.objects.exists()


def test_a_link_that_names_the_model_fills_it_in(browser, release):
    page = browser.get("/report/?model=harbour-lab/pilot-7b&release=1.0").content.decode()
    assert 'value="harbour-lab/pilot-7b"' in page
    assert 'value="1.0"' in page


@pytest.mark.parametrize(
    ("words", "version", "model_known", "release_known", "kept"),
    [
        ("harbour-lab/pilot-7b", "", True, False, "harbour-lab/pilot-7b"),
        ("harbour-lab/pilot-7b", "1.0", True, True, ""),
        ("Harbour-Lab/Pilot-7B v1.0", "", True, True, ""),
        ("https://portal.example.org/models/harbour-lab/pilot-7b/releases/1.0/", "", True, True, ""),
        ("Pilot 7B", "", True, False, "Pilot 7B"),
        ("Pilot 7B", "9.9", True, False, "Pilot 7B 9.9"),
        ("I do not know", "", False, False, "I do not know"),
        ("'; DROP TABLE --/x", "", False, False, "'; DROP TABLE --/x"),
    ],
)
def test_models_are_matched_and_what_is_unknown_is_kept(
    browser, fill, release, words, version, model_known, release_known, kept
):
    fill(browser, model=words, version=version)
    report = MisuseReport.objects.get()
    assert (report.family is not None, report.release is not None, report.model_text) == (
        model_known,
        release_known,
        kept,
    )


def test_a_draft_is_not_given_away_by_matching(browser, fill, family, release_manager):
    from tests.factories.registry import ReleaseFactory

    ReleaseFactory(family=family, version="secret", created_by=release_manager)
    assert "pilot-7b" not in browser.get("/report/").content.decode()
    fill(browser, version="secret")
    report = MisuseReport.objects.get()
    assert (report.family, report.release) == (None, None)


def test_pages_leave_nothing_behind(browser, fill, sent):
    for path in ("/report/", "/report/sent/", "/report/track/"):
        response = browser.get(path)
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"
        policy = response["Content-Security-Policy"]
        assert "require-trusted-types-for 'script'" in policy
        assert "script-src 'self'" in policy
        page = response.content.decode()
        assert "htmx" not in page
        assert "data-exit" in page
        assert not re.search(r"<script(?![^>]+src=)|\son\w+=|\sstyle=", page)
    assert set(browser.cookies) == {"csrftoken", "report_sent"}
    mark = browser.cookies["report_sent"]
    assert (mark["httponly"], mark["samesite"], mark["max-age"], mark["path"]) == (True, "Strict", "", "/report/")


def test_sent_twice_it_is_one_report_with_one_receipt(browser, fill, sent):
    again = fill(browser, fill.form)
    page = browser.get(again["Location"]).content.decode()
    assert sent in re.sub(r"<[^>]+>", "", page.split('id="receipt"')[1])
    assert MisuseReport.objects.count() == 1
    assert AuditEvent.objects.filter(verb="incidents.misusereport.file").count() == 1


def test_the_receipt_survives_reloads_and_is_gone_once_it_is_saved(browser, fill, sent):
    page = browser.get("/report/sent/").content.decode()
    assert sent in re.sub(r"<[^>]+>", "", page.split('id="receipt"')[1])
    token = hidden(page, "csrfmiddlewaretoken")
    assert browser.post("/report/sent/", {"csrfmiddlewaretoken": token}).status_code == 422
    response = browser.post("/report/sent/", {"csrfmiddlewaretoken": token, "saved": "on"})
    assert response["Location"] == "/report/track/"
    assert "Your report" in browser.get("/report/track/").content.decode()
    assert browser.cookies["report_sent"].value == ""
    # The form sent once more neither files again nor shows what was said to be saved.
    browser.get(fill(browser, fill.form)["Location"])
    page = browser.get("/report/sent/").content.decode()
    assert sent not in page
    assert MisuseReport.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_double_click_files_one_report(release):
    """Two requests at the same moment on two connections."""
    form = dict(ANSWERS)
    page = Client().get("/report/").content.decode()
    form["form_token"] = hidden(page, "form_token")
    start, answers = threading.Barrier(4), []

    def click():
        start.wait()
        browser = Client()
        response = browser.post("/report/", form)
        answers.append(
            (response.status_code, browser.get("/report/sent/").content.decode().split('id="receipt"')[1][:400])
        )
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert MisuseReport.objects.count() == 1
    assert {status for status, _receipt in answers} == {302}
    assert len({re.sub(r"<[^>]+>", "", receipt) for _status, receipt in answers}) == 1


def test_a_slip_is_called_a_slip_and_an_unknown_receipt_unknown(browser, sent):
    other = Client(enforce_csrf_checks=True)
    wrong = sent[:14] + ("2" if sent[14] != "2" else "3") + sent[15:]
    response = open_report(other, wrong)
    assert response.status_code == 422
    assert "Group 3 is mistyped" in response.content.decode()
    assert f'value="{wrong}"' in response.content.decode()  # to be mended, not typed again

    report = MisuseReport.objects.get()
    wrong_secret = receipts.Receipt(report.locator, "0" * 20).text
    unknown_locator = receipts.Receipt("00000000", "0" * 20).text
    pages = [open_report(other, text).content.decode() for text in (wrong_secret, unknown_locator)]
    told = [re.search(r"There is no report with this receipt[^<]+", page)[0] for page in pages]
    assert told[0] == told[1]
    cleaned = [re.sub(r'value="[^"]+"', "", page) for page in pages]
    assert cleaned[0] == cleaned[1]


def test_a_wrong_secret_and_an_unknown_locator_take_the_same_queries(browser, report, django_assert_num_queries):
    for locator in (report.locator, "ZZZZZZZZ"):
        with django_assert_num_queries(1), pytest.raises(Refused):
            services.find_by_receipt(receipts.Receipt(locator, "Z" * 20).text)


def test_guessing_is_slowed_for_the_guesser_alone(sent):
    report = MisuseReport.objects.get()
    guesser, owner = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.2")
    answers = [
        guesser.post("/report/track/", {"receipt": receipts.Receipt(report.locator, f"{n:020d}").text}).status_code
        for n in range(12)
    ]
    assert answers == [422] * 10 + [429] * 2
    # A header that the caller writes does not make a new caller.
    spoofed = guesser.post("/report/track/", {"receipt": sent}, headers={"x-forwarded-for": "198.51.100.7"})
    assert spoofed.status_code == 429
    assert owner.post("/report/track/", {"receipt": sent}).status_code == 302


def test_a_flood_is_slowed_and_nothing_typed_is_lost(release):
    flood = Client(REMOTE_ADDR="192.0.2.1")
    codes = [flood.post("/report/", ANSWERS).status_code for _ in range(21)]
    assert codes == [302] * 20 + [429]
    page = flood.post("/report/", ANSWERS, headers={"x-forwarded-for": "198.51.100.9"})
    assert page.status_code == 429
    assert ANSWERS["what_happened"] in page.content.decode()
    assert Client(REMOTE_ADDR="192.0.2.2").post("/report/", ANSWERS).status_code == 302


def test_conversation_both_ways(browser, sent, incident_handler):
    report = MisuseReport.objects.get()
    services.triage_report(report, actor=incident_handler, severity="high", owner=incident_handler)
    services.answer_report(report, actor=incident_handler, body="Which prompt did you use?")
    open_report(browser, sent)
    page = browser.get("/report/track/").content.decode()
    assert "Which prompt did you use?" in page
    assert "Answered" in page
    assert str(incident_handler) not in page  # staff are not named to a stranger
    assert write(browser, "It was in the letter.").status_code == 302
    assert "It was in the letter." in browser.get("/report/track/").content.decode()
    report.refresh_from_db()
    assert (report.stage, report.awaits_handler) == ("triaged", True)
    services.close_report(report, actor=incident_handler, reason="resolved", body="We blocked it.")
    page = browser.get("/report/track/").content.decode()
    assert "We acted on it" in page
    assert "We blocked it." in page
    write(browser, "It is back.")
    report.refresh_from_db()
    assert (report.stage, report.close_reason, report.awaits_handler) == ("received", "", True)


def test_notes_severity_and_links_never_reach_the_reporter(browser, sent, incident_handler, incident):
    report = MisuseReport.objects.get()
    services.triage_report(
        report, actor=incident_handler, severity="critical", owner=incident_handler, incident=incident
    )
    services.add_internal_note(
        report,
        actor=incident_handler,
        body="canary-note",
        evidence=[SimpleUploadedFile("canary-file.txt", b"canary-content")],
    )
    services.attach_evidence(report, actor=incident_handler, files=[SimpleUploadedFile("canary-two.txt", b"two")])
    services.answer_report(report, actor=incident_handler, body="We look at it.")
    open_report(browser, sent)
    page = browser.get("/report/track/").content.decode()
    for canary in (
        "canary",
        "Critical",
        "critical",
        incident.title,
        incident.reference,
        str(incident_handler),
        incident_handler.email,
    ):
        assert canary not in page
    answer = browser.post("/api/v1/misuse-reports/track/", {"receipt": sent}, content_type="application/json")
    assert answer.status_code == 200
    for canary in ("canary", "critical", incident.title, incident.reference, str(incident_handler), "owner"):
        assert canary not in answer.content.decode()


def test_two_tabs_do_not_mix(browser, sent):
    page = browser.get("/report/track/")
    open_report(browser, sent)
    first = browser.get("/report/track/").content.decode()
    other = MisuseReportFactory(secret="1" * 20)
    open_report_text = receipts.Receipt(other.locator, "1" * 20).text
    token = hidden(first, "csrfmiddlewaretoken")
    browser.post("/report/track/", {"csrfmiddlewaretoken": token, "receipt": open_report_text})
    response = browser.post(
        "/report/track/messages/",
        {"csrfmiddlewaretoken": token, "report": hidden(first, "report"), "body": "for the first only"},
    )
    assert response.status_code == 409
    assert "for the first only" in response.content.decode()
    assert not ReportMessage.objects.exists()
    assert page.status_code == 200


def test_closing_the_report_on_this_device(browser, sent):
    open_report(browser, sent)
    page = browser.get("/report/track/").content.decode()
    browser.post("/report/track/end/", {"csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken")})
    assert "Open your report" in browser.get("/report/track/").content.decode()


def test_a_forged_mark_opens_nothing(browser, report):
    browser.cookies["report_open"] = str(report.pk)
    assert "Open your report" in browser.get("/report/track/").content.decode()
    browser.cookies["report_sent"] = "abc:def"
    assert "There is no receipt to show" in browser.get("/report/sent/").content.decode()


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("shot.png", PNG, ("shot.png", "image/png")),
        ("photo.JPG", b"\xff\xd8\xff\xe0" + b"\x00" * 30, ("photo.JPG", "image/jpeg")),
        ("letter.pdf", b"%PDF-1.7\n" + b"\x01\xff", ("letter.pdf", "application/pdf")),
        ("chat.txt", "Žluťoučký <script>alert(1)</script>".encode(), ("chat.txt", "text/plain")),
        ("../../etc/passwd.txt", b"x", ("passwd.txt", "text/plain")),
        ("C:\\Users\\jo\\a.txt", b"x", ("a.txt", "text/plain")),
        ("x\u202egnp.txt", b"x", ("xgnp.txt", "text/plain")),
        ("picture.svg", SVG, None),
        ("picture.png", SVG, None),
        ("page.html", b"<html><script>alert(1)</script></html>", None),
        ("page.pdf", b"<html><script>alert(1)</script></html>", None),
        ("binary.txt", b"MZ\x90\x00\x03", None),
        ("latin.txt", b"\xe9t\xe9", None),
        ("nothing.txt", b"", None),
        ("noending", b"x", None),
    ],
)
def test_only_what_a_file_really_is_counts(browser, fill, release, name, content, kept):
    response = fill(browser, evidence=SimpleUploadedFile(name, content))
    if kept is None:
        assert response.status_code == 422
        assert not MisuseReport.objects.exists()
        assert "Choose your files again" in response.content.decode()
        return
    attachment = ReportAttachment.objects.get()
    assert (attachment.name, attachment.media_type, attachment.size) == (*kept, len(content))
    assert re.fullmatch(r"reports/\d+/[0-9a-f]{64}(_\w+)?", attachment.file.name)
    with attachment.file.open("rb") as stored:
        assert stored.read() == content


def test_too_large_and_too_many_files_are_refused(browser, fill, release):
    response = fill(browser, evidence=SimpleUploadedFile("big.txt", b"a" * 10_000_001))
    assert "larger than 10 MB" in response.content.decode()
    response = fill(browser, evidence=[SimpleUploadedFile(f"{n}.txt", b"a") for n in range(6)])
    assert "at most 5 files" in response.content.decode()
    assert not MisuseReport.objects.exists()


def test_child_abuse_material_is_not_taken(browser, fill, release):
    response = fill(browser, category="csam", evidence=SimpleUploadedFile("shot.png", PNG))
    assert response.status_code == 422
    assert "Do not send us such material" in response.content.decode()
    assert not ReportAttachment.objects.exists()
    assert fill(browser, category="csam").status_code == 302


def test_intake_and_reading_stay_within_their_queries(browser, fill, release, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        browser.get("/report/")
    page = browser.get("/report/").content.decode()
    form = {name: hidden(page, name) for name in ("csrfmiddlewaretoken", "form_token")} | ANSWERS
    with django_assert_max_num_queries(15):
        assert browser.post("/report/", form).status_code == 302
    page = browser.get("/report/").content.decode()
    form = {name: hidden(page, name) for name in ("csrfmiddlewaretoken", "form_token")} | ANSWERS
    files = [SimpleUploadedFile(f"{n}.txt", b"a") for n in range(5)]
    with django_assert_max_num_queries(15):
        assert browser.post("/report/", form | {"evidence": files}).status_code == 302
    with django_assert_max_num_queries(2):
        browser.get("/report/sent/")
