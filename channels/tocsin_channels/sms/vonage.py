"""Texts by Vonage: https://developer.vonage.com/en/api/sms.

Its library is synchronous and keeps one client's headers in one place, so each thread has a client of its own; with a
pool of one connection it doesn't send again by itself what may have arrived.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, cast

import requests
from requests.adapters import HTTPAdapter
from vonage_http_client.auth import Auth
from vonage_http_client.errors import HttpRequestError
from vonage_http_client.http_client import HttpClient, HttpClientOptions
from vonage_sms import Sms, SmsMessage
from vonage_sms.errors import SmsError

from tocsin.domain.channel import Accepted, Receipt
from tocsin.domain.errors import Ambiguous, DeliveryError, GiveUp, ProviderDown, TryAgain
from tocsin_channels.sms import vonage_receipts
from tocsin_channels.sms.provider import NobodyTells
from tocsin_channels.sms.segments import Encoding
from tocsin_channels.sms.senders import Senders
from tocsin_channels.sms.text import Text
from tocsin_channels.sms.vonage_codes import VONAGE, WHOLE_ACCOUNT

_LONGEST_CALLBACK: Final = 100
_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError)
_GATEWAY_TIMEOUT: Final = 504
_LONGEST_WAIT: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Account:
    """`host` replaces rest.nexmo.com, over plain HTTP where it begins so: to practise, and nothing else.

    Receipts come to `receipts_url`, signed with `signature_secret`.
    """

    key: str
    secret: str
    signature_secret: str
    senders: Senders
    receipts_url: str
    host: str = "rest.nexmo.com"
    connections: int = 16
    seconds: float = 10.0

    @property
    def name(self) -> str:
        """Return the host as the library wants it: without a scheme."""
        return self.host.partition("://")[2] or self.host

    @property
    def is_plain(self) -> bool:
        return self.host.startswith("http://")


class Vonage:
    """One account; requests run in threads, `connections` of them at most."""

    name = "vonage"
    whole_account = WHOLE_ACCOUNT

    def __init__(self, account: Account) -> None:
        self._account = account
        self._threads = ThreadPoolExecutor(account.connections, thread_name_prefix="vonage")
        self._own = threading.local()

    @property
    def senders(self) -> Senders:
        return self._account.senders

    async def send(self, to: str, text: Text, delivery: str) -> Accepted:
        if to in self._account.senders.names:
            raise GiveUp("This is a number that our own texts are from.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, to, text, delivery)

    async def find(self, to: str, text: Text, seconds: float) -> Accepted | None:
        """Nobody tells: its search for messages is deprecated, and Reports, which took its place, is paid for apart.

        https://developer.vonage.com/en/reports/guides/migrate-from-sms-message-search
        """
        del to, text, seconds
        raise NobodyTells

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del url
        return vonage_receipts.read(raw, headers, self._account.key, self._account.signature_secret)

    async def check(self) -> str:
        """Ask for our balance, which sends nothing."""
        told = await asyncio.get_running_loop().run_in_executor(self._threads, self._balance)
        reports = "" if self._account.signature_secret else "; no receipts until sms.vonage_signature_secret is set"
        return f"Vonage answers, a balance of {told}{reports}"

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, to: str, text: Text, delivery: str) -> Accepted:
        sender = self._account.senders.for_recipient(to)[0]
        callback = self._account.receipts_url
        message = SmsMessage(  # pyright: ignore[reportCallIssue]  # its defaults are pydantic's
            to=to.removeprefix("+"),
            from_=sender.removeprefix("+"),
            text=text.body,
            type="text" if text.count.encoding is Encoding.GSM_7 else "unicode",
            ttl=text.seconds * 1000,
            client_ref=delivery,
            callback=callback if len(callback) <= _LONGEST_CALLBACK else None,
        )
        client = self._client()
        try:
            answer = Sms(client).send(message)
        except SmsError as error:
            raise _refusal(client) from error
        except HttpRequestError as error:
            raise _http_refusal(error) from error
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise TryAgain(f"Vonage cannot be reached: {error}") from error
        except requests.ConnectionError as error:
            raise _lost(error) from error
        except requests.RequestException as error:
            raise Ambiguous(f"Vonage was asked and gave no answer: {error}") from error
        except _UNREADABLE as error:
            raise Ambiguous(f"Vonage's answer cannot be read, so the text may be on its way: {error}") from error
        return Accepted(answer.messages[0].message_id or "", note=f"{text.count}, from {sender}")

    def _balance(self) -> str:
        try:
            told = cast("object", self._client().get(self._account.name, "/account/get-balance", auth_type="basic"))
        except HttpRequestError as error:
            raise _http_refusal(error) from error
        except requests.RequestException as error:
            raise TryAgain(f"Vonage cannot be reached: {error}") from error
        if not isinstance(told, dict):
            raise ProviderDown("Vonage's answer cannot be read. Check sms.vonage_host.")
        return str(cast("dict[str, object]", told).get("value"))

    def _client(self) -> HttpClient:
        client: HttpClient | None = getattr(self._own, "client", None)
        if client is None:
            options = HttpClientOptions(
                rest_host=self._account.name,
                timeout=max(1, round(self._account.seconds)),
                pool_connections=1,
                pool_maxsize=1,
                max_retries=0,
            )
            client = HttpClient(Auth(api_key=self._account.key, api_secret=self._account.secret), options)
            if self._account.is_plain:
                _speak_plainly(client, self._account.name)
            self._own.client = client
        return client


class _Plain(HTTPAdapter):
    """The library knows https alone."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *arguments, **options)


def _speak_plainly(client: HttpClient, host: str) -> None:
    session = client._session  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    session.mount(f"https://{host}", _Plain(pool_connections=1, pool_maxsize=1))


def _refusal(client: HttpClient) -> DeliveryError:
    """Return what the answer means whose parts were not all accepted."""
    answer = client.last_response
    assert answer is not None
    parts = cast("list[dict[str, Any]]", answer.json()["messages"])
    refused = next(part for part in parts if str(part["status"]) != "0")
    code, words = int(refused["status"]), str(refused.get("error-text", ""))
    if any(str(part["status"]) == "0" for part in parts):
        return Ambiguous(f"Vonage took some segments and refused others: {VONAGE.note(code, words)}", code=code)
    return VONAGE.refusal(code, words)


def _http_refusal(error: HttpRequestError) -> DeliveryError:
    answer = error.response
    if answer.status_code == _GATEWAY_TIMEOUT:
        return Ambiguous("Vonage's gateway waited in vain for the answer (504)", code=answer.status_code)
    wait = answer.headers.get("Retry-After", "")
    seconds = min(float(wait), _LONGEST_WAIT) if wait.isdecimal() else None
    return VONAGE.refusal(answer.status_code, f"HTTP {answer.status_code}", retry_after=seconds)


def _lost(error: requests.ConnectionError) -> DeliveryError:
    # Where no connection came about, urllib3 says so by the name of its error alone.
    if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
        return TryAgain(f"Vonage cannot be reached: {error}")
    return Ambiguous(f"Vonage was asked and gave no answer: {error}")
