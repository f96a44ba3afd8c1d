"""Markdown that somebody else wrote, as HTML that is safe on our pages, or as plain words."""

import re
from collections.abc import Mapping, Sequence

import nh3
from django.conf import settings
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from common.references import Target

# Where a permanent reference (``common.references``) may stand in a text.
MENTION = re.compile(r"(?<![\w-])[A-Z]{1,5}-[1-9][0-9]{0,8}(?![\w-])")


class _Renderer(RendererHTML):
    """Markdown as our own pages want it: headings below the page's, links that endorse nothing."""

    def heading(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        level = min(int(token.tag[1]) + int(env.get("shift", 1)), 6)
        if token.nesting != 1:
            return f"</h{level}>\n"
        anchor = env.get("anchors", {}).get(token.map[0]) if token.map and token.level == 0 else None
        return f'<h{level} id="{conditional_escape(anchor)}">' if anchor else f"<h{level}>"

    heading_open = heading_close = heading

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        source = str(tokens[idx].attrs.get("src", ""))
        if (ours := env.get("pictures", {}).get(source)) is not None:
            tokens[idx].attrs["src"] = ours
            return super().image(tokens, idx, options, env)
        if source.startswith(settings.STATIC_URL):
            return super().image(tokens, idx, options, env)
        # A picture from elsewhere would tell its host who reads this page.
        return conditional_escape(tokens[idx].content)

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        words = tokens[idx].content
        targets = env.get("references", {})
        if not targets or not MENTION.search(words):
            return super().text(tokens, idx, options, env)
        if sum(token.nesting for token in tokens[:idx] if token.type in {"link_open", "link_close"}):
            return super().text(tokens, idx, options, env)
        made, end = "", 0
        for found in MENTION.finditer(words):
            target = targets.get(found[0])
            if target is not None:
                link = f'<a href="{conditional_escape(target.url)}" title="{conditional_escape(target.label)}">'
                made += f"{conditional_escape(words[end : found.start()])}{link}{found[0]}</a>"
                end = found.end()
        return made + conditional_escape(words[end:])

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="table-scroll" tabindex="0"><table class="table">'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"


def _comment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A comment on lines of its own says nothing, as on every other page that shows this text."""
    at = state.bMarks[start] + state.tShift[start]
    if state.is_code_block(start) or not state.src.startswith("<!--", at):
        return False
    for line in range(start, end):
        closed = state.src.find("-->", at + 4 if line == start else state.bMarks[line], state.eMarks[line])
        if closed >= 0:
            if state.src[closed + 3 : state.eMarks[line]].strip():
                return False
            if not silent:
                state.line = line + 1
            return True
    return False


def _inline_comment(state: StateInline, silent: bool) -> bool:
    closed = state.src.find("-->", state.pos + 4) if state.src.startswith("<!--", state.pos) else -1
    if closed < 0:
        return False
    state.pos = closed + 3
    return True


_markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable(["table", "strikethrough"])
_markdown.options["maxNesting"] = 30
_markdown.block.ruler.before("fence", "comment", _comment, {"alt": ["paragraph", "reference", "blockquote", "list"]})
_markdown.inline.ruler.before("autolink", "comment", _inline_comment)
_TAGS = {
    *("a", "blockquote", "br", "code", "div", "em", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre"),
    *("s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "div": {"class", "tabindex"},
    "table": {"class"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}


def markdown(
    text: str | None,
    shift: int = 1,
    *,
    pictures: Mapping[str, str] | None = None,
    anchors: Mapping[int, str] | None = None,
    references: Mapping[str, Target] | None = None,
) -> SafeString:
    """Turn Markdown that somebody else wrote into HTML that is safe on our pages.

    HTML inside the text stays text, but for comments, which are left out. Headings move down by ``shift`` so
    that the page keeps its one ``h1``; pictures become their description, but for those that ``pictures`` has
    an address of ours for. ``anchors`` gives the headings on these lines (from 0) an id; ``references`` makes
    links of these words ("D-12"), but not inside code and links.
    """
    if not text:
        return mark_safe("")
    env = {
        "shift": max(int(shift), 1),
        "pictures": pictures or {},
        "anchors": anchors or {},
        "references": references or {},
    }
    html = _markdown.render(str(text), env)
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(f'<div class="prose">{clean}</div>')  # noqa: S308 -- nh3 has just cleaned it


def sources_of_pictures(text: str) -> list[str]:
    """The addresses of the pictures in a Markdown text, as the reader of Markdown writes them, each once."""
    found: dict[str, None] = {}
    for token in _markdown.parse(text):
        for child in token.children or []:
            if child.type == "image":
                found[str(child.attrs.get("src", ""))] = None
    return list(found)


def plain(text: str | None) -> str:
    """The words of a Markdown text without its marks, for one-line excerpts."""
    if not text:
        return ""
    words: list[str] = []
    for token in _markdown.parse(str(text)):
        if token.type == "inline":
            words += [child.content or " " for child in token.children or []]
            words.append(" ")
        elif token.type in {"fence", "code_block"}:
            words.append(f"{token.content} ")
    return re.sub(r"\s+", " ", "".join(words)).strip()
