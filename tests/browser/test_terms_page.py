"""The terms on one page are one page, on A4 and on US letter, whatever somebody writes into them."""

import io

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from registry.guidelines import SUMMARY_LINES
from registry.models.guidelines import SUMMARY_LENGTH, TITLE_LENGTH, UsageGuidelines
from tests.factories.access import TierFactory
from tests.factories.registry import RuleOverrideFactory, UsageGuidelinesFactory, UsageRuleFactory

pytestmark = pytest.mark.django_db(transaction=True)


def longest(length):
    """As many wide words as fit."""
    return ("Wombats mumble " * length)[:length]


def terms_of(family):
    return reverse("registry:terms", args=[family.publisher.slug, family.slug]) + "?region=DE"


@pytest.fixture
def full(family, release, release_manager):
    """More of everything than the page holds, each as long as it may be."""
    text = longest(SUMMARY_LENGTH)
    guidelines = UsageGuidelinesFactory(family=family, number=1, data=text, safeguards=text, reporting=text)
    for kind in ("permitted", "required", "restricted", "prohibited"):
        for number in range(SUMMARY_LINES + 2):
            rule = UsageRuleFactory(
                guidelines=guidelines,
                key=f"{kind}-{number}",
                kind=kind,
                # Restricted uses, with their conditions, come first among what one can do.
                position=number if kind == "restricted" else number + 100,
                title=longest(TITLE_LENGTH),
                condition=longest(2000),
            )
            RuleOverrideFactory(
                guidelines=guidelines,
                rule=rule,
                key=f"{kind}-{number}-eu",
                region="EU",
                source_title=longest(200),
                source_citation=longest(120),
            )
    for number in range(6):
        TierFactory(family=family, name=f"{number} {longest(70)}")
    UsageGuidelines.objects.filter(pk=guidelines.pk).update(
        stage="published", published_at=timezone.now(), published_by=release_manager
    )
    return guidelines


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_terms_fit_on_one_page(browser_page, family, full, paper):
    page = browser_page(terms_of(family))
    margin = dict.fromkeys(("top", "right", "bottom", "left"), "12mm")
    printed = PdfReader(io.BytesIO(page.pdf(format=paper, margin=margin)))
    assert len(printed.pages) == 1
    text = printed.pages[0].extract_text()
    lists = ("You can", "You must", "You must not")
    for words in (*lists, "Data", "Safeguards", "How to report", "Germany", "and 2 more tiers"):
        assert words in text, words
    # What only works on a screen is not printed.
    assert "Show what holds there" not in text


def test_the_lines_lead_to_the_rule_in_full(browser_page, family, full):
    page = browser_page(terms_of(family), javascript=False)
    page.click(".terms-lines a >> nth=0")
    assert page.url.endswith("?region=DE#rule-restricted-0")
    assert page.locator("#rule-restricted-0:target h3").count() == 1
