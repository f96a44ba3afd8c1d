"""Single sign-on against a real OpenID Connect provider that listens on this machine."""

import re
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts.models import User
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
ENTRANCE, CALLBACK = "/account/oidc/sso/login/", "/account/oidc/sso/login/callback/"
ADDRESS = "new.person@example.net"


@pytest.fixture(scope="module")
def provider_server():
    """A provider in a process of its own, where its library's warnings are none of ours."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", f"--port={port}", "--require-registration=true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _attempt in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the provider did not start"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def provider(settings, provider_server):
    """The provider's address; the portal is registered there as its client."""
    client = requests.post(
        f"{provider_server}/oauth2/clients",
        json={"redirect_uris": [f"http://testserver{CALLBACK}"], "token_endpoint_auth_method": "client_secret_post"},
        timeout=5,
    ).json()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "sso",
                    "name": "Example sign-on",
                    "client_id": client["client_id"],
                    "secret": client["client_secret"],
                    "settings": {"server_url": provider_server},
                }
            ],
        }
    }
    return provider_server


@pytest.fixture
def owner():
    return owner_of_account()


def owner_of_account(**fields):
    user = UserFactory(**fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def told(caplog):
    """What the operator reads in the log."""
    caplog.set_level("WARNING", logger="accounts")
    return caplog


def app(settings):
    return settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]


def say(provider, subject, **claims):
    """What the provider says of a person."""
    requests.put(f"{provider}/users/{subject}", json=claims, timeout=5).raise_for_status()


def sign_in(subject, client=None):
    """The portal's answer to somebody who comes back from the provider."""
    client = client or Client()
    page = client.post(ENTRANCE)
    assert page.status_code == 200
    target = re.search(r'<a href="([^"]+)"', page.content.decode())[1].replace("&amp;", "&")
    back = requests.post(target, data={"sub": subject}, allow_redirects=False, timeout=5).headers["Location"]
    parts = urlsplit(back)
    assert parts.path == CALLBACK
    return client, client.get(f"{parts.path}?{parts.query}")


def said(client):
    return " ".join(str(message) for message in client.get("/account/login/").context["messages"])


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_an_unknown_person_gets_an_account_with_the_name_the_provider_gave(provider):
    say(provider, "one", email=ADDRESS, email_verified=True, name="  New\n Person ")

    client, answer = sign_in("one")

    assert answer.headers["Location"] == "/workspace/"
    assert is_signed_in(client)
    assert User.objects.get(email=ADDRESS).display_name == "New Person"


def test_who_comes_again_gets_the_same_account(provider):
    say(provider, "one", email=ADDRESS, email_verified=True, name="New Person")
    sign_in("one")
    say(provider, "one", email="another@example.net", email_verified=True, name="New Name")

    client, _answer = sign_in("one")

    assert client.session["_auth_user_id"] == str(User.objects.get(email=ADDRESS).pk)


def test_an_address_the_provider_does_not_vouch_for_must_be_confirmed(provider, mailoutbox):
    say(provider, "two", email=ADDRESS, email_verified=False)

    client, answer = sign_in("two")

    assert answer.headers["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)
    assert mailoutbox[0].to == [ADDRESS]


@pytest.mark.parametrize(("text", "verified"), [("true", True), ("false", False)])
def test_a_provider_may_spell_verified_in_quotes(provider, text, verified):
    say(provider, "three", email=ADDRESS, email_verified=text)

    client, _answer = sign_in("three")

    assert EmailAddress.objects.get(email=ADDRESS).verified is verified
    assert is_signed_in(client) is verified


@pytest.mark.parametrize(
    ("trusted", "verified"), [(False, True), (False, False), (True, False), (True, "false")], ids=str
)
def test_nobody_takes_over_an_account_by_its_address(provider, settings, owner, mailoutbox, trusted, verified):
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = trusted
    say(provider, "four", email=owner.email, email_verified=verified)

    client, answer = sign_in("four")

    # The same answer as to a new address; only its owner's mail tells that there is an account.
    assert answer.headers["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)
    assert mailoutbox[0].to == [owner.email]
    assert not SocialAccount.objects.exists()


def test_a_trusted_provider_that_vouches_for_the_address_opens_its_account(provider, settings, owner):
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
    say(provider, "five", email=owner.email.upper(), email_verified=True)

    client, _answer = sign_in("five")

    assert client.session["_auth_user_id"] == str(owner.pk)
    assert SocialAccount.objects.get(uid="five").user == owner


def test_the_second_factor_of_the_portal_is_asked_for_all_the_same(provider, settings, owner):
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
    TOTP.activate(owner, "A" * 32)
    say(provider, "six", email=owner.email, email_verified=True)

    client, answer = sign_in("six")

    assert answer.headers["Location"].startswith("/account/2fa/authenticate/")
    assert not is_signed_in(client)


def test_a_closed_account_stays_closed(provider, settings):
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
    owner = owner_of_account(is_active=False)
    say(provider, "seven", email=owner.email, email_verified=True)

    client, _answer = sign_in("seven")

    assert not is_signed_in(client)


def test_a_wrong_client_secret_is_told_to_the_operator_and_not_to_the_person(provider, settings, told):
    app(settings)["secret"] = "wrong"
    say(provider, "eight", email=ADDRESS, email_verified=True)

    client, answer = sign_in("eight")

    assert answer.headers["Location"] == "/account/login/"
    assert "Example sign-on did not work" in said(client)
    assert "invalid_client" in told.text
    assert not User.objects.filter(email=ADDRESS).exists()


def test_a_provider_that_is_away_is_said_on_the_sign_in_page(provider, settings, told):
    app(settings)["settings"] = {"server_url": "http://127.0.0.1:9"}
    client = Client()

    answer = client.post(ENTRANCE)

    assert answer.headers["Location"] == "/account/login/"
    assert "Example sign-on did not work" in said(client)
    assert "Connection refused" in told.text


def test_who_stops_at_the_provider_is_back_at_the_sign_in_page(provider):
    client = Client()
    page = client.post(ENTRANCE).content.decode()
    state = re.search(r"state=([^&]+)", page)[1]

    answer = client.get(CALLBACK, {"error": "access_denied", "state": state})

    assert answer.headers["Location"] == "/account/login/"
    assert "You stopped" in said(client)


def test_user_info_about_somebody_else_is_not_believed(provider, told):
    say(provider, "nine", email=ADDRESS, email_verified=True)
    client = Client()
    page = client.post(ENTRANCE).content.decode()
    target = re.search(r'<a href="([^"]+)"', page)[1].replace("&amp;", "&")
    back = requests.post(target, data={"sub": "nine"}, allow_redirects=False, timeout=5).headers["Location"]
    with pytest.MonkeyPatch.context() as patch:
        adapter = "allauth.socialaccount.providers.openid_connect.views.OpenIDConnectOAuth2Adapter"
        patch.setattr(f"{adapter}._fetch_user_info", lambda self, token: {"sub": "ten", "email": "ten@example.net"})
        client.get(f"{CALLBACK}?{urlsplit(back).query}")

    assert not is_signed_in(client)
    assert "two people" in told.text


def test_the_policy_of_no_page_has_an_exception_for_the_provider(provider):
    for path in ("/account/login/", ENTRANCE):
        assert "form-action 'self';" in f"{Client().get(path).headers['Content-Security-Policy']};"


def test_the_page_that_moves_on_is_kept_by_nobody_and_framed_by_nobody(provider):
    page = Client().post(ENTRANCE)

    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["X-Frame-Options"] == "DENY"
