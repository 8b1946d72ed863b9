"""Does in a quiet moment what first messages would wait for: imports that take seconds, templates to compile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from threading import Thread

import structlog

from tocsin.domain.channel import Channel, WarmsUp

log = structlog.get_logger()

_QUIET_SECONDS = 2.0  # a process that has just begun has more pressing things to do


def warm_up(channels: Sequence[Channel]) -> None:
    """Begin to warm up `channels` in a thread; what fails here fails there, and is told there."""
    Thread(target=_warm_up, args=[channels], daemon=True).start()


def _warm_up(channels: Sequence[Channel]) -> None:
    time.sleep(_QUIET_SECONDS)
    for channel in channels:
        if isinstance(channel, WarmsUp):
            with contextlib.suppress(Exception):
                channel.warm_up()
                log.info("channel.warm", channel=channel.name)
