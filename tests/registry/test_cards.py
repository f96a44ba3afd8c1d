import pytest
from django.template import Context, Template
from django.urls import reverse

from common.lifecycle import Refused
from registry import cards, services
from tests.factories.registry import ReleaseFactory
from tests.registry.cards import CARD


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", licence="", created_by=release_manager)


def test_read_takes_the_facts_a_release_needs():
    card = cards.read(CARD)
    assert card.facts == {
        "licence": "Apache-2.0",
        "base_model": "harbour-lab/pilot-base",
        "languages": ["en", "no"],
        "modality": "text",
    }
    assert card.metadata["released"] == "2026-10-02"
    assert card.body.startswith("# Pilot 7B")


def test_read_takes_a_named_licence_where_the_hub_says_other():
    card = cards.read("---\nlicense: other\nlicense_name: open-rail-m\nbase_model:\n- a/b\n- c/d\n---\nText")
    assert (card.facts["licence"], card.facts["licence_name"]) == ("LicenseRef-open-rail-m", "open-rail-m")
    assert card.facts["base_model"] == "a/b, c/d"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# Only a title\n", "no front matter"),
        ("", "no front matter"),
        ("---\nlicense: mit\n# never closed\n", "no front matter"),
        ("---\nlicense: [mit\n---\nText", "line 2, column 14"),
        ("---\n\tlicense: mit\n---\nText", "line 2, column 1"),
        ("---\n- a\n- b\n---\nText", "must be a list of “name: value” lines"),
        ("---\na: &x [1]\nb: *x\n---\nText", "aliases"),
        ("---\na: " + "[" * 60 + "]" * 60 + "\n---\nText", "nested more than 50"),
        ("---\nwhen: 2026-13-45\n---\nText", "not valid YAML"),
        ("---\n" + "k: v\n" * 70_000 + "---\nText", "front matter is 349 kB"),
        ("---\nlicense: mit\n---\nA\x00B", "NUL"),
        ("---\nlicense: mit\n---\n" + "x" * 5_000_000, "5.0 MB long; at most 1 MB"),
        ("---\nmodel-index: 7\n---\nText", "cannot be read"),
    ],
)
def test_read_refuses_a_bad_card_and_says_why(source, words):
    with pytest.raises(Refused) as refusal:
        cards.read(source)
    assert words in str(refusal.value)
    assert refusal.value.field == "source"


def test_aliases_that_would_expand_without_end_are_refused_at_once():
    bomb = "a0: &a0 [x,x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1},*a{n - 1}]\n" for n in range(1, 60))
    with pytest.raises(Refused, match="aliases"):
        cards.read(f"---\n{bomb}---\nText")


def test_decode_refuses_what_is_not_utf8():
    with pytest.raises(Refused, match="byte 4"):
        cards.decode(b"---\n\xff\xfe")


@pytest.mark.parametrize(
    "source",
    [
        CARD,
        CARD.replace("\n", "\r\n"),
        "\ufeff" + CARD,
        CARD + "\n\n  trailing space   \n\n",
        "---\n# a comment\nlicense:   mit   # odd spacing\n---\nno final line end",
    ],
)
def test_a_card_comes_out_as_it_went_in(client, draft, release_manager, source):
    services.import_card(draft, actor=release_manager, source=source)
    client.force_login(release_manager)
    family = draft.family
    url = reverse("registry:card_source", args=[family.publisher.slug, family.slug, draft.version])
    response = client.get(url)
    assert response.content == source.encode()
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert client.get(reverse("api:release-card", args=[draft.pk])).json()["source"] == source


def test_a_file_keeps_its_line_ends_through_the_form(client, draft, release_manager):
    from django.core.files.uploadedfile import SimpleUploadedFile

    source = CARD.replace("\n", "\r\n").encode()
    client.force_login(release_manager)
    file = SimpleUploadedFile("README.md", source, "text/markdown")
    response = client.post(reverse("registry:card_import", args=[draft.pk]), {"file": file})
    assert response.status_code == 302
    assert draft.cards.get().source.encode() == source


def test_html_in_a_card_stays_text(draft, release_manager):
    source = (
        "---\nlicense: mit\n---\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n"
        "[link](javascript:alert(1)) ![pixel](https://tracker.example.org/p.png)\n"
    )
    card = services.import_card(draft, actor=release_manager, source=source)
    assert card.source == source
    page = Template("{% load tidegate %}{{ body|markdown }}").render(Context({"body": card.body}))
    assert "<script" not in page
    assert "<img" not in page
    assert "href" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("README.md", b"# no front matter", "no front matter"),
        ("README.md", b"---\na: [1\n---\n", "line 2"),
        ("README.md", b"---\nlicense: mit\n---\n" + b"x" * 5_000_000, "5.0 MB long"),
    ],
)
def test_the_page_says_what_is_wrong_with_a_card(client, draft, release_manager, name, content, words):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(release_manager)
    file = SimpleUploadedFile(name, content)
    response = client.post(reverse("registry:card_import", args=[draft.pk]), {"file": file})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not draft.cards.exists()


def test_the_api_refuses_five_megabytes_of_markdown(client, draft, release_manager):
    client.force_login(release_manager)
    url = reverse("api:release-card", args=[draft.pk])
    response = client.put(url, b"---\nlicense: mit\n---\n" + b"x" * 5_000_000, content_type="text/markdown")
    assert response.status_code == 409
    assert response.json()["errors"][0]["field"] == "source"
    assert not draft.cards.exists()


def test_the_api_takes_markdown_as_it_is(client, draft, release_manager):
    client.force_login(release_manager)
    url = reverse("api:release-card", args=[draft.pk])
    response = client.put(url, CARD.encode(), content_type="text/markdown; charset=utf-8")
    assert response.status_code == 201
    assert draft.cards.get().source == CARD
