"""Faults of disks: whoever writes a file can write no more, for as long as it lasts.

A limit on the size of files (RLIMIT_FSIZE), put on processes that run, needs no rights and no file system of its own:
a write fails with EFBIG where a full disk would say ENOSPC. New and growing files are covered, the database's journal
and the logs among them; what overwrites in place is not.
"""

from __future__ import annotations

import resource
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from faults.act import Act
from faults.by_database import answers
from faults.heard import word
from tocsin_up import until

_NEXT_TO_NOTHING = 4096


def no_room_for_the_page(act: Act) -> None:
    """Let no worker write, neither the status page nor its log: people hear all the same, the page later."""
    stage = act.stage
    page = stage.home / "page" / "index.html"
    parts = ("delivery", "fan-out")
    with _no_room([pid for part in parts for pid in (stage.up.pid_of(part), *stage.children_of(part))]):
        act.open()
        until(lambda: act.is_done(but_for="status_page"), "people have heard without a page")
        assert word(act.marker, 1) not in page.read_text(), "the page was written though it could not be"
    act.cleared()
    act.settle()
    until(lambda: word(act.marker, 1) in page.read_text(), "the page says so", seconds=10)


def no_room_for_providers(act: Act) -> None:
    """Let the practice providers keep nothing: they refuse for the time being, and get everything later."""
    stage = act.stage
    with _no_room([stage.practice.pid]):
        act.open()
        until(lambda: act.unfinished().get("held", 0) > stage.scale.people / 2, "messages were refused for now")
        assert act.mails() == 0
    act.cleared()
    act.settle(skip=True)


def no_room_for_the_database(act: Act) -> None:
    """Let PostgreSQL write no more in the middle: it stops rather than promise, and what it promised is there after."""
    stage = act.stage
    act.slow_mail()
    act.open()
    act.in_flight()
    postmaster = stage.up.pid_of("database")
    with _no_room([postmaster, *_children(postmaster)]):
        act.struck()
        until(lambda: stage.up.pid_of("database") != postmaster, "it has stopped and runs again")
    until(lambda: answers(act), "the database is back")
    act.cleared()
    act.settle()


def _children(parent: int) -> Sequence[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@contextmanager
def _no_room(pids: Sequence[int]) -> Generator[None]:
    before: dict[int, tuple[int, int]] = {}
    for pid in pids:
        before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_NEXT_TO_NOTHING, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
            except ProcessLookupError:
                continue
