from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import service_account
from registry import services


class Command(BaseCommand):
    help = "Bring the taxonomies and question sets that come with the portal up to date. `migrate` does so too."

    def handle(self, **options: Any) -> None:
        changed = services.load_shipped(actor=service_account("Registry"))
        self.stdout.write(f"{changed} lists were new or changed.")
