"""Sending a file from a page: progress on top of a plain form, errors in place, nothing sent twice."""

import hashlib

import pytest

from tests.factories.registry import ReleaseFactory

WEIGHTS = b"weights" * 1000


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="9.0", created_by=release_manager)


def fill(page, digest):
    page.set_input_files(
        "[name=file]", {"name": "model.safetensors", "mimeType": "application/octet-stream", "buffer": WEIGHTS}
    )
    page.fill("[name=sha256]", digest)


def test_errors_come_in_place_and_a_second_try_succeeds(browser_page, axe, draft, release_manager):
    page = browser_page(f"/workspace/releases/{draft.pk}/artifacts/", user=release_manager)
    page.wait_for_selector("form[data-upload][data-ready]")
    sent = []
    page.on("request", lambda request: sent.append(request.resource_type) if request.method == "POST" else None)
    fill(page, "0" * 64)
    page.click("main form button[data-variant=primary]")
    page.wait_for_selector("[data-error-summary]")
    page.wait_for_load_state()
    assert sent == ["xhr"]
    assert page.title().startswith("Error:")
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
    axe(page)
    page.wait_for_selector("form[data-upload][data-ready]")
    fill(page, hashlib.sha256(WEIGHTS).hexdigest())
    page.click("main form button[data-variant=primary]")
    page.wait_for_url(f"**/workspace/releases/{draft.pk}/")
    assert sent == ["xhr", "xhr"]
    assert page.locator(".notices").inner_text().count("model.safetensors") == 1
    assert draft.artifacts.count() == 1


def test_the_plain_form_does_the_same_without_javascript(browser_page, draft, release_manager):
    page = browser_page(f"/workspace/releases/{draft.pk}/artifacts/", user=release_manager, javascript=False)
    fill(page, hashlib.sha256(WEIGHTS).hexdigest())
    with page.expect_navigation():
        page.click("main form button[data-variant=primary]")
    assert page.url.endswith(f"/workspace/releases/{draft.pk}/")
    assert draft.artifacts.count() == 1


def test_a_cut_connection_is_told_and_not_repeated(browser_page, draft, release_manager):
    page = browser_page(f"/workspace/releases/{draft.pk}/artifacts/", user=release_manager)
    page.wait_for_selector("form[data-upload][data-ready]")
    page.route("**/artifacts/", lambda route: route.abort("connectionreset"))
    fill(page, "")
    page.click("main form button[data-variant=primary]")
    page.wait_for_selector(".upload-progress p:has-text('cut off')")
    assert page.is_enabled("main form button[data-variant=primary]")
    assert draft.artifacts.count() == 0
