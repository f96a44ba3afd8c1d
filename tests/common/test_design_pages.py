"""The frame of the pages, the error pages, and the gallery, without a browser."""

import pytest
from django.template.loader import render_to_string
from django.test import override_settings
from django.urls import resolve

from common.context_processors import FOOTER, PRIMARY

GALLERY = ["/gallery/", "/gallery/?page=errors", "/gallery/?page=public&messages=1"]


@pytest.mark.parametrize("path", GALLERY)
def test_gallery_is_fully_drawn(client, superuser, path):
    client.force_login(superuser)
    html = client.get(path).content.decode()
    assert "<c-" not in html
    assert "«missing" not in html
    assert " style=" not in html


def test_gallery_is_not_for_everybody(client, researcher):
    assert client.get("/gallery/").status_code == 404
    client.force_login(researcher)
    assert client.get("/gallery/").status_code == 404


def test_gallery_is_for_developers(client, db):
    with override_settings(DEBUG=True):
        assert client.get("/gallery/").status_code == 200


def test_page_says_its_language_direction_and_theme(client, db):
    html = client.get("/nothing/").content.decode()
    assert '<html lang="en" dir="ltr" data-theme="system">' in html
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/nothing/").content.decode()
    client.cookies["theme"] = "purple"
    assert 'data-theme="system"' in client.get("/nothing/").content.decode()


def test_frame_of_a_page_asks_the_database_for_nothing(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/nothing/")


def test_public_page_has_no_htmx_and_workspace_page_has(client, superuser):
    client.force_login(superuser)
    assert "htmx" not in client.get("/gallery/?page=public").content.decode()
    assert "htmx" in client.get("/gallery/").content.decode()


@pytest.mark.parametrize("code", ["500", "503"])
def test_error_pages_need_neither_request_nor_database(code):
    html = render_to_string(f"{code}.html")
    assert "<h1>" in html
    assert "«missing" not in html


def test_unavailable_page_gives_back_what_was_typed_but_no_secrets():
    typed = {"what_happened": "A <b>long</b> story", "password": "hunter2", "receipt_code": "ABCD"}
    html = render_to_string("503.html", {"typed": typed, "path": "/report/"})
    assert "A &lt;b&gt;long&lt;/b&gt; story" in html
    assert "hunter2" not in html
    assert "ABCD" not in html


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "409", "429"])
@pytest.mark.parametrize("context", [{}, {"reasons": ["Decided already."], "back_url": "/x/", "retry_after": 3}])
def test_other_error_pages_are_whole(rf, code, context):
    from django.contrib.auth.models import AnonymousUser

    request = rf.get("/somewhere/")
    request.user = AnonymousUser()
    html = render_to_string(f"{code}.html", context, request)
    assert "<c-" not in html
    assert "«missing" not in html
    assert html.count("<h1") == 1


def test_error_pages_survive_a_missing_manifest(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    assert "/static/css/tidegate.css" in render_to_string("500.html")


@pytest.mark.parametrize("path", ["/", "/search/", *[item["path"] for item in (*PRIMARY, *FOOTER)]])
def test_every_link_of_the_frame_leads_somewhere(path):
    resolve(path)
