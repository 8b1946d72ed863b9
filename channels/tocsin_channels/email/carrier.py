"""What every carrier of e-mail does for the channel: it is given messages and says of each what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tocsin.domain.channel import Answered, Message, Receipt


class Carrier(Protocol):
    """One account at one carrier. Instances live as long as a worker process and may keep connections."""

    @property
    def name(self) -> str:
        """The name in the address of its receipts: "smtp", "ses"."""
        ...

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        """Hand `messages` over, whose `rendered` are letters; `answered` hears of each once, as soon as it is known."""
        ...

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        """Read a report that came to the public address `url`; raise Refused where it isn't the carrier's."""
        ...

    async def check(self) -> str:
        """Try the account without sending; return one line for the operator."""
        ...

    async def close(self) -> None: ...
