"""Does in a quiet moment what first messages would wait for: imports that take seconds, templates to compile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Thread
from typing import Final

import structlog

from tocsin.domain.channel import Channel, Content, WarmsUp
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.story import Chapter, Story

log = structlog.get_logger()

_QUIET_SECONDS = 2.0  # a process that has just begun has more pressing things to do
_SOME_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
_CHAPTER: Final = Chapter(
    incident="rehearsal",
    version=1,
    title="Rehearsal",
    body="Nobody is told this.",
    status=Status.INVESTIGATING,
    severity=Severity.SEV1,
    impact=Impact.MAJOR,
    phase=Phase.OPENED,
    components=(("Checkout", "partly down"),),
    started_at=_SOME_TIME,
    published_at=_SOME_TIME,
    next_update_at=_SOME_TIME,
    url="https://status.example.com/incidents/rehearsal",
)
_STORY: Final = Story("Tocsin", "oncall", "en", (_CHAPTER,), "https://status.example.com")


def warm_up(channels: Sequence[Channel]) -> None:
    """Begin to warm up `channels` in a thread; what fails here fails there, and is told there."""
    Thread(target=_in_a_quiet_moment, args=[channels], daemon=True).start()


def _in_a_quiet_moment(channels: Sequence[Channel]) -> None:
    time.sleep(_QUIET_SECONDS)
    rehearse(channels)


def rehearse(channels: Sequence[Channel]) -> None:
    """Import what channels bring along, and write a message that nobody gets: the first one costs what fifty do."""
    for channel in channels:
        with contextlib.suppress(Exception):
            if isinstance(channel, WarmsUp):
                channel.warm_up()
            if channel.content is Content.STORY:
                channel.render(_STORY)
            log.info("channel.warm", channel=channel.name)
