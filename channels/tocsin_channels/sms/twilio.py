"""Texts by Twilio: https://www.twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from tocsin.domain.channel import Accepted, Receipt
from tocsin.domain.errors import Ambiguous, DeliveryError, GiveUp, ProviderDown, TryAgain
from tocsin_channels.sms import twilio_receipts
from tocsin_channels.sms.provider import NobodyTells
from tocsin_channels.sms.senders import Senders, is_messaging_service
from tocsin_channels.sms.text import Text
from tocsin_channels.sms.twilio_codes import TRY_ANOTHER_SENDER, TWILIO, WHOLE_ACCOUNT
from tocsin_channels.sms.twilio_wire import TwilioWire

_HERE: Final = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared, not listened on
# With none at all the library would read the environment, where TWILIO_EDGE sends it elsewhere.
_NO_ENVIRONMENT: Final = {"": ""}
_UNREADABLE: Final = (TwilioException, ValueError, TypeError, KeyError, AttributeError)
_CLOCKS_APART: Final = timedelta(minutes=5)
_LOOK_AT: Final = 1000
_PAGE: Final = 50
_MAY_NOT_LIST: Final = frozenset({403, 20403})
_NOT_SENT: Final = frozenset({"failed", "undelivered", "canceled"})


@dataclass(frozen=True, slots=True)
class Account:
    """`url` replaces Twilio's own host; receipts come to `receipts_url`."""

    sid: str
    token: str
    senders: Senders
    receipts_url: str
    url: str = "https://api.twilio.com"
    connections: int = 16
    seconds: float = 10.0

    @property
    def is_reported_to(self) -> bool:
        """Tell whether Twilio can reach us: it refuses a message whose receipts' address is on this machine."""
        return urlsplit(self.receipts_url).hostname not in _HERE or urlsplit(self.url).hostname in _HERE


class Twilio:
    """One account; its session is opened by the first message, inside the loop that sends it."""

    name = "twilio"
    whole_account = WHOLE_ACCOUNT

    def __init__(self, account: Account) -> None:
        self._account = account
        self._wire: TwilioWire | None = None
        self._client: Client | None = None

    @property
    def senders(self) -> Senders:
        return self._account.senders

    async def send(self, to: str, text: Text, delivery: str) -> Accepted:
        if to in self._account.senders.names:
            raise GiveUp("This is a number that our own texts are from.")
        refusal: DeliveryError | None = None
        for sender in self._account.senders.for_recipient(to):
            try:
                return await self._send(sender, to, text, delivery)
            except DeliveryError as error:
                if error.code not in TRY_ANOTHER_SENDER:
                    raise
                refusal = refusal or error
        assert refusal is not None
        raise refusal

    async def _send(self, sender: str, to: str, text: Text, delivery: str) -> Accepted:
        wishes: dict[str, str] = {}
        wishes["messaging_service_sid" if is_messaging_service(sender) else "from_"] = sender
        if self._account.is_reported_to:
            wishes["status_callback"] = f"{self._account.receipts_url}?delivery={delivery}"
        try:
            made = await self._opened().messages.create_async(
                to=to, body=text.body, validity_period=text.seconds, **wishes
            )
        except _UNREADABLE as error:
            raise Ambiguous(f"Twilio's answer cannot be read, so the text may be on its way: {error}") from error
        return _accepted(made, sender, text)

    async def find(self, to: str, text: Text, seconds: float) -> Accepted | None:
        """Look through the texts to `to`, which are listed by when they were sent, for one that has these words.

        They are not narrowed by date: that goes by when they were sent, and what is queued has not been.
        """
        oldest = datetime.now(UTC) - timedelta(seconds=seconds) - _CLOCKS_APART
        try:
            async for one in await self._opened().messages.stream_async(to=to, limit=_LOOK_AT, page_size=_PAGE):
                if one.date_sent is not None and one.date_sent < oldest:
                    break
                is_of_then = one.date_created is not None and one.date_created >= oldest
                # A trial account writes words of its own before ours.
                if is_of_then and one.sid and str(one.body).endswith(text.body) and str(one.status) not in _NOT_SENT:
                    return Accepted(one.sid, note=f"{text.count}, found at Twilio")
        except DeliveryError as error:
            if error.code in _MAY_NOT_LIST:
                raise NobodyTells from error
            raise
        except _UNREADABLE as error:
            raise TryAgain(f"Twilio's list of texts cannot be read: {error}") from error
        return None

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        return twilio_receipts.read(raw, headers, url, self._account.token)

    async def check(self) -> str:
        """Ask for our account, which sends nothing."""
        try:
            account = await self._opened().api.accounts(self._account.sid).fetch_async()
        except _UNREADABLE as error:
            raise ProviderDown(f"Twilio's answer cannot be read: {error}. Check sms.twilio_url.") from error
        if str(account.status) != "active":
            raise ProviderDown(f"The Twilio account is {account.status}.")
        reports = "" if self._account.is_reported_to else "; no receipts, since public_url is on this machine"
        return f"Twilio answers, the account is active, from {', '.join(self._account.senders.names)}{reports}"

    async def close(self) -> None:
        wire, self._wire, self._client = self._wire, None, None
        if wire is not None:
            await wire.close()

    def _opened(self) -> Client:
        if self._client is None:
            self._wire = TwilioWire(self._account.connections, self._account.seconds)
            self._client = Client(
                self._account.sid, self._account.token, http_client=self._wire, environment=_NO_ENVIRONMENT
            )
            self._client.api.base_url = self._account.url.rstrip("/")
        return self._client


def _accepted(made: MessageInstance, sender: str, text: Text) -> Accepted:
    if not made.sid:
        raise Ambiguous("Twilio's answer names no message, so the text may be on its way.")
    if made.error_code or str(made.status) in _NOT_SENT:
        raise TWILIO.refusal(made.error_code, made.error_message or str(made.status))
    return Accepted(made.sid, note=f"{text.count}, from {sender}")
