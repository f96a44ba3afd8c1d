"""Assessing a risk: the level is said as soon as likelihood and severity are chosen."""

import pytest
from django.urls import reverse

from tests.factories.registry import RiskFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def judged(family, risk_owner):
    """A critical risk; on the first scale whoever answers for it does not lower it alone."""
    levels = {f"{kind}_{part}": 5 for kind in ("inherent", "residual") for part in ("likelihood", "severity")}
    return RiskFactory(family=family, owner=risk_owner, opened=True, **levels)


def choose(page, **values):
    for name, value in values.items():
        page.check(f"[name={name}][value='{value}']")


def test_the_level_is_said_at_once(browser_page, axe, judged, risk_owner, release_manager):
    address = reverse("registry:assessment_create", args=[judged.pk])
    page = browser_page(address, user=risk_owner)
    line = page.locator("[data-verdict]")
    page.wait_for_selector("[data-verdict][data-ready]")
    assert line.inner_text() == ""
    choose(page, likelihood=2)
    assert line.inner_text() == ""
    choose(page, severity=2)
    words = line.inner_text()
    assert words.startswith("4 Low")
    assert "will wait for a second person" in words
    assert line.get_attribute("role") == "status"
    assert page.evaluate("document.querySelector('[data-verdict]').previousElementSibling.id") == "id_severity"
    assert page.locator("td[data-chosen]").count() == 1
    assert page.locator("td[data-chosen] .matrix-score").text_content() == "4 Low"
    choose(page, kind="target")
    assert line.inner_text() == "4 Low"
    choose(page, kind="inherent", likelihood=5, severity=5)
    assert line.inner_text() == "25 Critical"
    choose(page, severity=4)
    assert "second person" in line.inner_text()  # critical still, but less of it
    page.click("summary:has-text('Which level')")
    axe(page)
    page = browser_page(address, user=release_manager)
    page.wait_for_selector("[data-verdict][data-ready]")
    choose(page, likelihood=1, severity=1)
    assert page.locator("[data-verdict]").inner_text() == "1 Low"


def test_without_javascript_the_form_is_as_it_was(browser_page, judged, risk_owner):
    page = browser_page(reverse("registry:assessment_create", args=[judged.pk]), user=risk_owner, javascript=False)
    choose(page, likelihood=2, severity=2)
    assert page.locator("[data-verdict]").text_content() == ""
    page.fill("[name=rationale]", "The filter stops it.")
    with page.expect_navigation():
        page.click("main form.form button[data-variant=primary]")
    assert judged.proposals.count() == 1
