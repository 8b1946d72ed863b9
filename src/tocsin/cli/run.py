"""Brings up everything in order, watches over it, and takes it down again when asked."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.cli import parts
from tocsin.cli.screen import Screen
from tocsin.embedded import home as homes
from tocsin.embedded.postgres import DURABLE, Postgres
from tocsin.embedded.signals import Signals, StopAsked
from tocsin.embedded.sockets import remove_outside, socket_folder
from tocsin.embedded.tree import Tree
from tocsin.embedded.valkey import Valkey
from tocsin.practice.chat_behaviour import chat_settings
from tocsin.practice.sampled import SMALL, sampled
from tocsin.practice.social_behaviour import accounts_setting
from tocsin.practice.twilio_behaviour import twilio_settings
from tocsin.practice.vonage_behaviour import vonage_settings
from tocsin.services.policy import load_policy
from tocsin.settings import Settings, load

if TYPE_CHECKING:
    from tocsin.services.prepare import Beginnings
    from tocsin.services.sample import Practised

_DATABASE = "tocsin"
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104  compared, not listened on


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was typed; None leaves it to the settings."""

    port: int | None
    home: Path | None
    sample: int
    practice: bool


def run(wishes: Wishes) -> None:
    """Run the tree until a signal asks it to stop."""
    signals = Signals()
    os.umask(0o077)  # whatever any part writes is for this user alone
    settings = load()
    load_policy()
    _refuse_what_cannot_be_followed(settings)
    home = homes.make_home(wishes.home or settings.home_directory)
    port = settings.web.port if wishes.port is None else wishes.port
    with homes.held(home) as lock, closing(homes.listen(settings.web.host, port)) as listener:
        up = _Up(settings, home, listener, Screen())
        homes.note(lock, up.url)
        up.run(signals, wishes)


def _refuse_what_cannot_be_followed(settings: Settings) -> None:
    """Refuse at once what web and workers would fail at, again and again, each in its log."""
    if settings.canary.addresses:
        from tocsin.services.canary import canaries_of  # noqa: PLC0415  so are those who read addresses

        canaries_of(settings.canary)
    if settings.email.is_configured or settings.sms.is_configured:
        from tocsin_channels.registry import build  # noqa: PLC0415  slow to import, and nothing to look at without them

        build(settings)


class _Up:
    """One run of the tree."""

    def __init__(self, settings: Settings, home: Path, listener: socket.socket, screen: Screen) -> None:
        self._settings = settings
        self._home = home
        self._listener = listener
        self._screen = screen
        self._port: int = listener.getsockname()[1]
        self._host = _ANYWHERE.get(settings.web.host, settings.web.host)
        self._local_url = f"http://{self._host}:{self._port}"
        self.url = settings.public_url or self._local_url
        self._tree = Tree(home / "logs", screen.tell)

    def run(self, signals: Signals, wishes: Wishes) -> None:
        began = time.monotonic()
        self._screen.begin(str(self._home))
        try:
            self._start(wishes)
            signals.begin_waiting()
            self._watch(signals, began)
        except StopAsked:
            pass
        finally:
            signals.ignore()
            self._screen.tell("Stopping …", style="dim")
            # Nobody is to wait here for a web that will not come back.
            self._listener.close()
            self._tree.stop()
            remove_outside(self._home)
        self._screen.tell("Stopped.", style="dim")

    def _start(self, wishes: Wishes) -> None:
        told = {
            "TOCSIN_HOME": str(self._home),
            "TOCSIN_WEB__PORT": str(self._port),
            "TOCSIN_PUBLIC_URL": self.url,
        }
        if not self._settings.secret.get_secret_value():
            told["TOCSIN_SECRET_FILE"] = str(homes.keep_secret(self._home))
        if not self._settings.push.private_key.get_secret_value():
            told["TOCSIN_PUSH__PRIVATE_KEY_FILE"] = str(homes.keep_push_key(self._home))
        told["TOCSIN_BROKER_URL"] = self._settings.broker_url or self._start_broker()
        practising = wishes.practice and not self._settings.email.is_configured
        told["TOCSIN_PRACTICE"] = str(practising).lower()
        if practising:
            smtp, over_http = _free_port(), homes.keep_port(self._home / "practice" / "port")
            told |= {"TOCSIN_EMAIL__PROVIDER": "smtp", "TOCSIN_EMAIL__SMTP_URL": f"smtp://127.0.0.1:{smtp}"}
            told["TOCSIN_WEBHOOK__PRACTICE_HOST"] = f"127.0.0.1:{over_http}"
            if not (self._settings.social.account or self._settings.social.x_consumer_key.get_secret_value()):
                told["TOCSIN_SOCIAL__ACCOUNT"] = accounts_setting(f"http://127.0.0.1:{over_http}")
            if not self._settings.sms.is_configured:
                carrier = vonage_settings if self._settings.sms.kind == "vonage" else twilio_settings
                told |= carrier(f"http://127.0.0.1:{over_http}")
            if not self._settings.chat.is_configured:
                told |= chat_settings(f"http://127.0.0.1:{over_http}")
            self._tree.start(parts.practice(self._home, smtp, over_http, told))
        told["TOCSIN_DATABASE_URL"] = self._settings.database_url or self._start_database()
        practised = sampled(told) if practising and wishes.sample <= SMALL else {}
        beginnings = asyncio.run(self._prepare(told["TOCSIN_DATABASE_URL"], wishes.sample, practised))
        self._tree.start(parts.web(self._listener.fileno(), told))
        for worker in parts.workers(told):
            self._tree.start(worker)
        self._screen.show(self._rows(beginnings, practising=practising))
        if self._settings.webhook.allow_private_networks:
            self._screen.tell(
                "Webhooks may go into private networks: webhook.allow_private_networks is for tests alone.", style="red"
            )

    def _start_broker(self) -> str:
        server = Valkey(self._home / "broker", socket_folder(self._home))
        self._tree.start(parts.broker(server))
        self._tree.await_ready("broker")
        return server.url

    def _start_database(self) -> str:
        from tocsin.store.create import create_database  # noqa: PLC0415  slow to import, and others start meanwhile

        server = Postgres(self._home / "database", socket_folder(self._home) / "database", DURABLE)
        part = parts.database(server, self._home / "logs" / "database.log")
        self._tree.start(part)
        self._tree.await_ready("database")
        asyncio.run(create_database(server.url("postgres"), _DATABASE))
        return server.url(_DATABASE)

    async def _prepare(self, database_url: str, subscribers: int, practised: Practised) -> Beginnings:
        from tocsin.services.prepare import migrate_database, prepare  # noqa: PLC0415  slow to import, as above

        await migrate_database(database_url)
        homes.write_private(self._home / homes.DATABASE, database_url)
        homes.write_private(self._home / homes.ADDRESS, self._local_url)
        kept = self._home / homes.KEY
        key = kept.read_text().strip() if kept.exists() else ""
        beginnings = await prepare(database_url, load_policy(), key=key, subscribers=subscribers, practised=practised)
        if beginnings.key:
            homes.write_private(kept, beginnings.key)
        return beginnings

    def _watch(self, signals: Signals, began: float) -> None:
        ready = False
        while not signals.stop_asked:
            self._tree.look()
            if not ready and (ready := self._is_ready()):
                self._screen.tell(f"Ready after {time.monotonic() - began:.1f} s. Ctrl-C stops it.", style="bold green")
            signals.wait(0.5 if ready else 0.05)

    def _is_ready(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            asked = http.client.HTTPConnection(self._host.strip("[]"), self._port, timeout=1)
            with closing(asked):
                asked.request("GET", "/readyz")
                return asked.getresponse().status == http.HTTPStatus.OK
        return False

    def _rows(self, beginnings: Beginnings, *, practising: bool) -> list[tuple[str, str]]:
        rows = [("Status page", f"{self.url}/"), ("Console", f"{self.url}/console")]
        if beginnings.operator:
            email, password = beginnings.operator
            rows.append(("Sign in as", f"{email}, password {password} (shown this once)"))
        if practising:
            rows.append(("Outbox", f"{self.url}/practice (what was sent on each channel, until its provider is set)"))
        rows.append(("API", f"{self.url}/docs"))
        if beginnings.key:
            rows.append(("API key", f"{beginnings.key} (shown this once)"))
        rows.append(("Key file", f"{self._home / homes.KEY}, for the command line"))
        rows.append(("Logs", str(self._home / "logs")))
        rows.append(("Runs", ", ".join(f"{m.part.name} {m.child.pid}" for m in self._tree.members)))
        return rows


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
