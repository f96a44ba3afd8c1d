"""The portal's typeface, cut down to the letters that pages need. The PDF uses the whole file."""

from pathlib import Path

import fontpkg_public_sans
from fontTools import subset

SOURCE = next((fontpkg_public_sans.ROOT / "files").glob("PublicSans[[]wght].ttf"))
ITALIC_SOURCE = next((fontpkg_public_sans.ROOT / "files").glob("PublicSans-Italic[[]wght].ttf"))

# The same ranges as in static/css/base.css, which tells the browser when to fetch which file.
RANGES = {
    "public-sans-latin.woff2": (
        "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
        "U+2000-206F,U+20AC,U+2122,U+2190-2193,U+2212,U+2215,U+FEFF,U+FFFD"
    ),
    "public-sans-latin-ext.woff2": (
        "U+0100-0130,U+0132-0151,U+0154-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,"
        "U+1E00-1E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0,U+2113"
    ),
}


def build_fonts(folder: Path, *, force: bool = False) -> list[Path]:
    """Write the web fonts into ``folder`` and return the files that were made now."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, ranges in RANGES.items():
        target = folder / name
        if target.exists() and not force:
            continue
        options = subset.Options(
            flavor="woff2", layout_features=["kern", "liga", "calt", "mark", "mkmk", "tnum", "ccmp"]
        )
        # A half-written font must never look like a finished one.
        part = target.with_suffix(".part")
        with subset.load_font(str(SOURCE), options) as font:
            cutter = subset.Subsetter(options)
            cutter.populate(unicodes=subset.parse_unicodes(ranges))
            cutter.subset(font)
            subset.save_font(font, str(part), options)
        part.replace(target)
        made.append(target)
    return made
