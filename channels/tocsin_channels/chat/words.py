"""The words around what people wrote: a line of which a placeholder is empty is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from tocsin.domain.language import word
from tocsin.domain.placeholders import BrokenTemplate, Template
from tocsin.domain.speech import IMPACTS, LABELS, MARKS, SENTENCES, audience, next_update
from tocsin.domain.story import Chapter, Story
from tocsin_channels.passages import Passage, Run, cleaned, plain, read
from tocsin_channels.templates import Piece, Room, Wording

PLACEHOLDERS: Final = frozenset(
    (
        *("brand", "audience", "title", "body", "status", "sentence", "mark", "severity", "impact", "components"),
        *("next_update", "started", "published", "url"),
    )
)
_BODY = "{{body}}"
_LONGEST_TITLE = 200
_LONGEST_LIST = 800
_MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Telling:
    """One chapter in words that every service can say: `body` stands at its place among `before` and `after`."""

    headline: str
    before: tuple[Passage, ...]
    body: tuple[Passage, ...]
    after: tuple[Passage, ...]
    footer: str
    url: str
    page: str = ""  # what a link to `url` is called

    def shortened(self, longest: int) -> Telling:
        """Return the same with at most `longest` characters of what people wrote, none of it where that is 0."""
        if longest == 0:
            return replace(self, body=())
        kept: list[Passage] = []
        for passage in self.body:
            length = len(passage.text)
            if length > longest:
                kept.append(_cut(passage, longest))
                kept.append(Passage((Run("…", url=self.url),)))
                break
            kept.append(passage)
            longest -= length
        return replace(self, body=tuple(kept))


def _check(text: str) -> None:
    """Raise BrokenTemplate where the body has no place of its own, or there are more lines than a message may have."""
    written = text.split("\n")
    bodies = [number for number, line in enumerate(written, 1) if line.strip() == _BODY]
    beside = [number for number, line in enumerate(written, 1) if line.strip() and number not in bodies]
    for number in beside:
        if "body" in Template.parse(written[number - 1], PLACEHOLDERS).names:
            raise BrokenTemplate(f"{_BODY} stands on a line of its own.", number)
    if len(bodies) != 1:
        raise BrokenTemplate(f"{_BODY} is to stand here exactly once.", bodies[1] if bodies else len(written))
    if len(beside) > _MOST_LINES:
        what = f"Here there are more than {_MOST_LINES} lines beside {_BODY}. Leave some out."
        raise BrokenTemplate(what, beside[_MOST_LINES])


_HEADLINE: Final = Piece(
    "headline",
    "{{mark}} {{title}}",
    PLACEHOLDERS - {"body"},
    Room(100),  # of the 150 that Slack's header has
)
_FIRST: Final = Piece(
    "first",
    word("{{sentence}}\n\n{{body}}\n\nAffected: {{components}}\n{{next_update}}"),
    PLACEHOLDERS,
    Room(2_000),
    check=_check,
)
_REPLY: Final = Piece(
    "reply",
    word("{{status}}: {{title}}\n\n{{body}}\n\nAffected: {{components}}\n{{next_update}}"),
    PLACEHOLDERS,
    Room(2_000),
    check=_check,
)
_FOOTER: Final = Piece(
    "footer",
    word("{{brand}} · {{severity}} · since {{started}}"),
    PLACEHOLDERS - {"body"},
    Room(200),
)
PIECES: Final = (_HEADLINE, _FIRST, _REPLY, _FOOTER)


def first(story: Story, wording: Wording) -> Telling:
    """Return what is said where an incident begins, and shown there as it goes on."""
    return _telling("first", story, wording)


def reply(story: Story, wording: Wording) -> Telling:
    """Return what is said in the thread of an incident that people have heard of."""
    telling = _telling("reply", story, wording)
    return replace(telling, before=tuple(_bold(one) for one in telling.before[:1]) + telling.before[1:])


def _telling(name: str, story: Story, wording: Wording) -> Telling:
    """Return the first chapter: in chat each incident has messages of its own."""
    chapter = story.chapters[0]
    values = _values(story, chapter)
    lines = wording.text(name, story).split("\n")
    place = next(number for number, line in enumerate(lines) if line.strip() == _BODY)
    return Telling(
        headline=_one_line(wording.text("headline", story), values),
        before=_passages(lines[:place], values),
        body=tuple(read(chapter.body)),
        after=_passages(lines[place + 1 :], values),
        # What has not begun is not so since any time.
        footer=_one_line(wording.text("footer", story), values) or f"{values['brand']} · {values['severity']}",
        url=chapter.url or "",
        page=story.language.say("Status page"),
    )


def _filled(lines: Iterable[str], values: Mapping[str, str]) -> list[str]:
    templates = [Template.parse(line.strip(), PLACEHOLDERS) for line in lines if line.strip()]
    return [template.fill(values) for template in templates if all(values[name] for name in template.names)]


def _one_line(text: str, values: Mapping[str, str]) -> str:
    return " ".join(_filled(text.split("\n"), values))


def _passages(lines: Iterable[str], values: Mapping[str, str]) -> tuple[Passage, ...]:
    """Return a passage for each paragraph: lines with no empty line between them."""
    together = groupby(lines, key=lambda line: bool(line.strip()))
    paragraphs = (_filled(group, values) for is_written, group in together if is_written)
    return tuple(plain("\n".join(filled)) for filled in paragraphs if filled)


def _bold(passage: Passage) -> Passage:
    return replace(passage, runs=tuple(replace(run, bold=True) for run in passage.runs))


def _values(story: Story, chapter: Chapter) -> dict[str, str]:
    language = story.language
    values = {
        "brand": story.brand,
        "audience": audience(language, story.audience),
        "title": shortened(chapter.title, _LONGEST_TITLE),
        "status": language.say(LABELS[chapter.status]),
        "sentence": language.say(SENTENCES[chapter.status]),
        "mark": MARKS[chapter.status],
        "severity": chapter.severity.label if chapter.window is None else language.say("maintenance"),
        "impact": language.say(IMPACTS[chapter.impact]),
        "components": _components(chapter),
        "next_update": next_update(language, chapter),
        "started": language.moment(chapter.started_at) if chapter.has_begun else "",
        "published": language.moment(chapter.published_at),
        "url": chapter.url or "",
    }
    return {name: " ".join(cleaned(value).split()) for name, value in values.items()}


def _components(chapter: Chapter) -> str:
    """Return "Checkout (partly down), API (slow)", cut where it is long."""
    return shortened(", ".join(f"{name} ({state})" for name, state in chapter.components), _LONGEST_LIST)


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _cut(passage: Passage, longest: int) -> Passage:
    runs: list[Run] = []
    for run in passage.runs:
        runs.append(replace(run, text=run.text[:longest]))
        longest -= len(run.text)
        if longest <= 0:
            break
    return replace(passage, runs=tuple(runs))
