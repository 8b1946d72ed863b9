"""E-mail by Postmark: https://postmarkapp.com/developer/api/email-api, many mails a request, each with its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tocsin.domain.channel import Accepted, Answered, Message, Receipt
from tocsin.domain.errors import Ambiguous, DeliveryError, GiveUp, ProviderDown
from tocsin_channels.email import postmark_receipts
from tocsin_channels.email.address import encode
from tocsin_channels.email.apart import Parts, by_letter, take_apart
from tocsin_channels.email.envelopes import NAME, shown_name
from tocsin_channels.email.postmark_codes import POSTMARK, WORDS
from tocsin_channels.email.stopping import Stopping
from tocsin_channels.email.told import list_of, object_of
from tocsin_channels.email.web_wire import Answer, WebWire

_MOST: Final = 500
_LARGEST: Final = 10_000_000  # Postmark takes 50 MB, and a smaller request is a smaller doubt
_VAGUE: Final = "300"


@dataclass(frozen=True, slots=True)
class Account:
    """`stream` is a message stream of the server whose `token` this is; reports come with `user` and `password`."""

    token: str
    stream: str
    user: str
    password: str
    url: str = "https://api.postmarkapp.com"
    connections: int = 4
    seconds: float = 30.0


class Postmark:
    """One server of one account."""

    name = "postmark"

    def __init__(self, account: Account) -> None:
        self._account = account
        self._base = account.url.rstrip("/")
        self._headers = {"X-Postmark-Server-Token": account.token, "Content-Type": "application/json"}
        self._wire = WebWire("Postmark", account.seconds, account.connections)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        stopping = Stopping(answered)
        mails: list[tuple[int, bytes]] = []
        for letter, group in by_letter(list(enumerate(messages))):
            parts = take_apart(letter)
            for index, message in group:
                try:
                    mails.append((index, self._mail(parts, message)))
                except DeliveryError as error:
                    answered(index, error)
        for chunk in _chunks(mails):
            indexes = [index for index, _ in chunk]
            if stopping.skip(indexes):
                continue
            try:
                stopping.answer(indexes, await self._send([mail for _, mail in chunk]))
            except DeliveryError as error:
                stopping.refuse(indexes, error)

    async def _send(self, mails: Sequence[bytes]) -> list[Accepted | DeliveryError]:
        answer = await self._wire.ask(
            "POST", f"{self._base}/email/batch", self._headers, b"[" + b",".join(mails) + b"]"
        )
        if not answer.is_success:
            raise _refusal(answer)
        told = list_of(answer.told())
        if len(told) != len(mails):
            raise Ambiguous("Postmark's answer cannot be read, so the mails may be on their way.", code=answer.status)
        return [_result(object_of(one), answer.status) for one in told]

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del url
        return postmark_receipts.read(raw, headers, self._account.user, self._account.password)

    async def check(self) -> str:
        """Ask for our server, which sends nothing."""
        answer = await self._wire.ask("GET", f"{self._base}/server", self._headers)
        if not answer.is_success:
            raise _refusal(answer)
        told = answer.fields()
        if "Name" not in told:
            raise ProviderDown("Postmark's answer cannot be read. Check email.postmark_url.")
        facts = [f"Postmark answers, the server {told['Name']}, stream {self._account.stream}"]
        if told.get("DeliveryType") == "Sandbox":
            facts.append("a sandbox, which delivers nothing")
        if not self._account.password:
            facts.append("no receipts until email.postmark_webhook_user and postmark_webhook_password are set")
        return "; ".join(facts)

    async def close(self) -> None:
        await self._wire.close()

    def _mail(self, parts: Parts, message: Message) -> bytes:
        to = encode(message.address)
        if not to.isascii():
            raise GiveUp("This address has letters beyond ASCII before the @, which this provider does not take.")
        own = parts.headers_for(message) | {"X-PM-KeepID": "true"}
        mail = {
            "From": _mailbox(*parts.sender),
            "To": _mailbox(shown_name(message), to.decode()),
            "Subject": parts.subject,
            "TextBody": parts.text.replace(parts.mark, message.token),
            "HtmlBody": parts.html.replace(parts.mark, message.token),
            "Headers": [{"Name": name, "Value": value} for name, value in own.items()],
            "Metadata": {NAME: message.delivery},
            "MessageStream": self._account.stream,
            "TrackOpens": False,
            "TrackLinks": "None",
        }
        return json.dumps(mail).encode()


def _mailbox(name: str, address: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if name else address


def _chunks(mails: Sequence[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    chunk: list[tuple[int, bytes]] = []
    size = 0
    for one in mails:
        if chunk and (len(chunk) == _MOST or size + len(one[1]) > _LARGEST):
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += len(one[1])
    if chunk:
        yield chunk


def _result(said: Mapping[str, Any], status: int) -> Accepted | DeliveryError:
    """Return what became of one mail of a request that was taken as a whole."""
    code, named = said.get("ErrorCode"), said.get("MessageID")
    if code == 0 and isinstance(named, str) and named:
        return Accepted(named, code=status)
    if not isinstance(code, int) or code == 0:
        return Ambiguous("Postmark's answer names no message, so the mail may be on its way.", code=status)
    return _said(code, str(said.get("Message", "")), None)


def _said(code: int, words: str, wait: float | None) -> DeliveryError:
    key = str(code)
    if key == _VAGUE:
        key = next((row for said, row in WORDS if said in words.lower()), key)
    return POSTMARK.refusal(key, words, status=code, retry_after=wait)


def _refusal(answer: Answer) -> DeliveryError:
    told = answer.fields()
    code = told.get("ErrorCode")
    if isinstance(code, int) and code:
        return _said(code, str(told.get("Message", "")), answer.wait())
    key = f"HTTP {answer.status}"
    return POSTMARK.refusal(key, "", status=answer.status, retry_after=answer.wait())
