"""Other people's words in a Markdown document, and a Markdown document as plain text and tables.

What is put into a document must not become a part of its structure: a pipe in a title opens no cell, a line that
begins with “#” no heading, and no tag reaches whoever renders the document later.
"""

import re
import unicodedata

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Marks that turn a line into something else where it begins with them.
_OPENING = re.compile(r"^(\s*)([#>+=~-]|\d+[.)](?=\s|$))")
# An underscore inside a word, as in a file's name, marks nothing.
_INLINE = re.compile(r"([\\`*\[\]<>|~]|(?<!\w)_|_(?!\w))")
_parser = MarkdownIt("commonmark", {"html": False}).enable("table")


def clean(text: object) -> str:
    """``text`` without what nobody sees: control characters, and those that turn the direction of writing."""
    plain = str(text).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    kept = (mark for mark in plain if mark in "\n\t" or unicodedata.category(mark) != "Cc")
    return "".join(mark for mark in kept if mark not in _HIDDEN)


_HIDDEN = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\x85")


def line(text: object) -> str:
    """``text`` as words within a line: its marks are shown, not obeyed."""
    words = _INLINE.sub(r"\\\1", " ".join(clean(text).split()))
    return _OPENING.sub(lambda found: f"{found[1]}\\{found[2]}" if not found[2][0].isdigit() else _number(found), words)


def _number(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2][:-1]}\\{found[2][-1]}"


def quote(text: object) -> str:
    """``text``, which may be Markdown, as a block of its own that nothing in it can leave."""
    lines = re.sub(r"<(?=[A-Za-z/!?])", r"\\<", clean(text)).strip("\n").split("\n")
    return "\n".join(f"> {each}".rstrip() for each in lines)


def tidy(text: str) -> str:
    """A rendered document without the blank lines that the template's own tags leave."""
    lines = [each.rstrip() for each in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a Markdown text: rows of cells, each as plain words."""
    found: list[list[list[str]]] = []
    for token, following in _pairs(_parser.parse(text)):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in {"th_open", "td_open"} and following is not None:
            found[-1][-1].append(_inline(following))
    return found


def plain_text(text: str) -> str:
    """A Markdown document as it reads without any mark: headings underlined, each row of a table as lines."""
    blocks: list[str] = []
    tokens = _parser.parse(text)
    header: list[str] = []
    depth, marks = 0, [""]
    for token, following in _pairs(tokens):
        if token.type == "heading_open" and following is not None:
            words = _inline(following)
            rule = {"h1": "=", "h2": "-"}.get(token.tag)
            blocks.append(f"{words}\n{rule * max(len(words), 3)}" if rule else words)
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            marks.append("1" if token.type == "ordered_list_open" else "-")
            depth += 1
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            marks.pop()
            depth -= 1
        elif token.type == "list_item_open":
            mark = f"{token.info}." if marks[-1] == "1" else "-"
            blocks.append(f"{'  ' * (depth - 1)}{mark} \0")
        elif token.type == "paragraph_open" and following is not None:
            _add(blocks, _inline(following, breaks=True), "  " * depth)
        elif token.type in {"fence", "code_block"}:
            blocks.append("\n".join(f"    {each}" for each in token.content.rstrip("\n").split("\n")))
        elif token.type == "hr":
            blocks.append("-" * 20)
        elif token.type == "table_open":
            header = []
        elif token.type == "tr_open":
            row: list[str] = []
        elif token.type in {"th_open", "td_open"} and following is not None:
            row.append(_inline(following))
        elif token.type == "tr_close":
            if not header:
                header = row
            else:
                blocks.append("\n".join(f"{name}: {cell}".strip() for name, cell in zip(header, row, strict=False)))
    return "\n\n".join(blocks).replace("\0", "") + "\n"


def _add(blocks: list[str], words: str, indent: str) -> None:
    if blocks and blocks[-1].endswith("\0"):
        blocks[-1] = blocks[-1][:-1] + words.replace("\n", f"\n{indent}")
    else:
        blocks.append(indent + words.replace("\n", f"\n{indent}"))


def _pairs(tokens: list[Token]) -> list[tuple[Token, Token | None]]:
    return list(zip(tokens, [*tokens[1:], None], strict=True))


def _inline(token: Token, *, breaks: bool = False) -> str:
    """The words of a line; a link with its address behind it."""
    words: list[str] = []
    addresses: list[str] = []
    for child in token.children or []:
        if child.type in {"softbreak", "hardbreak"}:
            words.append("\n" if breaks else " ")
        elif child.type == "link_open":
            addresses.append(str(child.attrs.get("href", "")))
            words.append("\0")
        elif child.type == "link_close":
            said = "".join(words[len(words) - words[::-1].index("\0") :])
            address = addresses.pop()
            words.append("" if said == address else f" <{address}>")
        else:
            words.append(child.content)
    return "".join(words).replace("\0", "")
