"""What an HTTP answer means for the message and the endpoint: one table, checked line by line.

Sources: Standard Webhooks 1.0.0 (2xx alone is success, 410 disables the endpoint, 429, 502 and 504 ask for patience,
Retry-After is honoured, redirects are never followed, all else is tried again) and RFC 9110 for the codes. 429 says
that the receiver is there and that no call would fare better: it is no try, and a failure of the receiver's all the
same, which is disabled where it says nothing else for days. What it writes is never shown: it could be anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, DeliveryError, TooFast, TryAgain
from tocsin_channels.calling.retry_after import wait_of

_BUSY_SECONDS: Final = 60.0
_SUCCESS: Final = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """`wait`: seconds until the next try at the least, where the receiver does not say."""

    kind: type[DeliveryError]
    words: str
    wait: float | None = None


_MOVED = "redirects are never followed; register the address that it leads to"

DECISIONS: Final[Mapping[int, Decision]] = {
    300: Decision(TryAgain, _MOVED),
    301: Decision(TryAgain, _MOVED),
    302: Decision(TryAgain, _MOVED),
    303: Decision(TryAgain, _MOVED),
    304: Decision(TryAgain, "an answer that a POST never gets"),
    307: Decision(TryAgain, _MOVED),
    308: Decision(TryAgain, _MOVED),
    400: Decision(TryAgain, "the receiver cannot read the call"),
    401: Decision(TryAgain, "the receiver does not take our signature"),
    402: Decision(TryAgain, "the receiver's account is to be paid"),
    403: Decision(TryAgain, "the receiver does not let us in"),
    404: Decision(TryAgain, "the receiver knows no such address"),
    405: Decision(TryAgain, "the receiver takes no POST there"),
    406: Decision(TryAgain, "the receiver wants another kind of content"),
    408: Decision(TryAgain, "the receiver gave up waiting for the call"),
    409: Decision(TryAgain, "the receiver is in conflict with the call"),
    410: Decision(AddressDead, "the receiver wants no more calls"),
    411: Decision(TryAgain, "the receiver asks for a length"),
    413: Decision(TryAgain, "the call is too large for the receiver"),
    415: Decision(TryAgain, "the receiver takes no JSON"),
    421: Decision(TryAgain, "the receiver is not meant for this host"),
    422: Decision(TryAgain, "the receiver does not understand the call"),
    425: Decision(TryAgain, "the receiver finds it too early"),
    429: Decision(TooFast, "the receiver asks for fewer calls", _BUSY_SECONDS),
    500: Decision(TryAgain, "the receiver stumbled"),
    501: Decision(TryAgain, "the receiver cannot do this"),
    502: Decision(TryAgain, "the receiver cannot be reached by its proxy", _BUSY_SECONDS),
    503: Decision(TryAgain, "the receiver is overloaded or down", _BUSY_SECONDS),
    504: Decision(TryAgain, "the receiver did not answer its proxy", _BUSY_SECONDS),
}
_UNLISTED: Final = Decision(TryAgain, "a code that is not in our table, so it is tried again")


def judge(status: int, retry_after: str | None, now: datetime) -> Result:
    """Return what an answer with `status` means; `retry_after` is its header of that name."""
    if status // 100 == _SUCCESS:
        return Accepted(code=status)
    decision = DECISIONS.get(status, _UNLISTED)
    note = f"Answered {status}: {decision.words}."
    if not issubclass(decision.kind, TryAgain):
        return decision.kind(note, code=status)
    asked = None if retry_after is None else wait_of(retry_after, now)
    wait = decision.wait if asked is None else asked
    if decision is _UNLISTED:
        return TryAgain(note, code=status, retry_after=wait, unlisted=str(status))
    return decision.kind(note, code=status, retry_after=wait)
