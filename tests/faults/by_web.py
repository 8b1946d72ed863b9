"""Faults of the web, in the one moment that counts for whoever posts: about the commit."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest

from faults.act import Act
from faults.locks import locked, waiting_for_locks
from faults.records import ask
from tocsin_up import until

_REPLAYED = "Idempotency-Replayed"


def kill_before_commit(act: Act) -> None:
    """Kill the web when it has written half: nothing is there, and the same request does it all."""
    key = str(uuid4())
    act.stage.later(86_400)
    with locked(act.stage.home, "LOCK TABLE incident_update IN SHARE MODE"), _posting(act, key) as answer:
        until(lambda: waiting_for_locks(act.stage.home) > 0, "the web is in the middle of its transaction")
        _kill(act)
        with pytest.raises(httpx.TransportError):
            answer.result(30)
    until(lambda: waiting_for_locks(act.stage.home) == 0, "the database has noticed")
    assert _there(act) == 0, "half of it was kept"
    again = act.post(key)
    assert _REPLAYED not in again.headers
    act.take(again)
    act.cleared()
    act.settle()
    assert _there(act) == 1


def kill_after_commit(act: Act) -> None:
    """Kill the web when the database has its commit and has not said so: the same request is answered as the first was.

    A commit waits after it is on the disk where a standby is to have it too, and here there is none.
    """
    key = str(uuid4())
    home = act.stage.home
    act.stage.later(86_400)
    ask(home, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        ask(home, "SELECT pg_reload_conf()")
        with _posting(act, key) as answer:
            until(lambda: _commits_waiting(act) > 0, "the commit is on the disk and waits")
            _kill(act)
            with pytest.raises(httpx.TransportError):
                answer.result(30)
    finally:
        ask(home, "ALTER SYSTEM RESET synchronous_standby_names")
        ask(home, "SELECT pg_reload_conf()")
    until(lambda: _there(act) == 1, "what was committed is there")
    again = act.post(key)
    assert again.headers[_REPLAYED] == "true"
    act.take(again)
    act.cleared()
    act.settle()
    assert _there(act) == 1


@contextmanager
def _posting(act: Act, key: str) -> Generator[Future[httpx.Response]]:
    with ThreadPoolExecutor(1) as apart, act.stage.up.client() as client:
        yield apart.submit(client.post, "/v1/incidents", json=act.said(1), headers={"Idempotency-Key": key}, timeout=30)


def _kill(act: Act) -> None:
    up = act.stage.up
    before = up.pid_of("web")
    os.kill(before, signal.SIGKILL)
    until(lambda: up.pid_of("web") != before, "the web runs again")


def _commits_waiting(act: Act) -> int:
    found = ask(act.stage.home, "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    number: int = found[0]["n"]
    return number


def _there(act: Act) -> int:
    """Return how many updates have the words of this act's first version."""
    words = act.said(1)["body"]
    found = ask(act.stage.home, f"SELECT count(*) AS n FROM incident_update WHERE body = '{words}'")
    number: int = found[0]["n"]
    return number
