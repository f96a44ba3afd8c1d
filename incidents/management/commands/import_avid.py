from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services import service_account
from incidents import avid, services
from incidents.models import Incident

BATCH = 200


class Command(BaseCommand):
    help = (
        "Import AVID reports (one JSON object a line) as incidents. Each valid report becomes one open incident; "
        "each rejected line is listed with its number and the reason. Running it again adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file of AVID reports, one JSON object a line")
        parser.add_argument("--strict", action="store_true", help="end with an error code when a line was rejected")

    def handle(self, *args: Any, file: Path, strict: bool, **options: Any) -> None:
        try:
            source = file.open("rb")
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        self.actor = service_account("AVID import")
        added = rejected = valid = 0
        batch: list[dict[str, Any]] = []
        with source:
            for found in avid.read(source):
                if isinstance(found, avid.Rejected):
                    rejected += 1
                    self.stdout.write(f"line {found.line}: {found.reason}")
                    continue
                valid += 1
                batch.append(found.row)
                if len(batch) == BATCH:
                    added += self._save(batch)
                    batch = []
        added += self._save(batch)
        known = valid - added
        self.stdout.write(
            f"{valid + rejected} reports read: {added} added, {known} there already, {rejected} rejected."
        )
        if valid and not added:
            self.stdout.write("Nothing was added: every valid report is an incident already.")
        if strict and rejected:
            raise CommandError(f"{rejected} lines were rejected.")

    def _save(self, batch: list[dict[str, Any]]) -> int:
        return services.import_incidents(batch, actor=self.actor, source=Incident.Source.AVID) if batch else 0
