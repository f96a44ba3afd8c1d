"""The pages of usage guidelines: what they show to whom, what they cost, that nothing typed is lost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry import services
from registry.models import PARTS, Sector, UsageGuidelines
from tests.factories.registry import (
    ReleaseFactory,
    RuleOverrideFactory,
    UsageGuidelinesFactory,
    UsageRuleFactory,
    UsageScenarioFactory,
)

LAW = {"source_title": "Regulation (EU) 2024/1689", "source_citation": "Article 5(1)(f)"}


def names(family):
    return [family.publisher.slug, family.slug]


def fill(guidelines, count):
    for number in range(count):
        rule = UsageRuleFactory(guidelines=guidelines, key=f"rule-{number}", title=f"Use number {number}")
        UsageScenarioFactory(guidelines=guidelines, rule=rule, key=f"scenario-{number}")
        RuleOverrideFactory(guidelines=guidelines, rule=rule, key=f"override-{number}", region="EU")


@pytest.fixture
def holding(family, release, release_manager):
    """Published guidelines with one rule that the European Union forbids."""
    draft = UsageGuidelinesFactory(family=family, number=1, created_by=release_manager, data="No personal data.")
    rule = UsageRuleFactory(guidelines=draft, key="hiring", kind="permitted", title="Sort job applications")
    RuleOverrideFactory(
        guidelines=draft, rule=rule, key="hiring-eu", effect="replace", kind="prohibited", text="Not here.", **LAW
    )
    return services.publish_guidelines(draft, actor=release_manager)


def cost(client, url, status=200):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
    assert response.status_code == status
    return len(queries)


def statements(write):
    with CaptureQueriesContext(connection) as queries:
        write()
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


# Reading


def test_guidelines_show_what_holds_where_the_reader_is(client, family, holding):
    url = reverse("registry:guidelines", args=names(family))
    everywhere = client.get(url)
    assert [kind.value for kind, rules, _words in everywhere.context["groups"] if rules] == ["permitted"]
    assert "?region=EU&amp;sector=#rule-hiring" in everywhere.content.decode()
    germany = client.get(url, {"region": "DE"})
    assert [kind.value for kind, rules, _words in germany.context["groups"] if rules] == ["prohibited"]
    text = germany.content.decode()
    assert "Not here." in text
    assert "Article 5(1)(f)" in text


@pytest.mark.parametrize("query", [{"region": "XX"}, {"sector": "<script>"}, {"region": "DE" * 50}, {"region": "\x00"}])
def test_a_place_that_does_not_exist_counts_as_none(client, family, holding, query):
    for name in ("guidelines", "terms"):
        page = client.get(reverse(f"registry:{name}", args=names(family)), query)
        assert page.status_code == 200
        assert page.context["place"].query == ""
        assert "<script>" not in page.content.decode().partition("<main")[2]


def test_the_selector_offers_every_region_and_sector(client, family, holding):
    text = client.get(reverse("registry:terms", args=names(family))).content.decode()
    assert "Regions with rules of their own" in text
    assert text.count("<option") >= 249 + len(Sector.values)


def test_terms_hold_lines_that_lead_into_the_full_text(client, family, holding):
    page = client.get(reverse("registry:terms", args=names(family)), {"region": "FR"})
    assert [line.text for line in page.context["must_not"].lines] == ["Sort job applications"]
    text = page.content.decode()
    assert f'href="{reverse("registry:guidelines", args=names(family))}?region=FR#rule-hiring"' in text
    assert "No personal data." in text
    assert "France" in text


def test_a_release_with_guidelines_of_its_own_shows_those(client, family, release, holding, release_manager):
    own = services.draft_guidelines(family, actor=release_manager, release=release)
    services.edit_part(own.usagerule_set.get(), actor=release_manager, title="Sort letters")
    services.publish_guidelines(own, actor=release_manager)
    older = ReleaseFactory(family=family, version="0.1", withdrawn=True)
    url = reverse("registry:terms", args=names(family))
    assert "Sort letters" in client.get(url).content.decode()
    assert "Sort letters" in client.get(url, {"release": release.version}).content.decode()
    assert "Sort job applications" in client.get(url, {"release": older.version}).content.decode()


def test_drafts_are_known_inside_only(client, family, release, reviewer, researcher):
    draft = UsageGuidelinesFactory(family=family, number=1)
    hidden = ReleaseFactory(family=family, version="9-draft")
    pages = [
        reverse("registry:guidelines_version", args=[*names(family), draft.number]),
        reverse("registry:guidelines_changes", args=[*names(family), draft.number]),
        reverse("registry:terms", args=names(family)) + f"?version={draft.number}",
    ]
    for person, status in ((None, 404), (researcher, 404), (reviewer, 200)):
        if person:
            client.force_login(person)
        assert [client.get(url).status_code for url in pages] == [status] * 3
        assert client.get(reverse("registry:terms", args=names(family)), {"release": hidden.version}).status_code == 404


def test_a_family_without_guidelines_says_so(client, family, release):
    for name in ("guidelines", "terms"):
        text = client.get(reverse(f"registry:{name}", args=names(family))).content.decode()
        assert "No usage guidelines yet" in text


def test_changes_compare_with_the_version_before_or_another(client, family, holding, release_manager):
    for title in ("Sort all job applications", "Sort no job applications"):
        draft = services.draft_guidelines(family, actor=release_manager, change_note="Clearer.")
        services.edit_part(draft.usagerule_set.get(), actor=release_manager, title=title)
        services.publish_guidelines(draft, actor=release_manager)
    url = reverse("registry:guidelines_changes", args=[*names(family), 3])
    assert client.get(url).context["old"].number == 2
    page = client.get(url, {"from": "1"})
    assert page.context["old"].number == 1
    assert [piece.text for piece in page.context["changes"][0].fields[0].pieces if piece.op == "added"] == [" no"]
    for wrong in ("3", "99", "x", "1" * 12):
        assert client.get(url, {"from": wrong}).status_code == 404


@pytest.mark.parametrize("rows", [1, 3, 25])
def test_reading_costs_the_same_at_any_length(client, family, release, reviewer, rows):
    guidelines = UsageGuidelinesFactory(family=family, number=1)
    fill(guidelines, rows)
    UsageGuidelines.objects.filter(pk=guidelines.pk).update(
        stage="published", published_at=guidelines.created_at, published_by=reviewer
    )
    urls = {
        reverse("registry:guidelines", args=names(family)) + "?region=DE": 4,
        reverse("registry:terms", args=names(family)): 4,
        reverse("registry:guidelines_changes", args=[*names(family), 1]): 3,
    }
    assert {url: cost(client, url) for url in urls} == urls
    client.force_login(reviewer)
    assert {url: number for url in urls if (number := cost(client, url)) > 8} == {}
    assert cost(client, reverse("registry:manage_guidelines", args=[guidelines.pk])) <= 8
    assert cost(client, reverse("registry:guidelines_versions", args=[family.pk])) <= 8


# Writing


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("rules", {"kind": "restricted", "title": "Advice", "condition": "A doctor reads it.", "in_summary": "on"}),
        ("scenarios", {"title": "Letters", "situation": "A clerk.", "verdict": "allowed", "why": "Read."}),
        ("overrides", {"effect": "new", "region": "eu", "kind": "prohibited", "title": "Score people", **LAW}),
        ("configurations", {"title": "Careful", "settings": "temperature = 0.2\n\ttop_p = 1"}),
        ("workflows", {"title": "Letters", "steps": "Draft.\n\n  Read. \n"}),
        ("remedies", {"title": "Fraud", "follows": "Access ends.", "decided_by": "Release manager"}),
    ],
)
def test_a_part_is_written_on_a_page(client, family, release_manager, part, data):
    draft = UsageGuidelinesFactory(family=family, number=1)
    client.force_login(release_manager)
    answer = client.post(reverse("registry:guidelines_part_create", args=[draft.pk, part]), data)
    assert answer.status_code == 302, answer.context["form"].errors
    made = PARTS[part].objects.get(guidelines=draft)
    edit = reverse("registry:guidelines_part", args=[part, made.pk])
    assert client.get(edit).status_code == 200
    again = client.post(edit, {**data, "title": "Other words", "row_version": 1})
    assert again.status_code == 302, again.context["form"].errors
    made.refresh_from_db()
    assert made.title == "Other words"
    if part == "overrides":
        assert made.region == "EU"
    if part == "workflows":
        assert made.steps == ["Draft.", "Read."]
    assert client.post(reverse("registry:guidelines_part_removal", args=[part, made.pk])).status_code == 302
    assert not PARTS[part].objects.exists()


def test_a_refusal_keeps_what_was_typed(client, family, release_manager):
    draft = UsageGuidelinesFactory(family=family, number=1)
    client.force_login(release_manager)
    url = reverse("registry:guidelines_part_create", args=[draft.pk, "rules"])
    page = client.post(url, {"kind": "restricted", "title": "Advice", "text": "A long text that took an hour."})
    assert page.status_code == 422
    assert "A long text that took an hour." in page.content.decode()
    assert "on which condition" in str(page.context["form"].errors["condition"])


def test_who_comes_second_sees_what_is_stored(client, family, release_manager, risk_owner):
    draft = UsageGuidelinesFactory(family=family, number=1)
    services.edit_guidelines(draft, actor=risk_owner, summary="Theirs.", expected_version=1)
    client.force_login(release_manager)
    page = client.post(reverse("registry:manage_guidelines", args=[draft.pk]), {"summary": "Mine.", "row_version": 1})
    assert page.status_code == 422
    assert "Theirs." in page.content.decode()
    assert "Mine." in page.content.decode()


def test_a_kind_of_part_that_does_not_exist_is_not_found(client, family, release_manager):
    draft = UsageGuidelinesFactory(family=family, number=1)
    client.force_login(release_manager)
    for url in (
        reverse("registry:guidelines_part_create", args=[draft.pk, "laws"]),
        reverse("registry:guidelines_part", args=["laws", 1]),
    ):
        assert client.get(url).status_code == 404


def test_a_part_of_published_guidelines_cannot_be_changed_on_its_page(client, holding, release_manager):
    client.force_login(release_manager)
    rule = holding.usagerule_set.get()
    url = reverse("registry:guidelines_part", args=["rules", rule.pk])
    page = client.post(url, {"kind": "permitted", "title": "New", "row_version": 1})
    assert page.status_code == 422
    assert "stay as they are" in page.content.decode()


def test_publishing_and_retiring_on_pages(client, family, release, release_manager):
    client.force_login(release_manager)
    begun = client.post(reverse("registry:guidelines_versions", args=[family.pk]), {"release": ""})
    draft = UsageGuidelines.objects.get(family=family)
    assert begun.url == reverse("registry:manage_guidelines", args=[draft.pk])
    page = client.post(reverse("registry:guidelines_publication", args=[draft.pk]))
    assert (page.status_code, len(page.context["form"].non_field_errors())) == (422, 2)
    UsageRuleFactory(guidelines=draft)
    services.edit_guidelines(draft, actor=release_manager, reporting="Write to us.")
    assert client.post(reverse("registry:guidelines_publication", args=[draft.pk])).status_code == 302
    retire = reverse("registry:guidelines_retirement", args=[draft.pk])
    assert client.post(retire).status_code == 422
    assert client.post(retire, {"reason": "Over."}).status_code == 302
    draft.refresh_from_db()
    assert draft.stage == "superseded"
    text = client.get(draft.get_absolute_url()).content.decode()
    assert "This version no longer holds" in text


def test_writes_stay_within_their_budget(client, family, release, release_manager):
    guidelines = UsageGuidelinesFactory(family=family, number=1)
    fill(guidelines, 25)
    services.publish_guidelines(guidelines, actor=release_manager)
    costs, made = {}, []

    def begin():
        made.append(services.draft_guidelines(family, actor=release_manager, change_note="Clearer."))

    costs["begin"] = statements(begin)
    draft = made[0]
    rule = draft.usagerule_set.first()
    for name, write in (
        ("add", lambda: services.add_part(draft, "rules", actor=release_manager, kind="permitted", title="Read")),
        ("edit", lambda: services.edit_part(rule, actor=release_manager, title="Other")),
        ("texts", lambda: services.edit_guidelines(draft, actor=release_manager, summary="Other")),
        ("publish", lambda: services.publish_guidelines(draft, actor=release_manager)),
    ):
        costs[name] = statements(write)
    assert costs == {"begin": 8, "add": 4, "edit": 5, "texts": 5, "publish": 10}
