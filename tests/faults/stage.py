"""A whole Tocsin of real processes for faults to be tried on, with a proxy before each provider.

The broker and the providers are the stage's own children, so that it can freeze, kill and starve them; everything else
is `tocsin up`.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import redis

from faults.locks import shift_clock
from faults.proxy import Mood, Proxy
from faults.scale import Scale
from tocsin.broker import redis_url
from tocsin.embedded.process import Child, Command, await_ready, finish, spawn
from tocsin.embedded.valkey import Valkey
from tocsin.practice.chat_behaviour import chat_settings
from tocsin.practice.twilio_behaviour import twilio_settings
from tocsin_up import Up, until

SECRET = "faults-are-tried-with-a-secret-of-their-own"
_IMPORT_SECONDS = 60


@dataclass
class Proxies:
    """What stands before each provider."""

    mail: Proxy
    texts: Proxy
    calls: Proxy
    chat: Proxy

    def pass_all(self) -> None:
        for proxy in (self.mail, self.texts, self.calls, self.chat):
            proxy.be(Mood.PASS)


@dataclass
class Stage:
    """One home; `told` is what its parts are told by the environment."""

    folder: Path
    scale: Scale
    told: Mapping[str, str]
    port: int
    valkey: Valkey
    broker: Child
    practice: Child
    proxies: Proxies
    up: Up = field(init=False)
    client: httpx.Client = field(init=False)  # of the API
    workers: dict[str, Child] = field(default_factory=dict[str, Child])  # beside those of `tocsin up`
    kept: Mapping[str, frozenset[str]] = field(init=False)  # who is subscribed, by channel

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def begin(self) -> None:
        """Start Tocsin and subscribe everybody."""
        self.start()
        self.kept = {
            "email": frozenset(f"p{number}@example.com" for number in range(self.scale.people)),
            "sms": frozenset(f"+1415555{number:04}" for number in range(2000, 2000 + self.scale.few)),
            "webhook": frozenset(
                f"http://127.0.0.1:{self.proxies.calls.port}/webhook/f{number}" for number in range(self.scale.few)
            ),
            "chat": frozenset(f"slack:#f{number}" for number in range(self.scale.few)),
        }
        lines = [subscriber(channel, address) for channel, those in self.kept.items() for address in sorted(those)]
        answer = self.client.post(
            "/v1/subscribers/import",
            content="\n".join(lines).encode(),
            headers={"Content-Type": "application/x-ndjson"},
            timeout=_IMPORT_SECONDS,
        )
        last = json.loads(answer.text.splitlines()[-1])
        assert last["summary"]["created"] == len(lines), last

    def start(self) -> None:
        self.up = Up(self.home, ("--port", str(self.port)), self.told).wait()
        self.client = self.up.client()

    def later(self, seconds: float) -> None:
        """Shift the database's clock, which all of Tocsin goes by, once no lease can run out by that."""
        until(lambda: shift_clock(self.home, seconds), "no attempt is under way and the clock can be shifted")

    def stop_broker(self, sign: signal.Signals = signal.SIGKILL) -> None:
        self.broker.send_signal(sign)
        self.broker.wait(10)

    def start_broker(self) -> None:
        self.valkey.prepare()
        self.broker = _run(self.valkey.command, self.folder / "broker.log")
        await_ready(self.valkey, self.broker, self.folder / "broker.log")

    def flush_broker(self) -> None:
        with redis.Redis.from_url(redis_url(self.valkey.url)) as client:
            client.flushall()

    def children_of(self, part: str) -> list[int]:
        """Return the numbers of the processes in which a worker does its work."""
        parent = self.up.pid_of(part)
        try:
            return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        except FileNotFoundError:  # it was killed a moment ago
            return []

    def keep_workers(self, queues: Mapping[str, str], environment: Mapping[str, Mapping[str, str]]) -> None:
        """Run workers beside those of `tocsin up` from now on; `queues` and `environment` by the name of each."""
        for name in queues.keys() - self.workers.keys():
            arguments = [sys.executable, "-m", "tocsin.cli.main", "worker", "-Q", queues[name], "-n", name]
            told = {**self.told, **self.where(), **environment.get(name, {})}
            self.workers[name] = _run(Command(arguments, environment=told), self.folder / f"{name}.log")
        until(lambda: all(_has_started(self.folder / f"{name}.log") for name in queues), "the workers have started")

    def where(self) -> dict[str, str]:
        """Return what single processes are told besides, since `tocsin up` tells its own."""
        return {
            "TOCSIN_HOME": str(self.home),
            "TOCSIN_WEB__PORT": str(self.port),
            "TOCSIN_DATABASE_URL": (self.home / "database.url").read_text().strip(),
        }

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the API, as one who asks again when nobody answers."""
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = self.client.request(method, path, **more)
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return answer
                assert time.monotonic() < deadline, answer.text
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the web does not come back"
            time.sleep(0.1)


@contextmanager
def stage_of(scale: Scale) -> Generator[Stage]:
    """Set up a stage, and take it down; it has to end cleanly whatever was done to it."""
    with TemporaryDirectory(prefix="tocsin-faults-", ignore_cleanup_errors=True) as name, ExitStack() as stack:
        folder = Path(name)
        mail_port, http_port, port = _free_port(), _free_port(), _free_port()
        proxies = Proxies(
            *(stack.enter_context(Proxy(target)) for target in (mail_port, http_port, http_port, http_port))
        )
        valkey = Valkey(folder / "broker", folder / "run")
        told = _settings(scale, proxies, valkey, port)
        valkey.prepare()
        broker = _run(valkey.command, folder / "broker.log")
        command = [sys.executable, "-m", "tocsin.cli.main", "practice", "--home", str(folder / "home")]
        command += ["--port", str(mail_port), "--http-port", str(http_port)]
        practice = _run(Command(command, environment=told), folder / "practice.log")
        stage = Stage(folder, scale, told, port, valkey, broker, practice, proxies)
        try:
            await_ready(valkey, broker, folder / "broker.log")
            stage.begin()
            until(lambda: _answers(mail_port) and _answers(http_port), "the practice providers answer")
            yield stage
            stage.client.close()
            for worker in stage.workers.values():
                worker.terminate()
            assert stage.up.end() == 0
        finally:
            if stage.up.process.poll() is None:
                stage.up.end(signal.SIGKILL)
            for child in (*stage.workers.values(), stage.practice, stage.broker):
                child.send_signal(signal.SIGCONT)
                child.terminate()
                finish(child, seconds=5)


def _settings(scale: Scale, proxies: Proxies, valkey: Valkey, port: int) -> dict[str, str]:
    return {
        "TOCSIN_SECRET": SECRET,
        "TOCSIN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TOCSIN_BROKER_URL": valkey.url,
        "TOCSIN_DELIVERY__LEASE_SECONDS": str(scale.lease),
        "TOCSIN_EMAIL__SMTP_URL": f"smtp://127.0.0.1:{proxies.mail.port}",
        "TOCSIN_EMAIL__TIMEOUT_SECONDS": "5",
        "TOCSIN_EMAIL__RECEIPT_TOKEN": "whoever-posts-bounces-knows-this",
        "TOCSIN_WEBHOOK__PRACTICE_HOST": f"127.0.0.1:{proxies.calls.port}",
        "TOCSIN_WEBHOOK__TIMEOUT_SECONDS": "5",
        "TOCSIN_SMS__TIMEOUT_SECONDS": "5",
        "TOCSIN_CHAT__TIMEOUT_SECONDS": "5",
        "TOCSIN_HOOKS__AUDIENCES": '["leadership"]',  # nobody here
        **twilio_settings(f"http://127.0.0.1:{proxies.texts.port}"),
        **chat_settings(f"http://127.0.0.1:{proxies.chat.port}"),
    }


def subscriber(channel: str, address: str, audience: str = "customers") -> str:
    """Return someone with one address, as a line of an import."""
    endpoint = {"channel": channel, "address": address, "confirmed": True}
    return json.dumps({"name": address, "audiences": [audience], "endpoints": [endpoint]})


def _run(command: Command, log: Path) -> Child:
    # The kernel ties a child to the thread that made it.
    assert threading.current_thread() is threading.main_thread()
    return spawn(command, log)


def _has_started(log: Path) -> bool:
    return log.exists() and "worker.started" in log.read_text(errors="replace")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
