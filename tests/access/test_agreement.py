"""Page, API and gate never disagree: tried over many states and moments."""

import itertools
import random
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import services
from access.evaluator import evaluate, explain, opens
from access.models import Grant
from governance.services import withdraw_release
from tests.access.conftest import WEIGHTS_PATH

pytestmark = pytest.mark.django_db
GATE = f"/hf/harbour-lab/pilot-7b/resolve/main/{WEIGHTS_PATH}"

SITUATIONS = list(
    itertools.product(
        ["nothing", "submitted", "declined", "granted", "suspended", "revoked", "resumed"],
        ["old terms", "new terms", "new terms later", "new terms accepted", "small change"],
        ["published", "withdrawn"],
    )
)


def bring_about(situation, ask, tier, release, researcher, release_manager):
    grant, terms, stage = situation
    if grant != "nothing":
        request = ask()
        if grant != "submitted":
            services.decide_request(request, actor=release_manager, approve=grant != "declined", reason="Because")
    given = Grant.objects.first()
    if grant in {"suspended", "resumed"}:
        services.suspend_grant(given, actor=release_manager, reason="Because")
    if grant == "resumed":
        services.resume_grant(given, actor=release_manager, reason="Because")
    if grant == "revoked":
        services.revoke_grant(given, actor=release_manager, reason="Because")
    if terms != "old terms":
        later = timezone.now() + timedelta(days=100) if terms == "new terms later" else None
        new = services.publish_terms(
            tier,
            actor=release_manager,
            text="New.",
            change_note="Changed.",
            is_material=terms != "small change",
            enforced_from=later,
        )
        if terms == "new terms accepted":
            services.accept_terms(new, actor=researcher, typed_name="R")
    if stage == "withdrawn":
        withdraw_release(release, actor=release_manager, reason="Because")
        release.refresh_from_db()


def expected(situation, days):
    grant, terms, stage = situation
    in_time = days < 365
    accepted = terms in {"old terms", "small change", "new terms accepted"} or (
        terms == "new terms later" and days < 100
    )
    return grant in {"granted", "resumed"} and in_time and accepted and stage == "published"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda parts: ", ".join(parts))
def test_every_surface_gives_the_same_answer(
    situation, ask, tier, release, researcher, release_manager, token, time_machine, as_user
):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    bring_about(situation, ask, tier, release, researcher, release_manager)
    from accounts.services import create_token

    days = random.Random(str(situation)).sample(range(1, 364), 2)
    for day in (0, *sorted(days), 364, 365, 400):
        moment = start + timedelta(days=day, seconds=1)
        # Asked in advance and asked when the moment has come: the same.
        foreseen = evaluate(researcher, release, moment).allowed
        time_machine.move_to(moment, tick=False)
        secret = create_token(researcher, actor=researcher, name="T", scopes=["download"], days=1)[1]
        browser = as_user(researcher)
        gate = Client().head(GATE, headers={"Authorization": f"Bearer {secret}"})
        answers = {
            "foreseen": foreseen,
            "evaluator": evaluate(researcher, release).allowed,
            "gate": gate.status_code == 200,
            "auth-check": Client()
            .get("/hf/api/models/harbour-lab/pilot-7b/auth-check", headers={"Authorization": f"Bearer {secret}"})
            .status_code
            == 200,
            "api": browser.get(reverse("api:access-check"), {"release": release.pk}).json()["allowed"],
        }
        if (grant := Grant.objects.first()) is not None:
            page = browser.get(reverse("access:request", args=[grant.request_id])).content.decode()
            answers["page"] = "The gate is open to you" in page
            answers["list"] = "How to download" in browser.get(reverse("access:mine")).content.decode()
            answers["grant"] = browser.get(reverse("api:grant-detail", args=[grant.pk])).json()["opens"]
        assert set(answers.values()) == {expected(situation, day)}, (day, answers)
        if not expected(situation, day) and situation[2] == "published":
            for part in explain(researcher, release)["requirements"]:
                assert part["met"] or part["text"]


def test_a_closed_account_closes_the_gate(grant, release, researcher):
    from access.evaluator import judgeable

    researcher.is_active = False
    researcher.save()
    assert not evaluate(researcher, release).allowed
    assert not opens(judgeable(Grant.objects.select_related("user", "release")).get())


def test_a_verdict_costs_one_query_when_open_and_three_at_most(
    ask, release, researcher, release_manager, django_assert_num_queries, django_assert_max_num_queries
):
    from registry.models import Release

    known = Release.objects.select_related("family__publisher").get(pk=release.pk)
    with django_assert_max_num_queries(3):
        evaluate(researcher, known)
    request = ask()
    with django_assert_max_num_queries(3):
        evaluate(researcher, known)
    services.decide_request(request, actor=release_manager, approve=True, reason="Yes")
    with django_assert_num_queries(1):
        assert evaluate(researcher, known).allowed
