"""Croissant descriptions: what is read from one, what is wrong with one, and what an upload cannot reach."""

import http.server
import json
import threading
import time

import pytest

from common.lifecycle import Refused
from registry import croissant
from tests.registry.croissants import CONTEXT, DOCUMENT, MINUTES


def text(context=None, **changes):
    document = {**DOCUMENT, **changes}
    document = {name: value for name, value in document.items() if value is not None}
    return json.dumps({"@context": CONTEXT if context is None else context, **document})


def refusal(source, **options):
    with pytest.raises(Refused) as refused:
        croissant.read(source, **options)
    return refused.value


@pytest.fixture
def somebody():
    """A server on this machine that notes who asks; nobody must."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"@context": {}}')

        def log_message(self, *args):
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def test_every_value_that_has_a_field_is_read():
    found = croissant.read(MINUTES)
    assert found.source == MINUTES
    values = {name: value if isinstance(value, list) else str(value) for name, value in found.fields.items()}
    assert values == {
        "name": "Parliament minutes",
        "description": "Minutes of debates, 1995 to 2024.",
        "source_url": "https://example.org/minutes",
        "publisher": "National archive",
        "licence": "https://creativecommons.org/publicdomain/zero/1.0/",
        "languages": ["nl", "en"],
        "size": "120 MB in files: 1",
        "collection": "Exported from the archive.\nDocument analysis",
        "kind": "public",
        "collected_from": "1995-01-01",
        "collected_until": "2024-06-30",
        "filtering": "Duplicates removed\nSpeech turned to text",
        "known_gaps": "No committee debates.\nFew women before 2000",
        "personal_data": "present",
        "consent": "Names of speakers",
        "notes": "Version: 2.1.0\nPublished: 2024-12-01",
    }
    assert found.origins["licence"] == "license"
    assert found.remarks == ["“citeAs” is missing."]


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert croissant.read(b"\xef\xbb\xbf" + MINUTES.encode()).source == MINUTES


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"license": "https://spdx.org/licenses/CC-BY-4.0"}, "licence", "CC-BY-4.0"),
        ({"license": {"@type": "CreativeWork", "name": "House rules"}}, "licence", "House rules"),
        ({"publisher": None}, "publisher", "Archive team"),
        ({"rai:dataCollectionType": ["Web Scraping", "Others"]}, "kind", "crawled"),
        ({"rai:dataCollectionType": ["User-generated content data"]}, "kind", "users"),
        ({"rai:personalSensitiveInformation": ["None."]}, "personal_data", "none"),
        ({"rai:personalSensitiveInformation": None}, "personal_data", None),
        ({"url": "ftp://example.org/x"}, "source_url", None),
        ({"name": "n" * 300}, "name", "n" * 199 + "…"),
    ],
)
def test_values_become_ours(changes, name, value):
    assert croissant.read(text(**changes)).fields.get(name) == value


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "not JSON: line 1, column 1"),
        ('{"@context": {},\n "name": }', "not JSON: line 2, column 10"),
        ('{"@context": {}, "size": NaN}', "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        ("[1]", "one JSON object"),
        ("{}", "@context"),
        ('{"@context": {}, "name": "a\\u0000b"}', "null character"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_description_says_why(source, words):
    assert words in str(refusal(source))


def test_problems_name_the_place_as_it_stands_in_the_file():
    file = {name: value for name, value in DOCUMENT["distribution"][0].items() if name != "encodingFormat"}
    found = refusal(text(distribution=[file], datePublished="soon"))
    assert "distribution “minutes.csv”: “encodingFormat” is missing." in found.reasons
    assert any("ISO 8601" in reason and "soon" in reason for reason in found.reasons)
    assert found.field == "source"


def test_too_large_is_said_before_it_is_read():
    assert "1 MB" in str(refusal(" " * (croissant.LARGEST + 1)))


@pytest.mark.parametrize("where", ["top", "list", "below", "import", "scoped"])
def test_no_context_is_fetched(somebody, where):
    address, asked = somebody
    file = DOCUMENT["distribution"][0]
    source = {
        "top": lambda: text(context=address),
        "list": lambda: text(context=[address, CONTEXT]),
        "below": lambda: text(distribution=[{**file, "@context": address}]),
        "import": lambda: text(context={**CONTEXT, "@version": 1.1, "@import": address}),
        "scoped": lambda: text(context={**CONTEXT, "x": {"@id": "cr:x", "@context": address}}, x={"name": "y"}),
    }[where]()
    assert "@" in str(refusal(source))
    assert asked == []


@pytest.mark.parametrize("context", ["file:///etc/passwd", "/etc/passwd", "http://{server}/"])
def test_the_process_itself_reaches_nothing(somebody, context):
    """Should the library ask for something that the look before did not foresee, the door is shut."""
    address, asked = somebody
    inner = context.replace("http://{server}", address)
    source = json.dumps({"@context": CONTEXT, **DOCUMENT, "distribution": [{"@context": inner, "name": "x"}]})
    answer = croissant._ask_library(source, 15)
    assert "problems" in answer
    assert "root:" not in json.dumps(answer)
    assert asked == []


def test_time_is_limited():
    """Millions of names that the library compares with each other: the processor time ends, not the page."""
    files = [{**DOCUMENT["distribution"][0], "@id": f"f{number}"} for number in range(3000)]
    begun = time.monotonic()
    assert "took longer" in str(refusal(text(distribution=files), seconds=1))
    assert time.monotonic() - begun < 12
