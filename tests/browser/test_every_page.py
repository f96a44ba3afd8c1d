"""Every page of the matrix in every role that may read it: axe, both themes, phone and desk, nothing wider than 320 px.

A page that looks the same for two roles, apart from the sidebar, is opened once; the sidebar of every role is
seen on the start page of the workspace.
"""

import hashlib
import importlib
import re
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from tests.matrix import ROLES, world

APPS = ("accounts", "people", "registry", "governance", "access", "incidents", "reports", "common")
TABLES = {app: importlib.import_module(f"tests.matrix.{app}") for app in APPS}
# One look is one load: the width and the theme vary together, the narrowest only for what sticks out.
LOOKS = ((1280, "light"), (390, "dark"))
TAG = re.compile(r"<[a-z][^<>]*>")
ATTRIBUTE = re.compile(r'\s([a-z][\w-]*)="[^"]*"')
VARYING = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|value="[\w-]{30,}"')
SIDEBAR = re.compile(r'<nav class="side-nav".*?</nav>', re.DOTALL)


@pytest.fixture
def w(request, transactional_db, publisher, family, release):
    cast = {role: request.getfixturevalue(role) for role in ROLES if role != "anonymous"}
    place = SimpleNamespace(publisher=publisher, family=family, release=release, anonymous=None, **cast)
    world.registry(place)
    for table in TABLES.values():
        if hasattr(table, "build"):
            table.build(place)
    return place


def _addresses(table, w):
    """Address and role of every page that answers with HTML, without those that look like one before."""
    seen = set()
    for name, row in table.ROUTES.items():
        if name.startswith(("api:", "health")) or "GET" not in row.verbs:
            continue
        for role in ROLES:
            if row.verbs["GET"][role] != 200:
                continue
            path = reverse(name, args=row.args(w)) + row.query
            client = Client()
            if (user := getattr(w, role)) is not None:
                client.force_login(user)
            response = client.get(path)
            if not response.get("Content-Type", "").startswith("text/html"):
                response.close()
                continue
            text = VARYING.sub("", response.content.decode())
            assert (path, _twice(text)) == (path, [])
            shown = (
                text.partition("<main")[2]
                if name == "accounts:workspace"
                else SIDEBAR.sub("", text).partition("<main")[2]
            )
            look = hashlib.sha256((name + shown).encode()).digest()
            if look not in seen:
                seen.add(look)
                yield path, role


def _twice(html):
    """Elements with two attributes of one name: a browser takes the first and says nothing about the second."""
    named = {tag: ATTRIBUTE.findall(tag) for tag in TAG.findall(html)}
    return [tag for tag, names in named.items() if len(names) != len(set(names))]


@pytest.mark.parametrize("app", APPS)
def test_pages_are_for_everybody(app, w, browser_page, axe, overflow):
    wrong, pages = [], {}
    for path, role in list(_addresses(TABLES[app], w)):
        for width, theme in LOOKS:
            if (role, width) not in pages:
                pages[role, width] = browser_page(None, width=width, theme=theme, user=getattr(w, role))
            page = pages[role, width]
            page.set_viewport_size({"width": width, "height": 860})
            page.goto(path)
            try:
                axe(page)
            except AssertionError as found:
                wrong.append(f"{path} as {role}, {width} px, {theme}: {found}")
            if width == 390:
                page.set_viewport_size({"width": 320, "height": 800})
                if wide := overflow(page):
                    wrong.append(f"{path} as {role}: {wide} px wider than 320 px")
    assert not wrong, "\n\n".join(wrong)
