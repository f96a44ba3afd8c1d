"""A mail leads to the portal, whatever host the request that made it was sent to."""

import re

import pytest
from django.core import mail

from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db
HOST = "evil.example.net"


@pytest.fixture(autouse=True)
def _reached_by_any_name(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.BASE_URL = "https://portal.example.org"


def sent():
    text = "\n".join(f"{message.subject}\n{message.body}" for message in mail.outbox)
    assert HOST not in text
    return text


def post(client, path, data):
    assert client.post(path, data, headers={"host": HOST}).status_code == 302


def test_the_link_that_sets_a_new_password(client, researcher):
    post(client, "/account/password/reset/", {"email": researcher.email})

    link = re.search(r"https://portal\.example\.org(/account/password/reset/key/\S+)", sent())
    assert client.get(link[1]).status_code == 302


def test_the_link_that_confirms_an_address(client):
    data = {"display_name": "New", "email": "new@example.org", "password1": PASSWORD}
    post(client, "/account/signup/", data)

    link = re.search(r"https://portal\.example\.org(/account/confirm-email/\S+)", sent())
    assert client.get(link[1]).status_code == 200


def test_the_links_for_an_address_that_has_an_account_or_none(client, researcher):
    post(client, "/account/signup/", {"display_name": "New", "email": researcher.email, "password1": PASSWORD})
    post(client, "/account/password/reset/", {"email": "nobody@example.org"})

    assert "https://portal.example.org/account/password/reset/" in sent()
    assert "https://portal.example.org/account/signup/" in sent()
