"""Taxonomies: shipped, loaded again and again, brought along, chosen on risks."""

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from accounts.services import service_account
from common.lifecycle import Refused
from common.models import AuditEvent
from registry import lists, services
from registry.models import Question, QuestionSet, Taxonomy, Term
from tests.factories.registry import RiskFactory, TermFactory

OWN = {"slug": "own", "name": "Own list", "kind": "risk", "terms": [{"code": "A", "name": "First"}]}


def test_the_shipped_lists_are_there(db):
    counts = {each.slug: each.terms.count() for each in Taxonomy.objects.all()}
    assert counts == {"nist-ai-600-1": 12, "owasp-llm-2025": 10, "ailuminate-1": 12, "oecd-harm-types": 7}
    assert not Term.objects.filter(description="").exists()
    for taxonomy in Taxonomy.objects.all():
        assert taxonomy.url.startswith("https://")
        assert taxonomy.licence


def test_loading_again_changes_nothing(db, capsys):
    before = AuditEvent.objects.count(), list(Term.objects.values_list("pk", "name"))
    call_command("load_lists")
    call_command("load_lists")
    assert "0 lists were new or changed" in capsys.readouterr().out
    assert before == (AuditEvent.objects.count(), list(Term.objects.values_list("pk", "name")))


def test_loading_brings_back_what_was_lost(db):
    Term.objects.filter(code="LLM01:2025").delete()
    Taxonomy.objects.filter(slug="nist-ai-600-1").update(name="Spoilt")
    assert services.load_shipped(actor=service_account("Registry")) == 2
    assert Taxonomy.objects.get(slug="nist-ai-600-1").name.startswith("NIST")


def test_a_newer_version_keeps_what_older_risks_name(superuser, family):
    taxonomy = services.import_taxonomy(actor=superuser, data=OWN)
    risk = RiskFactory(family=family)
    risk.terms.set(taxonomy.terms.all())
    services.import_taxonomy(actor=superuser, data=OWN | {"terms": [{"code": "B", "name": "Second"}]})
    assert list(taxonomy.terms.values_list("code", "is_current")) == [("A", False), ("B", True)]
    assert [term.code for term in risk.terms.all()] == ["A"]


def test_only_a_superuser_brings_a_list_along(release_manager, superuser):
    with pytest.raises(PermissionDenied):
        services.import_taxonomy(actor=release_manager, data=OWN)
    assert services.import_taxonomy(actor=superuser, data=OWN).terms.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slug": "Not a slug"}, "slug"),
        ({"name": ""}, "name"),
        ({"kind": "other"}, "kind"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"terms": []}, "1 to"),
        ({"terms": [{"code": "A", "name": "x"}, {"code": "A", "name": "y"}]}, "twice"),
        ({"terms": [{"code": "", "name": "x"}]}, "Entry 1"),
        ({"terms": [{"code": "A", "name": "x" * 201}]}, "Entry 1"),
    ],
)
def test_a_list_says_what_is_wrong_with_it(changes, words):
    with pytest.raises(Refused, match=words):
        lists.checked_taxonomy(OWN | changes)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"{not json",
        b'{"terms": 1}',
        b"[" * 100_000,
        b"nonsense,columns\n1,2\n",
        b"code,name\nA,B,C\n",
        b"x" * (lists.LARGEST_FILE + 1),
    ],
)
def test_a_file_that_is_none_is_refused(content):
    with pytest.raises(Refused):
        lists.parse(content, rows="terms", columns=lists.TERM_COLUMNS, about={})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_however_a_spreadsheet_wrote_it(delimiter):
    text = "\ufeff" + "\r\n".join(delimiter.join(row) for row in (["code", "Name"], ["A", "Ängste"], ["", ""]))
    read = lists.parse(text.encode(), rows="terms", columns=lists.TERM_COLUMNS, about={"slug": "own"})
    assert read == {"slug": "own", "terms": [{"code": "A", "name": "Ängste"}]}


def test_import_over_the_page(client, superuser, release_manager):
    address = reverse("registry:taxonomy_import")
    client.force_login(release_manager)
    assert client.get(address).status_code == 403
    client.force_login(superuser)
    file = SimpleUploadedFile("own.csv", b"code,name\nA,First\n")
    wrong = client.post(address, {"file": file})
    assert wrong.status_code == 422
    assert "slug" in wrong.content.decode()
    file = SimpleUploadedFile("own.csv", b"code,name\nA,First\n")
    answer = client.post(address, {"file": file, "slug": "own", "name": "Own list"}, follow=True)
    assert "Own list is up to date" in answer.content.decode()


def test_terms_are_chosen_on_the_form_of_a_risk(client, family, risk_owner):
    risk, term = RiskFactory(family=family, owner=risk_owner), Term.objects.get(code="LLM06:2025")
    old = TermFactory(is_current=False)
    client.force_login(risk_owner)
    address = reverse("registry:risk_edit", args=[risk.pk])
    page = client.get(address).content.decode()
    assert page.count("<details") >= 4
    assert "Excessive agency" in page
    assert old.name not in page
    client.post(address, {"title": risk.title, "harm": risk.harm, "terms": [term.pk], "row_version": 1})
    assert list(risk.terms.all()) == [term]
    shown = client.get(risk.get_absolute_url()).content.decode()
    assert "LLM06:2025" in shown
    event = AuditEvent.objects.filter(object_type="registry.risk", verb="registry.risk.edit").latest("pk")
    assert event.after["terms"] == ["LLM06:2025 Excessive agency"]
    # Its list is open now, so that the choice is seen.
    assert "<details open" in client.get(address).content.decode().replace('class="term-group" ', "")


def test_terms_over_the_api_and_for_the_public(client, family, release, risk_owner):
    risk, term = RiskFactory(family=family, opened=True, owner=risk_owner), Term.objects.first()
    client.force_login(risk_owner)
    address = reverse("api:risk-detail", args=[risk.pk])
    answer = client.patch(address, {"terms": [term.pk]}, content_type="application/json", headers={"If-Match": "*"})
    assert answer.json()["terms"] == [term.pk]
    found = client.get(reverse("api:risk-list") + f"?term={term.pk}").json()["results"]
    assert [row["id"] for row in found] == [risk.pk]
    client.logout()
    assert client.get(address).json()["terms"] is None
    family.publisher.public_risk_fields = ["terms"]
    family.publisher.save()
    assert client.get(address).json()["terms"] == [term.pk]


def test_terms_are_searched_over_the_api(client, db):
    found = client.get(reverse("api:taxonomy-term-list") + "?taxonomy_slug=owasp-llm-2025&search=injection").json()[
        "results"
    ]
    assert [(row["code"], row["taxonomy_slug"]) for row in found] == [("LLM01:2025", "owasp-llm-2025")]


def test_the_shipped_question_sets_are_in_use(db):
    sets = QuestionSet.objects.filter(publisher=None)
    assert sorted(sets.values_list("slug", "stage")) == [
        (name, "published") for name in ("fairness", "privacy", "safety")
    ]
    for question in Question.objects.all():
        assert set(question.raises_when) <= set(dict(question.answers))
        assert bool(question.raises_when) == bool(question.risk_title)
