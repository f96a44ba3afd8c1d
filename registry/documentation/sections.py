"""The body of a card cut at its headings, and one of the pieces replaced.

The pieces join to the very body they were cut from, so what an edit does not touch keeps its bytes.
"""

import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from common.lifecycle import Refused
from registry.documentation.kinds import BY_KEY, KINDS, kind_of

OPENING = "opening"
_LINE = re.compile(r"\r\n|\r|\n")
_PLACEHOLDER = re.compile(r"\[?more information (?:is )?needed(?: for further recommendations)?\]?\.?", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# HTML counts as HTML here, as on the Hub: a line “# …” inside a comment is no heading.
_blocks = MarkdownIt("commonmark", {"html": True}).enable("table")
_blocks.core.ruler.disable(["inline"])


@dataclass(frozen=True)
class Heading:
    level: int
    title: str
    line: int
    start: int
    end: int


@dataclass(frozen=True)
class Section:
    """One piece of a body. ``body[start:text_start]`` is its heading, ``body[text_start:end]`` what stands below.

    ``name`` is unique in the body: the key of its kind, or its heading in small letters, with a number where
    that occurs more than once. ``line`` counts from 0.
    """

    name: str
    key: str
    title: str
    level: int
    line: int
    start: int
    text_start: int
    end: int
    text: str

    @property
    def is_empty(self) -> bool:
        """Nothing but headings, comments of a template, and “more information needed”."""
        return not said(self.text)


def headings(body: str) -> list[Heading]:
    """The headings of a Markdown text with their positions; none inside lists, quotations, code or comments."""
    starts = [0, *(found.end() for found in _LINE.finditer(body)), len(body)]
    tokens = _blocks.parse(body)
    return [
        Heading(
            int(token.tag[1]),
            tokens[number + 1].content.strip(),
            token.map[0],
            starts[min(token.map[0], len(starts) - 1)],
            starts[min(token.map[1], len(starts) - 1)],
        )
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def split(body: str) -> list[Section]:
    """``body`` in its pieces, in order. What stands before the first heading is called ``opening``.

    A heading opens a piece of its own unless it stands below one that it belongs to: an unknown heading
    below a known one, or one of the same kind (“Direct use” below “Uses”).
    """
    pieces: list[tuple[str, Heading]] = []
    for heading in headings(body):
        key = kind_of(heading.title)
        if pieces:
            open_key, above = pieces[-1]
            below = heading.level > above.level
            if below and ((key and key == open_key) or (not key and (open_key or above.level > 1))):
                continue
        pieces.append((key, heading))
    first = pieces[0][1].start if pieces else len(body)
    names = {OPENING: 1}
    made = [Section(OPENING, "", "", 0, 0, 0, 0, first, body[:first])]
    for number, (key, heading) in enumerate(pieces):
        end = pieces[number + 1][1].start if number + 1 < len(pieces) else len(body)
        text = body[heading.end : end]
        name = _unique(key or _slug(heading.title), names)
        made.append(
            Section(name, key, heading.title, heading.level, heading.line, heading.start, heading.end, end, text)
        )
    return made


def find(body: str, name: str) -> Section | None:
    return next((section for section in split(body) if section.name == name), None)


def said(text: str) -> str:
    """What a text says once comments, headings and the template's placeholders are taken away."""
    bare = _PLACEHOLDER.sub("", _COMMENT.sub("", text))
    lines = [line for line in _LINE.split(bare) if line.strip() and not re.match(r"\s{0,3}#{1,6}(\s|$)", line)]
    # “- **Hardware type:**” with nothing behind it is a question of the template, not an answer.
    lines = [line for line in lines if not re.match(r"\s*[-*]\s+\*\*[^*]+:\*\*\s*$", line)]
    return "\n".join(lines).strip()


def core(text: str) -> str:
    """The text of a section without the empty lines around it: what is shown in the editor."""
    before, inside, _after = _margins(text)
    return inside if before or inside else ""


def replace(body: str, name: str, text: str) -> str:
    """``body`` with the text of section ``name`` replaced; everything outside it keeps its bytes.

    A section of a known kind that is not there yet is put where it belongs. Raises ``Refused`` for a text
    that would change where other sections begin, such as a block of code that is not closed.
    """
    section = find(body, name)
    if section is None:
        if name == OPENING or name not in BY_KEY:
            raise Refused(_("This card has no such section."), field="name")
        return _insert(body, name, text)
    new = _framed(body, section, text)
    changed = body[: section.text_start] + new + body[section.end :]
    _check(body, changed, section, len(new))
    return changed


def _framed(body: str, section: Section, text: str) -> str:
    """``text`` with the empty lines that stood around the old one, and the line ends of the card."""
    before, old, after = _margins(section.text)
    end = line_end(body)
    new = _LINE.sub(lambda _found: end, _bare(text))
    if new == _LINE.sub(lambda _found: end, old):
        return section.text
    if not new:
        return before + after
    if section.name != OPENING and not before:
        # Also where the heading was the last thing in the card, without a line end.
        before = end if body[: section.text_start].endswith(("\n", "\r")) else end * 2
    if section.end < len(body) and len(_LINE.findall(after)) < 2:
        after = end * 2
    return before + new + after


def _insert(body: str, key: str, text: str) -> str:
    end, kind = line_end(body), BY_KEY[key]
    new = _LINE.sub(lambda _found: end, _bare(text))
    known = [section for section in split(body) if section.key]
    level = 1 if known and all(section.level == 1 for section in known) and len(known) > 1 else 2
    at = _place(body, key, level)
    before = body[:at]
    gap = "" if not before or re.search(r"(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)$", before) else end
    if gap and not before.endswith(("\n", "\r")):
        gap = end * 2
    piece = f"{gap}{'#' * level} {kind.heading}{end}"
    if new:
        piece += f"{end}{new}{end}"
    if at < len(body):
        piece += end
    changed = before + piece + body[at:]
    made = next((section for section in split(changed) if section.key == key), None)
    if made is None or core(made.text) != new or not made.start >= len(before):
        raise _swallowed()
    outer = Section(key, key, "", 0, 0, at, at, at, "")
    _check(body, changed, outer, len(piece), inserted=made.start)
    return changed


def _place(body: str, key: str, level: int) -> int:
    """Where a new section goes: before the next heading that is not below the section it follows."""
    order = [kind.key for kind in KINDS]
    sections = split(body)
    earlier = [section for section in sections if section.key and order.index(section.key) < order.index(key)]
    later = [section for section in sections if section.key and order.index(section.key) > order.index(key)]
    if earlier:
        after = max(earlier, key=lambda section: (order.index(section.key), section.start)).end
    elif later:
        after = min(later, key=lambda section: section.start).start
    else:
        return len(body)
    starts = [heading.start for heading in headings(body) if heading.start >= after and heading.level <= level]
    return starts[0] if starts else len(body)


def _check(body: str, changed: str, section: Section, size: int, inserted: int | None = None) -> None:
    """Refuse a change that moves other headings: they must be the same before and after the new text."""
    shift = len(changed) - len(body)
    outside = [
        (heading.start + (shift if heading.start >= section.end else 0), heading.level, heading.title)
        for heading in headings(body)
        if heading.start < section.text_start or heading.start >= section.end
    ]
    span = range(section.text_start, section.text_start + size)
    new = headings(changed)
    if [(each.start, each.level, each.title) for each in new if each.start not in span] != outside:
        raise _swallowed()
    for each in new:
        if each.start in span and each.start != inserted and each.level <= section.level:
            raise Refused(
                _("“%(title)s” would begin another section. Use at least %(marks)s for headings in this text.")
                % {"title": each.title[:80], "marks": "#" * min(section.level + 1, 6)},
                field="text",
            )


def _swallowed() -> Refused:
    return Refused(
        _(
            "The rest of the card would become part of this text, or this text part of what stands before it. "
            "Look for a block of code (```) or a comment (<!--) that is not closed."
        ),
        field="text",
    )


def line_end(body: str) -> str:
    """The line end that most lines of a text have."""
    windows = body.count("\r\n")
    return "\r\n" if windows and windows * 2 >= body.count("\n") else "\n"


def _margins(text: str) -> tuple[str, str, str]:
    """Empty lines before, the text, and what follows its last printed character."""
    inside = text.rstrip()
    lead = re.match(r"(?:[^\S\r\n]*(?:\r\n|\r|\n))*", inside)
    before = lead[0] if lead and inside else ""
    if not inside:
        return text, "", ""
    return before, inside[len(before) :], text[len(inside) :]


def _bare(text: str) -> str:
    return _margins(text)[1]


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "section"


def _unique(name: str, names: dict[str, int]) -> str:
    made = name
    while made in names:
        names[name] += 1
        made = f"{name}-{names[name]}"
    names[made] = 1
    return made
