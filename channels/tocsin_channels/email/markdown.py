"""What people wrote, as HTML that is safe in any mailbox: Markdown without raw HTML, cleaned, styled in line."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["strikethrough", "table"])
_TAGS = {
    *("p", "br", "strong", "em", "s", "ul", "ol", "li", "a", "code", "pre", "blockquote", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_HEADING = "margin:20px 0 8px;font-size:16px;line-height:24px;font-weight:600"
_STYLES = {
    "p": "margin:0 0 12px",
    "ul": "margin:0 0 12px;padding-left:24px",
    "ol": "margin:0 0 12px;padding-left:24px",
    "li": "margin:0 0 4px",
    "code": "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:14px",
    "pre": "margin:0 0 12px;padding:12px;border-radius:8px;overflow-x:auto;white-space:pre-wrap;background:#f1f3f7",
    "blockquote": "margin:0 0 12px;padding-left:12px;border-left:3px solid #d5dae3",
    "hr": "border:0;border-top:1px solid #d5dae3;margin:16px 0",
    "table": "border-collapse:collapse;margin:0 0 12px",
    "th": "border:1px solid #d5dae3;padding:4px 8px;text-align:left",
    "td": "border:1px solid #d5dae3;padding:4px 8px",
    **{f"h{level}": _HEADING for level in range(1, 7)},
}

_CLASSES = {"pre": "code", "th": "cell", "td": "cell", "blockquote": "quote", "hr": "line"}


def to_html(body: str) -> Markup:
    """Return `body` as HTML; its links open http, https and mailto addresses alone, images become their words."""
    # No page of ours is beside a mail, so its "title 1" would outshout the incident's own: all headings are small.
    cleaned = nh3.clean(
        _MARKDOWN.render(body), tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer"
    )
    # nh3 writes every tag in one way and escapes "<" in text, so replacing tags touches nothing that a person wrote.
    for tag, style in _STYLES.items():
        cleaned = cleaned.replace(f"<{tag}>", f'<{tag} style="{style}">')
    # Named for the template's dark mode.
    for tag, name in _CLASSES.items():
        cleaned = cleaned.replace(f"<{tag} style=", f'<{tag} class="{name}" style=')
    return Markup(cleaned.replace('<a href="', '<a class="link" style="color:#3730a3" href="'))  # noqa: S704 - cleaned above
