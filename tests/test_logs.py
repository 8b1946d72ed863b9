"""What a log promises: it may fall silent, and never stops whoever has something to say."""

from __future__ import annotations

import errno
import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from tocsin import logs
from tocsin.settings import Log


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, f"No space left for {len(text)} letters")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    configured, handlers, level = structlog.get_config(), logging.root.handlers, logging.root.level
    yield
    structlog.configure(**configured)
    logging.root.handlers = handlers
    logging.root.setLevel(level)


def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    logs.configure(Log())
    structlog.get_logger().warning("delivery.accepted")
    logging.getLogger("of.a.library").warning("It said something.")
