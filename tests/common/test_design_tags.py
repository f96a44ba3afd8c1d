import datetime as dt
import zoneinfo
from html.parser import HTMLParser

import pytest
from django.template import engines
from django.utils import timezone

from common.templatetags import tidegate

MOMENT = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)


def draw(source, **context):
    return engines["django"].from_string(source).render(context)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (412_000, "412 kB"),
        (15_234_567_890, "15.2 GB"),
        (10**15, "1000 TB"),
        (None, ""),
    ],
)
def test_sizes_are_written_in_thousands(size, words):
    assert tidegate.bytes_filter(size) == words


def test_time_is_stored_in_utc_and_shown_in_the_readers_zone():
    with timezone.override(zoneinfo.ZoneInfo("Europe/Brussels")):
        html = draw("{% when moment %}", moment=MOMENT)
    assert 'datetime="2026-11-18T09:30:00Z"' in html
    assert ">18 Nov 2026, 10:30 CET</time>" in html


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), "25 Oct 2026, 02:30 CEST"),
        (dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC), "25 Oct 2026, 02:30 CET"),
    ],
)
def test_the_hour_that_comes_twice_can_be_told_apart(moment, words):
    with timezone.override(zoneinfo.ZoneInfo("Europe/Brussels")):
        assert words in draw("{% when moment %}", moment=moment)


def test_dates_and_absent_times():
    assert draw("{% when day %}", day=dt.date(2026, 11, 18)) == '<time datetime="2026-11-18">18 Nov 2026</time>'
    assert ">18 Nov 2026</time>" in draw("{% when moment 'date' %}", moment=MOMENT)
    assert "–" in draw("{% when moment %}", moment=None)


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (dt.timedelta(seconds=-5), "just now"),
        (dt.timedelta(minutes=-3, seconds=-5), "3 min ago"),
        (dt.timedelta(hours=-2, seconds=-5), "2 h ago"),
        (dt.timedelta(hours=5, seconds=5), "in 5 h"),
        (dt.timedelta(days=3, seconds=5), "in 3 days"),
    ],
)
def test_distance_in_time(delta, words):
    assert tidegate.ago(timezone.now() + delta) == words


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "![x](https://elsewhere.example/pixel.png)",
        '<img src=x onerror="alert(1)">',
        "<div style='color:red'>x</div>",
        '[x](https://example.org "a\\" onclick=\\"b")',
        '<https://example.org/"onmouseover=alert(1)>',
    ],
)
def test_markdown_of_others_stays_harmless(text):
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(str(tidegate.markdown(text)))
    assert {tag for tag, _ in found} <= {"div", "p", "a"}
    for tag, attrs in found:
        assert set(attrs) <= ({"href", "title", "rel"} if tag == "a" else {"class"})
        assert attrs.get("href", "https:").startswith("https:")


def test_markdown_keeps_what_cards_need():
    html = str(
        tidegate.markdown("# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[paper](https://example.org)\n\n~~old~~", 2)
    )
    assert "<h3>Title</h3>" in html
    assert "<td>1</td>" in html
    assert 'rel="nofollow noopener noreferrer"' in html
    assert "<s>old</s>" in html


def test_headings_never_fall_off_the_scale():
    assert "<h6>deep</h6>" in tidegate.markdown("###### deep", 3)


def test_five_megabytes_of_brackets_do_not_hang():
    assert tidegate.markdown("[" * 50_000 + "x").startswith("<div")


def test_plain_words():
    assert (
        tidegate.plain("# Title\n\nSome **bold** [link](https://example.org) and `code`.")
        == "Title Some bold link and code."
    )


def test_attributes_passed_on_are_escaped():
    assert tidegate.html_attrs({"data-x": '" onclick="alert(1)" "', "hidden": True, "id": None}) == (
        ' data-x="&quot; onclick=&quot;alert(1)&quot; &quot;" hidden'
    )


def test_icon_is_for_the_eye_only():
    html = draw("{% icon 'flag' %}")
    assert 'aria-hidden="true"' in html
    assert "xmlns" not in html
    assert draw("{% icon '' %}") == ""


def test_unknown_icon_fails_loudly():
    with pytest.raises(Exception, match="does not exist"):
        draw("{% icon 'no-such-icon' %}")


def test_stage_icon_can_be_chosen_or_left_out():
    assert draw("{% stage_icon 'approved' 'none' %}") == ""
    assert draw("{% stage_icon 'unheard_of' %}") == ""
    assert draw("{% stage_icon 'approved' 'flag' %}") == draw("{% icon 'flag' %}")


def test_small_words():
    assert tidegate.short_digest("sha256:" + "ab" * 32) == "abababababab…"
    assert tidegate.total(1, "risk,risks") == "1 risk"
    assert tidegate.total(1200, "risk,risks") == "1,200 risks"
    assert tidegate.band_word("critical") == "Critical"


@pytest.mark.parametrize(
    ("tag", "component"),
    [
        ("{% badge stage words %}", "{% cotton badge :stage='stage' :label='words' / %}"),
        ("{% badge stage words 'lock' %}", "{% cotton badge :stage='stage' icon='lock' %}{{ words }}{% endcotton %}"),
        ("{% badge stage %}", "{% cotton badge :stage='stage' %} {% endcotton %}"),
        ("{% level words 12 %}", "{% cotton level :band='words' :score='12' / %}"),
        ("{% level words word=stage %}", "{% cotton level :band='words' :word='stage' / %}"),
        ("{% digest words %}", "{% cotton digest :value='words' / %}"),
    ],
)
def test_a_row_shows_what_the_component_shows_and_escapes_it(tag, component):
    drawn = draw(tag, stage="in_review", words="<b>" * 8)
    assert drawn.strip() == draw(component, stage="in_review", words="<b>" * 8).strip()
    assert "<b>" not in drawn
