"""A channel that one provider carries, or several: one voice, and a way out by each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tocsin.domain.channel import Answered, Channel, ChannelName, Content, Limits, Message, OnUnknown, Receipt
from tocsin.domain.gate import Gate, Paced, gates_of
from tocsin.domain.look import Look, Shows
from tocsin.domain.notice import Herald, Notice
from tocsin.domain.page import Page
from tocsin.domain.provider import Share
from tocsin.domain.story import Story


class Whole(Channel, Herald, Shows, Protocol):
    """A channel with one provider, as it could stand alone."""


class CarriedChannel:
    """`ways` has each provider by its name, the first one first; all take what the first one renders."""

    def __init__(self, ways: Mapping[str, Whole], weights: Mapping[str, int]) -> None:
        self._ways = dict(ways)
        self._first = next(iter(self._ways.values()))
        self.shares: Sequence[Share] = tuple(Share(name, weights[name]) for name in self._ways)

    @property
    def name(self) -> ChannelName:
        return self._first.name

    @property
    def limits(self) -> Limits:
        return self._first.limits

    @property
    def on_unknown(self) -> OnUnknown:
        return self._first.on_unknown

    @property
    def content(self) -> Content:
        return self._first.content

    @property
    def provider(self) -> str:
        return self.shares[0].provider

    def by(self, provider: str) -> Channel:
        return self._ways[provider]

    @property
    def is_paced(self) -> bool:
        return any(isinstance(way, Paced) and way.is_paced for way in self._ways.values())

    @property
    def gates(self) -> Sequence[Gate]:
        """Return the gates of all providers; () where one of them takes whatever comes."""
        paced = [way.gates for way in self._ways.values() if isinstance(way, Paced) and way.is_paced]
        return [gate for gates in paced for gate in gates] if len(paced) == len(self._ways) and all(paced) else ()

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        return gates_of(self._first, address)

    def units_of(self, message: Message) -> int:
        return self._first.units_of(message) if isinstance(self._first, Paced) else 1

    def render(self, content: Story | Page) -> object:
        return self._first.render(content)

    def show(self, rendered: object, *, begins: bool) -> Look | None:
        return self._first.show(rendered, begins=begins)

    def render_notice(self, notice: Notice) -> object:
        return self._first.render_notice(notice)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        """Hand over to the first provider."""
        await self._first.send(messages, answered)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        return self._first.read_receipt(raw, headers, url)

    async def check(self) -> str:
        """Try the first provider; each of the others is asked by `by`."""
        return await self._first.check()

    async def close(self) -> None:
        for way in self._ways.values():
            await way.close()
