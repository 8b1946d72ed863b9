"""What every carrier of text messages does for the channel: one message at a time, answered in the five kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tocsin.domain.channel import Accepted, Receipt
from tocsin_channels.sms.senders import Senders
from tocsin_channels.sms.text import Text


class NobodyTells(Exception):
    """This carrier does not say, or not to us, what it was given."""


class Provider(Protocol):
    """One account at one carrier. Instances live as long as a worker process and may keep connections."""

    @property
    def name(self) -> str:
        """The name in the address of its receipts: "twilio"."""
        ...

    @property
    def senders(self) -> Senders:
        """Who texts are from."""
        ...

    @property
    def whole_account(self) -> frozenset[int]:
        """The codes after which nothing else of a batch would fare better."""
        ...

    async def send(self, to: str, text: Text, delivery: str) -> Accepted:
        """Hand one text over to the number `to`; raise a DeliveryError where it is not taken."""
        ...

    async def find(self, to: str, text: Text, seconds: float) -> Accepted | None:
        """Look for a text that it was asked to send `seconds` ago at the most; None where that never reached it.

        Raise NobodyTells where looking is no use, a DeliveryError where it may be later.
        """
        ...

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        """Read a report that came to the public address `url`; raise Refused where it isn't the provider's."""
        ...

    async def check(self) -> str: ...

    async def close(self) -> None: ...
