"""The page of all moves is what the code says."""

import importlib

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from common.lifecycle import Move
from config.management.commands import moves


def test_the_page_of_moves_is_up_to_date(settings):
    page = settings.BASE_DIR / moves.PAGE
    assert page.read_text() == moves.document(), "Run: python manage.py moves --write"


def test_every_move_of_every_app_is_on_it():
    text, missing = moves.document(), []
    for app in ("accounts", "registry", "governance", "access", "incidents", "reports", "common"):
        try:
            module = importlib.import_module(f"{app}.lifecycle")
        except ModuleNotFoundError:
            continue
        if app == "common":
            continue
        found = [value for value in vars(module).values() if isinstance(value, Move)]
        assert app in moves.APPS or not found
        missing += [move.name for move in found if moves.row(move) not in text]
    assert missing == []
    assert text.count("\n| `") == sum(len(list(moves.moves_of(app))) for app in moves.APPS)


def test_the_page_does_not_depend_on_the_language():
    with override("nl"):
        assert "| `publish` | Publish the release." in moves.document()


def test_check_says_what_to_run(settings, tmp_path, capsys):
    call_command("moves", "--check")
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="moves --write"):
        call_command("moves", "--check")
    (tmp_path / "docs").mkdir()
    call_command("moves", "--write")
    call_command("moves", "--check")
    assert "is what the code says" in capsys.readouterr().out


def test_a_predicate_without_words_is_named():
    def silent(user, obj):
        return True

    with pytest.raises(LookupError, match="silent"):
        moves.words(silent)
