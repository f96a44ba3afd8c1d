import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.core import mail
from django.test import Client

from accounts import throttle
from accounts.models import User
from accounts.services import verify_domain
from common import audit
from tests.factories.accounts import PASSWORD, OrganisationDomainFactory, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"


@pytest.fixture
def owner():
    user = UserFactory(email="owner@example.org")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def _try(client, password, email="owner@example.org", **extra):
    return client.post(LOGIN, {"login": email, "password": password}, **extra)


def test_sign_in_by_address_whatever_its_case(client, owner):
    answer = _try(client, PASSWORD, email="Owner@Example.org")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/workspace/")


def test_a_wrong_password_says_so_and_keeps_the_address(client, owner):
    answer = _try(client, "wrong")

    assert answer.status_code in {200, 422}
    assert "owner@example.org" in answer.content.decode()


def test_a_stranger_cannot_lock_the_owner_out(owner):
    home = Client(REMOTE_ADDR="192.0.2.1")
    assert _try(home, PASSWORD).status_code == 302
    home.post("/account/logout/")

    for number in range(throttle.PER_ACCOUNT + 3):
        _try(Client(REMOTE_ADDR=f"198.51.100.{number}"), "guess")
    stranger = _try(Client(REMOTE_ADDR="198.51.100.200"), PASSWORD)

    assert "Too many failed tries" in stranger.content.decode()
    assert _try(home, PASSWORD).status_code == 302


def test_the_owners_own_browser_is_counted_as_well(owner):
    home = Client()
    _try(home, PASSWORD)
    home.post("/account/logout/")
    for _number in range(throttle.PER_ACCOUNT):
        _try(home, "guess")

    assert "Too many failed tries" in _try(home, PASSWORD).content.decode()


def test_one_caller_cannot_try_many_accounts(owner):
    caller = Client(REMOTE_ADDR="198.51.100.7")
    for number in range(throttle.PER_CALLER):
        _try(caller, "guess", email=f"somebody-{number}@example.org")

    assert "Too many failed tries" in _try(caller, PASSWORD).content.decode()
    assert _try(Client(REMOTE_ADDR="198.51.100.8"), PASSWORD).status_code == 302


def test_a_forged_device_cookie_counts_for_nothing(owner):
    for number in range(throttle.PER_ACCOUNT):
        _try(Client(REMOTE_ADDR=f"198.51.100.{number}"), "guess")
    forger = Client(REMOTE_ADDR="198.51.100.250")
    forger.cookies[throttle.COOKIE] = "forged:value:signature"

    assert "Too many failed tries" in _try(forger, PASSWORD).content.decode()


def test_an_account_is_made_with_a_confirmed_address_and_joins_its_organisation(client):
    domain = OrganisationDomainFactory(domain="university.example.org")
    UserFactory(email="taken@university.example.org")

    answer = client.post(
        "/account/signup/", {"display_name": "New person", "email": "new@university.example.org", "password1": PASSWORD}
    )

    assert answer.status_code == 302
    user = User.objects.get(email="new@university.example.org")
    assert (user.display_name, user.organisation) == ("New person", None)
    link = re.search(r"http://\S+/account/confirm-email/\S+", mail.outbox[0].body).group()
    client.post(link.removeprefix(settings.BASE_URL))
    user.refresh_from_db()
    assert user.organisation == domain.organisation


def test_whoever_confirmed_an_address_before_its_domain_was_verified_joins_with_that(owner, superuser):
    owner.organisation = None
    owner.save()
    unconfirmed = UserFactory(email="unconfirmed@example.org", organisation=None)
    domain = OrganisationDomainFactory(domain="example.org", verified_at=None)

    verify_domain(domain, actor=superuser, evidence="Seen the DNS record")

    owner.refresh_from_db()
    unconfirmed.refresh_from_db()
    assert (owner.organisation, unconfirmed.organisation) == (domain.organisation, None)
    assert audit.trail(owner).first().verb == "accounts.user.join_organisation"


def test_an_address_confirmed_elsewhere_joins_when_its_owner_signs_in(client, owner):
    domain = OrganisationDomainFactory(domain="example.org")
    owner.organisation = None
    owner.save()

    _try(client, PASSWORD)

    owner.refresh_from_db()
    assert owner.organisation == domain.organisation


def test_codes_of_the_second_factor_cannot_be_tried_without_end(client, owner):
    TOTP.activate(owner, "JBSWY3DPEHPK3PXP")
    assert _try(client, PASSWORD).headers["Location"].startswith("/account/2fa/authenticate/")

    answers = [client.post("/account/2fa/authenticate/", {"code": "000000"}).content.decode() for _number in range(11)]

    assert "Incorrect code" in answers[0]
    assert "Incorrect code" not in answers[-1]
    assert "Too many failed" in answers[-1]


def test_the_support_views_have_no_sign_in_of_their_own(client, owner, researcher):
    owner.is_staff = True
    owner.save()

    answer = client.post("/admin/login/?next=/admin/", {"username": owner.email, "password": PASSWORD})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/login/?next=/admin/")
    assert "_auth_user_id" not in client.session
    client.force_login(researcher)
    assert client.get("/admin/login/").status_code == 403
    client.force_login(owner)
    assert client.get("/admin/login/").headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_signing_up_does_not_tell_who_has_an_account(client, owner):
    new = client.post("/account/signup/", {"display_name": "A", "email": "new@example.org", "password1": PASSWORD})
    known = client.post("/account/signup/", {"display_name": "A", "email": owner.email, "password1": PASSWORD})

    assert (new.status_code, new.headers["Location"]) == (known.status_code, known.headers["Location"])


def test_passwords_are_stored_with_argon2(settings):
    settings.PASSWORD_HASHERS = [name for name in settings.PASSWORD_HASHERS if "MD5" not in name]

    assert UserFactory().password.startswith("argon2")
