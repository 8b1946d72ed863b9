"""Puts off what is planned where no provider may carry it, or only a few of it as a trial: nothing counts as tried."""

from __future__ import annotations

from tocsin.domain.delivery import Reason, State
from tocsin.domain.outline import Plan, Planned

_DOWN = (State.HELD, Reason.PROVIDER_DOWN)


def put_off(plan: Plan, until: float, *, but: int = 0, held: bool = True) -> None:
    """Let all messages of a plan wait until a time, `but` so many.

    `held`: their rows say that they wait for a provider. What says so already is not written again, and what is in
    doubt stays so: it may have arrived.
    """
    going = _some(plan.messages, but)
    ids = set(map(id, going))
    for message in plan.messages:
        if id(message) in ids:
            continue
        for row in message.rows:
            if not held or row.state == State.UNKNOWN or (row.state, row.reason) == _DOWN:
                plan.wait(row, until)
            else:
                plan.hold(row, Reason.PROVIDER_DOWN, until)
    plan.messages[:] = going


def _some(messages: list[Planned], n: int) -> list[Planned]:
    """Return `n` messages, none that is in doubt where there are others."""
    if not n:
        return []
    sure = [message for message in messages if message.rows[0].state != State.UNKNOWN]
    return (sure or messages)[:n]
