"""`tocsin practice`: the practice providers as a process of their own, until it is told to end."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import structlog
import uvloop

from tocsin import settings
from tocsin.practice.bluesky import PracticeBluesky
from tocsin.practice.chat import ChatServices
from tocsin.practice.http import LookAlike, PracticeHttp
from tocsin.practice.mastodon import PracticeMastodon
from tocsin.practice.outbox import outbox_path
from tocsin.practice.push import PracticePush
from tocsin.practice.reports import Reporter
from tocsin.practice.smtp import PracticeServer
from tocsin.practice.twilio import PracticeTwilio
from tocsin.practice.vonage import PracticeVonage
from tocsin.practice.webhook import Webhooks
from tocsin.practice.x import PracticeX
from tocsin_channels.registry_email import receipt_token

log = structlog.get_logger()


def run(home: Path, port: int, http_port: int) -> None:
    """Take mail on 127.0.0.1:`port`, and all else over HTTP on `http_port`, until SIGTERM or SIGINT."""
    uvloop.run(_run(home, port, http_port))


async def _run(home: Path, port: int, http_port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    loaded = settings.load()
    reporter = Reporter(f"{loaded.url}/receipts/smtp", receipt_token(loaded, loaded.email))
    outbox = outbox_path(home)
    # Every provider that speaks HTTP has its own paths on the one port.
    look_alikes: list[LookAlike] = [
        Webhooks(outbox),
        PracticePush(outbox, loaded.push.public_key),
        PracticeX(outbox),
        PracticeMastodon(outbox),
        PracticeBluesky(outbox),
        ChatServices(outbox),
        PracticeTwilio(
            outbox,
            loaded.sms.twilio_account_sid,
            loaded.sms.twilio_auth_token.get_secret_value(),
            f"{loaded.url}/receipts/twilio",
        ),
    ]
    if loaded.sms.kind == "vonage":
        look_alikes.append(
            PracticeVonage(
                outbox,
                loaded.sms.vonage_api_key,
                loaded.sms.vonage_api_secret.get_secret_value(),
                loaded.sms.vonage_signature_secret.get_secret_value(),
                f"{loaded.url}/receipts/vonage",
            )
        )
    over_http = PracticeHttp(look_alikes, http_port)
    async with PracticeServer(outbox, port, reporter) as server, over_http:
        log.info("practice.listening", port=server.port, http_port=over_http.port)
        await ended.wait()
