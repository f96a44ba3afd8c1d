"""What every template of the portal keeps to, whoever writes it."""

import re
from pathlib import Path
from zipfile import ZipFile

import brotli
import lucide
import pytest

from common.static_storage import join_stylesheet
from common.templatetags.tidegate import STAGE_ICONS

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMPONENTS = {path.stem for path in (ROOT / "templates" / "cotton").glob("*.html")}
ICONS = {name.removesuffix(".svg") for name in ZipFile(Path(lucide.__file__).with_name("lucide.zip")).namelist()}
ids = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
FORBIDDEN = {
    "an inline style": r"\sstyle=\"[^\"]*:",
    "a style element": r"<style\b",
    "an inline handler": r"\son[a-z]+\s*=\s*[\"']",
    "an inline script": r"<script(?![^>]*\bsrc=)(?![^>]*application/json)",
    "a javascript: address": r"javascript:",
    "a data: address": r"(?:src|href)=[\"']data:",
    "an htmx handler": r"\bhx-on\b|hx-vals=[\"']js:",
    "something from elsewhere": r"(?:src=|<link[^>]*href=)[\"'](?:https?:)?//",
}


@pytest.mark.parametrize("path", TEMPLATES, ids=ids)
def test_nothing_the_policy_would_block(path):
    text = path.read_text()
    assert {what: found for what, pattern in FORBIDDEN.items() if (found := re.findall(pattern, text))} == {}


@pytest.mark.parametrize("path", TEMPLATES, ids=ids)
def test_icons_exist(path):
    text = path.read_text()
    named = set(re.findall(r"{%\s*(?:icon|stage_icon \S+)\s+[\"']([\w-]+)[\"']", text))
    named |= set(re.findall(r"<c-[\w-]+[^>]*\sicon=\"([\w-]+)\"", text)) - {"none"}
    named |= set(re.findall(r"{%\s*badge \S+ (?:_\(\"[^\"]*\"\)|\S+) \"([\w-]+)\"", text)) - {"none"}
    assert named - ICONS == set()


def test_icons_named_in_python_exist():
    named = set(STAGE_ICONS.values())
    for path in ROOT.glob("*/*.py"):
        if path.parts[-2] in {"tests", "config"}:
            continue
        named |= set(re.findall(r"\bicon=\"([\w-]+)\"", path.read_text()))
    assert named - ICONS == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=ids)
def test_components_exist(path):
    used = {name.replace("-", "_") for name in re.findall(r"<c-([\w-]+)", path.read_text())}
    assert used - COMPONENTS - {"slot", "vars"} == set()


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_component_is_in_the_gallery_and_in_the_manual(name):
    tag = f"<c-{name.replace('_', '-')}"
    shown = "".join(path.read_text() for path in (ROOT / "templates" / "gallery").glob("*.html"))
    assert re.search(rf"{tag}[\s/>]", shown), f"{tag}> is missing in templates/gallery/"
    assert tag in (ROOT / "docs" / "components.md").read_text(), f"{tag}> is missing in docs/components.md"


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_component_escapes_what_it_passes_on(name):
    assert "{{ attrs }}" not in (ROOT / "templates" / "cotton" / f"{name}.html").read_text()


def test_stylesheet_is_small_and_in_one_piece():
    folder = ROOT / "static" / "css"
    joined = join_stylesheet((folder / "tidegate.css").read_text(), lambda name: (folder / name).read_text())
    assert "@import" not in joined
    assert joined.index("@layer reset, tokens") == 0
    assert len(brotli.compress(joined.encode())) <= 10_000


def test_scripts_are_small():
    scripts = list((ROOT / "static" / "js").glob("*.js"))
    assert sum(len(brotli.compress(path.read_bytes())) for path in scripts) <= 6_000
    for path in scripts:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()
        ), path.name
