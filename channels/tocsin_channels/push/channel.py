"""The push channel: what the core knows of all the rest in this folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from tocsin.domain.answers import Begins, begins_of
from tocsin.domain.channel import Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt, Result
from tocsin.domain.errors import DeliveryError, Refused, TooFast
from tocsin.domain.gate import Gate
from tocsin.domain.look import Look
from tocsin.domain.page import Page
from tocsin.domain.reach import Reach
from tocsin.domain.story import Story
from tocsin.domain.subscription import read_subscription
from tocsin_channels.calling.caller import Caller
from tocsin_channels.calling.gate import Lookup, look_up
from tocsin_channels.push.answers import judge
from tocsin_channels.push.look import look
from tocsin_channels.push.note import Note, render
from tocsin_channels.push.seal import Sealed, seal_all
from tocsin_channels.push.vapid import Vapid
from tocsin_channels.templates import Wording

_BATCH: Final = 500
_IN_FLIGHT: Final = 2
_SEALED_AT_ONCE: Final = 50


class _Calls(NamedTuple):
    """Who hears of the calls of one `send`, and which services take no more, by their origin."""

    answered: Answered
    begins: Begins
    too_fast: dict[str, TooFast]


class PushChannel:
    """`reach` says where push services may be, `seconds` how long one call may take, `connections` are used at once."""

    name = ChannelName.PUSH
    provider = "webpush"
    content = Content.STORY
    # Repeated with the same topic and tag: what was not fetched is replaced, what was shown is not rung for again.
    on_unknown = OnUnknown.RESEND_FREELY
    limits = Limits(batch=_BATCH, in_flight=_IN_FLIGHT, merges=True)

    def __init__(
        self,
        vapid: Vapid,
        reach: Reach,
        wording: Wording,
        seconds: float = 10.0,
        connections: int = 50,
        lookup: Lookup = look_up,
    ) -> None:
        self._vapid = vapid
        self._reach = reach
        self._wording = wording
        self._caller = Caller(reach, seconds, connections, lookup)
        self._free = asyncio.Semaphore(connections)

    is_paced = False
    gates: Sequence[Gate] = ()

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        """Return the push service, which asks for fewer calls on its own behalf alone."""
        try:
            return (Gate(read_subscription(address, self._reach).origin),)
        except Refused:  # it goes nowhere
            return (Gate("nowhere"),)

    def units_of(self, message: Message) -> int:
        del message
        return 1

    def render(self, content: Story | Page) -> Note:
        assert isinstance(content, Story)
        return render(content, self._wording)

    def show(self, rendered: object, *, begins: bool) -> Look:
        del begins
        assert isinstance(rendered, Note)
        return look(rendered)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        """Seal some while those before them are under way; one thread does it, and many calls are made at once."""
        calls = _Calls(answered, begins_of(answered), {})
        async with asyncio.TaskGroup() as group:
            for first in range(0, len(messages), _SEALED_AT_ONCE):
                some = messages[first : first + _SEALED_AT_ONCE]
                sealed = await asyncio.to_thread(seal_all, [(one.address, _note(one).body(one.token)) for one in some])
                for index, one in enumerate(sealed):
                    if isinstance(one, Sealed):
                        group.create_task(self._tell(first + index, _note(some[index]), one, calls))
                    else:
                        answered(first + index, one)

    def check_address(self, address: str) -> None:
        """Raise Refused where messages to `address` may not go."""
        read_subscription(address, self._reach)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del raw, headers, url
        raise Refused("Push services report nothing later: what they answer is all there is.")

    async def check(self) -> str:
        self._vapid.authorization("https://push.example")
        told = f"messages are signed, in the name of {self._vapid.contact}"
        if self._vapid.contact.endswith("localhost"):
            told += ", which Apple does not take: set push.contact or an https public_url"
        return told

    async def close(self) -> None:
        await self._caller.close()

    async def _tell(self, index: int, note: Note, sealed: Sealed, calls: _Calls) -> None:
        async with self._free:
            calls.begins([index])
            result = calls.too_fast.get(sealed.to.origin) or await self._deliver(note, sealed)
            if isinstance(result, TooFast):
                calls.too_fast[sealed.to.origin] = result
            calls.answered(index, result)

    async def _deliver(self, note: Note, sealed: Sealed) -> Result:
        headers = {
            "Authorization": self._vapid.authorization(sealed.to.origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(note.worth.seconds),
            "Urgency": note.worth.urgency,
        }
        if note.topic:
            headers["Topic"] = note.topic
        try:
            answer = await self._caller.post(sealed.to.endpoint, sealed.body, headers)
        except DeliveryError as error:
            return error
        return judge(answer, datetime.now(UTC))


def _note(message: Message) -> Note:
    assert isinstance(message.rendered, Note)
    return message.rendered
