"""E-mail by Mailgun: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages, as raw MIME.

Its batches have one Message-ID for all, so each mail is a request of its own and keeps ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from tocsin.domain.channel import Accepted, Answered, Message, Receipt
from tocsin.domain.errors import Ambiguous, DeliveryError, ProviderDown
from tocsin_channels.email import mailgun_receipts
from tocsin_channels.email.envelopes import NAME, Envelope
from tocsin_channels.email.mailgun_codes import MAILGUN, WORDS
from tocsin_channels.email.one_by_one import send_each
from tocsin_channels.email.told import object_of
from tocsin_channels.email.web_wire import Answer, WebWire

_ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True)
class Account:
    """`url` is Mailgun's host in our region; reports are signed with `signing_key`."""

    domain: str
    key: str
    signing_key: str
    url: str = "https://api.mailgun.net"
    connections: int = 16
    seconds: float = 30.0


class Mailgun:
    """One domain of one account."""

    name = "mailgun"

    def __init__(self, account: Account) -> None:
        self._account = account
        self._headers = {"Authorization": aiohttp.encode_basic_auth("api", account.key)}
        self._base = account.url.rstrip("/")
        self._wire = WebWire("Mailgun", account.seconds, account.connections)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        await send_each(messages, answered, self._account.connections, self._send)

    async def _send(self, envelope: Envelope) -> Accepted:
        form = aiohttp.FormData()
        form.add_field("to", envelope.to)
        form.add_field("message", envelope.raw, filename="message.mime", content_type="message/rfc2822")
        form.add_field(f"v:{NAME}", envelope.delivery)
        form.add_field("o:tracking", "no")  # our links stay ours
        answer = await self._ask("POST", f"/v3/{quote(self._account.domain)}/messages.mime", form)
        if not answer.is_success:
            raise _refusal(answer)
        named = answer.fields().get("id")
        if not isinstance(named, str) or not named:
            raise Ambiguous("Mailgun's answer names no message, so the mail may be on its way.", code=answer.status)
        return Accepted(named.strip("<>"), code=answer.status)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del headers, url
        return mailgun_receipts.read(raw, self._account.signing_key)

    async def check(self) -> str:
        """Ask for our domain, which sends nothing."""
        answer = await self._ask("GET", f"/v4/domains/{quote(self._account.domain)}")
        if not answer.is_success:
            raise _refusal(answer)
        told = object_of(answer.fields().get("domain"))
        if not told:
            raise ProviderDown("Mailgun's answer cannot be read. Check email.mailgun_url.")
        if told.get("is_disabled") or told.get("state") != _ACTIVE:
            raise ProviderDown(f"Mailgun: the domain {self._account.domain} is {told.get('state')}, not active.")
        reports = "" if self._account.signing_key else "; no receipts until email.mailgun_signing_key is set"
        return f"Mailgun answers, the domain {self._account.domain} is active{reports}"

    async def close(self) -> None:
        await self._wire.close()

    async def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        return await self._wire.ask(method, f"{self._base}{path}", self._headers, body)


def _refusal(answer: Answer) -> DeliveryError:
    words = str(answer.fields().get("message") or "")
    key = next((key for said, key in WORDS if said in words.lower()), str(answer.status))
    return MAILGUN.refusal(key, words or f"HTTP {answer.status}", status=answer.status, retry_after=answer.wait())
