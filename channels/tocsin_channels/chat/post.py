"""One story as every chat service is told it, written once per version, audience and language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.domain.incident import Phase
from tocsin.domain.notice import Notice
from tocsin.domain.story import Story
from tocsin_channels.chat import blocks, card, words
from tocsin_channels.chat.blocks import SlackWords
from tocsin_channels.chat.words import Telling
from tocsin_channels.passages import Passage, Run, cleaned, plain
from tocsin_channels.templates import Wording

# What a whole channel should see, and not only those who follow the thread.
_SEEN_BY_ALL = Phase.OPENED | Phase.ESCALATED | Phase.RESOLVED
_LONGEST_PLAIN = 3_500
_LONGEST_WITH_LINKS = 8_000
_PINGS = re.compile("[@<]")
_ZERO_WIDTH = "\u200b"


@dataclass(frozen=True, slots=True)
class Post:
    """`first` begins a thread and is kept up to date, `reply` goes on in it, `whole` is for where there are none."""

    first: SlackWords
    reply: SlackWords
    whole: SlackWords
    card: bytes
    title: str
    body: str
    broadcast: bool


def write(wording: Wording, story: Story) -> Post:
    """Return what is told of the first chapter: in chat each incident has messages of its own."""
    chapter = story.chapters[0]
    first, reply = words.first(story, wording), words.reply(story, wording)
    slack = blocks.write(first, headed=True)
    return Post(
        first=slack,
        reply=blocks.write(reply, headed=False),
        whole=slack,
        card=card.write(first, card.colour_of(chapter)),
        title=muted(first.headline),
        body=_plain(first),
        broadcast=bool(chapter.phase & _SEEN_BY_ALL),
    )


def write_notice(notice: Notice) -> Post:
    """Return a post that tells a room what concerns it alone."""
    ways = [(notice.action, notice.url), (notice.other_action, notice.other_url)]
    telling = Telling(
        headline=cleaned(notice.title),
        before=tuple(plain(paragraph) for paragraph in notice.paragraphs),
        body=(),
        after=tuple(Passage((Run(action, url=url),)) for action, url in ways if url),
        footer=cleaned(notice.brand),
        url="",
    )
    slack = blocks.write(telling, headed=True)
    return Post(
        first=slack,
        reply=slack,
        whole=slack,
        card=card.write(telling, "Accent"),
        title=muted(telling.headline),
        body=_plain(telling),
        broadcast=False,
    )


def muted(text: str) -> str:
    """Return `text` with whatever any service could read as a mention broken by a character of no width."""
    return _PINGS.sub(lambda found: found[0] + _ZERO_WIDTH, text)


def _plain(telling: Telling) -> str:
    """Return the whole in plain text, muted; addresses of links lengthen what people wrote, so that may be cut more."""
    longest = _LONGEST_PLAIN
    while True:
        told = telling.shortened(longest)
        lines = map(_line, (*told.before, *told.body, *told.after))
        text = muted("\n\n".join((*lines, told.footer, told.url)).strip())
        if len(text) <= _LONGEST_WITH_LINKS or longest == 0:
            return text
        longest //= 2


def _line(passage: Passage) -> str:
    """Return a passage with the addresses of its links, for who cannot click on them."""
    runs = "".join(f"{run.text} ({run.url})" if run.url and run.url != run.text else run.text for run in passage.runs)
    return passage.lead + runs
