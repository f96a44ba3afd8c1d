"""Every page and API route, every role, every verb: see ``tests/matrix``."""

import importlib
import json
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.matrix import ROLES, world

APPS = ("accounts", "people", "registry", "governance", "access", "incidents", "reports", "common")
TABLES = {app: importlib.import_module(f"tests.matrix.{app}") for app in APPS}
ROUTES = {name: row for table in TABLES.values() for name, row in table.ROUTES.items()}
WRITES = ("POST", "PUT", "PATCH", "DELETE")
# What a verb that no row mentions may answer: not offered, or not to you.
CLOSED = {302, 401, 403, 404, 405}


def own_routes(patterns=None, namespaces=()):
    """Names of all routes that are ours: not those of the sign-in library or of the support views."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(entry, URLResolver):
            spaces = (*namespaces, entry.namespace) if entry.namespace else namespaces
            if entry.namespace == "admin" or "allauth" in str(entry.urlconf_name):
                continue
            yield from own_routes(entry.url_patterns, spaces)
        elif isinstance(entry, URLPattern):
            yield ":".join((*namespaces, entry.name or f"unnamed {entry.pattern}"))


@pytest.fixture
def w(request, publisher, family, release):
    """The world: the cast by name, and everything a route can point at."""
    cast = {role: request.getfixturevalue(role) for role in ROLES if role != "anonymous"}
    place = SimpleNamespace(publisher=publisher, family=family, release=release, anonymous=None, **cast)
    world.registry(place)
    for table in TABLES.values():
        if hasattr(table, "build"):
            table.build(place)
    return place


def test_every_route_has_a_row():
    assert sorted(set(own_routes()) - set(ROUTES)) == []


def test_no_row_is_left_over():
    assert sorted(set(ROUTES) - set(own_routes())) == []


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_route_answers_each_role(name, w):
    row, wrong = ROUTES[name], []
    for role in ROLES:
        user = getattr(w, role)
        client = Client()
        if user is not None:
            user.__dict__.pop("_scopes", None)
            client.force_login(user)
        for verb in ("GET", *WRITES):
            expected = row.verbs[verb][role] if verb in row.verbs else CLOSED
            status = _send(client, name, row, verb, w)
            allowed = expected if isinstance(expected, set | tuple) else {expected}
            if status not in allowed:
                wrong.append(f"{verb} by {role}: {status}, expected {expected}")
    assert not wrong, "\n" + "\n".join(wrong)


def _send(client, name, row, verb, w):
    """The status of one request, whose effects are taken back. A page must also name no missing value."""
    cache.clear()
    api = name.startswith("api:")
    with transaction.atomic():
        path = reverse(name, args=row.args(w)) + row.query
        headers = {"If-Match": "*"} if api else {}
        if verb == "GET":
            response = client.get(path, headers=headers)
        elif api:
            response = client.generic(verb, path, json.dumps(row.body(w)), "application/json", headers=headers)
        elif verb == "POST":
            response = client.post(path, row.body(w))
        else:
            response = client.generic(verb, path)
        if response.get("Content-Type", "").startswith("text/html") and response.status_code == 200:
            text = response.content.decode()
            assert "«missing" not in text, f"{path} shows {text[text.index('«missing') :][:80]}"
            assert "<c-" not in text, f"{path} leaves a component unrendered"
        elif response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    return response.status_code
