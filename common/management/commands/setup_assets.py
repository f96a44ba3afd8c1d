import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command

from common.fonts import build_fonts


class Command(BaseCommand):
    help = "Make the generated static files (fonts), compile translations and collect everything for the web server."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--no-collect", action="store_true", help="Only make the fonts and the translations.")
        parser.add_argument("--force", action="store_true", help="Make the fonts again even if they are there.")

    def handle(self, *args: Any, **options: Any) -> None:
        made = build_fonts(Path(settings.ASSETS_DIR) / "fonts", force=options["force"])
        for path in made:
            self.stdout.write(f"Made {path.name} ({path.stat().st_size / 1000:.1f} kB)")
        self.compile_translations()
        if not options["no_collect"]:
            call_command("collectstatic", interactive=False, verbosity=min(options["verbosity"], 1), stdout=self.stdout)

    def compile_translations(self) -> None:
        catalogues = [path for root in settings.LOCALE_PATHS for path in Path(root).glob("*/LC_MESSAGES/*.po")]
        msgfmt = shutil.which("msgfmt")
        if not catalogues:
            return
        if not msgfmt:
            self.stderr.write("msgfmt is not installed (package gettext): pages are shown in English only.")
            return
        for path in catalogues:
            subprocess.run([msgfmt, "--check-format", "-o", path.with_suffix(".mo"), path], check=True)  # noqa: S603
