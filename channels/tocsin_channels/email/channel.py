"""The e-mail channel: what the core knows of all the rest in this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parseaddr

from tocsin.domain.channel import Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt
from tocsin.domain.errors import DeliveryError, Refused
from tocsin.domain.gate import Gate, Rate
from tocsin.domain.look import Look
from tocsin.domain.notice import Notice
from tocsin.domain.page import Page
from tocsin.domain.story import Story
from tocsin_channels.email import address
from tocsin_channels.email.carrier import Carrier
from tocsin_channels.email.letter import Letter
from tocsin_channels.email.look import look
from tocsin_channels.email.notice import NoticeRenderer, Slip
from tocsin_channels.email.render import Renderer, Sender
from tocsin_channels.templates import Wording

_BATCH = 500
_IN_FLIGHT = 3


class EmailChannel:
    """`carrier` takes the mail away, `sender` is who it is from; `provider` is the carrier's name among several.

    `rates` say how much it takes.
    """

    name = ChannelName.EMAIL
    content = Content.STORY
    on_unknown = OnUnknown.RESEND_ONCE
    limits = Limits(batch=_BATCH, in_flight=_IN_FLIGHT, merges=True)

    def __init__(
        self, carrier: Carrier, sender: Sender, wording: Wording, provider: str = "", rates: tuple[Rate, ...] = ()
    ) -> None:
        self.carrier = carrier
        self.provider = provider or carrier.name
        self.gates = (Gate(self.provider, rates),)
        self._renderer = Renderer(wording, sender)
        self._notices = NoticeRenderer(sender)

    @property
    def is_paced(self) -> bool:
        return any(gate.rates for gate in self.gates)

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        del address
        return self.gates

    def units_of(self, message: Message) -> int:
        del message
        return 1

    def render(self, content: Story | Page) -> Letter:
        assert isinstance(content, Story)
        return self._renderer.render(content)

    def show(self, rendered: object, *, begins: bool) -> Look:
        del begins
        assert isinstance(rendered, Letter)
        return look(rendered)

    def render_notice(self, notice: Notice) -> Slip:
        return self._notices.render(notice)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        await self.carrier.send(messages, answered)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        return self.carrier.read_receipt(raw, headers, url)

    async def check(self) -> str:
        return await self.carrier.check()

    async def close(self) -> None:
        await self.carrier.close()


def parse_sender(value: str) -> Sender:
    """Read "Acme status <status@acme.example>"; raise Refused where it is no sender."""
    name, mailbox = parseaddr(value)
    try:
        encoded = address.encode(mailbox).decode("ascii")
    except (DeliveryError, UnicodeDecodeError) as error:
        raise Refused(
            "Write who mail is from like this: Acme status <status@acme.example>.", field="email.from"
        ) from error
    return Sender(name, encoded)
