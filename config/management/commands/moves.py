import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import override

from common.lifecycle import Move

# From the top of the house down, as its imports go.
APPS = ("registry", "governance", "access", "incidents", "reports")
PAGE = Path("docs") / "moves.md"
HEAD = """# Moves: what changes the stage of what, and who may

Made from the tables of moves in the code by `python manage.py moves --write`; a test fails when the two differ. A stage
changes in no other way: pages, API, tasks and commands all come through here (`common/lifecycle.py`), and every move
is on record with who made it. Whoever may not make a move gets 403; where something is needed, the reasons are said.
"""


class Command(BaseCommand):
    help = "Write the table of all moves, from the code, to docs/moves.md; or check that it is up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--write", action="store_true", help=f"write {PAGE}")
        group.add_argument("--check", action="store_true", help=f"fail when {PAGE} is not what the code says")

    def handle(self, *, write: bool, check: bool, **options: Any) -> None:
        text, page = document(), settings.BASE_DIR / PAGE
        if write:
            page.write_text(text)
            self.stdout.write(f"{PAGE} is written.")
        elif check:
            if not page.is_file() or page.read_text() != text:
                raise CommandError(f"{PAGE} is not what the code says. Run: python manage.py moves --write")
            self.stdout.write(f"{PAGE} is what the code says.")
        else:
            self.stdout.write(text, ending="")


def document() -> str:
    """All moves of all apps as Markdown, in English whatever the language of the process."""
    with override("en"):
        tables: dict[tuple[str, str], list[str]] = {}
        for app in APPS:
            for move in moves_of(app):
                model = model_of(move)
                kind = str(model._meta.verbose_name)
                tables.setdefault((kind, str(model.__doc__).strip().splitlines()[0]), []).append(row(move))
        parts = [HEAD]
        for (kind, words), rows in tables.items():
            head = "| move | in words | from | to | who may | needs | asks a reason |\n|---|---|---|---|---|---|---|"
            parts.append("\n".join([f"## {kind.capitalize()}\n\n{words}\n", head, *rows, ""]))
        return "\n".join(parts)


def moves_of(app: str) -> Iterator[Move]:
    """The moves in the lifecycle table of ``app``, in the order in which they are written."""
    module = importlib.import_module(f"{app}.lifecycle")
    seen = set()
    for value in vars(module).values():
        if isinstance(value, Move) and id(value) not in seen:
            seen.add(id(value))
            yield value


def model_of(move: Move) -> Any:
    """The model whose stages ``move`` goes between."""
    stages = type(move.target)
    for config in apps.get_app_configs():
        if isinstance(config, AppConfig) and (config.name in APPS):
            for model in config.get_models():
                if getattr(model, "Stage", None) is stages:
                    return model
    raise LookupError(f"No model has the stages of the move {move.name!r}.")


def row(move: Move) -> str:
    stages = type(move.target)
    sources = ", ".join(str(stage.label) for stage in stages if stage in move.sources)
    needs = "; ".join(words(need) for need in move.needs)
    reason = "yes" if move.asks_reason else ""
    label = f"{move.label}. {move.help}" if move.help else str(move.label)
    cells = (f"`{move.name}`", label, sources, str(move.target.label), words(move.may), needs, reason)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def words(predicate: Any) -> str:
    """What a predicate or a need says of itself in its docstring; that is what it means, so it has to have one."""
    text = inspect.getdoc(predicate)
    if not text:
        raise LookupError(f"{predicate.__module__}.{predicate.__qualname__} does not say in a docstring what it asks.")
    return " ".join(text.split("\n\n")[0].split()).rstrip(".").replace("``", "`")
