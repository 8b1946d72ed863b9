"""One text message: in one segment if its title can be cut to that and still be read, in the fewest otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.domain.incident import Severity
from tocsin.domain.notice import Notice
from tocsin.domain.story import Chapter, Story
from tocsin_channels.sms import gsm
from tocsin_channels.sms.segments import Count, count
from tocsin_channels.sms.words import MOST_SEGMENTS, Writing
from tocsin_channels.templates import Wording

_READABLE: Final = 24  # characters of a title that say what it is about
_READABLE_OF_SEVERAL: Final = 16
_LONGEST_TITLE: Final = 160
_ELLIPSIS: Final = "..."
_WORD: Final = 12  # characters that are given up so as to end with a whole word
_LOOSE_ENDS: Final = " ,.;:!?-(\u200d\ufe0f"

# How long a provider may keep a text that it cannot deliver yet, in seconds. A queue may hold it for hours, and
# "investigating" that comes after the end does harm; "resolved" is worth knowing late.
URGENT_SECONDS: Final = 600
ROUTINE_SECONDS: Final = 3600
OVER_SECONDS: Final = 4 * 3600


@dataclass(frozen=True, slots=True)
class Text:
    """What is sent, what it costs, and for how many seconds it is worth delivering."""

    body: str
    count: Count
    seconds: int


def write(story: Story, wording: Wording, urgent: Severity) -> Text:
    """Return the text that tells `story`; what is as grave as `urgent` is worth delivering for minutes only."""
    body = _fitted(story, wording)
    return Text(body, count(body), max(_seconds(chapter, urgent) for chapter in story.chapters))


def write_notice(notice: Notice) -> Text:
    """Return the text of a notice, which is worth delivering for as long as a code is good."""
    body = gsm.spell(notice.short)
    return Text(body, count(body), URGENT_SECONDS)


def _seconds(chapter: Chapter, urgent: Severity) -> int:
    if not chapter.status.is_open:
        return OVER_SECONDS
    return URGENT_SECONDS if chapter.severity <= urgent else ROUTINE_SECONDS


def _fitted(story: Story, wording: Wording) -> str:
    titles = [" ".join(chapter.title.split()) for chapter in story.chapters]
    longest = min(max(map(len, titles)), _LONGEST_TITLE)
    writing = Writing(story, wording)
    readable = min(longest, _READABLE if len(titles) == 1 else _READABLE_OF_SEVERAL)

    def written(named: int, characters: int) -> str:
        return gsm.spell(writing.write([_cut(title, characters) for title in titles[:named]]))

    for segments in range(1, MOST_SEGMENTS + 1):
        for characters in range(longest, readable - 1, -1):
            body = written(len(titles), characters)
            if count(body).segments <= segments:
                return body
    for named in range(len(titles) - 1, 0, -1):  # so many that not all of them can be named
        body = written(named, readable)
        if count(body).segments <= MOST_SEGMENTS:
            return body
    return written(1, readable)


def _cut(title: str, characters: int) -> str:
    """Return at most so many characters of `title`, ending with a whole word where one ends nearby."""
    if len(title) <= characters:
        return title
    room = characters - len(_ELLIPSIS)
    kept = title[:room]
    if title[room] != " ":
        whole = kept.rfind(" ")
        if whole >= max(room - _WORD, 1):
            kept = kept[:whole]
    return (kept.rstrip(_LOOSE_ENDS) or kept) + _ELLIPSIS
