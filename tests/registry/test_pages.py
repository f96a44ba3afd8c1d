"""The pages: what they show to whom, and that their cost does not grow with the register."""

import re

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common.models import AuditEvent
from registry import services
from registry.models import ModelFamily, Release, Risk
from tests.factories.registry import (
    MitigationFactory,
    ModelFamilyFactory,
    PublisherFactory,
    ReleaseFactory,
    RiskAssessmentFactory,
    RiskFactory,
)
from tests.registry.cards import CARD

# Session, account and roles are three of the eight; the sidebar's counts are one more.
BUDGET = 8


def cost(client, url, **query):
    ContentType.objects.get_for_models(ModelFamily, Release, Risk)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url, query)
    assert response.status_code == 200, response.status_code
    return len(queries)


def fill_risks(family, owner, count, start=1):
    """``count`` open risks with a mitigation and an assessment each, all over the matrix."""
    for number in range(start, start + count):
        risk = RiskFactory(
            family=family,
            number=number,
            opened=True,
            owner=owner,
            residual_likelihood=number % 5 + 1,
            residual_severity=number // 5 % 5 + 1,
        )
        MitigationFactory(family=family, owner=owner, risks=[risk])
        RiskAssessmentFactory(risk=risk, assessed_by=owner)
    return risk


def fill_models(count):
    publisher = PublisherFactory()
    return [
        ReleaseFactory(family=ModelFamilyFactory(publisher=publisher), published=True, card=CARD) for _ in range(count)
    ]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_model_page_costs_the_same_for_one_risk_and_for_three(client, family, release, risk_owner, rows):
    fill_risks(family, risk_owner, rows)
    with CaptureQueriesContext(connection) as queries:
        client.get(family.get_absolute_url())
    ours = [query["sql"] for query in queries if '"registry_release"."family_id"' in query["sql"]]
    assert len(ours) == 1


@pytest.mark.parametrize("rows", [25, 200])
def test_public_pages_stay_within_their_budget(client, family, release, risk_owner, researcher, rows):
    fill_risks(family, risk_owner, rows)
    fill_models(30)
    names = [family.publisher.slug, family.slug]
    urls = [
        reverse("registry:home"),
        reverse("registry:models"),
        family.get_absolute_url(),
        release.get_absolute_url(),
        reverse("registry:family_risks", args=names),
        reverse("registry:family_releases", args=names),
        reverse("registry:public_risk", args=[*names, 1]),
        reverse("registry:risk_feed", args=names),
        reverse("registry:risk_json_feed", args=names),
        reverse("registry:search") + "?q=risk",
    ]
    costs = {url: cost(client, url) for url in urls}
    client.force_login(researcher)
    costs |= {f"{url} signed in": cost(client, url) for url in urls}
    assert {url: number for url, number in costs.items() if number > BUDGET} == {}


@pytest.mark.parametrize("rows", [1, 3, 25, 200])
def test_the_register_costs_the_same_at_any_size(client, family, risk_owner, stranger, rows):
    fill_risks(family, risk_owner, rows)
    url = reverse("registry:risks")
    # Drawing a matrix asks for the scales of what it draws; who sees no risk has none to ask for.
    for person, drawn in ((risk_owner, 8), (stranger, 7)):
        client.force_login(person)
        assert cost(client, url) == 7
        assert cost(client, url, view="matrix") == drawn
        assert cost(client, url, view="heat") == drawn
        assert cost(client, url, view="trend") == 7
        assert cost(client, url, quick="overdue", treatment="mitigate", overdue="any", deputy="none") == 7
        assert cost(client, url, q="risk", band="high", owner="me", stage="open", family=family.pk) == 8


@pytest.mark.parametrize("rows", [1, 3, 25])
def test_lists_of_releases_cost_the_same_at_any_size(client, family, release_manager, stranger, rows):
    for _ in range(rows):
        ReleaseFactory(family=family)
    for person in (release_manager, stranger):
        client.force_login(person)
        assert cost(client, reverse("registry:releases")) == 5


@pytest.mark.parametrize("rows", [1, 3, 25, 200])
def test_the_api_costs_the_same_at_any_size(client, family, release, risk_owner, researcher, rows):
    fill_risks(family, risk_owner, rows)
    for name, queries in (("risk", 6), ("mitigation", 5), ("release", 4), ("family", 4), ("artifact", 4)):
        for person in (risk_owner, researcher):
            client.force_login(person)
            assert cost(client, reverse(f"api:{name}-list"), page_size=200) == queries, name


def test_one_object_stays_within_its_budget(client, family, release, risk_owner, release_manager):
    risk = fill_risks(family, risk_owner, 30)
    draft = ReleaseFactory(family=family, card=CARD, files={f"{n}.bin": b"1" for n in range(30)})
    for _ in range(10):
        services.edit_risk(risk, actor=risk_owner, title=f"Title {_}")
        services.edit_release(draft, actor=release_manager, licence=("MIT", "Apache-2.0")[_ % 2])
    urls = [
        risk.get_absolute_url(),
        reverse("registry:risk_history", args=[risk.pk]),
        reverse("registry:public_risk_fields", args=[family.publisher_id]),
        reverse("registry:risk_edit", args=[risk.pk]),
        reverse("registry:assessment_create", args=[risk.pk]),
        reverse("registry:mitigation_create", args=[risk.pk]),
        reverse("registry:mitigation", args=[risk.mitigations.get().pk]),
        reverse("registry:manage_release", args=[draft.pk]),
        reverse("registry:manage_family", args=[family.pk]),
    ]
    client.force_login(release_manager)
    costs = {url: cost(client, url) for url in urls}
    assert {url: number for url, number in costs.items() if number > BUDGET} == {}


def test_a_write_stays_within_its_budget(client, family, risk_owner):
    risk = fill_risks(family, risk_owner, 2)
    client.force_login(risk_owner)
    writes = {
        reverse("registry:risk_edit", args=[risk.pk]): {"title": "New", "harm": "Harm", "row_version": 1},
        reverse("registry:assessment_create", args=[risk.pk]): {
            "kind": "residual",
            "likelihood": 1,
            "severity": 1,
            "rationale": "Why",
        },
        reverse("registry:risk_closure", args=[risk.pk]): {"reason": "Gone"},
    }
    for url, data in writes.items():
        before = AuditEvent.objects.count()
        with CaptureQueriesContext(connection) as queries:
            response = client.post(url, data)
        assert response.status_code == 302, url
        statements = [query for query in queries if "SAVEPOINT" not in query["sql"]]
        assert len(statements) <= 15, url
        assert AuditEvent.objects.count() == before + 1


def test_the_model_page_says_what_matters(client, family, risk_owner, release_manager):
    services.edit_family(
        family, actor=release_manager, intended_use="Research & study", out_of_scope_use="Medical advice"
    )
    ReleaseFactory(family=family, version="2.1", published=True, card=CARD, files={"model.bin": b"1" * 1500})
    fill_risks(family, risk_owner, 1)
    Risk.objects.update(residual_likelihood=4, residual_severity=4, title="Targeted <phishing>")
    RiskFactory(family=family, number=7, opened=True, is_public=False, title="Not for the public")
    RiskFactory(family=family, number=8, title="A draft")
    page = client.get(family.get_absolute_url()).content.decode()
    for words in (
        "Research &amp; study",
        "Medical advice",
        "Targeted &lt;phishing&gt;",
        "model.bin",
        "1.5 kB",
        "Pilot 7B",
    ):
        assert words in page, words
    assert re.search(r'data-band="critical"[^>]*><span>16</span>', page)
    for words in ("Not for the public", "A draft", risk_owner.display_name, risk_owner.email, "&amp;amp;"):
        assert words not in page, words


def test_a_withdrawn_release_says_so_and_why(client, family):
    release = ReleaseFactory(family=family, withdrawn=True, withdrawal_reason="A safeguard did not hold.")
    for url in (family.get_absolute_url(), release.get_absolute_url()):
        page = client.get(url).content.decode()
        assert f"Release {release.version} is withdrawn" in page
        assert "A safeguard did not hold." in page


def test_a_newer_published_release_comes_before_a_withdrawn_one(client, family):
    ReleaseFactory(family=family, version="1.0", published=True)
    ReleaseFactory(family=family, version="2.0", withdrawn=True)
    response = client.get(family.get_absolute_url())
    assert response.context["current"].version == "1.0"


def test_a_family_without_a_public_release_is_known_to_its_people_only(client, family, reviewer, researcher):
    url = family.get_absolute_url()
    assert client.get(url).status_code == 404
    client.force_login(researcher)
    assert client.get(url).status_code == 404
    client.force_login(reviewer)
    assert "Not public yet" in client.get(url).content.decode()


def test_more_risks_than_fit_are_counted_in_the_matrix(client, family, release, risk_owner):
    for number in range(1, 41):
        RiskFactory(
            family=family, number=number, opened=True, owner=risk_owner, residual_likelihood=1, residual_severity=1
        )
    page = client.get(family.get_absolute_url()).content.decode()
    assert "40 risks" in page
    assert page.count(f'class="row-title" href="{family.get_absolute_url()}risks/R-') == 25
    assert "The worst are shown here" in page


def test_the_pages_of_a_list_follow_each_other_without_gap(client, family, risk_owner):
    for number in range(1, 61):
        RiskFactory(family=family, number=number, opened=True, owner=risk_owner)
    client.force_login(risk_owner)
    seen, url = [], reverse("registry:risks")
    while url:
        page = client.get(url).context["page"]
        seen += [risk.number for risk in page]
        url = page.next_url
    assert sorted(seen) == list(range(1, 61))


def test_the_register_filters(client, family, risk_owner, release_manager):
    worst = RiskFactory(
        family=family, number=1, opened=True, owner=risk_owner, residual_likelihood=5, residual_severity=5
    )
    mild = RiskFactory(
        family=family, number=2, opened=True, owner=release_manager, residual_likelihood=1, residual_severity=1
    )
    draft = RiskFactory(family=family, number=3, title="Children as users")
    client.force_login(risk_owner)

    def found(**query):
        return [risk.pk for risk in client.get(reverse("registry:risks"), query).context["page"]]

    assert found() == [worst.pk, mild.pk, draft.pk]
    assert found(band="critical") == found(owner="me") == found(likelihood=5, severity=5) == [worst.pk]
    assert found(owner="none") == found(stage="draft") == found(q="child") == found(q="R-3") == [draft.pk]
    assert found(band="nonsense") == [worst.pk, mild.pk, draft.pk]
    matrix = client.get(reverse("registry:risks"), {"view": "matrix"}).context
    assert (matrix["matrix"].count, matrix["unassessed"]) == (2, 1)


def test_a_writer_who_came_second_sees_what_is_stored(client, family, risk_owner, release_manager):
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner, title="Before")
    services.edit_risk(risk, actor=release_manager, title="Theirs")
    client.force_login(risk_owner)
    url = reverse("registry:risk_edit", args=[risk.pk])
    data = {"title": "Mine", "harm": risk.harm, "is_public": "on", "row_version": 1}
    response = client.post(url, data)
    assert response.status_code == 422
    page = response.content.decode()
    assert "Release manager changed this while you were editing" in page
    assert "Theirs" in page
    assert 'value="Mine"' in page
    assert 'name="row_version" value="2"' in page
    assert client.post(url, {**data, "row_version": 2}).status_code == 302
    risk.refresh_from_db()
    assert risk.title == "Mine"


def test_an_error_is_summed_up_and_linked_to_its_field(client, family, risk_owner):
    client.force_login(risk_owner)
    response = client.post(reverse("registry:risk_create") + f"?family={family.pk}", {"title": "", "harm": ""})
    page = response.content.decode()
    assert response.status_code == 422
    assert "There is a problem" in page
    assert 'href="#id_title"' in page
    assert "<title>Error:" in page


def test_search_shows_only_what_one_may_know_of(client, family, release, risk_owner):
    RiskFactory(family=family, number=1, opened=True, owner=risk_owner, title="Phishing in the open")
    RiskFactory(family=family, number=2, title="Phishing in draft")
    ReleaseFactory(family=family, version="phishing-draft")
    page = client.get(reverse("registry:search"), {"q": "phishing"}).content.decode()
    assert "Phishing in the open" in page
    assert "Phishing in draft" not in page
    assert "phishing-draft" not in page
    client.force_login(risk_owner)
    page = client.get(reverse("registry:search"), {"q": "phishing"}).content.decode()
    assert "Phishing in draft" in page
    assert "phishing-draft" in page


def test_the_way_of_a_release_manager_through_the_pages(client, publisher, release_manager):
    client.force_login(release_manager)
    family = {"publisher": publisher.pk, "slug": "pilot-7b", "name": "Pilot 7B", "summary": "A model."}
    assert client.post(reverse("registry:family_create"), family).status_code == 302
    found = ModelFamily.objects.get(slug="pilot-7b")
    release = {"family": found.pk, "version": "2.1", "source": CARD.replace("\n", "\r\n")}
    response = client.post(reverse("registry:release_create"), release)
    draft = found.releases.get()
    assert response["Location"] == reverse("registry:manage_release", args=[draft.pk])
    assert draft.licence == "Apache-2.0"
    assert draft.cards.get().source == CARD
    assert client.post(reverse("registry:family_create"), family).status_code == 422


def test_owners_are_not_told_to_the_public(client, family, release, risk_owner):
    risk = RiskFactory(family=family, number=1, opened=True, owner=risk_owner)
    url = reverse("api:risk-detail", args=[risk.pk])
    assert client.get(url).json()["owner"] is None
    assert client.get(reverse("api:risk-list"), {"owner": risk_owner.pk}).json()["results"] == []
    client.force_login(risk_owner)
    assert client.get(url).json()["owner_name"] == "Risk owner"


def test_the_api_protects_against_lost_updates(client, family, release, release_manager):
    client.force_login(release_manager)
    url = reverse("api:family-detail", args=[family.pk])
    tag = client.get(url)["ETag"]
    send = {"content_type": "application/json"}
    assert client.patch(url, {"summary": "New"}, **send).status_code == 428
    assert client.patch(url, {"summary": "New"}, headers={"If-Match": tag}, **send).status_code == 200
    assert client.patch(url, {"summary": "Newer"}, headers={"If-Match": tag}, **send).status_code == 412


def test_a_create_sent_twice_happens_once(client, family, risk_owner):
    client.force_login(risk_owner)
    data = {"family": family.pk, "title": "Once", "harm": "Harm"}
    send = {"content_type": "application/json", "headers": {"Idempotency-Key": "once-and-only-once"}}
    answers = [client.post(reverse("api:risk-list"), data, **send).json()["id"] for _ in range(2)]
    assert answers == [Risk.objects.get(title="Once").pk] * 2


def test_the_api_answers_a_refusal_with_its_reasons(client, family, release, release_manager):
    risk = RiskFactory(family=family, number=1)
    client.force_login(release_manager)
    response = client.post(reverse("api:risk-opening", args=[risk.pk]))
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert len(response.json()["errors"]) == 2


def test_the_matrix_of_the_api_counts_like_the_list(client, family, release, risk_owner):
    fill_risks(family, risk_owner, 30)
    cells = client.get(reverse("api:risk-matrix"), {"family": family.pk}).json()["cells"]
    assert sum(cell["count"] for cell in cells) == 30
    for cell in cells:
        query = {"family": family.pk, "likelihood": cell["likelihood"], "severity": cell["severity"]}
        assert len(client.get(reverse("api:risk-list"), query).json()["results"]) == cell["count"]


@pytest.mark.parametrize(
    "url",
    [
        "/models/%00/x/",
        "/models/x/%00/releases/%00/",
        "/models/x/y/releases/%00/card.md",
        "/models/%E2%80%AE/x/",
        "/workspace/risks/99999999999999999999999/",
        "/api/v1/risks/abc/",
        "/api/v1/risks/?ordering=urgency&cursor=cD1hYmM=",
    ],
)
def test_addresses_that_nobody_was_given_lead_nowhere(client, release_manager, url):
    client.force_login(release_manager)
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "/search/?q=%27%5C%22%26%7C!%3A*",
        "/search/?q=%00",
        "/models/?publisher=%00&modality=nonsense",
        "/models/?cursor=%00",
        "/workspace/risks/?cursor=cD1hYmM=",
        "/workspace/risks/?family=99999999999999999999&likelihood=7",
        "/workspace/risks/new/?family=99999999999999999999",
    ],
)
def test_filters_that_make_no_sense_are_left_out(client, release_manager, url):
    client.force_login(release_manager)
    assert client.get(url).status_code == 200


def test_support_views_show_and_change_nothing(client, superuser, release):
    client.force_login(superuser)
    assert client.get("/admin/registry/release/").status_code == 200
    assert client.get(f"/admin/registry/release/{release.pk}/change/").status_code == 200
    assert client.post(f"/admin/registry/release/{release.pk}/change/", {"version": "9"}).status_code == 403
    assert client.get("/admin/registry/risk/add/").status_code == 403
