from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from config import demo
from registry.models import Publisher


class Command(BaseCommand):
    help = "Fill an empty portal with the demo: one publisher, one account per role, one story."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stage", choices=list(demo.STAGES), default=list(demo.STAGES)[-1], help="how far the story goes"
        )
        parser.add_argument("--accounts", action="store_true", help="only print the demo accounts, if there are any")

    def handle(self, *, stage: str, accounts: bool, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("The demo's password is known to everybody; it is refused in production.")
        if accounts:
            self._print_accounts()
            return
        if Publisher.objects.exists():
            self.stdout.write("There is a publisher already; the demo needs an empty portal. Nothing was changed.")
            return
        demo.tell(stage)
        self.stdout.write(f"Demo data is in place, up to “{stage}”.")

    def _print_accounts(self) -> None:
        known = set(
            User.objects.filter(email__in=[address for address, *_ in demo.ACCOUNTS]).values_list("email", flat=True)
        )
        if not known:
            return
        self.stdout.write(f"Demo accounts (password: {demo.PASSWORD})")
        for address, _name, hint in demo.ACCOUNTS:
            if address in known:
                self.stdout.write(f"  {address:32} {hint}")
