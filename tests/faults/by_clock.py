"""Faults of clocks: workers of which one is an hour ahead and one an hour behind do as the database's clock says."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from faults.act import Act
from faults.crew import MINUTES_OFF, bring_in
from faults.stage import Stage

_STARTED: Final = "worker.started"


def an_hour_off(act: Act) -> None:
    """Let nobody deliver but two workers whose clocks are wrong."""
    stage = act.stage
    bring_in(stage)
    with _resting(stage):
        for name, minutes in MINUTES_OFF.items():
            thinks = _minutes_off(stage, name)
            act.figures[f"minutes by which the worker {name} is off"] = round(thinks)
            assert abs(thinks - minutes) < 10, "its clock is right"
        act.open()
        act.cleared()
        act.settle()


@contextmanager
def _resting(stage: Stage) -> Generator[None]:
    """Stop whoever else delivers, while there is nothing to deliver."""
    others = [stage.up.pid_of("delivery"), *stage.children_of("delivery")]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def _minutes_off(stage: Stage, name: str) -> float:
    """Return by how much the clock that a worker logs by differs from ours at its start."""
    log = stage.folder / f"{name}.log"
    line = next(line for line in log.read_text(errors="replace").splitlines() if _STARTED in line)
    said = datetime.fromisoformat(json.loads(line)["timestamp"])
    return (said - datetime.now(UTC)).total_seconds() / 60
