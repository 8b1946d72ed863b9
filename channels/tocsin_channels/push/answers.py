"""What a push service's answer means for the message and the browser: one table, checked line by line.

Sources: RFC 8030 (5, 7.2, 7.3, 8.4), RFC 8292 (4.2), and the manuals of the services: Mozilla's autopush ("Error
Codes"), Apple's "Sending web push notifications", Google's FCM, Microsoft's WNS. What a service writes is never shown:
an endpoint's address may be anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, Ambiguous, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.calling.caller import Answer
from tocsin_channels.calling.retry_after import wait_of

_BUSY_SECONDS: Final = 30.0
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """`kind` is None where the message was taken; `wait`: seconds until the next try, where the service says none."""

    kind: type[DeliveryError] | None
    words: str = ""
    wait: float | None = None


_MOVED = Decision(TryAgain, "redirects are never followed")

DECISIONS: Final[Mapping[int, Decision]] = {
    200: Decision(None),  # WNS; with a body it is nobody's answer to a push: see `judge`
    201: Decision(None),
    202: Decision(None),  # kept, with a receipt that we did not ask for
    204: Decision(None),
    301: _MOVED,
    302: _MOVED,
    303: _MOVED,
    307: _MOVED,
    308: _MOVED,
    400: Decision(GiveUp, "the push service cannot read the message or its headers"),
    401: Decision(ProviderDown, "our VAPID signature is not taken: check the clock, push.private_key and push.contact"),
    403: Decision(
        ProviderDown,
        "our VAPID key or contact is not taken: the browser subscribed with another push.private_key, or push.contact "
        "is no address that the service believes in (Apple: BadJwtToken)",
    ),
    404: Decision(AddressDead, "the push service knows no such subscription"),
    405: Decision(GiveUp, "the address takes no messages"),
    406: Decision(TryAgain, "the push service asks for fewer messages to this browser", _BUSY_SECONDS),  # WNS
    408: Decision(TryAgain, "the push service gave up waiting for the message"),
    410: Decision(AddressDead, "the subscription has ended: the browser withdrew it or was not seen for too long"),
    411: Decision(GiveUp, "the push service asks for a length"),
    412: Decision(TryAgain, "the push service does not meet a condition of ours"),  # WNS: the device is not connected
    413: Decision(GiveUp, "the message is too large for the push service"),
    415: Decision(GiveUp, "the push service does not know aes128gcm"),
    422: Decision(GiveUp, "the push service does not understand the message"),
    429: Decision(TooFast, "the push service asks for fewer messages", _BUSY_SECONDS),
    500: Decision(TryAgain, "the push service stumbled"),
    501: Decision(TryAgain, "the push service cannot do this"),
    502: Decision(TryAgain, "the push service cannot be reached by its proxy", _BUSY_SECONDS),
    503: Decision(TryAgain, "the push service is overloaded or down", _BUSY_SECONDS),
    504: Decision(TryAgain, "the push service did not answer its proxy", _BUSY_SECONDS),
}
_UNLISTED: Final = Decision(TryAgain, "a code that is not in our table, so it is tried again")


def judge(answer: Answer, now: datetime) -> Result:
    """Return what `answer` means."""
    status = answer.status
    if status == _OK and answer.body.strip():
        # Somebody's page: a proxy that answers for a service, or one that means something else by it.
        return Ambiguous("Answered 200 with words where a push service has none: it may have been taken.", code=status)
    decision = DECISIONS.get(status, _UNLISTED)
    if decision.kind is None:
        return Accepted(code=status)
    note = f"Answered {status}: {decision.words}."
    if not issubclass(decision.kind, TryAgain):
        return decision.kind(note, code=status)
    asked = None if answer.retry_after is None else wait_of(answer.retry_after, now)
    wait = decision.wait if asked is None else asked
    if decision is _UNLISTED:
        return TryAgain(note, code=status, retry_after=wait, unlisted=str(status))
    return decision.kind(note, code=status, retry_after=wait)
