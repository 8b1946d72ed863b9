"""Faults of those who carry: killed, frozen, restarted one after the other, doubled, with clocks of their own."""

from __future__ import annotations

import os
import signal
import time
from functools import partial

from faults.act import Act
from faults.crew import bring_in
from faults.locks import locked, waiting_for_locks
from faults.records import ask
from tocsin_up import are_gone, until


def kill_workers(act: Act) -> None:
    """Kill those who deliver, in turn all of them and one child, in the middle of one version after the other."""
    stage = act.stage
    for kill in range(stage.scale.kills):
        act.slow_mail()
        act.tell()
        act.in_flight()
        victim = stage.children_of("delivery")[0] if kill % 2 else stage.up.pid_of("delivery")
        os.kill(victim, signal.SIGKILL)
        act.struck()
        act.cleared()
        act.settle()
    act.figures["kills"] = stage.scale.kills


def kill_fan_out(act: Act) -> None:
    """Kill the one who writes the ledger's rows while it waits in the middle of them for the last bucket."""
    up = act.stage.up
    with locked(act.stage.home, "SELECT FROM bucket WHERE id = (SELECT max(id) FROM bucket) FOR UPDATE"):
        act.open()
        until(lambda: waiting_for_locks(act.stage.home) > 0, "the fan-out is in the middle")
        writing = up.pid_of("fan-out")
        os.kill(writing, signal.SIGKILL)
        until(lambda: up.pid_of("fan-out") != writing, "it runs again")
    act.cleared()
    act.settle()


def freeze_worker(act: Act) -> None:
    """Stop the process that has most of the mail until its lease has run out and others did its work; let it go on."""
    stage = act.stage
    act.slow_mail()
    act.open()
    act.in_flight()
    child = _who_carries_mail(act)
    os.kill(child, signal.SIGSTOP)
    act.struck()
    stage.proxies.pass_all()
    act.settle()
    act.say()
    act.settle()
    os.kill(child, signal.SIGCONT)
    act.cleared()
    time.sleep(1)  # for what should not come
    act.settle()


def two_sweepers_and_a_rolling_restart(act: Act) -> None:
    """Stop those who deliver one after the other while mail goes out, with a second set of workers beside them."""
    stage = act.stage
    bring_in(stage)
    act.slow_mail()
    act.open()
    act.in_flight()
    for part in ("delivery", "fan-out"):
        before = stage.up.pid_of(part)
        os.kill(before, signal.SIGTERM)
        until(partial(_runs_again, act, part, before), f"{part} runs again")
    act.cleared()
    act.settle()


def kill_everything(act: Act) -> None:
    """Kill the parent, with whom all of Tocsin goes, its database too; the next start finishes what it began."""
    stage = act.stage
    act.slow_mail()
    act.open()
    act.in_flight()
    below = stage.up.descendants()
    stage.client.close()
    stage.up.end(signal.SIGKILL)
    until(lambda: are_gone(below), "nothing is left behind")
    act.struck()
    stage.start()
    act.cleared()
    act.settle()


def _who_carries_mail(act: Act) -> int:
    """Return the number of the process that has most of the mail that is under way."""
    found = ask(
        act.stage.home,
        """SELECT worker FROM attempt WHERE finished_at IS NULL AND channel = 'email'
        GROUP BY 1 ORDER BY sum(cardinality(messages)) DESC""",
    )
    return int(found[0]["worker"].split(":")[1])  # host, process, journal


def _runs_again(act: Act, part: str, before: int) -> bool:
    return act.stage.up.pid_of(part) != before
