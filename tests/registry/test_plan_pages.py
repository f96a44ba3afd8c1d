"""Pages and API of plans, lineage, licences and capabilities: who sees what, and how much each asks."""

import pytest
from django.test import Client
from django.urls import reverse

from governance.services import enter_phase
from registry import services
from registry.models import EntryCriterion, Phase, ReleaseParent
from tests.factories.access import PhaseTierFactory, TierFactory
from tests.factories.governance import DecisionFactory
from tests.factories.registry import (
    CapabilityStatusFactory,
    EntryCriterionFactory,
    ModelCardFactory,
    PhaseFactory,
    ReleaseFactory,
    ReleaseParentFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_user():
    def client(user=None):
        browser = Client()
        if user is not None:
            browser.force_login(user)
        return browser

    return client


@pytest.fixture
def draft(family, release_manager):
    release = ReleaseFactory(family=family, version="2.0", created_by=release_manager)
    ModelCardFactory(release=release, created_by=release_manager)
    return release


def page_of(release):
    return release.get_absolute_url()


def fill(release, rows, who):
    for number in range(rows):
        phase = PhaseFactory(release=release, number=number + 2, is_announced=True, decider=who)
        PhaseTierFactory(phase=phase, tier=TierFactory(family=release.family), created_by=who)
        EntryCriterionFactory(phase=phase)
        EntryCriterionFactory(phase=phase, met=True)
        CapabilityStatusFactory(release=release, noted_by=who)
        ReleaseParentFactory(release=release, parent=ReleaseFactory(family=release.family, published=True))
        ReleaseParentFactory(parent=release, release=ReleaseFactory(family=release.family, published=True))


def test_the_public_page_shows_what_is_on_record(release, release_manager, reviewer, as_user):
    fill(release, 1, reviewer)
    services.edit_release(release, actor=release_manager, intended_users="People who **study** refusals.")
    phase = services.plan_phase(release, actor=release_manager, kind="end_of_support", number=1, decider=reviewer)
    enter_phase(phase, actor=reviewer)
    text = as_user().get(page_of(release)).content.decode()
    for words in (
        "<strong>study</strong>",
        "Support for release 1.0 has ended",
        "Release plan",
        "Evaluated",
        "Measured in tests.",
        "Fine-tuned from",
        "Made from it",
        "Use, change and pass on, with notices kept.",
    ):
        assert words in text
    # Who decides, what is noted and what has to hold is not for everybody.
    for hidden in ("Reviewer", "Criterion"):
        assert hidden not in text


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_ask_the_same_for_one_row_as_for_many(
    rows, release, draft, release_manager, researcher, as_user, django_assert_max_num_queries
):
    fill(release, rows, release_manager)
    fill(draft, rows, release_manager)
    browser = as_user(release_manager)
    for address, queries in (
        (page_of(release), 8),
        (reverse("registry:release_plan", args=[release.pk]), 8),
        (reverse("registry:release_plan", args=[draft.pk]), 8),
        (reverse("registry:phase", args=[draft.phases.first().pk]), 8),
        (reverse("registry:release_lineage", args=[release.pk]), 8),
        (reverse("registry:capability_create", args=[release.pk]), 8),
        (reverse("governance:phase_entry", args=[release.phases.first().pk]), 8),
        (reverse("access:phase_tiers", args=[draft.phases.first().pk]), 8),
    ):
        browser.get(address)
        with django_assert_max_num_queries(queries):
            assert browser.get(address).status_code == 200, address
    for address, queries in (
        (page_of(release), 2),
        (reverse("registry:release_capabilities", args=["harbour-lab", "pilot-7b", "1.0"]), 2),
        (reverse("registry:release_licence", args=["harbour-lab", "pilot-7b", "1.0"]), 1),
        (f"{reverse('api:phase-list')}?release={release.pk}", 2),
        (reverse("api:release-plan", args=[release.pk]), 3),
        (reverse("api:release-lineage", args=[release.pk]), 1),
        (f"{reverse('api:capability-status-list')}?latest=true&release={release.pk}", 1),
    ):
        with django_assert_max_num_queries(queries):
            assert as_user().get(address).status_code == 200, address
    with django_assert_max_num_queries(4):
        assert browser.get(reverse("api:criterion-list")).status_code == 200


def test_a_plan_is_made_and_followed_on_pages(draft, release_manager, reviewer, as_user):
    manager, decider = as_user(release_manager), as_user(reviewer)
    tier = TierFactory(family=draft.family, name="Researcher")
    from tests.factories.registry import ArtifactFactory

    ArtifactFactory(release=draft, created_by=release_manager)
    answer = manager.post(
        reverse("registry:phase_create", args=[draft.pk]),
        {"kind": "gated", "planned_on": "2030-01-01", "decider": reviewer.pk, "is_announced": "on"},
    )
    assert answer.status_code == 302
    phase = draft.phases.get()
    assert manager.post(reverse("access:phase_tiers", args=[phase.pk]), {"tiers": [tier.pk]}).status_code == 302
    manager.post(
        reverse("registry:criterion_create", args=[phase.pk]), {"text": "Red team is over", "is_required": "on"}
    )
    criterion = phase.criteria.get()
    entry = reverse("governance:phase_entry", args=[phase.pk])
    refused = decider.post(entry)
    assert (refused.status_code, "Not met yet: Red team is over" in refused.content.decode()) == (409, True)
    confirm = reverse("registry:criterion_confirmation", args=[criterion.pk])
    assert "what shows that it holds" in decider.post(confirm, {}).content.decode()
    assert decider.post(confirm, {"evidence": "Report of 4 May", "row_version": 1}).status_code == 302
    shown = decider.get(entry).content.decode()
    assert "The release is published with it" in shown
    assert "Researcher" in shown
    assert decider.post(entry, follow=True).status_code == 200
    draft.refresh_from_db()
    assert (draft.stage, Phase.objects.get().entered_by) == ("published", reviewer)
    plan = as_user(release_manager).get(reverse("registry:release_plan", args=[draft.pk])).content.decode()
    assert "Close some" in plan
    assert "It is met" not in plan


def test_the_decision_behind_a_phase_is_linked_for_those_who_may_read_it(draft, release_manager, auditor, as_user):
    decision = DecisionFactory(family=draft.family, number=12, title="Hospitals first")
    phase = PhaseFactory(release=draft, decision="D-12")
    text = as_user(auditor).get(reverse("registry:phase", args=[phase.pk])).content.decode()
    assert f'<a href="{decision.get_absolute_url()}">D-12' in text
    Phase.objects.filter(pk=phase.pk).update(decision="D-99")
    assert "D-99" in as_user(auditor).get(reverse("registry:phase", args=[phase.pk])).content.decode()


def test_a_stale_form_shows_what_is_stored(draft, release_manager, colleague, as_user):
    phase = PhaseFactory(release=draft)
    services.edit_phase(phase, actor=colleague, title="Hospitals first")
    data = {"kind": "gated", "number": 1, "title": "Everybody", "row_version": 1}
    answer = as_user(release_manager).post(reverse("registry:phase", args=[phase.pk]), data)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Hospitals first" in text
    assert "Everybody" in text


def test_the_page_of_withdrawing_by_plan_asks_for_the_reason(release, release_manager, as_user):
    phase = PhaseFactory(release=release, kind="withdrawn", decider=release_manager)
    browser, entry = as_user(release_manager), reverse("governance:phase_entry", args=[phase.pk])
    assert browser.post(entry, {"reason": ""}).status_code == 422
    assert browser.post(entry, {"reason": "A newer one is out."}).status_code == 302
    release.refresh_from_db()
    assert release.withdrawal_reason == "A newer one is out."


def test_lineage_is_kept_on_its_page(draft, release, release_manager, as_user):
    browser, address = as_user(release_manager), reverse("registry:release_lineage", args=[draft.pk])
    wrong = browser.post(address, {"relation": "merge", "parent": "harbour-lab/nothing 1.0"})
    assert (wrong.status_code, "There is no such release here" in wrong.content.decode()) == (422, True)
    assert browser.post(address, {"relation": "merge", "parent": "harbour-lab/pilot-7b@1.0"}).status_code == 302
    edge = ReleaseParent.objects.get()
    assert (edge.parent, edge.relation) == (release, "merge")
    circle = browser.post(
        reverse("registry:release_lineage", args=[release.pk]),
        {"relation": "merge", "parent": "harbour-lab/pilot-7b 2.0"},
    )
    assert "was itself made from" in circle.content.decode()
    assert browser.post(reverse("registry:parent_removal", args=[edge.pk])).status_code == 302
    assert not ReleaseParent.objects.exists()


def test_a_licence_is_corrected_where_it_is_typed(draft, release_manager, as_user):
    browser, address = as_user(release_manager), reverse("registry:release_edit", args=[draft.pk])
    typed = {"version": "2.0", "licence": "Apache2.0", "row_version": draft.row_version}
    answer = browser.post(address, typed)
    assert answer.status_code == 422
    assert "Did you mean Apache-2.0" in answer.context["form"].errors["licence"][0]
    assert browser.post(address, {**typed, "licence": "openrail++"}).status_code == 302
    draft.refresh_from_db()
    page = as_user(release_manager).get(page_of(draft)).content.decode()
    assert "CreativeML Open RAIL++-M" in page
    assert "Use, change and pass on" not in page


def test_the_page_of_a_licence_of_ones_own_has_its_text(family, release_manager, as_user):
    release = services.create_release(
        family,
        actor=release_manager,
        version="3.0",
        licence="MIT OR LicenseRef-Harbour-1",
        licence_name="Harbour licence",
        licence_text="Be <kind>.\nAsk first.",
    )
    text = as_user(release_manager).get(f"{page_of(release)}licence/").content.decode()
    for words in ("MIT License", "Harbour licence", "Be &lt;kind&gt;.", "A licence of the publisher’s own."):
        assert words in text


def test_the_api_hides_from_outsiders_what_the_page_hides(release, release_manager, reviewer, stranger, as_user):
    phase = PhaseFactory(release=release, kind="gated", is_announced=True, decider=reviewer, note="Not for all")
    EntryCriterionFactory(phase=phase)
    PhaseFactory(release=release, kind="internal")
    for browser, inside in ((as_user(), False), (as_user(stranger), False), (as_user(release_manager), True)):
        body = browser.get(reverse("api:release-plan", args=[release.pk])).json()
        assert len(body["phases"]) == (2 if inside else 1)
        row = next(each for each in body["phases"] if each["kind"] == "gated")
        assert (row["decider_name"], row["note"]) == (("Reviewer", "Not for all") if inside else (None, None))
        assert bool(row["criteria"]) == inside
        criteria = browser.get(reverse("api:criterion-list")).json()["results"]
        assert bool(criteria) == inside


def test_a_plan_is_made_and_entered_over_the_api(release, release_manager, reviewer, auditor, as_user):
    browser = as_user(release_manager)
    post = lambda name, body, *args, **headers: browser.post(  # noqa: E731
        reverse(f"api:{name}", args=args), body, "application/json", headers=headers
    )
    unknown = post("phase-list", {"release": release.pk, "kind": "gated", "decider": auditor.pk})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "decider")
    body = {"release": release.pk, "kind": "gated", "decider": reviewer.pk}
    made = post("phase-list", body, **{"Idempotency-Key": "plan-0001"})
    again = post("phase-list", body, **{"Idempotency-Key": "plan-0001"})
    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
    number = made.json()["id"]
    detail = reverse("api:phase-detail", args=[number])
    assert browser.patch(detail, {"title": "x"}, "application/json").status_code == 428
    stale = browser.patch(detail, {"title": "x"}, "application/json", headers={"If-Match": '"v9"'})
    assert stale.status_code == 412
    criterion = post("criterion-list", {"phase": number, "text": "Legal has read it"}).json()
    assert (criterion["is_required"], criterion["met_at"]) == (True, None)
    refused = post("phase-entry", {}, number)
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (409, "Not met yet: Legal has read it")
    assert post("criterion-confirmation", {}, criterion["id"]).status_code == 409
    met = post("criterion-confirmation", {"evidence_url": "https://example.org/legal"}, criterion["id"])
    assert met.json()["met_by_name"] == "Release manager"
    assert post("phase-entry", {}, number, **{"If-Match": '"v7"'}).status_code == 412
    entered = post("phase-entry", {}, number, **{"If-Match": '"v1"'})
    assert (entered.status_code, entered.json()["stage"]) == (200, "entered")
    assert browser.get(reverse("api:release-plan", args=[release.pk])).json()["present"] == number
    assert EntryCriterion.objects.get().is_met


def test_lineage_and_capabilities_over_the_api(release, draft, release_manager, as_user):
    browser, address = as_user(release_manager), reverse("api:release-lineage", args=[draft.pk])
    made = browser.post(address, {"parent": release.pk, "relation": "adapter"}, "application/json")
    assert made.status_code == 201
    ReleaseParentFactory(release=release, parent_name="elsewhere/base")
    rows = browser.get(address).json()["parents"]
    assert [(row["name"], row["depth"], row["relation"]) for row in rows] == [
        ("Pilot 7B 1.0", 1, "adapter"),
        ("elsewhere/base", 2, "finetune"),
    ]
    assert rows[1]["above"] == rows[0]["edge"]
    circle = browser.post(
        reverse("api:release-lineage", args=[release.pk]), {"parent": draft.pk, "relation": "merge"}, "application/json"
    )
    assert (circle.status_code, circle.json()["errors"][0]["field"]) == (409, "parent")
    # The draft is not told of to outsiders.
    assert as_user().get(reverse("api:release-lineage", args=[release.pk])).json()["derivatives"] == []
    statuses = reverse("api:capability-status-list")
    for status in ("experimental", "evaluated"):
        row = {"release": release.pk, "capability": "Code", "status": status, "evidence": "Seen."}
        assert browser.post(statuses, row, "application/json").status_code == 201
    newest = as_user().get(statuses, {"release": release.pk, "latest": "true", "capability": "code"}).json()["results"]
    assert [(row["status"], row["noted_by_name"]) for row in newest] == [("evaluated", None)]
    assert len(as_user().get(statuses, {"release": release.pk}).json()["results"]) == 2


def test_the_api_says_what_a_licence_names(release, as_user):
    body = as_user().get(reverse("api:release-licence", args=[release.pk])).json()
    assert (body["licence"], body["is_expression"]) == ("Apache-2.0", True)
    assert [(part["name"], part["kind"]) for part in body["parts"]] == [("Apache License 2.0", "Permissive")]
