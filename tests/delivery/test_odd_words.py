"""What somebody else's program said and nobody can write down is kept as far as it can be, and costs nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.world import World
from tocsin.domain.channel import Accepted, Receipt, ReceiptKind, Result
from tocsin.domain.errors import GiveUp, TryAgain
from tocsin.services.receive import receive


@pytest.mark.parametrize(
    ("odd", "state", "kept"),
    [
        (GiveUp("No\x00 and\nno \ud800."), "failed", "No and no ."),
        (TryAgain("Later.", code=2**40), "held", "Later."),
        (Accepted("queued\x00", note="\ud800", thread="a\x00b", code=2**40), "accepted", None),
    ],
)
async def test_an_answer_that_nobody_can_write_down_costs_no_other_one(
    world: World, odd: Result, state: str, kept: str | None
) -> None:
    await world.person("odd@example.com")
    await world.person("other@example.com")
    world.email.answer = lambda message: odd if message.address == "odd@example.com" else Accepted("queued")
    await world.tell("It is down.")
    assert (await world.ledger("other@example.com"))[0][:2] == (1, "accepted")
    assert (await world.ledger("odd@example.com"))[0][:2] == (1, state)
    noted = "SELECT note FROM delivery d JOIN endpoint e ON e.id = endpoint_id WHERE address = 'odd@example.com'"
    assert await world.rows(noted) == [(kept,)]


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b", "a\nb"])
async def test_a_report_with_what_nobody_can_write_down_costs_no_other_one(world: World, odd: str) -> None:
    for name in ("odd", "other"):
        await world.person(f"{name}@example.com")
    await world.tell("It is down.")
    names = [message.delivery for message in world.email.sent]
    bounced = Receipt(names[0], ReceiptKind.BOUNCED, "5.1.1", "as told")
    arrived = Receipt(names[1], ReceiptKind.DELIVERED, "2.0.0", "as told")
    odd_ones = [replace(bounced, code=odd), replace(bounced, note=odd), replace(bounced, event=odd)]
    told = [*odd_ones, arrived, replace(arrived, note=odd)]
    assert await receive(world.engine, "s", "practice", told) == 5
    assert await world.states() == {"bounced": 1, "delivered": 1}
    assert await world.rows("SELECT count(*) FROM receipt WHERE 'a b' IN (code, note, event)") == [(4,)]
