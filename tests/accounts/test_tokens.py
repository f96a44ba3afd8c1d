from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from accounts.authentication import user_of_token
from accounts.models import ApiToken
from accounts.services import create_token, revoke_token
from common import audit
from common.lifecycle import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(researcher):
    return create_token(researcher, actor=researcher, name="CI", scopes=["read", "download"], days=30)


def _get(client, path, secret):
    return client.get(path, headers={"Authorization": f"Bearer {secret}"})


def test_the_secret_is_nowhere_in_the_database(made):
    _token, secret = made
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row_to_json(t)::text FROM accounts_apitoken t "
            "UNION ALL SELECT row_to_json(t)::text FROM common_auditevent t"
        )
        stored = "\n".join(row[0] for row in cursor.fetchall())

    assert secret not in stored
    assert secret.rsplit("_", 1)[1] not in stored


def test_a_token_acts_as_its_owner_and_says_when_it_was_used(client, made, researcher):
    token, secret = made

    answer = _get(client, "/api/v1/me/", secret)

    assert (answer.status_code, answer.json()["email"]) == (200, researcher.email)
    token.refresh_from_db()
    assert timezone.now() - token.last_used_at < timedelta(minutes=1)


def test_using_a_token_is_one_query_and_at_most_one_write_a_minute(made, django_assert_num_queries):
    _token, secret = made
    with django_assert_num_queries(2):
        user_of_token(secret)
    with django_assert_num_queries(1):
        user_of_token(secret)


@pytest.mark.parametrize("wrong", ["", "tg_", "tg_zzzzzzzz_x", "hf_abcdefgh", "tg_a_b_c", "x" * 5000])
def test_what_is_not_ours_is_401_with_a_problem(client, wrong):
    answer = _get(client, "/api/v1/me/", wrong)

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_one_letter_changed_is_another_token(client, made):
    _token, secret = made
    changed = secret[:-1] + ("A" if secret[-1] != "A" else "B")

    assert _get(client, "/api/v1/me/", changed).status_code == 401


def test_a_token_ends_by_itself(client, made):
    _token, secret = made
    with time_machine.travel(timezone.now() + timedelta(days=30, seconds=1)):
        assert _get(client, "/api/v1/me/", secret).status_code == 401


def test_a_revoked_token_ends_at_once(client, made, researcher, stranger):
    token, secret = made
    with pytest.raises(PermissionDenied):
        revoke_token(token, actor=stranger)

    revoke_token(token, actor=researcher)

    assert _get(client, "/api/v1/me/", secret).status_code == 401
    assert [event.verb for event in audit.trail(token)] == ["accounts.token.revoke", "accounts.token.create"]


def test_a_token_of_somebody_switched_off_is_refused(client, made, researcher):
    researcher.is_active = False
    researcher.save()

    assert _get(client, "/api/v1/me/", made[1]).status_code == 401


def test_a_token_does_no_more_than_its_scopes(client, made):
    _token, secret = made
    body = {"name": "Another", "scopes": ["read"]}

    answer = client.post(
        "/api/v1/tokens/", body, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )

    assert answer.status_code == 403
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"scopes": ["write", "download"], "days": 5}, "scopes"),
        ({"scopes": ["write"], "days": 8}, "days"),
    ],
)
def test_a_token_makes_none_that_may_do_more_or_lives_longer(client, researcher, asked, field):
    _token, secret = create_token(researcher, actor=researcher, name="CI", scopes=["write"], days=7)
    known = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {secret}"}}

    refused = client.post("/api/v1/tokens/", {"name": "Another", **asked}, **known)
    allowed = client.post("/api/v1/tokens/", {"name": "Another", "scopes": ["write"], "days": 6}, **known)

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, field)
    assert allowed.status_code == 201
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scopes": ["everything"]}, "no scope everything"),
        ({"scopes": []}, "at least one"),
        ({"days": 0}, "between 1 and 366"),
        ({"days": 367}, "between 1 and 366"),
    ],
)
def test_senseless_tokens_are_refused(researcher, changes, words):
    with pytest.raises(Refused, match=words):
        create_token(researcher, actor=researcher, **{"name": "CI", "scopes": ["read"], "days": 30, **changes})


def test_nobody_makes_a_token_for_somebody_else(researcher, superuser):
    with pytest.raises(PermissionDenied):
        create_token(researcher, actor=superuser, name="CI", scopes=["read"], days=30)


def test_the_page_shows_the_secret_once(client, researcher):
    client.force_login(researcher)

    answer = client.post("/account/tokens/", {"name": "CI", "scopes": ["download"], "days": "30"})

    secret = answer.context["secret"]
    assert user_of_token(secret)[0] == researcher
    assert secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in client.get("/account/tokens/").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_many(client, researcher, count, django_assert_num_queries):
    for number in range(count):
        create_token(researcher, actor=researcher, name=f"Token {number}", scopes=["read"], days=30)
    client.force_login(researcher)

    with django_assert_num_queries(3):
        assert client.get("/account/tokens/").status_code == 200


def test_an_idempotency_key_gives_the_same_token_again_and_the_database_does_not_hold_it(client, researcher):
    client.force_login(researcher)

    def send(body):
        return client.post(
            "/api/v1/tokens/", body, content_type="application/json", headers={"Idempotency-Key": "a-key-of-mine"}
        )

    first, again = send({"name": "CI", "scopes": ["read"]}), send({"name": "CI", "scopes": ["read"]})

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert ApiToken.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(answer, 'escape') FROM common_idempotencyrecord")
        assert first.json()["token"] not in cursor.fetchone()[0]
    other = send({"name": "Other", "scopes": ["read"]})
    assert (other.status_code, other.headers["Content-Type"]) == (422, "application/problem+json")


def test_wrong_input_names_the_field(client, researcher):
    client.force_login(researcher)

    answer = client.post("/api/v1/tokens/", {"scopes": ["all"], "days": 0}, content_type="application/json")

    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"name", "scopes.0", "days"}
