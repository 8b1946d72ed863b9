"""What a text message says, in the operator's template: only titles are ever cut, never the link or the way out."""

from __future__ import annotations

from typing import Final

from tocsin.domain.language import word
from tocsin.domain.speech import SHORT, and_more, next_update
from tocsin.domain.story import Story
from tocsin_channels.sms import gsm
from tocsin_channels.sms.segments import count
from tocsin_channels.templates import Piece, Room, Wording

MOST_SEGMENTS: Final = 3
_LONGEST_BRAND: Final = 40
_ROOM: Final = Room(MOST_SEGMENTS, "segments", lambda text: count(gsm.spell(text)).segments)
_A_LINK: Final = "https://status.example.com/incidents/k3v9qd81mzx0"

ONE: Final = Piece(
    "one",
    word("{{brand}}: {{title}}, {{status}}. {{next_update}} {{url}} STOP ends"),
    frozenset({"brand", "title", "status", "next_update", "url"}),
    _ROOM,
    needed=frozenset({"title"}),
    least={"title": "Checkout is down", "url": _A_LINK},
)
SEVERAL: Final = Piece(
    "several",
    word("{{brand}}: {{count}} incidents: {{incidents}}. {{url}} STOP ends"),
    frozenset({"brand", "count", "incidents", "next_update", "url"}),
    _ROOM,
    needed=frozenset({"incidents"}),
    least={"incidents": "Checkout is down and 1 more", "url": _A_LINK},
)
PIECES: Final = (ONE, SEVERAL)


class Writing:
    """The words of one story, but for its titles, which are cut to what fits."""

    def __init__(self, story: Story, wording: Wording) -> None:
        self._story = story
        self._template = wording.template("one" if len(story.chapters) == 1 else "several", story)
        self._values = {"brand": story.brand[:_LONGEST_BRAND], "next_update": _next_update(story)}

    def write(self, titles: list[str]) -> str:
        """Return the words, with `titles` for as many of the incidents as are to be named."""
        story = self._story
        first, *others = story.chapters
        if not others:
            values = {"title": titles[0], "status": story.language.say(SHORT[first.status]), "url": first.url or ""}
        else:
            values = {
                "count": story.language.number(len(story.chapters)),
                "incidents": _incidents(story, titles),
                "url": story.page_url if any(chapter.url for chapter in story.chapters) else "",
            }
        return self._template.fill(self._values | values)


def _incidents(story: Story, titles: list[str]) -> str:
    say = story.language.say
    told = zip(titles, story.chapters, strict=False)
    named = ", ".join(f"{title} ({say(SHORT[chapter.status])})" for title, chapter in told)
    return and_more(story.language, named, len(story.chapters) - len(titles))


def _next_update(story: Story) -> str:
    if len(story.chapters) == 1 and story.chapters[0].window is not None:
        planned = next_update(story.language, story.chapters[0])
        return planned and f"{planned}."
    if story.promise is None:
        return ""
    return story.language.say("Next update {time}.", time=story.language.moment(*story.promise))
