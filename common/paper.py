"""The style of paper: the tokens and typeface of the pages, in the form that the PDF renderer takes."""

import re
from functools import lru_cache

from django.conf import settings

from common.fonts import ITALIC_SOURCE, SOURCE

_PAIR = re.compile(r"light-dark\((?P<light>[^,()]+), [^()]+\)")


@lru_cache(maxsize=1)
def colours() -> dict[str, str]:
    """The light colours by name (``"brand"``, ``"critical"``), for drawings: the renderer takes the
    colours of SVG shapes from attributes only."""
    tokens = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
    return dict(re.findall(r"--raw-([\w-]+): light-dark\((#[0-9a-f]{6}),", tokens))


@lru_cache(maxsize=1)
def report_stylesheet() -> str:
    """Everything ``weasyprint.CSS(string=…, font_config=…)`` needs: typeface, light tokens, ``report.css``.

    The typeface comes from its package by a ``file:`` address, so the renderer must be allowed to read
    that one folder; nothing else in the style refers to anything outside.
    """
    folder = settings.BASE_DIR / "static" / "css"
    tokens = _PAIR.sub(r"\g<light>", (folder / "tokens.css").read_text())
    faces = "".join(
        f'@font-face {{ font-family: "Public Sans"; src: url("{source.as_uri()}"); font-style: {style}; }}\n'
        for source, style in ((SOURCE, "normal"), (ITALIC_SOURCE, "italic"))
    )
    return faces + tokens + (folder / "report.css").read_text()
