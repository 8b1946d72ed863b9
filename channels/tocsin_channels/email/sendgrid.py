"""E-mail by SendGrid: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, many mails a request.

A request has the words once, and of each recipient what differs. It is taken or refused as a whole: where it names
recipients that are at fault, the others are asked for once more without them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tocsin.domain.channel import Accepted, Answered, Message, Receipt, Result
from tocsin.domain.errors import Ambiguous, DeliveryError, GiveUp, ProviderDown
from tocsin_channels.email import sendgrid_receipts
from tocsin_channels.email.address import encode
from tocsin_channels.email.apart import Parts, by_letter, take_apart
from tocsin_channels.email.envelopes import NAME, shown_name
from tocsin_channels.email.sendgrid_codes import SENDGRID
from tocsin_channels.email.stopping import Stopping
from tocsin_channels.email.told import list_of, objects_of
from tocsin_channels.email.web_wire import Answer, WebWire

_MOST: Final = 1_000
_LONGEST_WAIT: Final = 3_600.0
_FIELD: Final = re.compile(r"personalizations[.\[](\d+)\]?\.?(\w*)")
_BAD_REQUEST: Final = 400
_SCOPE: Final = "mail.send"

Part = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Account:
    """Reports are verified with `verification_key`, the public key that SendGrid shows."""

    key: str
    verification_key: str
    url: str = "https://api.sendgrid.com"
    connections: int = 4
    seconds: float = 30.0


class SendGrid:
    """One account."""

    name = "sendgrid"

    def __init__(self, account: Account) -> None:
        self._account = account
        self._base = account.url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {account.key}", "Content-Type": "application/json"}
        self._wire = WebWire("SendGrid", account.seconds, account.connections)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        stopping = Stopping(answered)
        for letter, group in by_letter(list(enumerate(messages))):
            parts = take_apart(letter)
            people: list[Part] = []
            for index, message in group:
                try:
                    people.append((index, _personalization(parts, message)))
                except DeliveryError as error:
                    answered(index, error)
            for chunk in _chunks(people):
                await self._send(parts, chunk, stopping)

    async def _send(self, parts: Parts, people: Sequence[Part], stopping: Stopping) -> None:
        """Ask for `people`; where some of them are at fault for a refusal, ask for the others again."""
        while people and not stopping.skip(_indexes(people)):
            try:
                answer = await self._wire.ask("POST", f"{self._base}/v3/mail/send", self._headers, _body(parts, people))
            except DeliveryError as error:
                stopping.refuse(_indexes(people), error)
                return
            if answer.is_success:
                stopping.answer(_indexes(people), [_taken(answer)] * len(people))
                return
            faults = _faults(answer, people)
            if not faults and len(people) > 1 and _key(answer) == str(_BAD_REQUEST):
                half = len(people) // 2  # nobody is named: whoever is at fault is in one of the halves
                await self._send(parts, people[:half], stopping)
                people = people[half:]
                continue
            if not faults:
                stopping.refuse(_indexes(people), _refusal(answer))
                return
            stopping.answer(list(faults), list(faults.values()))
            people = [one for one in people if one[0] not in faults]

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del url
        return sendgrid_receipts.read(raw, headers, self._account.verification_key)

    async def check(self) -> str:
        """Ask what our key may do, which sends nothing."""
        answer = await self._wire.ask("GET", f"{self._base}/v3/scopes", self._headers)
        if not answer.is_success:
            raise _refusal(answer)
        if "scopes" not in answer.fields():
            raise ProviderDown("SendGrid's answer cannot be read. Check email.sendgrid_url.")
        if _SCOPE not in list_of(answer.fields()["scopes"]):
            raise ProviderDown("SendGrid: our key has not the scope mail.send. Make one that has.")
        reports = "" if self._account.verification_key else "; no receipts until email.sendgrid_verification_key is set"
        return f"SendGrid answers, our key may send{reports}"

    async def close(self) -> None:
        await self._wire.close()


def _indexes(people: Sequence[Part]) -> list[int]:
    return [index for index, _ in people]


def _personalization(parts: Parts, message: Message) -> dict[str, Any]:
    """Return what differs in the mail of one recipient."""
    to = encode(message.address)
    if not to.isascii():
        raise GiveUp("This address has letters beyond ASCII before the @, which this provider does not take.")
    name = shown_name(message)
    return {
        "to": [{"email": to.decode(), "name": name} if name else {"email": to.decode()}],
        "headers": parts.headers_for(message),
        "substitutions": {parts.mark: message.token},
        "custom_args": {NAME: message.delivery},
    }


def _body(parts: Parts, people: Sequence[Part]) -> bytes:
    name, address = parts.sender
    off = {"enable": False}
    return json.dumps(
        {
            "personalizations": [person for _, person in people],
            "from": {"email": address, "name": name} if name else {"email": address},
            "subject": parts.subject,
            "content": [{"type": "text/plain", "value": parts.text}, {"type": "text/html", "value": parts.html}],
            "tracking_settings": {"click_tracking": off, "open_tracking": off, "subscription_tracking": off},
        }
    ).encode()


def _chunks(people: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield what one request may hold: SendGrid takes an address once in each."""
    left = list(people)
    while left:
        chunk: dict[str, Part] = {}
        rest: list[Part] = []
        for one in left:
            to = str(one[1]["to"][0]["email"]).lower()
            if to in chunk or len(chunk) == _MOST:
                rest.append(one)
            else:
                chunk[to] = one
        yield list(chunk.values())
        left = rest


def _taken(answer: Answer) -> Result:
    named = answer.headers.get("X-Message-Id", "")
    if not named:
        return Ambiguous("SendGrid's answer names no message, so the mails may be on their way.", code=answer.status)
    return Accepted(named, code=answer.status)


def _faults(answer: Answer, people: Sequence[Part]) -> dict[int, DeliveryError]:
    """Return the recipients that a refusal names, and what is wrong with each."""
    found: dict[int, DeliveryError] = {}
    for error in _errors(answer) if answer.status == _BAD_REQUEST else []:
        named = _FIELD.match(str(error.get("field") or ""))
        if named and int(named[1]) < len(people):
            index = people[int(named[1])][0]
            key = "to" if named[2] == "to" else "personalizations"
            found[index] = SENDGRID.refusal(key, str(error.get("message", "")), status=answer.status)
    return found


def _errors(answer: Answer) -> list[dict[str, Any]]:
    return objects_of(answer.fields().get("errors"))


def _key(answer: Answer) -> str:
    about_sender = any(str(error.get("field") or "").startswith("from") for error in _errors(answer))
    return "from" if about_sender and answer.status == _BAD_REQUEST else str(answer.status)


def _refusal(answer: Answer) -> DeliveryError:
    words = "; ".join(str(error.get("message", "")) for error in _errors(answer))
    wait = answer.wait()
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if wait is None and reset.isdecimal():
        wait = min(max(float(reset) - time.time(), 0.0), _LONGEST_WAIT)
    return SENDGRID.refusal(_key(answer), words or f"HTTP {answer.status}", status=answer.status, retry_after=wait)
