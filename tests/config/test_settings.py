"""A missing or senseless value stops the start with the name of its variable."""

import os
import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

SETTINGS = Path(__file__).resolve().parents[2] / "config" / "settings.py"
GOOD = {
    "SECRET_KEY": "k" * 50,
    "DATABASE_URL": "postgres://tidegate:password@db.example.org:5432/tidegate",
    "REDIS_URL": "redis://:password@broker.example.org:6379/0",
    "BASE_URL": "https://tidegate.example.org",
    "ALLOWED_HOSTS": "tidegate.example.org",
    "EMAIL_URL": "submission://user:password@mail.example.org",
}


@pytest.fixture
def settings_with(monkeypatch):
    def read(**env: str | None) -> dict:
        for name in list(os.environ):
            if name.isupper():
                monkeypatch.delenv(name)
        for name, value in (GOOD | env).items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return read


def test_the_defaults_are_those_of_production(settings_with):
    settings = settings_with()
    assert settings["DEBUG"] is False
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["SECURE_SSL_REDIRECT"] is True
    assert settings["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (587, True, False)


def test_mail_over_tls_from_the_first_byte(settings_with):
    settings = settings_with(EMAIL_URL="smtp://user:password@mail.example.org:465/?ssl=true")
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (465, False, True)


def test_a_laptop_needs_three_values(settings_with):
    settings = settings_with(TIDEGATE_ENV="local", BASE_URL=None, ALLOWED_HOSTS=None, EMAIL_URL=None)
    assert settings["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend"
    assert settings["SESSION_COOKIE_SECURE"] is False


def test_any_value_may_come_from_a_file(settings_with, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("f" * 64)
    assert settings_with(SECRET_KEY=None, SECRET_KEY_FILE=str(secret))["SECRET_KEY"] == "f" * 64


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_value_is_named(settings_with, name):
    with pytest.raises(ImproperlyConfigured, match=name):
        settings_with(**{name: None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", ""),
        ("API_ANONYMOUS_RATE", "0/min"),
        ("API_TOKEN_RATE", "fast"),
        ("BASE_URL", "http://tidegate.example.org"),
        ("BASE_URL", "tidegate.example.org"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_URL", "mysql://db.example.org/tidegate"),
        ("DEBUG", "perhaps"),
        ("EMAIL_URL", ""),
        ("EMAIL_URL", "mail.example.org:587"),
        ("LOG_LEVEL", "LOUD"),
        ("REDIS_URL", "http://broker.example.org"),
        ("REPORT_RATE", "20 an hour"),
        ("SECRET_KEY", "short"),
        ("TIDEGATE_ENV", "prod"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("TRUSTED_PROXY_COUNT", "10.0.0.1"),
    ],
)
def test_a_senseless_value_is_named(settings_with, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        settings_with(**{name: value})


def test_single_sign_on_needs_its_client(settings_with):
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_ID"):
        settings_with(OIDC_SERVER_URL="https://sso.example.org")


@pytest.mark.parametrize("hosts", ["*", "tidegate.example.org,*", "tidegate.example.org, *"])
def test_no_host_is_taken_on_trust(settings_with, hosts):
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS"):
        settings_with(ALLOWED_HOSTS=hosts)
    assert "*" in settings_with(ALLOWED_HOSTS=hosts, TIDEGATE_ENV="local")["ALLOWED_HOSTS"]


def test_single_sign_on_asks_its_provider_over_tls(settings_with):
    # What the provider says over such a connection is believed without looking at its signature.
    with pytest.raises(ImproperlyConfigured, match="OIDC_SERVER_URL"):
        settings_with(OIDC_SERVER_URL="http://sso.example.org", OIDC_CLIENT_ID="portal", OIDC_CLIENT_SECRET="s")
