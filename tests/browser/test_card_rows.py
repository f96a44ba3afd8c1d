"""The rows of a card's metadata in a browser: added without a script, found where they were asked for, and saved."""

import pytest
from django.urls import reverse

from registry import services
from tests.factories.registry import ReleaseFactory
from tests.registry.full_card import FULL_CARD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(family, release_manager):
    release = ReleaseFactory(family=family, version="2.0", licence="", created_by=release_manager)
    services.import_card(release, actor=release_manager, source=FULL_CARD)
    return reverse("registry:card_metadata", args=[release.pk])


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("javascript", [True, False])
def test_a_result_is_added_and_saved(browser_page, axe, overflow, family, address, release_manager, width, javascript):
    page = browser_page(address, user=release_manager, width=width, javascript=javascript, theme="dark")
    assert page.locator("details[open]:has(input[name^=result])").count() == 0
    with page.expect_navigation():
        page.click("button[value=results]")
    assert page.url.endswith("#row-result2")
    assert page.locator("#row-result2").bounding_box()["y"] < 860
    texts = {
        "task_type": "text-generation",
        "dataset_type": "own",
        "dataset_name": "Own",
        "metric0_type": "f1",
        "metric0_value": "0.5",
    }
    page.fill("[name=result2_task_type]", "text-generation")
    with page.expect_navigation():
        # Enter saves; it does not add another row.
        page.press("[name=result2_task_type]", "Enter")
    assert page.locator("[name=result2_dataset_type]").get_attribute("aria-invalid") == "true"
    if javascript:
        axe(page)
        overflow(page)
    for name, text in texts.items():
        page.fill(f"[name=result2_{name}]", text)
    with page.expect_navigation():
        page.click("main form .actions button[data-variant=primary]")
    card = family.releases.get(version="2.0").cards.first()
    assert (card.number, card.source) == (2, FULL_CARD.replace("      value: 0.92\n", ADDED))


ADDED = """      value: 0.92
  - task:
      type: text-generation
    dataset:
      type: own
      name: Own
    metrics:
    - type: f1
      value: 0.5
"""
