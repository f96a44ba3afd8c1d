"""Scales, second opinions, treatment and acceptance: their pages and their API."""

import csv
import datetime as dt
import io

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from registry import services
from registry.models import AssessmentProposal, Publisher, Risk, RiskAcceptance, RiskScale
from tests.factories.registry import RiskFactory

NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
JUDGEMENT = {"kind": "residual", "likelihood": 4, "severity": 5, "rationale": "Measured again."}


@pytest.fixture
def risk(family, risk_owner):
    """High: 3 × 4."""
    return RiskFactory(family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=3)


@pytest.fixture
def draft(publisher, release_manager):
    return services.draft_scale(publisher, actor=release_manager, note="Three steps.")


def as_(person):
    client = Client()
    client.force_login(person)
    return client


def text(response):
    return response.content.decode()


def form_of(response):
    """What a browser would send back of the form of a page as it stands."""
    form = response.context["form"]
    return {name: form[name].value() for name in form.fields if form[name].value() not in {None, False}}


def test_who_may_not_accept_is_told_why(risk, risk_owner, reviewer, family):
    url = reverse("registry:acceptance_create", args=[risk.pk])
    for person, words in (
        (risk_owner, "Whoever answers for a risk, or did in the last 30 days, does not accept it"),
        (reviewer, "Risks of the level “High” are accepted by this role: Release manager."),
    ):
        answer = as_(person).get(url)
        assert (answer.status_code, words in text(answer)) == (403, True)
    unjudged = RiskFactory(family=family, number=2)
    answer = as_(reviewer).get(reverse("registry:acceptance_create", args=[unjudged.pk]))
    assert (answer.status_code, "no level yet" in text(answer)) == (403, True)


class TestTwoPeopleAtOnce:
    def test_the_page_tells_the_second_and_keeps_what_they_typed(self, risk, release_manager, risk_owner):
        url = reverse("registry:assessment_create", args=[risk.pk])
        first, second = as_(release_manager), as_(risk_owner)
        pages = [form_of(client.get(url)) for client in (first, second)]
        assert pages[0]["row_version"] == pages[1]["row_version"]
        assert first.post(url, pages[0] | JUDGEMENT).status_code == 302
        typed = {**JUDGEMENT, "severity": 4, "rationale": "My own view of it."}
        refused = second.post(url, pages[1] | typed)
        assert refused.status_code == 422
        assert "Release manager changed this while you were editing" in text(refused)
        assert "My own view of it." in text(refused)
        # What is stored now stands beside it, and sending the form once more replaces it knowingly.
        assert "Critical 20 (Likely, Severe)" in text(refused)
        again = {name: refused.context["form"][name].value() for name in pages[1]} | typed
        assert again["row_version"] != pages[1]["row_version"]
        again["severity"] = 5
        assert second.post(url, again).status_code == 302
        assert list(risk.assessments.values_list("assessed_by", flat=True)) == [risk_owner.pk, release_manager.pk]

    def test_the_api_tells_the_second(self, risk, release_manager, risk_owner):
        url = f"/api/v1/risks/{risk.pk}/assessments/"
        tag = as_(release_manager).get(f"/api/v1/risks/{risk.pk}/").headers["ETag"]
        answers = [
            as_(person).post(url, JUDGEMENT, content_type="application/json", headers={"If-Match": tag})
            for person in (release_manager, risk_owner)
        ]
        assert [answer.status_code for answer in answers] == [201, 412]
        assert "changed this while you were editing" in answers[1].json()["detail"]
        assert risk.assessments.count() == 1

    def test_a_form_of_the_old_scale_is_shown_the_new_words(self, risk, draft, release_manager):
        client, url = as_(release_manager), reverse("registry:assessment_create", args=[risk.pk])
        page = form_of(client.get(url))
        words = {"likelihoods": ["Seldom", "Often"], "severities": ["Small", "Big"]}
        services.edit_scale(draft, actor=release_manager, **words)
        services.activate_scale(draft, actor=release_manager, reason="Simpler.")
        refused = client.post(url, page | {**JUDGEMENT, "likelihood": 2, "severity": 2})
        assert refused.status_code == 422
        assert "2 Often" in text(refused)
        again = {name: refused.context["form"][name].value() for name in (*page, *JUDGEMENT)}
        assert client.post(url, again).status_code == 302
        risk.refresh_from_db()
        assert (risk.scale_id, risk.residual_likelihood) == (draft.pk, 2)


class TestAssessing:
    def test_the_message_says_what_it_came_to(self, risk, release_manager):
        url = reverse("registry:assessment_create", args=[risk.pk])
        done = as_(release_manager).post(url, JUDGEMENT, follow=True)
        assert "After mitigation: Critical 20 is on record. Until now High 12 counted." in text(done)

    def test_a_target_with_confidence_and_evidence(self, risk, risk_owner):
        body = {
            "kind": "target",
            "likelihood": 1,
            "severity": 2,
            "rationale": "With the filter.",
            "confidence": "low",
            "evidence": "D-3",
        }
        answer = as_(risk_owner).post(f"/api/v1/risks/{risk.pk}/assessments/", body, content_type="application/json")
        assert (answer.status_code, answer.json()["band"], answer.json()["evidence"]) == (201, "low", "D-3")
        shown = as_(risk_owner).get(f"/api/v1/risks/{risk.pk}/").json()
        assert (shown["target"]["score"], shown["confidence"]) == (2, "low")

    def test_the_page_shows_words_and_table_of_the_scale(self, risk, release_manager):
        page = text(as_(release_manager).get(reverse("registry:assessment_create", args=[risk.pk])))
        assert "4 Likely" in page
        assert "High 12 (Possible, Major)" in page
        assert 'class="matrix"' in page


class TestSecondOpinions:
    def propose(self, risk, person):
        lower = {**JUDGEMENT, "likelihood": 1, "severity": 1}
        return as_(person).post(f"/api/v1/risks/{risk.pk}/assessments/", lower, content_type="application/json")

    def test_the_api_answers_with_a_proposal(self, risk, risk_owner, release_manager):
        answer = self.propose(risk, risk_owner)
        assert (answer.status_code, answer.json()["stage"], answer.json()["band"]) == (202, "proposed", "low")
        url = f"/api/v1/assessment-proposals/{answer.json()['id']}"
        assert as_(risk_owner).post(f"{url}/confirmation/").status_code == 403
        confirmed = as_(release_manager).post(f"{url}/confirmation/")
        assert (confirmed.status_code, confirmed.json()["confirmed_by"]) == (201, release_manager.pk)
        assert as_(release_manager).post(f"{url}/confirmation/").status_code == 409

    def test_it_waits_in_the_workspace_and_on_the_risk(self, risk, risk_owner, release_manager):
        url = reverse("registry:assessment_create", args=[risk.pk])
        lower = {**JUDGEMENT, "likelihood": 1, "severity": 1}
        said = as_(risk_owner).post(url, lower, follow=True)
        assert "Low 1 is proposed. It counts once somebody else has confirmed it." in text(said)
        assert "A lower score waits for a second person" in text(said)
        proposal = AssessmentProposal.objects.get()
        manager = as_(release_manager)
        page = text(manager.get(reverse("registry:judging")))
        assert reverse("registry:proposal", args=[proposal.pk]) in page
        assert reverse("registry:judging") in text(manager.get("/workspace/"))
        detail = text(manager.get(proposal.get_absolute_url()))
        assert reverse("registry:proposal_confirmation", args=[proposal.pk]) in detail
        assert reverse("registry:proposal_withdrawal", args=[proposal.pk]) not in detail
        refused = manager.post(reverse("registry:proposal_refusal", args=[proposal.pk]), {"reason": ""})
        assert refused.status_code == 422
        manager.post(reverse("registry:proposal_refusal", args=[proposal.pk]), {"reason": "Too small a set."})
        assert "Too small a set." in text(as_(risk_owner).get(proposal.get_absolute_url()))


class TestAcceptances:
    def test_the_way_through_the_pages(self, risk, risk_owner, release_manager):
        owner, manager = as_(risk_owner), as_(release_manager)
        owner.post(reverse("registry:risk_treatment", args=[risk.pk]), {"treatment": "accept", "reason": "We bear it."})
        page = text(owner.get(risk.get_absolute_url()))
        assert "Waits to be accepted by a release manager who does not answer for it." in page
        assert reverse("registry:acceptance_create", args=[risk.pk]) not in page
        assert risk.title in text(manager.get(reverse("registry:judging")))
        ends_on = timezone.now().date() + dt.timedelta(days=30)
        url = reverse("registry:acceptance_create", args=[risk.pk])
        late = manager.post(url, {"ends_on": ends_on + dt.timedelta(days=200), "reason": "Why."})
        assert late.status_code == 422
        assert "180 days at most" in text(late)
        assert manager.post(url, {"ends_on": ends_on, "reason": "Research needs it."}).status_code == 302
        page = text(owner.get(risk.get_absolute_url()))
        assert "In force" in page
        assert "Research needs it." in page
        revocation = reverse("registry:acceptance_revocation", args=[RiskAcceptance.objects.get().pk])
        assert owner.post(revocation, {"reason": "The filter is gone."}).status_code == 302
        assert "Revoked: The filter is gone." in text(owner.get(risk.get_absolute_url()))

    def test_the_day_after_it_is_open_again_on_page_and_api(self, risk, risk_owner, release_manager):
        """No worker runs here: the answers follow the clock alone."""
        url = f"/api/v1/risks/{risk.pk}"
        with time_machine.travel(NOW, tick=False):
            body = {"ends_on": "2026-03-12", "reason": "Research needs it."}
            made = as_(release_manager).post(f"{url}/acceptances/", body, content_type="application/json")
            assert (made.status_code, made.json()["state"]) == (201, "in_force")
            seen = as_(risk_owner).get(f"{url}/").json()["acceptance"]
            assert (seen["state"], seen["ends_on"]) == ("in_force", "2026-03-12")
        with time_machine.travel(NOW + dt.timedelta(days=11), tick=False):
            owner = as_(risk_owner)
            assert owner.get(f"{url}/").json()["acceptance"]["state"] == "lapsed"
            assert "Open again: acceptance lapsed on 12 Mar 2026" in text(owner.get(risk.get_absolute_url()))
            assert risk.title in text(owner.get("/workspace/"))
            assert "Acceptance ended" in text(owner.get(reverse("registry:risks")))

    def test_outsiders_see_it_only_where_the_publisher_shows_it(self, risk, release, release_manager):
        services.accept_risk(risk, actor=release_manager, ends_on=timezone.now().date(), reason="Secret reason.")
        url = f"/api/v1/risks/{risk.pk}/"
        assert Client().get(url).json()["acceptance"] is None
        shown = [*release.family.publisher.public_risk_fields, "acceptance"]
        Publisher.objects.filter(pk=release.family.publisher_id).update(public_risk_fields=shown)
        answer = Client().get(url)
        assert answer.json()["acceptance"]["state"] == "in_force"
        assert "Secret" not in text(answer)
        assert Client().get(f"/api/v1/risks/{risk.pk}/acceptances/").status_code == 401


class TestScales:
    def test_drafting_by_pages(self, publisher, risk, release_manager):
        client = as_(release_manager)
        made = client.post(reverse("registry:scale_create", args=[publisher.slug]), {"note": "Three steps."})
        draft = RiskScale.objects.get(stage="draft")
        assert made.url == draft.get_absolute_url()
        words = {"likelihoods": "Seldom\nNow and then\n\nOften", "severities": "Small\nBig\nHuge", "note": "Three."}
        sent = client.post(reverse("registry:scale_words", args=[draft.pk]), words)
        assert sent.url == reverse("registry:scale_bands", args=[draft.pk])
        page = client.get(sent.url)
        assert page.content.count(b'name="cell_') == 9
        # Five old steps of each factor, to say where they go.
        assert page.content.count(b'name="likelihood_map_') == 5
        given = form_of(page) | {"cell_0_0": "low", "severity_map_3": 2, "low_review_days": 99}
        moved = client.post(sent.url, given)
        assert moved.url == reverse("registry:scale_moves", args=[draft.pk])
        draft.refresh_from_db()
        assert (draft.severity_map, draft.rules.get(band="low").review_days) == ([1, 2, 2, 2, 3], 99)
        foretold = text(client.get(moved.url))
        assert "Nothing is moved yet" in foretold
        activation = reverse("registry:scale_activation", args=[draft.pk])
        assert client.post(activation, {"reason": ""}).status_code == 422
        done = client.post(activation, {"reason": "Easier to use."}, follow=True)
        assert "Version 2 is in force." in text(done)
        assert risk.title in text(done)
        assert "What it moved" in text(done)

    def test_words_that_make_no_sense_stay_on_the_page(self, draft, release_manager):
        url = reverse("registry:scale_words", args=[draft.pk])
        body = {"likelihoods": "Only one", "severities": "Small\nBig", "note": "Why."}
        answer = as_(release_manager).post(url, body)
        assert answer.status_code == 422
        assert "Give 2 to 7 words" in text(answer)
        assert "Only one" in text(answer)

    def test_whoever_changes_a_draft_second_is_told(self, draft, release_manager):
        url = reverse("registry:scale_words", args=[draft.pk])
        client = as_(release_manager)
        page = form_of(client.get(url))
        services.edit_scale(draft, actor=release_manager, note="Somebody else’s note.")
        answer = client.post(url, page | {"note": "Mine."})
        assert answer.status_code == 422
        assert "Somebody else’s note." in text(answer)

    def test_the_dry_run_as_a_table(self, draft, risk, release_manager, auditor):
        Risk.objects.filter(pk=risk.pk).update(title="=cmd()")
        words = {"likelihoods": ["Seldom", "Often"], "severities": ["Small", "Big"]}
        services.edit_scale(draft, actor=release_manager, **words)
        url = reverse("registry:scale_moves_csv", args=[draft.pk])
        before = _table(as_(auditor).get(url))
        assert [(row["kind"], row["band_before"], row["band_after"], row["moves"]) for row in before] == [
            ("inherent", "critical", "critical", "no"),
            ("residual", "high", "critical", "yes"),
        ]
        assert before[0]["title"] == "'=cmd()"
        services.activate_scale(draft, actor=release_manager, reason="Simpler.")
        after = _table(as_(auditor).get(url))
        assert {(row["kind"], row["band_after"]) for row in after} == {
            (row["kind"], row["band_after"]) for row in before
        }

    def test_the_api_drafts_tries_and_puts_in_force(self, publisher, risk, release_manager):
        client = as_(release_manager)
        made = client.post(
            "/api/v1/risk-scales/", {"publisher": publisher.pk, "note": "Two."}, content_type="application/json"
        )
        assert (made.status_code, made.json()["number"], len(made.json()["rules"])) == (201, 2, 4)
        url = f"/api/v1/risk-scales/{made.json()['id']}"
        body = {
            "likelihoods": ["Seldom", "Often"],
            "severities": ["Small", "Big"],
            "grid": [["low", "moderate"], ["moderate", "critical"]],
            "rules": [{"band": "low", "review_days": 50, "acceptance_days": 0, "accepted_by": "auditor"}],
        }
        assert client.patch(f"{url}/", body, content_type="application/json").status_code == 428
        tag = {"If-Match": made.headers["ETag"]}
        edited = client.patch(f"{url}/", body, content_type="application/json", headers=tag)
        assert edited.status_code == 200, edited.json()
        assert edited.json()["likelihood_map"] == [1, 1, 2, 2, 2]
        assert next(r for r in edited.json()["rules"] if r["band"] == "low")["review_days"] == 50
        moves = client.get(f"{url}/moves/").json()["results"]
        assert [(row["reference"], row["residual"], row["new_residual"]) for row in moves] == [
            ("R-1", "high", "critical")
        ]
        told = client.get(f"{url}/summary/").json()
        assert told["counts"] == [{"before": "high", "after": "critical", "count": 1}]
        stale = client.post(f"{url}/activation/", {"reason": "Go."}, content_type="application/json", headers=tag)
        assert stale.status_code == 412
        tag = {"If-Match": edited.headers["ETag"]}
        active = client.post(f"{url}/activation/", {"reason": "Go."}, content_type="application/json", headers=tag)
        assert (active.status_code, active.json()["stage"]) == (200, "active")
        wrong = client.patch(f"{url}/", {"note": "x"}, content_type="application/json", headers={"If-Match": "*"})
        assert wrong.status_code == 409

    def test_nonsense_by_api_is_named_at_its_field(self, draft, release_manager):
        url = f"/api/v1/risk-scales/{draft.pk}/"
        answer = as_(release_manager).patch(
            url, {"likelihoods": ["One"]}, content_type="application/json", headers={"If-Match": "*"}
        )
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "likelihoods")

    def test_everybody_reads_how_a_publisher_judges(self, family, release, publisher):
        page = text(Client().get(reverse("registry:family_scale", args=[publisher.slug, family.slug])))
        assert "Almost certain" in page
        assert "needs a second person where the owner lowers it" in page
        listed = Client().get(f"/api/v1/risk-scales/?publisher={publisher.pk}").json()["results"]
        assert [row["stage"] for row in listed] == ["active"]


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_ask_the_same_for_one_and_for_three(
    rows, family, draft, risk_owner, release_manager, django_assert_max_num_queries
):
    for number in range(1, rows + 1):
        held = RiskFactory(family=family, number=number, opened=True, owner=risk_owner, residual_likelihood=3)
        services.assess_risk(held, actor=risk_owner, kind="residual", likelihood=1, severity=1, rationale="Less.")
    words = {"likelihoods": ["Seldom", "Often"], "severities": ["Small", "Big"]}
    services.edit_scale(draft, actor=release_manager, **words)
    client, proposal = as_(release_manager), AssessmentProposal.objects.first()
    client.get("/workspace/")
    for url in (
        reverse("registry:scales"),
        reverse("registry:scale", args=[draft.pk]),
        reverse("registry:scale_moves", args=[draft.pk]),
        reverse("registry:scale_bands", args=[draft.pk]),
        reverse("registry:judging"),
        proposal.get_absolute_url(),
        proposal.risk.get_absolute_url(),
        reverse("registry:assessment_create", args=[proposal.risk_id]),
        "/api/v1/risk-scales/",
        "/api/v1/assessment-proposals/",
        "/api/v1/risk-acceptances/",
        f"/api/v1/risk-scales/{draft.pk}/moves/",
    ):
        with django_assert_max_num_queries(8, info=url):
            assert client.get(url).status_code == 200


def test_writing_asks_little(risk, risk_owner, release_manager):
    """Statements to the database of one call, with session and roles. SAVEPOINT and RELEASE SAVEPOINT, which only mark
    the transaction, are not counted. A confirmation writes two things: the decision and the judgement."""
    day, url = timezone.now().date().isoformat(), f"/api/v1/risks/{risk.pk}"
    lower = JUDGEMENT | {"likelihood": 1, "severity": 1}
    as_(release_manager).get("/workspace/")
    for person, address, body, queries_asked in (
        (release_manager, f"{url}/assessments/", JUDGEMENT, 13),
        (risk_owner, f"{url}/assessments/", lower, 11),
        (release_manager, "/api/v1/assessment-proposals/{}/confirmation/", {}, 15),
        (release_manager, f"{url}/acceptances/", {"ends_on": day, "reason": "Why."}, 13),
        # Another acceptance in its place, which gives up the one before.
        (release_manager, f"{url}/acceptances/", {"ends_on": day, "reason": "Why again."}, 13),
        (release_manager, f"{url}/treatment/", {"treatment": "avoid", "reason": "Why."}, 15),
    ):
        client = as_(person)
        proposal = AssessmentProposal.objects.values_list("pk", flat=True).first()
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(address.format(proposal), body, content_type="application/json")
        assert answer.status_code in {200, 201, 202}, answer.json()
        asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        assert len(asked) == queries_asked, (address, len(asked), [sql[:90] for sql in asked])


def _table(response):
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
