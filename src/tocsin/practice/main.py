"""`tocsin practice`: the practice providers as a process of their own, until it is told to end."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import structlog
import uvloop

from tocsin import settings
from tocsin.practice.outbox import outbox_path
from tocsin.practice.reports import Reporter
from tocsin.practice.smtp import PracticeServer
from tocsin_channels.registry import receipt_token

log = structlog.get_logger()


def run(home: Path, port: int) -> None:
    """Take mail on 127.0.0.1:`port` until SIGTERM or SIGINT."""
    uvloop.run(_run(home, port))


async def _run(home: Path, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    loaded = settings.load()
    reporter = Reporter(f"{loaded.url}/receipts/smtp", receipt_token(loaded))
    async with PracticeServer(outbox_path(home), port, reporter) as server:
        log.info("practice.listening", port=server.port)
        await ended.wait()
