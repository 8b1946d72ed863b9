"""What `tocsin up` runs, and what each part is told: few processes, in the order in which they start."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tocsin.broker import ASIDE, TO_PEOPLE
from tocsin.embedded.postgres import Postgres
from tocsin.embedded.process import Command
from tocsin.embedded.tree import Part, Stage
from tocsin.embedded.valkey import Valkey
from tocsin_workers.commands import worker_command

_DELIVERING = 2  # processes that write to people


def database(server: Postgres, log: Path) -> Part:
    return Part(
        "database",
        Stage.DATABASE,
        lambda: server.command,
        prepare=lambda: server.prepare(log),
        is_ready=server.is_ready,
    )


def broker(server: Valkey) -> Part:
    return Part("broker", Stage.BROKER, lambda: server.command, prepare=server.prepare, is_ready=server.is_ready)


def practice(home: Path, port: int, http_port: int, told: Mapping[str, str]) -> Part:
    ports = ["--port", str(port), "--http-port", str(http_port)]
    return _tocsin("practice", Stage.PRACTICE, ["practice", "--home", str(home), *ports], told)


def web(listener: int, told: Mapping[str, str]) -> Part:
    part = _tocsin("web", Stage.WEB, ["web", "--fd", str(listener)], told)
    return replace(part, command=lambda: replace(part.command(), pass_fds=(listener,)))


def workers(told: Mapping[str, str]) -> list[Part]:
    """Return the workers; fan-out shares no process with what writes to people, which would leave it no time."""
    return [
        _worker("fan-out", ASIDE, 1, told),
        _worker("delivery", TO_PEOPLE, _DELIVERING, told),
    ]


def _worker(name: str, queues: Sequence[str], concurrency: int, told: Mapping[str, str]) -> Part:
    command = Command(worker_command(queues, concurrency, name), environment=told)
    return Part(name, Stage.WORKER, lambda: command)


def _tocsin(name: str, stage: Stage, arguments: list[str], told: Mapping[str, str]) -> Part:
    command = Command([sys.executable, "-m", "tocsin.cli.main", *arguments], environment=told)
    return Part(name, stage, lambda: command)
