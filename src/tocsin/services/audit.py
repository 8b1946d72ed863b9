"""Holds the ledger to its promises: on the clock, and when an operator asks. What is broken is named in words."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from tocsin.store import audit as store
from tocsin.store.audit import INVARIANTS, Finding
from tocsin.store.engine import Connection

log = structlog.get_logger()

_BY_NAME = {one.name: one for one in INVARIANTS}


async def audit_in_turn(connection: Connection) -> list[Finding]:
    """Look at every invariant unless the last look took so long that the next one waits."""
    return [] if await store.rests(connection) else await audit(connection)


async def audit(connection: Connection, longest: float = store.LONGEST_SECONDS) -> list[Finding]:
    """Look at every invariant, for `longest` seconds each at the most, and keep what was found."""
    findings = await store.look(connection, longest)
    await store.write(connection, findings)
    for one in findings:
        if one.n:
            log.error("audit.violated", invariant=one.name, violations=one.n, example=one.example)
        if not one.is_finished:
            log.warning("audit.unfinished", invariant=one.name, seconds=round(one.seconds, 1))
    return findings


def in_words(findings: Sequence[Finding], *, in_public: bool = False) -> str:
    """Say what is broken and what to do about it; an empty string where nothing is.

    `in_public` leaves out examples, whose running numbers would tell how many incidents there were.
    """
    return " ".join(_words(one, in_public=in_public) for one in findings if one.n)


def _words(found: Finding, *, in_public: bool) -> str:
    invariant = _BY_NAME.get(found.name)
    if invariant is None:  # written by another release
        return f"{found.name}: {found.n}."
    example = "`tocsin doctor` says where" if in_public else f"for one: {found.example}"
    what = f"{invariant.broken} ({found.n}; {example})"
    return f"{found.name}: {what}. {invariant.mend}."
