"""Reports codes that no table of ours has: in the log, and where operators look, on the page of channels.

Whatever carries such a code is tried again meanwhile, and its note says so.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from tocsin.domain.channel import Channel, ChannelName, Receipt, Result, carried_by
from tocsin.domain.errors import TryAgain
from tocsin.domain.printable import printable
from tocsin.store import unlisted
from tocsin.store.engine import DATABASE_TROUBLE, Connection, Pool
from tocsin.store.unlisted import Strange

log = structlog.get_logger()

_LONGEST_CODE: Final = 60


def strange_answers(
    channel: Channel, provider: str, addresses: Sequence[str], results: Sequence[Result]
) -> list[Strange]:
    """Return the codes that no table has among the answers to a batch of `provider`, each of one address."""
    strange = [at for at, one in enumerate(results) if isinstance(one, TryAgain) and one.unlisted]
    carriers = carried_by(channel, provider, [addresses[at] for at in strange])
    return _counted(
        (carrier, one.unlisted, one.note)
        for carrier, at in zip(carriers, strange, strict=True)
        if isinstance(one := results[at], TryAgain)
    )


def strange_reports(provider: str, receipts: Iterable[Receipt]) -> list[Strange]:
    """Return the codes among what `provider` reports later that no table has."""
    return _counted((provider, one.unlisted, one.note) for one in receipts if one.unlisted)


async def report_apart(pool: Pool, channel: ChannelName, found: Sequence[Strange]) -> None:
    """Report what was found; where that cannot be done now, the ledger's notes have it all the same."""
    if found:
        with contextlib.suppress(*DATABASE_TROUBLE):
            async with pool.acquire() as connection:
                await report(connection, channel, found)


async def report(connection: Connection, channel: ChannelName, found: Sequence[Strange]) -> None:
    """Say what was found, and count it."""
    for one in found:
        log.warning("code.unlisted", channel=channel, provider=one.provider, code=one.code, n=one.n)
    await unlisted.add(connection, channel, found)


def _counted(found: Iterable[tuple[str, str, str]]) -> list[Strange]:
    notes: dict[tuple[str, str], str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for provider, code, note in found:
        key = provider, printable(code, _LONGEST_CODE)
        counts[key] += 1
        notes[key] = printable(note)
    return [Strange(*key, note=notes[key], n=n) for key, n in counts.items()]
