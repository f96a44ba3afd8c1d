"""Markdown that somebody else wrote, as HTML that is safe on our pages, or as plain words."""

import re
from collections.abc import Sequence

import nh3
from django.conf import settings
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict


class _Renderer(RendererHTML):
    """Markdown as our own pages want it: headings below the page's, links that endorse nothing."""

    def heading(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        level = min(int(tokens[idx].tag[1]) + int(env.get("shift", 1)), 6)
        return f"<h{level}>" if tokens[idx].nesting == 1 else f"</h{level}>\n"

    heading_open = heading_close = heading

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        source = str(tokens[idx].attrs.get("src", ""))
        if source.startswith(settings.STATIC_URL):
            return super().image(tokens, idx, options, env)
        # A picture from elsewhere would tell its host who reads this page.
        return conditional_escape(tokens[idx].content)

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="table-scroll" tabindex="0"><table class="table">'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"


_markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable(["table", "strikethrough"])
_markdown.options["maxNesting"] = 30
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
}


def markdown(text: str | None, shift: int = 1) -> SafeString:
    """Turn Markdown that somebody else wrote into HTML that is safe on our pages.

    HTML inside the text stays text. Headings move down by ``shift`` so that the page keeps its one
    ``h1``; pictures from other hosts become their description.
    """
    if not text:
        return mark_safe("")
    html = _markdown.render(str(text), {"shift": max(int(shift), 1)})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(f'<div class="prose">{clean}</div>')  # noqa: S308 -- nh3 has just cleaned it


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
