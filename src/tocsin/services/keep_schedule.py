"""Moves maintenances on by the clock: reminds of them, begins and ends them, each by an update like any other.

The time is the database's, and each maintenance is looked at under its lock: however many workers look, each step is
said once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import structlog

from tocsin.domain.audience import Audiences
from tocsin.domain.incident import Status
from tocsin.domain.language import Languages, word
from tocsin.domain.maintenance import Step, due_now, next_due
from tocsin.domain.policy import Policy
from tocsin.domain.update import Draft
from tocsin.services.publish import add_update
from tocsin.services.schedule import window_of
from tocsin.store import maintenances as store
from tocsin.store import surroundings
from tocsin.store.engine import Connection, Pool
from tocsin.store.maintenances import Heading

log = structlog.get_logger()

CLOCK: Final = "clock"
_SAID: Final[Mapping[Step, str]] = {
    Step.REMIND: word("A reminder: this maintenance is about to begin."),
    Step.START: word("This maintenance has begun."),
    Step.COMPLETE: word("This maintenance is complete."),
}


async def keep_schedule(pool: Pool, policy: Policy, audiences: Audiences, languages: Languages) -> int:
    """Do what is due of all maintenances; return how many updates were written. The caller fans them out."""
    async with pool.acquire() as connection:
        due = await store.due(connection)
    written = 0
    for one in due:
        try:
            async with pool.acquire() as connection, connection.transaction():
                step = await _move_on(connection, one, policy, audiences, languages)
        except Exception:  # one that cannot be moved on keeps no other one waiting
            log.exception("maintenance.stuck", maintenance=one)
            continue
        written += step is not None
        log.info("maintenance.moved", maintenance=one, step=step and step.name)
    return written


async def _move_on(
    connection: Connection, which: str, policy: Policy, audiences: Audiences, languages: Languages
) -> Step | None:
    """Write the step that is due, None where there is none any more: somebody else was quicker."""
    found = await store.find_and_lock(connection, which)
    assert found is not None, "it was due, and none is ever deleted"
    latest = found.incident.latest
    now, _ = await surroundings.look_around(connection, ())
    window, by_clock = window_of(found), found.by_clock
    step = due_now(latest.snapshot.status, window, by_clock, latest.created_at, now)
    if step is not None:
        draft = _words(step, await store.told_so_far(connection, found), audiences, languages)
        await add_update(connection, which, replace(draft, window=window), policy, audiences, CLOCK)
        await store.write(connection, which, by_clock, next_due(Status(step.value), window, by_clock, now))
    return step


def _words(step: Step, headings: Sequence[Heading], audiences: Audiences, languages: Languages) -> Draft:
    """Return what is said of a step, to everybody who was told of the maintenance: also where the last word was not.

    Those further out read the last title that was written for them.
    """
    told = 0
    for one in headings:
        told |= one.audiences
    addressed = audiences.in_mask(told)
    widest = addressed[-1]
    heading = next(one for one in headings if one.audiences & widest.bit)
    return Draft(
        body=_SAID[step],
        texts={f"{widest.name}.{language.code}": language.say(_SAID[step]) for language in languages},
        title=heading.title,
        titles=heading.titles,
        status=Status(step.value),
        audiences=tuple(audience.name for audience in addressed),
        notify=any(one.notify for one in headings),
    )
