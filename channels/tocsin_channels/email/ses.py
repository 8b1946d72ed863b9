"""E-mail by Amazon SES: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, as raw MIME.

SES writes a Message-ID of its own over ours, so a mail that is sent once more has another one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.domain.channel import Accepted, Answered, Message, Receipt
from tocsin.domain.errors import Ambiguous, DeliveryError, ProviderDown
from tocsin_channels.email import ses_receipts
from tocsin_channels.email.envelopes import NAME, Envelope
from tocsin_channels.email.one_by_one import send_each
from tocsin_channels.email.ses_codes import SES, WORDS
from tocsin_channels.email.ses_signer import Signer
from tocsin_channels.email.sns import Sns
from tocsin_channels.email.told import object_of
from tocsin_channels.email.web_wire import Answer, WebWire

_SEND: Final = "/v2/email/outbound-emails"
_ACCOUNT: Final = "/v2/email/account"


@dataclass(frozen=True, slots=True)
class Account:
    """`url` replaces Amazon's own host; reports are taken from `topics` alone."""

    region: str
    sender: str
    key: str = ""
    secret: str = ""
    configuration_set: str = ""
    topics: tuple[str, ...] = ()
    url: str = ""
    connections: int = 16
    seconds: float = 30.0

    @property
    def base(self) -> str:
        return self.url.rstrip("/") or f"https://email.{self.region}.amazonaws.com"


class Ses:
    """One account in one region; each mail is a request of its own, since their headers differ."""

    name = "ses"

    def __init__(self, account: Account, sns: Sns | None = None) -> None:
        self._account = account
        self._signer = Signer(account.region, account.key, account.secret)
        self._wire = WebWire("Amazon SES", account.seconds, account.connections)
        self._sns = sns or Sns(account.topics)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        await send_each(messages, answered, self._account.connections, self._send)

    async def _send(self, envelope: Envelope) -> Accepted:
        wishes = {"ConfigurationSetName": self._account.configuration_set} if self._account.configuration_set else {}
        body = {
            "FromEmailAddress": self._account.sender,
            "Destination": {"ToAddresses": [envelope.to]},
            "Content": {"Raw": {"Data": base64.b64encode(envelope.raw).decode()}},
            "EmailTags": [{"Name": NAME, "Value": envelope.delivery}],
            **wishes,
        }
        answer = await self._ask("POST", _SEND, json.dumps(body).encode())
        if not answer.is_success:
            raise _refusal(answer)
        named = answer.fields().get("MessageId")
        if not isinstance(named, str) or not named:
            raise Ambiguous("Amazon SES's answer names no message, so the mail may be on its way.", code=answer.status)
        return Accepted(named, code=answer.status)

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del headers, url
        return ses_receipts.read(raw, self._sns)

    async def check(self) -> str:
        """Ask for our account, which sends nothing."""
        answer = await self._ask("GET", _ACCOUNT, b"")
        if not answer.is_success:
            raise _refusal(answer)
        told = answer.fields()
        if "SendingEnabled" not in told:
            raise ProviderDown("Amazon SES's answer cannot be read. Check email.ses_url.")
        if not told["SendingEnabled"]:
            raise ProviderDown(SES.note("SendingPausedException", str(told.get("EnforcementStatus", ""))))
        quota = object_of(told.get("SendQuota"))
        sent, most, rate = (quota.get(name) for name in ("SentLast24Hours", "Max24HourSend", "MaxSendRate"))
        facts = [f"Amazon SES answers in {self._account.region}, {sent} of {most} mails sent today, {rate} a second"]
        if not told.get("ProductionAccessEnabled", True):
            facts.append("in the sandbox, so to verified addresses alone: ask Amazon for production access")
        if not self._account.topics:
            facts.append("no receipts until email.ses_topics is set")
        return "; ".join(facts)

    async def close(self) -> None:
        await self._wire.close()

    async def _ask(self, method: str, path: str, body: bytes) -> Answer:
        url = f"{self._account.base}{path}"
        headers = {"Content-Type": "application/json"} if body else {}
        return await self._wire.ask(method, url, await self._signer.sign(method, url, headers, body), body or None)


def _refusal(answer: Answer) -> DeliveryError:
    told = answer.fields()
    words = str(told.get("message") or told.get("Message") or "")
    named = answer.headers.get("x-amzn-ErrorType", "") or str(told.get("__type", ""))
    code = named.partition(":")[0].rpartition("#")[2]
    by_words = next((key for said, key in WORDS if said in words.lower()), "")
    key = by_words or code or str(answer.status)
    return SES.refusal(key, words or f"HTTP {answer.status}", status=answer.status, retry_after=answer.wait())
