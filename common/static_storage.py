"""Static files as the web server hands them out: one stylesheet, hashed names, ready compressed."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

ENTRY = "css/tidegate.css"
_IMPORT = re.compile(r'@import "(?P<name>[\w.-]+)"(?: layer\((?P<layer>[\w.-]+)\))?;\n?')
_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)


def join_stylesheet(entry: str, read: Any) -> str:
    """``entry`` with every file it imports in its place, each in its layer; comments stay behind."""

    def inline(match: re.Match[str]) -> str:
        body = _COMMENT.sub("", read(match["name"]))
        return f"@layer {match['layer']} {{\n{body}}}\n" if match["layer"] else body

    return _IMPORT.sub(inline, _COMMENT.sub("", entry))


class PortalStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Joins the parts of the stylesheet before names are hashed, so a page asks for one file."""

    # Our own modules only: files of other packages name things that they do not ship.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if ENTRY in paths and not dry_run:
            folder = ENTRY.rpartition("/")[0]
            sources = dict(paths)

            def read(name: str) -> str:
                storage, path = sources[f"{folder}/{name}"]
                with storage.open(path) as file:
                    return str(file.read().decode())

            joined = join_stylesheet(read(ENTRY.rpartition("/")[2]), read)
            if self.exists(ENTRY):
                self.delete(ENTRY)
            self._save(ENTRY, ContentFile(joined.encode()))
            paths = {**paths, ENTRY: (self, ENTRY)}
        yield from super().post_process(paths, dry_run, **options)
