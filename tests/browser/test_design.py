"""The gallery and the frame of every page, as a browser and axe see them."""

import pytest

PAGES = ["/gallery/", "/gallery/?page=errors", "/gallery/?page=public&messages=1"]
SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, input, select, summary')].filter((each) => {
  const box = each.getBoundingClientRect();
  if (!box.width || each.closest('.visually-hidden, .skip-link')) return false;
  if (getComputedStyle(each).visibility === 'hidden') return false;
  if (each.matches('a') && getComputedStyle(each).display === 'inline') return false;
  return box.width < 24 || box.height < 24;
}).map((each) => each.outerHTML.slice(0, 120))"""
COVERED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  if (one === document.body || !box.height) return '';
  const points = [[.5, .5], [.1, .1], [.9, .9]].map(([x, y]) => [box.left + box.width * x, box.top + box.height * y]);
  const seen = points.some(([x, y]) => {
    const top = document.elementFromPoint(x, y);
    return top && (one.contains(top) || top.contains(one));
  });
  return seen ? '' : one.outerHTML.slice(0, 120);
}"""


def in_every_way(page):
    """Desk and phone, light and dark: one page, four looks."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 860})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            yield f"{width} {theme}"


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(browser_page, axe, overflow, superuser, path):
    page = browser_page(path, user=superuser)
    for look in in_every_way(page):
        axe(page)
        assert overflow(page) == 0, look


@pytest.mark.parametrize("path", PAGES)
def test_nothing_sticks_out_at_320_pixels_or_from_right_to_left(browser_page, overflow, superuser, path):
    page = browser_page(path, width=320, user=superuser)
    assert overflow(page) == 0
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert overflow(page) == 0
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.set_viewport_size({"width": 640, "height": 860})
    assert overflow(page) == 0


@pytest.mark.parametrize("path", PAGES)
def test_targets_are_large_enough(browser_page, superuser, path):
    page = browser_page(path, user=superuser)
    for look in in_every_way(page):
        assert page.evaluate(SMALL_TARGETS) == [], look


@pytest.mark.parametrize("path", PAGES)
def test_focus_is_never_covered(browser_page, superuser, path):
    page = browser_page(path, width=1280, height=700, user=superuser)
    covered = []
    for _ in range(140):
        page.keyboard.press("Tab")
        if hidden := page.evaluate(COVERED):
            covered.append(hidden)
    assert covered == []


def test_error_summary_takes_the_focus_and_leads_to_the_field(browser_page, superuser):
    page = browser_page("/gallery/?page=errors", user=superuser)
    assert page.title().startswith("Error:")
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
    page.click("text=Choose what kind of misuse this is >> nth=0")
    assert page.evaluate("document.activeElement.id") == "id_wrong-kind_0"


def test_theme_changes_without_leaving_the_page_and_stays(browser_page, superuser):
    page = browser_page("/gallery/?page=errors", user=superuser)
    page.fill("#id_wrong-link", "https://example.org/half-typed")
    page.click("[data-menu] summary[title=Colours]")
    page.click("button[value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
    assert page.input_value("#id_wrong-link") == "https://example.org/half-typed"
    page.goto("/gallery/")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(16, 20, 19)"


def test_theme_changes_without_javascript(browser_page, superuser):
    page = browser_page("/gallery/", user=superuser, javascript=False)
    page.click("[data-menu] summary[title=Colours]")
    with page.expect_navigation():
        page.click("button[value=dark]")
    assert page.url.endswith("/gallery/")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_queue_keys_move_select_and_count(browser_page, superuser):
    page = browser_page("/gallery/", user=superuser)
    page.wait_for_selector("[data-queue][data-ready]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.evaluate("[...document.querySelectorAll('[data-select]')].map((box) => box.checked)") == [
        False,
        True,
        False,
        False,
    ]
    assert page.inner_text("[data-bulk-count]") == "1 selected"
    page.check("[data-select-all]")
    assert page.inner_text("[data-bulk-count]") == "4 selected"
    page.focus("[type=search]")
    page.keyboard.type("jx?")
    assert page.input_value("[type=search]") == "jx?"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.is_visible("#keys")


def test_queue_keys_can_be_switched_off(browser_page, superuser):
    superuser.single_key_shortcuts = False
    superuser.save()
    page = browser_page("/gallery/", user=superuser)
    page.wait_for_selector("[data-queue][data-ready]")
    page.keyboard.press("j")
    assert page.query_selector("tr[data-current]") is None


def test_dialog_opens_closes_and_gives_the_focus_back(browser_page, axe, superuser):
    page = browser_page("/gallery/", user=superuser)
    page.wait_for_selector("[data-dialog-open][data-ready]")
    page.click("[data-dialog-open=withdraw]")
    assert page.is_visible("dialog#withdraw")
    axe(page, "#withdraw")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog#withdraw")
    assert page.evaluate("document.activeElement.dataset.dialogOpen") == "withdraw"


def test_dialog_is_a_page_without_javascript(browser_page, superuser):
    page = browser_page("/gallery/", user=superuser, javascript=False)
    with page.expect_navigation():
        page.click("[data-dialog-open=withdraw]")
    assert "page=errors" in page.url


def test_characters_are_counted(browser_page, superuser):
    page = browser_page("/gallery/?page=errors", user=superuser)
    page.wait_for_selector("[data-count-for][data-ready]")
    page.fill("#id_wrong-story", "ten letter")
    assert page.inner_text("#id_wrong-story_count") == "3,990 characters left"


def test_menu_closes_with_escape(browser_page, superuser):
    page = browser_page("/gallery/", user=superuser)
    page.click("[data-menu] summary[title=Colours]")
    page.focus("button[value=dark]")
    page.keyboard.press("Escape")
    assert page.query_selector("[data-menu][open]") is None
    assert page.evaluate("document.activeElement.title") == "Colours"


def test_print_opens_details_and_hides_the_frame(browser_page, superuser):
    page = browser_page("/gallery/", user=superuser)
    page.emulate_media(media="print")
    assert not page.is_visible(".site-nav")
    assert not page.is_visible(".bulk-bar")
    page.evaluate(
        "document.querySelector('#main .shell').insertAdjacentHTML("
        "'beforeend', '<details><summary>More</summary><p id=inside>text</p></details>')"
    )
    assert page.evaluate("document.getElementById('inside').checkVisibility({contentVisibilityAuto: true})")


def test_forced_colours_keep_the_edges_of_states(browser_page, superuser):
    page = browser_page("/gallery/", user=superuser, forced_colors="active")
    assert page.evaluate("getComputedStyle(document.querySelector('.badge')).borderTopWidth") == "1px"
    assert page.evaluate("getComputedStyle(document.querySelector('.matrix td')).borderTopWidth") == "1px"


@pytest.mark.parametrize("path", ["/account/login/", "/account/signup/", "/account/password/reset/", "/nothing/here/"])
def test_sign_in_pages_are_whole(browser_page, axe, overflow, db, path):
    page = browser_page(path)
    for look in in_every_way(page):
        axe(page)
        assert overflow(page) == 0, look


@pytest.mark.parametrize("path", ["/gallery/?page=errors", "/gallery/?page=public"])
def test_public_pages_could_run_under_trusted_types(browser_page, superuser, path):
    page = browser_page(user=superuser)

    def stricter(route):
        answer = route.fetch()
        policy = (
            f"{answer.headers['content-security-policy']}; require-trusted-types-for 'script'; trusted-types 'none'"
        )
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    page.route("**/gallery/**", stricter)
    assert "trusted-types 'none'" in page.goto(path).headers["content-security-policy"]
    assert page.evaluate("document.documentElement.dataset.js") == ""
    page.click("[data-menu] summary[title=Colours]")
    page.click("button[value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
