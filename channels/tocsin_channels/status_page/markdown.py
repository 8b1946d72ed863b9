"""Bodies as HTML: Markdown without raw HTML, then only the elements and addresses that are allowed."""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False}).disable("image")
_TAGS = {"p", "br", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "a", "h1", "h2", "h3", "hr"}


@lru_cache(maxsize=8192)
def to_html(body: str) -> Markup:
    """Return `body` as HTML that may stand in a page."""
    html = nh3.clean(
        _markdown.render(body),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(html)  # noqa: S704 nh3 has just let through nothing but the elements above
