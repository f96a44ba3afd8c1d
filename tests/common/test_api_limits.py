import base64

import pytest

from accounts.services import create_token

pytestmark = pytest.mark.django_db


def test_a_body_without_end_is_refused_before_it_fills_the_memory(client, researcher, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client.force_login(researcher)

    answer = client.post("/api/v1/tokens/", {"name": "x" * 2000, "scopes": ["read"]}, content_type="application/json")

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_a_token_meets_the_same_limit(client, researcher, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    secret = create_token(researcher, actor=researcher, name="CI", scopes=["write"], days=1)[1]
    body = {"name": "x" * 2000, "scopes": ["read"]}

    answer = client.post(
        "/api/v1/tokens/", body, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_a_body_of_the_largest_size_is_read(client, researcher, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client.force_login(researcher)

    answer = client.post(
        "/api/v1/tokens/", {"name": "CI" + " " * 900, "scopes": ["read"]}, content_type="application/json"
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        *("{", "[", "\x00", '{"name": NaN}', "null", "[]", '"text"'),
        *("[" * 60_000, '{"a":' * 30_000, '{"days": 1e400}', r'{"name": "\ud800", "scopes": ["\udfff"]}', b"\xff\xfe"),
    ],
)
def test_what_is_not_the_json_we_expect_is_a_problem(client, researcher, body):
    client.force_login(researcher)

    answer = client.generic("POST", "/api/v1/tokens/", body, content_type="application/json")

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_an_address_that_does_not_exist_is_a_problem_too(client):
    answer = client.get("/api/v1/nothing/")

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_cursor_with_a_character_that_postgresql_does_not_know_is_a_made_up_one(client, release):
    cursor = base64.b64encode(b"p=%00").decode()

    assert client.get("/api/v1/releases/", {"cursor": cursor}).status_code == 404
    assert client.get("/models/", {"cursor": cursor}).status_code == 200
