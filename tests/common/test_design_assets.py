"""What collecting static files makes: fonts cut to size, one stylesheet, hashed modules."""

import json
import re

import pytest
from django.core.management import call_command
from django.test import override_settings
from fontTools.ttLib import TTFont

from common.fonts import build_fonts


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """The folder of a real ``setup_assets`` run under the production storage."""
    from django.conf import settings

    folder = tmp_path_factory.mktemp("assets")
    assets, static = folder / "assets", folder / "static"
    assets.mkdir()
    changed = {
        "ASSETS_DIR": assets,
        "STATIC_ROOT": static,
        "STATICFILES_DIRS": [settings.BASE_DIR / "static", assets],
        "INSTALLED_APPS": [
            app for app in settings.INSTALLED_APPS if "spectacular" not in app and app != "django.contrib.admin"
        ],
        "STORAGES": {**settings.STORAGES, "staticfiles": {"BACKEND": "common.static_storage.PortalStaticFilesStorage"}},
    }
    with override_settings(**changed):
        call_command("setup_assets", verbosity=0)
    return static


def test_fonts_are_small_and_hold_their_letters(collected):
    sizes = {path.name: path.stat().st_size for path in (collected / "fonts").glob("public-sans-latin*.woff2")}
    assert max(sizes.values()) < 40_000
    with TTFont(collected / "fonts" / "public-sans-latin.woff2") as font:
        assert {ord(letter) for letter in "Aé–“”…"} <= set(font.getBestCmap())
        assert "wght" in [axis.axisTag for axis in font["fvar"].axes]
    with TTFont(collected / "fonts" / "public-sans-latin-ext.woff2") as font:
        assert {ord(letter) for letter in "őŁş"} <= set(font.getBestCmap())


def test_fonts_are_made_once(tmp_path):
    (tmp_path / "public-sans-latin.woff2").write_bytes(b"there")
    (tmp_path / "public-sans-latin-ext.woff2").write_bytes(b"there")
    assert build_fonts(tmp_path) == []


def manifest(collected):
    return json.loads((collected / "staticfiles.json").read_text())["paths"]


def test_stylesheet_is_one_file_whose_addresses_are_hashed(collected):
    css = (collected / manifest(collected)["css/tidegate.css"]).read_text()
    assert "@import" not in css
    assert "@layer components {" in css
    assert "/*" not in css
    for address in re.findall(r"url\([\"']?([^\"')]+)", css):
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", address), address
        assert (collected / "css" / address).resolve().is_file()


def test_modules_import_each_other_by_their_hashed_names(collected):
    script = (collected / manifest(collected)["js/app.js"]).read_text()
    imported = re.findall(r"import\(\"\./([\w.]+)\"\)", script)
    assert len(imported) >= 6
    assert all((collected / "js" / name).is_file() and re.search(r"\.[0-9a-f]{12}\.js$", name) for name in imported)


def test_everything_is_compressed_beforehand(collected):
    assert (collected / (manifest(collected)["css/tidegate.css"] + ".br")).stat().st_size <= 10_000
