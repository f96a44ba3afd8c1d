"""The second proof of who somebody is, on our pages, under our policy."""

import base64
import hashlib
import hmac
import struct
import time

import pytest

PASSWORD = "correct horse battery"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def owner(reviewer):
    reviewer.set_password(PASSWORD)
    reviewer.save()
    reviewer.emailaddress_set.get_or_create(email=reviewer.email, defaults={"verified": True, "primary": True})
    return reviewer


def press(page, selector="main form.form button[data-variant=primary]"):
    """Send the form and wait until the page it leads to is all there, not only under way."""
    with page.expect_navigation():
        page.click(selector)


def sign_in(page, owner, then="/account/2fa/"):
    page.goto(f"/account/login/?next={then}")
    page.fill("[name=login]", owner.email)
    page.fill("[name=password]", PASSWORD)
    press(page)


def visit_protected(page, path):
    """Open a page that asks once more for the password."""
    page.goto(path)
    if "/reauthenticate/" in page.url:
        page.fill("[name=password]", PASSWORD)
        press(page)
        page.wait_for_url(f"**{path}")


def sign_out(page):
    page.goto("/account/logout/")
    press(page, "main form button[data-variant=primary]")


def code_of(secret):
    """RFC 6238, six digits, thirty seconds."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def test_wrong_password_says_so_on_top(browser_page, axe, owner):
    page = browser_page("/account/login/")
    page.fill("[name=login]", owner.email)
    page.fill("[name=password]", "wrong")
    press(page)
    assert page.title().startswith("Error:")
    assert page.locator("[data-error-summary]").count() == 1
    axe(page)


def test_authenticator_app_is_set_up_and_asked_for(browser_page, axe, owner):
    page = browser_page()
    sign_in(page, owner)
    axe(page)
    page.goto("/account/2fa/totp/activate/")
    axe(page)
    visit_protected(page, "/account/2fa/totp/activate/")
    axe(page)
    assert page.locator(".qr svg").bounding_box()["width"] > 100
    secret = page.get_attribute("[data-copy]", "data-copy")
    page.fill("[name=code]", code_of(secret))
    press(page)
    axe(page)
    page.goto("/account/2fa/")
    assert page.locator(".badge[data-stage=ok]").count() >= 1
    visit_protected(page, "/account/2fa/recovery-codes/")
    axe(page)
    codes = page.input_value("#recovery_codes").split()
    assert len(codes) == 10
    sign_out(page)
    sign_in(page, owner)
    axe(page)
    page.fill("[name=code]", codes[0])
    press(page)
    page.wait_for_url(lambda url: url.endswith("/account/2fa/") and "?" not in url)


def test_passkey_is_added_and_signs_in_alone(browser_page, axe, owner):
    page = browser_page()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    sign_in(page, owner)
    visit_protected(page, "/account/2fa/webauthn/add/")
    axe(page)
    page.fill("[name=name]", "Laptop")
    page.check("[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: "/add/" not in url)
    visit_protected(page, "/account/2fa/webauthn/")
    axe(page)
    assert page.locator("text=Laptop").count() >= 1
    sign_out(page)
    page.goto("/account/login/?next=/account/2fa/")
    page.click("#passkey_login")
    page.wait_for_url(lambda url: url.endswith("/account/2fa/") and "?" not in url)
    assert page.locator(f"text={owner.email}").count() >= 1
