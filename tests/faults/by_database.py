"""Faults of the database, the record itself: restarted, crashed, its connections cut."""

from __future__ import annotations

import os
import signal

import asyncpg

from faults.act import Act
from faults.records import ask
from tocsin_up import until


def restart(act: Act) -> None:
    """End sessions at once, write a checkpoint and start again."""
    _strike(act, signal.SIGINT)


def crash(act: Act) -> None:
    """End without a word; the next start recovers."""
    _strike(act, signal.SIGQUIT)


def cut_connections(act: Act) -> None:
    """Cut every connection there is, again and again."""
    _begin(act)
    for _ in range(3):
        ask(act.stage.home, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    act.struck()
    act.cleared()
    act.settle()


def _begin(act: Act) -> None:
    act.slow_mail()
    act.open()
    act.in_flight()


def _strike(act: Act, sign: signal.Signals) -> None:
    _begin(act)
    os.kill(act.stage.up.pid_of("database"), sign)
    act.struck()
    until(lambda: answers(act), "the database is back")
    act.cleared()
    act.settle()


def answers(act: Act) -> bool:
    """Return whether the database answers."""
    try:
        return bool(ask(act.stage.home, "SELECT 1"))
    except (OSError, asyncpg.PostgresError):
        return False
