"""Reads HTML as a browser's parser would: what words a reader gets, and what else has come of them."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"br", "hr", "meta", "link", "input", "img", "path", "circle", "rect", "line", "polyline", "use"}
_FOLLOWED = ("https://", "http://", "mailto:", "/", "#")
_LINKS = {"href", "src", "action"}
# Everything that Markdown can become.
BODY = (
    "# a\n## b\n### c\n#### d\n##### e\n###### f\n\n- g\n\n3. h\n\n<!-- -->\n\n1. h\n\n> i\n\n---\n\n```py\nj\n```\n\n"
    "|k|l|\n|-|-|\n|m|n|\n\n**o** *p* ~~q~~ `r` [s](https://t.example 'u') [v](w:x) <https://aa.example> ![y](https://z.example/a.png)\nend\\\n."
)


class Reading(HTMLParser):
    """`text` is what a reader sees, `shapes` each element with the names of its attributes."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shapes: set[tuple[str, ...]] = set()
        self.faults: list[str] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self.feed(source)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]

    @property
    def text(self) -> str:
        return "".join(self._words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shapes.add((tag, *sorted(name for name, _ in attrs)))
        for name, value in attrs:
            if name in _LINKS and not (value or "").startswith(_FOLLOWED):
                self.faults.append(f"{name}={value!r} leads nobody knows where")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes what is not open")

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}--> hides something")


def judge_html(source: str, usual: str, *, words: list[str]) -> None:
    """Hold `source` to the elements that `usual` has, and to saying `words` letter for letter."""
    read = Reading(source)
    assert read.faults == []
    assert not read.shapes - Reading(usual).shapes
    for one in words:
        assert one in read.text
