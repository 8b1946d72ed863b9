"""Renders what each channel, audience and language would read of an update, by the channels' own rendering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tocsin.domain.audience import Audience, Audiences
from tocsin.domain.channel import Channel, ChannelName, Content
from tocsin.domain.errors import DeliveryError
from tocsin.domain.look import Caution, Look, Shows
from tocsin.services.preview import Preview
from tocsin.services.tell_story import Teller

MOST_LANGUAGES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """`hearers` endpoints would get it."""

    channel: ChannelName
    audience: str
    language: str
    hearers: int
    look: Look


def render(
    found: Preview, channels: Mapping[ChannelName, Channel], teller: Teller, audiences: Audiences
) -> list[Sample]:
    """Return the samples, from the inside out; it takes a few milliseconds each, so call it in a thread."""
    return [
        sample
        for audience in audiences.in_mask(found.snapshot.audiences)
        for channel in channels.values()
        if channel.content is Content.STORY and isinstance(channel, Shows)
        for sample in _samples(found, channel, channel, audience, teller, audiences)
    ]


def _samples(
    found: Preview, channel: Channel, shows: Shows, audience: Audience, teller: Teller, audiences: Audiences
) -> Iterator[Sample]:
    hearers = found.hearers(channel.name, audience.id)
    for locale in languages_of(found, audience, hearers, audiences):
        story = teller.story([(found.words, audience.id)], locale, found.names)
        try:
            shown = shows.show(channel.render(story), begins=found.begins)
        except DeliveryError as error:
            shown = Look({}, (Caution("cannot_be_rendered", error.note),))
        if shown is not None:
            yield Sample(channel.name, audience.name, locale, hearers.get(locale, 0), shown)


def languages_of(found: Preview, audience: Audience, hearers: Mapping[str, int], audiences: Audiences) -> Sequence[str]:
    """Return the locales to show: those of the hearers, and those that the audience has texts for."""
    readable = {other.name for other in audiences.ordered if other.rank >= audience.rank}
    keys = (key.partition(".") for key in (*found.words.texts, *found.words.titles))
    written = sorted({language for name, _, language in keys if language and name in readable})
    locales: list[str] = [*hearers, *([] if hearers else ["en"]), *written]
    return list(dict.fromkeys(locales))[:MOST_LANGUAGES]
