"""The long tail of chat services, by Apprise: one address at a time, in threads of our own, its secrets kept to itself.

Importing Apprise costs some 35 MB, so that is done where the first such message is sent and nowhere else. It tells no
status, no Retry-After and no name of what it sent: what went wrong is read from what it logs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from tocsin.domain.channel import Accepted
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.chat.post import Post
from tocsin_channels.chat.redact import redacted

if TYPE_CHECKING:
    from apprise import Apprise, AppriseAsset, AppriseResult

T = TypeVar("T")

_THREADS: Final = 4
_LONGEST_NOTE: Final = 300
_STATUS = re.compile(r"\berror\s*[=:]\s*(\d{3})\b|\bHTTP (\d{3})\b")
# What a status means where the operator gave the address and its credentials in one.
STATUSES: Final[dict[int, type[DeliveryError]]] = {
    400: GiveUp,
    401: ProviderDown,
    403: ProviderDown,
    404: AddressDead,
    410: AddressDead,
    413: GiveUp,
    422: GiveUp,
    429: TooFast,
}


class LongTail:
    """`seconds` is all the time that a service may take for one message."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="apprise")
        self._free = asyncio.Semaphore(_THREADS)

    async def send(self, url: str, post: Post) -> Accepted:
        """Send to Apprise's `url`; raise DeliveryError."""
        # Without a free thread it would wait in the pool, and its time would run.
        async with self._free:
            loop = asyncio.get_running_loop()
            # The first of a kind takes a second or more, which is the library's import and not the service's time.
            sender = await loop.run_in_executor(self._threads, _named, url, self._open, url)
            work = loop.run_in_executor(self._threads, _named, url, self._notify, url, sender, post)
            try:
                return await asyncio.wait_for(asyncio.shield(work), self._seconds)
            except TimeoutError as error:
                work.add_done_callback(_forget)
                raise Ambiguous(f"{_schema(url)} did not answer in time.") from error

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _open(self, url: str) -> Apprise:
        return _sender(url, self._seconds)

    def _notify(self, url: str, sender: Apprise, post: Post) -> Accepted:
        with sender.notify(post.body, title=post.title, body_format="text", timeout=self._seconds) as result:
            return _read(url, result)


def _named(url: str, call: Callable[..., T], *args: object) -> T:
    """Make a call into the library; whatever it raises is named without the secrets of `url`."""
    try:
        return call(*args)
    except DeliveryError:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin of a hundred authors
        raise TryAgain(redacted(f"{_schema(url)} could not be written to: {error}", url)[:_LONGEST_NOTE]) from None


@cache
def _asset() -> AppriseAsset:
    from apprise import AppriseAsset  # noqa: PLC0415 - see above
    from apprise.common import PersistentStoreMode  # noqa: PLC0415

    return AppriseAsset(
        storage_mode=PersistentStoreMode.MEMORY,
        secure_logging=True,
        http_redirects=False,
        async_mode=False,
        allow_templates=False,
        interpret_escapes=False,
        interpret_emojis=False,
        pgp_autogen=False,
        pem_autogen=False,
    )


def _sender(url: str, seconds: float) -> Apprise:
    """Return a fresh sender for one address: one that was used before sleeps between its messages."""
    from apprise import Apprise  # noqa: PLC0415
    from apprise.common import OverflowMode  # noqa: PLC0415

    service = Apprise.instantiate(url, asset=_asset())
    if service is None:
        raise GiveUp(f"Apprise cannot read this {_schema(url)}:// address. Look at its manual: every part has a place.")
    service.overflow_mode = OverflowMode.TRUNCATE  # splitting would ring several times
    service.service_retry = 0
    service.socket_connect_timeout = min(service.socket_connect_timeout or seconds, seconds / 2)
    service.socket_read_timeout = min(service.socket_read_timeout or seconds, seconds / 2)
    sender = Apprise(asset=_asset())
    sender.add(service)
    return sender


def _read(url: str, result: AppriseResult) -> Accepted:
    from apprise.result import AppriseResultStatus  # noqa: PLC0415

    schema = _schema(url)
    if result:
        return Accepted(note=f"by {schema}")
    if result.status is AppriseResultStatus.TIMEOUT:
        raise Ambiguous(f"{schema} did not answer in time.")
    said = " ".join(" ".join(str(entry.message) for entry in result.logs()).split())
    found = _STATUS.search(said)
    status = int(found[1] or found[2]) if found else None
    kind = STATUSES.get(status or 0, TryAgain)
    note = redacted(f"{schema} was not reached: {said or 'Apprise does not say why'}", url)[:_LONGEST_NOTE]
    if status is not None and status not in STATUSES:
        raise TryAgain(note, code=status, unlisted=str(status))
    raise kind(note, code=status)


def _schema(url: str) -> str:
    return url.partition("://")[0]


def _forget(work: asyncio.Future[Accepted]) -> None:
    """Take the outcome that nobody waits for any more."""
    if not work.cancelled():
        work.exception()
