"""The same rules as in memory over the real store: no order of events breaks a promise, and its faults are caught."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import asyncpg
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from delivery.real_store import RealStore
from delivery.world import World, open_world
from domain import machine_lives as lives
from domain.machine import Machine
from domain.machine_lives import Life, lead, of
from tocsin.services import settle
from tocsin.store import claim, opt_out, record, retrying, silence

FEW = settings(lives.SAME, max_examples=5, stateful_step_count=30)


@pytest.fixture
def machine(database_url: str, broker_url: str) -> Iterator[type[Machine]]:
    with asyncio.Runner() as runner:
        world: World = runner.run(open_world(database_url, broker_url))
        yield of(RealStore, runner=runner, world=world, broker_url=broker_url)
        runner.run(world.close())


def test_no_order_of_events_breaks_a_promise_on_the_store(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=FEW)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_order_of_events_breaks_a_promise_on_the_store_in_hundreds_of_lives(machine: type[Machine]) -> None:
    deep = settings(FEW, max_examples=300, stateful_step_count=60, derandomize=False)
    run_state_machine_as_test(machine, settings=deep)


def test_each_life_comes_to_its_end_on_the_store(machine: type[Machine]) -> None:
    for life in lives.LIVES:
        lead(life, machine)


# What the store is made to say instead, and the life in which it shows.
FAULTS: list[tuple[Life, ModuleType, str, str, str]] = [
    (lives.a_late_refusal, record, "release", " AND attempt_id = $1 ORDER", " AND $1::bigint > 0 ORDER"),
    (lives.a_late_acceptance, record, "write_heard", "NOT IN ('delivered', 'bounced')", "IN ('pending', 'held')"),
    (lives.a_bounce_before_its_answer, record, "write_heard", "NOT IN ('delivered', 'bounced')", "IS NOT NULL"),
    (lives.overtaken_in_flight_and_heard, record, "write_heard", "NOT IN (", "NOT IN ('superseded', "),
    (lives.a_provider_is_busy, record, "write_unheard", "due_at = x.t", "due_at = NULL"),
    (
        lives.a_worker_dies_after_handing_over,
        silence,
        "label_unknown",
        "unknowns = unknowns + 1",
        "unknowns = unknowns",
    ),
    (lives.a_doubt_is_cleared, record, "write_unheard", "WHEN x.z THEN unknowns", "WHEN x.z THEN 0"),
    (lives.nobody_can_be_asked, record, "write_unheard", "WHEN x.z THEN", "WHEN x.k > 0 THEN"),
    (lives.a_second_worker_comes_by, claim, "lease", "due_at <= $2 AND lease_until <= $2", "due_at <= $2 + 60"),
    (lives.a_channel_is_paused, claim, "lease", "c.paused_at IS NOT NULL", "c.paused_at IS NULL"),
    (lives.somebody_unsubscribes, opt_out, "opt_out", "SET state = 'opted_out'", "SET state = 'active'"),
    (lives.a_worker_dies_over_a_new_try, retrying, "retry", "cleared = unknowns, ", ""),
    (lives.a_worker_dies_over_a_new_try, retrying, "retry", "cleared = unknowns, ", "unknowns = 0, cleared = 0, "),
]


def test_faults_of_the_store_are_caught(machine: type[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "REFUSED", ())  # what the database refuses is to show
    uncaught: list[str] = []
    for life, module, name, right, wrong in FAULTS:
        source = inspect.getsource(getattr(module, name))
        assert right in source
        made: dict[str, Any] = dict(vars(module))
        exec(compile(source.replace(right, wrong), name, "exec"), made)
        with monkeypatch.context() as patched:
            patched.setattr(module, name, made[name])
            with suppress(AssertionError, asyncpg.CheckViolationError):  # the judge or the database, whichever is first
                lead(life, machine)
                uncaught.append(f"{life.__name__}: {right} → {wrong}")
    assert uncaught == []
