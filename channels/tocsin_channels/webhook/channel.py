"""The webhook channel: what the core knows of all the rest in this folder."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

from tocsin.domain.answers import Begins, begins_of
from tocsin.domain.channel import Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt, Result
from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, Refused, TooFast, TryAgain
from tocsin.domain.foreign_json import read_json
from tocsin.domain.gate import Gate
from tocsin.domain.look import Look
from tocsin.domain.notice import Notice
from tocsin.domain.page import Page
from tocsin.domain.reach import Reach, read_url
from tocsin.domain.story import Story
from tocsin_channels.calling.caller import Answer, Caller
from tocsin_channels.calling.gate import Lookup, look_up
from tocsin_channels.webhook import payload
from tocsin_channels.webhook.answers import judge
from tocsin_channels.webhook.look import look
from tocsin_channels.webhook.payload import Payload
from tocsin_channels.webhook.signature import call_id, sign

_BATCH = 500
_IN_FLIGHT = 2


class WebhookChannel:
    """`reach` says where calls may go, `seconds` how long one may take, `connections` how many are made at once."""

    name = ChannelName.WEBHOOK
    provider = "webhook"
    content = Content.STORY
    on_unknown = OnUnknown.RESEND_FREELY  # with the same webhook-id, by which receivers know what they have had
    limits = Limits(batch=_BATCH, in_flight=_IN_FLIGHT, merges=False, signs=True, disables=True, own_pace=True)

    def __init__(self, reach: Reach, seconds: float = 15.0, connections: int = 100, lookup: Lookup = look_up) -> None:
        self._reach = reach
        self._caller = Caller(reach, seconds, connections, lookup)
        self._free = asyncio.Semaphore(connections)

    @property
    def is_paced(self) -> bool:
        return False

    @property
    def gates(self) -> Sequence[Gate]:
        return ()

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        """Return the receiver's own gate, which its 429 closes, by a name that tells no secret in its address."""
        return (Gate(sha256(address.encode()).hexdigest()[:16]),)

    def units_of(self, message: Message) -> int:
        del message
        return 1

    def render(self, content: Story | Page) -> Payload:
        assert isinstance(content, Story)
        return payload.render(content)

    def render_notice(self, notice: Notice) -> Payload:
        return payload.render_notice(notice)

    def show(self, rendered: object, *, begins: bool) -> Look:
        del begins
        assert isinstance(rendered, Payload)
        return look(rendered)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        by_address: dict[str, list[int]] = {}
        for index, message in enumerate(messages):
            by_address.setdefault(message.address, []).append(index)
        begins = begins_of(answered)
        async with asyncio.TaskGroup() as group:
            for indexes in by_address.values():
                group.create_task(self._tell(messages, indexes, answered, begins))

    async def challenge(self, url: str, secret: str) -> bool:
        """Ask whoever is at `url` whether they want our calls; True where they repeat what we made up.

        Raise DeliveryError where no answer came.
        """
        word = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        asked = {"type": "endpoint.challenge", "timestamp": now.isoformat(timespec="milliseconds"), "challenge": word}
        answer = await self._call(url, f"challenge_{secrets.token_hex(12)}", json.dumps(asked).encode(), [secret], now)
        result = judge(answer.status, answer.retry_after, now)
        if isinstance(result, DeliveryError):
            raise result
        return _repeats(answer.body, word)

    def check_address(self, address: str) -> None:
        """Raise Refused where calls to `address` may not go."""
        read_url(address, self._reach)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del raw, headers, url
        raise Refused("Receivers of webhooks report nothing later: what they answer is all there is.")

    async def check(self) -> str:
        if self._reach.private:
            return "calls go anywhere, private networks too: for tests alone (webhook.allow_private_networks)"
        ports = ", ".join(map(str, sorted(self._reach.ports)))
        return f"calls go to public addresses over https, port {ports}"

    async def close(self) -> None:
        await self._caller.close()

    async def _tell(
        self, messages: Sequence[Message], indexes: Sequence[int], answered: Answered, begins: Begins
    ) -> None:
        """Make the calls to one address, one after the other; once one fails, the rest wait for their turn."""
        stopped: DeliveryError | None = None
        async with self._free:
            for index in indexes:
                begins([index])
                result = await self._deliver(messages[index]) if stopped is None else _after(stopped)
                if isinstance(result, DeliveryError):
                    stopped = result
                answered(index, result)

    async def _deliver(self, message: Message) -> Result:
        rendered = message.rendered
        assert isinstance(rendered, Payload)
        now = datetime.now(UTC)
        try:
            body = rendered.body(message.token)
            answer = await self._call(message.address, message.id, body, message.secrets, now)
        except DeliveryError as error:
            return error
        return judge(answer.status, answer.retry_after, datetime.now(UTC))

    async def _call(self, url: str, name: str, body: bytes, keys: Sequence[str], now: datetime) -> Answer:
        try:
            target = read_url(url, self._reach)  # what was taken once may be closed by now
        except Refused as error:
            raise GiveUp(f"This address may not be called: {error}") from error
        headers = {"Content-Type": "application/json", **sign(call_id(name), body, keys, now)}
        return await self._caller.post(target, body, headers)


def _after(stopped: DeliveryError) -> Result:
    if isinstance(stopped, AddressDead | GiveUp | TooFast):
        return copy(stopped)
    wait = stopped.retry_after if isinstance(stopped, TryAgain) else None
    return TryAgain("Waits for the call before it, which did not get through.", retry_after=wait)


def _repeats(body: bytes, word: str) -> bool:
    try:
        answered = read_json(body)
    except ValueError:
        return False
    said: object = cast("dict[str, object]", answered).get("challenge") if isinstance(answered, dict) else None
    return isinstance(said, str) and hmac.compare_digest(said.encode("utf-8", "replace"), word.encode())
