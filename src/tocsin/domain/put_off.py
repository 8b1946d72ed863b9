"""Puts off what may not go out now, since no provider carries it or takes more: nothing of it counts as a try."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.domain.delivery import Reason, State
from tocsin.domain.outline import Plan, Planned


def put_off(plan: Plan, untils: Sequence[float | None], reason: Reason | None) -> None:
    """Leave in the plan what goes out now, where there is no time, and let all else wait until its, held for `reason`.

    What is held for it already is not written again, and what is in doubt stays so: it may have arrived. Without a
    reason all rows stay as they are.
    """
    going: list[Planned] = []
    for message, until in zip(plan.messages, untils, strict=True):
        if until is None:
            going.append(message)
            continue
        for row in message.rows:
            if reason is None or row.state == State.UNKNOWN or (row.state, row.reason) == (State.HELD, reason):
                plan.wait(row, until)
            else:
                plan.hold(row, reason, until)
    plan.messages[:] = going


def but_for(messages: Sequence[Planned], n: int, until: float) -> list[float | None]:
    """Return until when each message waits: `n` of them do not, none that is in doubt where there are others."""
    sure = [message for message in messages if message.rows[0].state != State.UNKNOWN]
    going = set(map(id, (sure or messages)[:n]))
    return [None if id(message) in going else until for message in messages]
