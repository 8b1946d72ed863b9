"""Hands messages that are in no ledger to a provider, and takes note of how it fares with them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from tocsin.domain.channel import Channel, Message, Result, way_by
from tocsin.domain.errors import Ambiguous
from tocsin.domain.tally import Stopwatch
from tocsin.services.providers import Providers, Turn

log = structlog.get_logger()


async def hand_over(
    channel: Channel, provider: str, messages: Sequence[Message], providers: Providers | None
) -> list[Result]:
    """Send by `provider`, and return what came of each message; nothing is raised."""
    results: list[Result | None] = [None] * len(messages)
    watch = Stopwatch(time.monotonic())

    def answered(index: int, result: Result) -> None:
        results[index] = result
        watch.heard(time.monotonic())

    try:
        await way_by(channel, provider).send(messages, answered)
    except Exception:
        log.exception("notice.send_failed", channel=channel.name)
    whole = [result or Ambiguous("The channel gave no answer") for result in results]
    if providers is not None:
        await providers.count(Turn(provider), whole, watch)
    return whole
