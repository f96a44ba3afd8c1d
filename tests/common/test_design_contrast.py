"""The colours of tokens.css, pair by pair, in both themes."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text()
RAW = dict(re.findall(r"(--raw-[\w-]+): (light-dark\([^)]*\));", TOKENS))
MEANING = dict(re.findall(r"(--[\w-]+): var\((--raw-[\w-]+)\);", TOKENS))

TEXT = [
    *[("text", ground) for ground in ("page", "surface", "sunken", "raised", "accent-wash", "plain-wash")],
    *[("text-muted", ground) for ground in ("page", "surface", "sunken", "raised", "accent-wash", "plain-wash")],
    *[("text", f"{tone}-wash") for tone in ("ok", "warn", "bad", "info")],
    *[(tone, f"{tone}-wash") for tone in ("ok", "warn", "bad", "info")],
    *[(tone, ground) for tone in ("ok", "warn", "bad", "info", "accent") for ground in ("page", "surface", "raised")],
    *[
        ("link", ground)
        for ground in ("page", "surface", "raised", "accent-wash", "info-wash", "warn-wash", "ok-wash", "bad-wash")
    ],
    ("accent", "accent-wash"),
    ("accent-strong", "accent-wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
    ("on-bad", "bad-strong"),
    *[(f"raw-on-{band}", f"raw-{band}") for band in ("low", "moderate", "high", "critical")],
]
EDGES = [
    *[("border-control", ground) for ground in ("page", "surface", "sunken", "raised")],
    *[("focus", ground) for ground in ("page", "surface", "raised", "accent-wash", "sunken")],
    *[("accent", ground) for ground in ("page", "surface")],
    *[("bad", ground) for ground in ("page", "surface")],
]


def colour(name, theme):
    token = f"--{name}"
    pair = RAW[token if token in RAW else MEANING[token]]
    return re.findall(r"#[0-9a-f]+", pair)[0 if theme == "light" else 1]


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_twenty_one():
    assert round(contrast("#000000", "#ffffff"), 2) == 21


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(ink, ground, theme):
    assert contrast(colour(ink, theme), colour(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_can_be_seen(edge, ground, theme):
    assert contrast(colour(edge, theme), colour(ground, theme)) >= 3


def test_risk_bands_go_from_light_to_dark_on_a_grey_printer():
    steps = [luminance(colour(f"raw-{band}", "light")) for band in ("low", "moderate", "high", "critical")]
    assert steps == sorted(steps, reverse=True)


def test_only_tokens_name_colours():
    named = {
        path.name: found
        for path in CSS.glob("*.css")
        if path.name not in {"tokens.css", "report.css"}
        and (
            found := [
                hit
                for hit in re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text())
                if hit not in {"#fff", "#000", "#0000"}
            ]
        )
    }
    assert named == {}


def test_every_property_used_is_defined():
    sources = [path.read_text() for path in CSS.glob("*.css")]
    defined = {name for text in sources for name in re.findall(r"(--[\w-]+)\s*:", text)}
    used = {name for text in sources for name in re.findall(r"var\((--[\w-]+)\)", text)}
    assert used - defined == set()


def test_words_on_paper_are_in_the_colours_of_the_tokens():
    paper = re.sub(r"(?m)^\.cover .*$", "", (CSS / "report.css").read_text())  # the cover is white on brand
    light = {colour(name.removeprefix("--"), "light") for name in RAW}
    assert set(re.findall(r"(?<![-\w])color: (#[0-9a-f]{6})", paper)) - light == set()
