"""The main job, end to end, in a real browser: from a model card to the auditor's PDF.

One long walk, because each step stands on what the one before left behind. ``SCREENSHOTS=docs/img`` keeps
the pictures that the guides show.
"""

import hashlib
import io
import os
import re
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from pypdf import PdfReader

from accounts.services import create_token
from registry.models import Release, Risk
from tests.factories.accounts import PASSWORD
from tests.hub_client import download

pytestmark = pytest.mark.django_db(transaction=True)
CARD = """---
license: apache-2.0
language: [en]
pipeline_tag: text-generation
---
# Walker 1B

A small model for this walk.

<script>alert("no")</script>
"""
WEIGHTS = bytes(range(256)) * 40


class Walker:
    """A person in a browser of their own."""

    def __init__(self, browser_page, user=None, **options):
        self.page = browser_page("/", **options)
        if user is not None:
            self.go("/account/login/")
            self.fill(login=user.email, password=PASSWORD)
            self.press("Sign in")
            assert "/workspace/" in self.page.url

    def go(self, path):
        answer = self.page.goto(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return self

    def fill(self, **fields):
        for name, value in fields.items():
            self.page.locator(f"main [name='{name}']").fill(value)
        return self

    def choose(self, **fields):
        for name, value in fields.items():
            field = self.page.locator(f"main select[name='{name}']")
            if field.count():
                field.select_option(value)
            else:
                self.page.locator(f"main input[name='{name}'][value='{value}']").check()
        return self

    def press(self, label):
        """Press the one button with this label and wait for the page it leads to; no form may come back with errors."""
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("button", name=label, exact=True).click()
        assert not self.page.title().startswith("Error"), self.text()
        return self

    def follow(self, label):
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("link", name=label).first.click()
        return self

    def text(self):
        return self.page.locator("main").inner_text()

    def picture(self, name):
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=False)


@pytest.fixture
def person(browser_page):
    def make(user=None, **options):
        if user is not None:
            EmailAddress.objects.get_or_create(
                user=user, email=user.email, defaults={"primary": True, "verified": True}
            )
        return Walker(browser_page, user, **options)

    return make


def test_from_model_card_to_safety_report(
    person,
    publisher,
    release_manager,
    risk_owner,
    incident_handler,
    reviewer,
    researcher,
    auditor,
    live_server,
    celery_worker,
    tmp_path,
):
    manager = person(release_manager)
    register_release(manager, tmp_path)
    risk = assign_risk(manager, person(risk_owner), risk_owner)
    offer_tier(manager)
    publish(manager)
    open_the_gate(manager, person(researcher), researcher, live_server, tmp_path)
    reporter, receipt = report_misuse(person)
    handler = person(incident_handler)
    triage(handler, incident_handler)
    come_back(reporter, receipt)
    decide(person(reviewer), handler, risk)
    make_report(person(auditor))


def register_release(manager, tmp_path):
    """Step 1: a family, a release made from a model card, files hashed while they stream."""
    manager.go("/workspace/releases/families/new/")
    manager.fill(
        slug="walker-1b",
        name="Walker 1B",
        summary="A small model for this walk.",
        intended_use="Drafts and summaries, with a person who reads the result.",
        out_of_scope_use="Advice on health, law or money; imitating a real person.",
    ).press("Register model family")
    manager.go("/workspace/releases/new/").choose(family=family_id()).fill(version="1.0", source=CARD).press(
        "Make draft"
    )
    release = Release.objects.get(family__slug="walker-1b")
    assert (release.licence, release.languages, release.modality) == ("Apache-2.0", ["en"], "text")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(WEIGHTS)
    manager.go(f"/workspace/releases/{release.pk}/artifacts/")
    manager.page.locator("main input[name=file]").set_input_files(weights)
    manager.fill(path="model.safetensors", sha256=hashlib.sha256(WEIGHTS).hexdigest()).press("Upload file")
    manager.page.wait_for_url(f"**/workspace/releases/{release.pk}/")
    artifact = release.artifacts.get()
    assert (artifact.size, artifact.sha256) == (len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest())
    manager.go(f"/workspace/releases/{release.pk}/").picture("release")


def family_id():
    from registry.models import ModelFamily

    return str(ModelFamily.objects.get(slug="walker-1b").pk)


def assign_risk(manager, owner, owner_user):
    """Step 2: a risk that cannot be opened before somebody answers for it."""
    manager.go(f"/workspace/risks/new/?family={family_id()}")
    manager.fill(
        title="Targeted phishing text", harm="Somebody imitates a bank with it.", affected="People who bank online."
    )
    manager.press("Record risk")
    risk = Risk.objects.get()
    assert "risk owner" in manager.text().lower()
    manager.go(f"/workspace/risks/{risk.pk}/owner/").choose(owner=str(owner_user.pk)).press("Name risk owner")
    for kind, likelihood, severity in (("inherent", "4", "4"), ("residual", "3", "4")):
        owner.go(f"/workspace/risks/{risk.pk}/assessment/")
        owner.choose(kind=kind, likelihood=likelihood, severity=severity).fill(rationale="Seen in red-teaming.")
        owner.press("Record assessment")
    # The scale asks for a second person before a critical risk counts as lower.
    manager.go(f"/workspace/risks/proposals/{risk.proposals.get().pk}/confirmation/").press("Confirm")
    owner.go(f"/workspace/risks/{risk.pk}/").follow("Open risk").press("Open risk")
    owner.go(f"/workspace/risks/{risk.pk}/mitigations/")
    owner.fill(title="Filter on output", due_on="2027-03-01").choose(owner=str(owner_user.pk)).press("Plan mitigation")
    risk.refresh_from_db()
    assert (risk.stage, risk.inherent_score, risk.residual_score, risk.owner) == ("open", 16, 12, owner_user)
    owner.go(f"/workspace/risks/{risk.pk}/").picture("risk")
    owner.go("/workspace/risks/?view=matrix").picture("risk-matrix")
    assert "R-1" in owner.text()
    return risk


def offer_tier(manager):
    manager.go(f"/workspace/tiers/new/{family_id()}/")
    manager.fill(name="Research", description="For people who study the model.", support_channel="help@example.org")
    manager.press("Make tier")
    from access.models import Tier

    tier = Tier.objects.get()
    manager.go(f"/workspace/tiers/{tier.pk}/terms/")
    manager.fill(
        can="Study the model",
        must="Report misuse",
        must_not="Pass the weights on",
        text="# Terms\n\nKeep the weights to yourself.",
    )
    manager.press("Preview")
    manager.press("Publish version 1")


def publish(manager):
    release = Release.objects.get()
    manager.go(f"/workspace/releases/{release.pk}/publication/")
    manager.press("Publish the release")
    release.refresh_from_db()
    assert (release.stage, len(release.revision)) == ("published", 40)


def open_the_gate(manager, reader, researcher, live_server, tmp_path):
    """Step 3: refused, approved, downloaded, revoked, refused, each time by an unmodified client."""
    _row, token = create_token(researcher, actor=researcher, name="Laptop", scopes=["download"], days=1)

    def fetch(home):
        return download(live_server.url, "harbour-lab/walker-1b", "model.safetensors", token, tmp_path / home)

    reader.go("/models/harbour-lab/walker-1b/").picture("model")
    assert "alert(" in reader.text()
    assert reader.page.locator("main script").count() == 0
    refused = fetch("before")
    assert refused.error == "GatedRepoError"
    assert f"{live_server.url}/access/" in refused.message or "/access/new/harbour-lab/walker-1b/" in refused.message

    reader.follow("Request access")
    if reader.page.locator("main input[name=tier]").count():
        reader.page.locator("main input[name=tier]").first.check()
        reader.press("Continue")
    reader.fill(purpose="Study refusals").press("Continue")
    reader.picture("terms")
    reader.fill(typed_name="Researcher").press("Accept and continue")
    reader.press("Send request")
    assert fetch("waiting").error == "GatedRepoError"

    manager.go("/workspace/access/").picture("access-queue")
    manager.follow("Review")
    manager.picture("access-decision")
    manager.choose(outcome="approve").fill(reason="A clear question.").press("Record decision")
    opened = fetch("after")
    assert opened.content == WEIGHTS, opened

    manager.go("/workspace/grants/").follow("Revoke")
    manager.fill(reason="The project has ended.").press("Revoke access")
    assert fetch("revoked").error == "GatedRepoError"
    reader.go("/access/mine/")
    assert (
        "The project has ended." in reader.go(re.search(r"/access/requests/\d+/", reader.page.content()).group()).text()
    )


def report_misuse(person):
    """Step 4: a phone, no account, no JavaScript, three required fields, a receipt."""
    reporter = person(width=390, javascript=False)
    reporter.go("/report/?model=harbour-lab/walker-1b")
    assert reporter.page.locator("main input[name=model]").input_value() == "harbour-lab/walker-1b"
    reporter.choose(category="fraud").fill(what_happened="Somebody imitated my bank with text from this model.")
    reporter.picture("report")
    reporter.press("Send report")
    receipt = re.search(r"(?:[0-9A-Z]{5}-){6}[0-9A-Z]{5}", reporter.text()).group()
    reporter.picture("receipt")
    return reporter, receipt


def triage(handler, user):
    """Step 5, first half: severity, owner, incident, an answer."""
    handler.go("/workspace/misuse/").follow("Fraud or impersonation")
    handler.choose(severity="high", owner=str(user.pk)).press("Save judgement")
    handler.page.locator("main form[action$='/answers/'] [name=body]").fill("Thank you. Which forum was it?")
    handler.press("Send answer")
    handler.picture("misuse-report")
    handler.follow("Open an incident from it")
    handler.fill(title="Bank phishing with Walker 1B").choose(severity="high", owner=str(user.pk)).press(
        "Open incident"
    )
    handler.picture("incident")


def come_back(reporter, receipt):
    """Step 4, second half: a slip of the pen is not a wrong receipt; the answer is there; a reply goes back."""
    reporter.go("/report/track/")
    slip = receipt[:-1] + ("A" if receipt[-1] != "A" else "B")
    reporter.page.locator("main [name=receipt]").fill(slip)
    with reporter.page.expect_navigation():
        reporter.page.locator("main").get_by_role("button", name="Open report").click()
    assert "mistyped" in reporter.text()
    reporter.page.locator("main [name=receipt]").fill(receipt.lower().replace("-", " "))
    reporter.press("Open report")
    assert "Which forum was it?" in reporter.text()
    reporter.page.locator("main form [name=body]").fill("It was the one for students.")
    reporter.press("Send message")
    assert "It was the one for students." in reporter.text()


def decide(reviewer, handler, risk):
    """Step 5, second half: why a safeguard was chosen, linked to risk and incident, in the public log."""
    reviewer.go(f"/workspace/decisions/new/?family={family_id()}")
    reviewer.fill(
        title="Filter the output",
        context="A prompt that imitates a bank was posted.",
        outcome="We filter what the model writes.",
        consequences="A little slower.",
        stops_holding_when="The filter lets 2 of 100 through.",
    )
    for number, (name, why) in enumerate(
        [("Filter the output", "Holds whatever the prompt was"), ("Block the prompt", "Quick")]
    ):
        reviewer.fill(**{f"options-{number}-name": name, f"options-{number}-arguments_for": why})
    reviewer.page.locator("main [name='options-0-chosen']").check()
    reviewer.page.locator(f"main [name=risks][value='{risk.pk}']").check()
    reviewer.press("Save as a draft")
    reviewer.follow("Publish")
    reviewer.press("Publish the decision")
    handler.go("/workspace/incidents/").follow("Bank phishing with Walker 1B")
    handler.fill(lessons="Test filters with imitated voices.").press("Save lessons")
    handler.page.locator("main form[action$='/decisions/'] [name=reference]").fill("D-1")
    handler.press("Link decision")
    for move, label in (("contain", "Mark as contained"), ("resolve", "Mark as resolved")):
        if not handler.page.locator(f"main #reason-{move}").is_visible():
            handler.page.locator("main summary", has_text=label).click()
        handler.page.locator(f"main #reason-{move}").fill("The filter holds.")
        handler.press(label)
    handler.picture("incident-resolved")
    public = handler.go("/decisions/").follow("Filter the output")
    public.picture("decision")
    assert "Bank phishing with Walker 1B" in public.text()
    assert "The filter lets 2 of 100 through." in public.text()


def make_report(auditor):
    """Step 6: a worker makes it, the page shows how far it is and survives a reload, the auditor downloads it."""
    auditor.go("/workspace/reports/new/").choose(preset="this_year").press("Make the report")
    auditor.page.reload()
    link = auditor.page.locator("main a[href$='report.pdf']").first
    link.wait_for(timeout=120_000)
    auditor.picture("report-done")
    content = auditor.page.request.get(link.get_attribute("href")).body()
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    for words in ("Walker 1B", "Targeted phishing text", "Filter the output", "Test filters with imitated voices."):
        assert words in " ".join(text.split()), words
