"""Canaries: messages to operators' own addresses at an interval, so that a closed way is known before it matters.

They go as notices go: promised in the database, taken up by the worker of their channel, written, handed to its
provider and recorded. No subscriber is among them, and they are in no ledger, on no page and in no count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.services.address import read_address
from tocsin.settings import Canary
from tocsin.store import canaries as store
from tocsin.store.audiences import PAGE_ADDRESS
from tocsin.store.canaries import Flight
from tocsin.store.engine import Connection

# How an address is spelled can be told without any channel.
_ANY: Mapping[ChannelName, object] = dict.fromkeys(ChannelName)


@dataclass(frozen=True, slots=True)
class Canaries:
    """Whom they go to, by channel, and how often."""

    addresses: Mapping[str, str]
    every_seconds: float


def canaries_of(chosen: Canary, configured: Mapping[ChannelName, object] = _ANY) -> Canaries:
    """Return whom canaries go to; raise Refused where an address is none, or its channel is not among `configured`."""
    addresses: dict[str, str] = {}
    for name, written in chosen.addresses.items():
        try:
            addresses[name] = read_address(ChannelName(name), written, configured).written
        except Refused as refused:
            raise Refused(f"canary.{name} ({written!r}) cannot be written to. {refused}", field=name) from refused
    if chosen.status_page:
        addresses[ChannelName.STATUS_PAGE] = PAGE_ADDRESS
    return Canaries(addresses, chosen.every_seconds)


async def promise_canaries(connection: Connection, canaries: Canaries) -> int:
    """Promise those that are due; return how many. One that is still under way is waited for."""
    promised = 0
    for channel, address in canaries.addresses.items():
        promised += await store.promise(connection, channel, address, canaries.every_seconds)
    return promised


def said_of(flight: Flight, every_seconds: float) -> str:
    """Say how the canaries of a channel fare, in half a line."""
    if flight.is_overdue(every_seconds):
        return f"Canary overdue: {in_words(flight)}"
    if flight.seconds is None:
        return "the first canary is under way"
    return f"a canary reached it in {flight.seconds:.1f} s, {flight.age / 60:.0f} minutes ago"


def in_words(flight: Flight, *, in_public: bool = False) -> str:
    """Say what became of a canary that is overdue; to everybody without what its provider answered."""
    if flight.note is None:
        why = "the last one waits for a worker of its channel, or for its provider's pace"
    elif in_public:
        why = "the last one was not taken: `tocsin doctor` says why"
    else:
        why = f"the last one was not taken: {flight.note or 'no reason was given'}"
    return f"{flight.channel}: none has arrived for {flight.age / 60:.0f} minutes; {why}."
