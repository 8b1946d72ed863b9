"""What a provider has to tell of itself to be held to the contract that all of them share: one small value each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hooks import Call, Talk, status, talk_http
from tocsin.domain.channel import Accepted, Channel, Message, Result
from tocsin.domain.errors import Ambiguous, DeliveryError, GiveUp, ProviderDown, TooFast

Outcome = type[Accepted] | type[DeliveryError]


class Case(Enum):
    """How the provider answers for one address."""

    TAKEN = "taken"
    REFUSED = "refused"
    DEAD = "dead"
    ERROR_INSIDE = "error inside"  # 200, and what is in it says otherwise
    REVOKED = "revoked"  # what we sign in with is not taken any more


# Given the call and the case of each address in it, what goes back over the wire.
Answering = Callable[[Call, Callable[[str], Case]], bytes]


HTML = b"<!doctype html><title>Oops</title><p>Somebody else stands between us."


@dataclass(frozen=True)
class Wire:
    """What can go wrong on the way, as it is written in the protocol that a provider speaks."""

    scheme: str = "http"
    talk: Talk = talk_http
    too_many: Callable[[str], bytes] = lambda slower: status(429, slower, body=b"{}")
    oops: Callable[[bytes], bytes] = lambda body: status(503, "Content-Type: text/html", body=body)
    page: bytes = status(200, "Content-Type: text/html", body=HTML)
    half: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le"


@dataclass(frozen=True)
class Adapter:
    """One provider.

    `carried` tells whom a call would write to, [] for calls that write to nobody. Cases that a provider cannot be in
    have None as their outcome. `html` is what 200 with a page of HTML comes to, `slower` the header that asks for 120
    seconds, "" where the protocol has none. A provider that is asked over TLS alone has `tls`. `names` tells whether
    what it accepts has a name of its own.
    """

    name: str
    make: Callable[[str, float], Channel]
    write: Callable[[Channel, Sequence[str], str], list[Message]]
    addresses: tuple[str, str, str]
    carried: Callable[[Call], list[str]]
    answer: Answering
    refused: Outcome | None = GiveUp
    dead: Outcome | None = None
    error_inside: Outcome | None = None
    revoked: Outcome | None = ProviderDown
    html: Outcome = Ambiguous
    limited: Outcome = TooFast
    names: bool = True
    slower: Callable[[], str] = lambda: "Retry-After: 120"
    tls: bool = False
    wire: Wire = Wire()


def answer_json(code: int, told: object, *headers: str) -> bytes:
    return status(code, "Content-Type: application/json", *headers, body=json.dumps(told).encode())


def fields(call: Call) -> dict[str, Any]:
    """Return a call's JSON object."""
    told: dict[str, Any] = json.loads(call.body)
    return told


def path(call: Call) -> str:
    return call.line.split(" ")[1].partition("?")[0]


async def send(channel: Channel, messages: Sequence[Message]) -> list[Result]:
    """Return the results in the messages' order, each answered exactly once."""
    results: dict[int, Result] = {}

    def answered(index: int, result: Result) -> None:
        assert index not in results, "answered twice"
        results[index] = result

    await channel.send(messages, answered)
    assert len(results) == len(messages), "not all were answered for"
    return [results[index] for index in range(len(messages))]
