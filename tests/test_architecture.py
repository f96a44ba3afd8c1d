"""Promises about the shape of the house, kept as ordinary tests."""

import ast
import importlib
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "registry", "governance", "access", "incidents", "reports", "common")
SOURCES = [path for app in (*APPS, "config") for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
# What may be longer than a file should be, and why.
LONG_FILES = {"config/settings.py": "one place for every setting is worth more than a short file"}
LONG_VIEWS: dict[str, str] = {}


def _tree(path):
    return ast.parse(path.read_text())


def test_stage_is_written_in_one_place():
    writers = set()
    for path in SOURCES:
        for node in ast.walk(_tree(path)):
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AugAssign)
                else []
            )
            flat = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
            if any(isinstance(target, ast.Attribute) and target.attr == "stage" for target in flat):
                writers.add(str(path.relative_to(ROOT)))
            is_update = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update"
            )
            if is_update and any(keyword.arg == "stage" for keyword in node.keywords):
                writers.add(str(path.relative_to(ROOT)))
    assert writers == {"common/lifecycle.py"}


def test_only_permissions_and_services_of_accounts_name_guardian():
    named = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(_tree(path))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("guardian"))
        or (isinstance(node, ast.Import) and any(alias.name.startswith("guardian") for alias in node.names))
    }
    assert named == {"accounts/permissions.py", "accounts/services.py"}


def test_every_model_has_a_factory():
    made = set()
    for app in APPS:
        try:
            module = importlib.import_module(f"tests.factories.{app}")
        except ModuleNotFoundError:
            continue
        for entry in vars(module).values():
            model = getattr(getattr(entry, "_meta", None), "model", None)
            if isinstance(entry, type) and model is not None:
                made.add(model)
    missing = {
        model._meta.label
        for app in APPS
        if app != "common"
        for model in apps.get_app_config(app).get_models()
        if model not in made
    }
    assert missing == set()


@pytest.mark.parametrize("app", APPS)
def test_every_app_says_what_it_is(app):
    assert (ROOT / app / "README.md").is_file()


def test_files_stay_short():
    long = {
        str(path.relative_to(ROOT)): lines for path in SOURCES if (lines := len(path.read_text().splitlines())) > 400
    }
    assert set(long) - set(LONG_FILES) == set(), long


def test_views_stay_short():
    long = {}
    for path in SOURCES:
        if path.name != "views.py" and "views" not in path.parts:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 30:
                long[f"{path.relative_to(ROOT)}:{node.name}"] = node.end_lineno - node.lineno + 1
    assert set(long) - set(LONG_VIEWS) == set(), long


def test_migrations_are_named_by_hand():
    names = [path.name for app in APPS for path in (ROOT / app / "migrations").glob("0*.py")]
    assert [name for name in names if re.search(r"_(auto|initial|alter_.*_and_more|.*_and_more)", name)] == []


def _settings_variables():
    """Every environment variable that the settings read."""
    text = (ROOT / "config" / "settings.py").read_text()
    return set(re.findall(r'env\.(?:read\(env\.\w+, |require_url\(|directory\(|dj_email_url\()"([A-Z0-9_]+)"', text))


def test_every_setting_is_documented():
    variables = _settings_variables()
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "BASE_URL", "DATA_DIR", "EMAIL_URL"} <= variables
    operations = (ROOT / "docs" / "operations.md").read_text()
    example = (ROOT / ".env.example").read_text()
    assert {name for name in variables if f"`{name}`" not in operations} == set()
    assert {name for name in variables if not re.search(rf"^#?\s*{name}=", example, re.M)} == set()


def test_every_command_is_documented():
    docs = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    ours = [name for name, app in get_commands().items() if app in APPS]
    assert [name for name in ours if f"manage.py {name}" not in docs] == []


def test_every_move_is_documented():
    docs = "".join((ROOT / app / "README.md").read_text() for app in APPS)
    missing = []
    for app in APPS:
        if not (ROOT / app / "lifecycle.py").is_file():
            continue
        module = importlib.import_module(f"{app}.lifecycle")
        for move in vars(module).values():
            if type(move).__name__ == "Move" and f"`{move.name}`" not in docs:
                missing.append(f"{app}: {move.name}")
    assert missing == []


def test_documentation_links_lead_somewhere():
    broken = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / app / "README.md" for app in APPS)]:
        # What stands in a code span is an example.
        text = re.sub(r"`[^`\n]*`", "", page.read_text())
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_templates_are_strict():
    """No inline script, style or handler anywhere: the Content-Security-Policy has no exception."""
    wrong = []
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        for pattern in (
            r"\sstyle=",
            r"<style",
            r"\son[a-z]+=\"",
            r"<script(?![^>]*(\bsrc=|application/json))",
            r"javascript:",
            r"hx-on",
        ):
            if re.search(pattern, text):
                wrong.append(f"{path.relative_to(ROOT)}: {pattern}")
    assert wrong == []


def test_packages_are_complete():
    """A folder of tests without ``__init__`` would let two modules of one name hide each other."""
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert {folder for folder in folders if not (folder / "__init__.py").is_file()} == set()
