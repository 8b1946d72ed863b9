"""The chat channel: what the core knows of all the rest in this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING

from tocsin.domain.channel import Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt
from tocsin.domain.chat_address import ChatRules, Service
from tocsin.domain.chat_address import read as read_address
from tocsin.domain.errors import DeliveryError, ProviderDown, Refused
from tocsin.domain.gate import Gate, Rate
from tocsin.domain.look import Look
from tocsin.domain.notice import Notice
from tocsin.domain.page import Page
from tocsin.domain.story import Story
from tocsin_channels.chat import post
from tocsin_channels.chat.look import look
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.round import Round
from tocsin_channels.templates import Wording

if TYPE_CHECKING:
    from tocsin_channels.chat.carriers import Carriers

_BATCH = 50
_IN_FLIGHT = 2


@dataclass(frozen=True, slots=True)
class Services:
    """Where chat services are: `slack_url` and `teams_url` replace their own hosts where they are not ""."""

    slack_url: str = ""
    slack_token: str = field(default="", repr=False)
    teams_url: str = ""
    seconds: float = 10.0


class ChatChannel:
    """`wording` has the words around what people wrote; `rates` say how much one room takes."""

    gates: Sequence[Gate] = ()

    name = ChannelName.CHAT
    provider = "chat"
    content = Content.STORY
    on_unknown = OnUnknown.RESEND_ONCE
    limits = Limits(batch=_BATCH, in_flight=_IN_FLIGHT, merges=False, threads=True, disables=True)

    def __init__(self, rules: ChatRules, services: Services, wording: Wording, rates: tuple[Rate, ...] = ()) -> None:
        self.rules = rules
        self._services = services
        self._rates = rates
        self._wording = wording
        self._carriers: Carriers | None = None

    def check_address(self, address: str) -> None:
        """Raise Refused where this installation does not write to `address`."""
        self.rules.read(address)

    @property
    def carriers(self) -> Sequence[str]:
        services = (Service.SLACK_BOT, Service.TEAMS, *((Service.APPRISE,) if self.rules.schemas else ()))
        return tuple(service.carrier for service in services)

    def carrier_of(self, address: str) -> str:
        try:
            return read_address(address).service.carrier
        except Refused:  # it was taken once
            return self.provider

    @property
    def is_paced(self) -> bool:
        return bool(self._rates)

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        """Return the room's own gate, by a name that tells no webhook's secret."""
        return (Gate(sha256(address.encode()).hexdigest()[:16], self._rates),)

    def units_of(self, message: Message) -> int:
        del message
        return 1

    def render(self, content: Story | Page) -> Post:
        assert isinstance(content, Story)
        return post.write(self._wording, content)

    def show(self, rendered: object, *, begins: bool) -> Look:
        assert isinstance(rendered, Post)
        return look(rendered, begins=begins)

    def render_notice(self, notice: Notice) -> Post:
        return post.write_notice(notice)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        await Round(self.rules, self._open(), answered).send(messages)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del raw, headers, url
        raise Refused("Chat services report nothing after they have taken a message.")

    async def check(self) -> str:
        if not self.rules.has_bot:
            return "Chat goes to webhooks of Slack and Teams; no Slack bot is set up (chat.slack_bot_token)."
        try:
            return await self._open().check()
        except DeliveryError as error:
            raise ProviderDown(error.note, code=error.code) from error

    def warm_up(self) -> None:
        import_module("tocsin_channels.chat.carriers")

    async def close(self) -> None:
        carriers, self._carriers = self._carriers, None
        if carriers is not None:
            await carriers.close()

    def _open(self) -> Carriers:
        """Return what carries messages, made where the first is sent."""
        if self._carriers is None:
            from tocsin_channels.chat.carriers import Carriers  # noqa: PLC0415 - libraries that the web never needs

            self._carriers = Carriers(self._services, self.rules.reach)
        return self._carriers
