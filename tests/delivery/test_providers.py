"""Two servers carry one channel: one that fails loses its work and nothing else, and gets it back when it is well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from delivery.two_servers import SILENT, WELL, WRONG_PASSWORD, TwoServers, two_servers
from delivery.world import World
from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind
from tocsin.domain.judge import TRIAL_MESSAGES
from tocsin.domain.provider import Wish
from tocsin.domain.tokens import Signer
from tocsin.services.choose_providers import carriers, choose
from tocsin.services.deliver import deliver_batch
from tocsin.services.providers import Providers
from tocsin.services.receive import receive
from tocsin.store.engine import begin

N = 12


@pytest.fixture
async def two(world: World, tmp_path: Path) -> AsyncIterator[TwoServers]:
    async with two_servers(world, tmp_path) as made:
        yield made


def everyone(n: int = N) -> list[str]:
    return sorted(f"crowd{number + 1}@example.com" for number in range(n))


async def states(world: World) -> set[str]:
    return {state for (state,) in await world.rows("SELECT DISTINCT state::text FROM endpoint")}


async def told(two: TwoServers, body: str = "It is broken.", **about: Any) -> None:
    await two.world.say(body, **about)
    await two.world.spread()
    await two.world.deliver(two.way)


async def failed_once(two: TwoServers) -> None:
    """Let the first server refuse everybody: it is stopped, and the second tells them in the same breath."""
    await two.world.crowd(N)
    two.first.answers = dict(WRONG_PASSWORD)
    await told(two)
    assert await two.world.states() == {"accepted": N}


async def test_where_the_first_refuses_us_the_second_carries_and_nobody_is_blamed(two: TwoServers) -> None:
    await failed_once(two)
    assert await two.changes() == [("closed", "open")]
    [(why,)] = await two.world.rows("SELECT why FROM provider_change WHERE what = 'breaker'")
    assert why.startswith(f"of {N} messages {N} our fault: "), "operators read here what to mend"
    assert "535" in why, why
    assert two.kept() == everyone()
    assert await two.carried_by() == {"second": N}
    assert two.first.mails == []
    assert await states(two.world) == {"active"}, "what is our fault takes no address from the list"


async def test_one_that_is_well_again_is_asked_then_tried_then_trusted_by_degrees(two: TwoServers) -> None:
    await failed_once(two)
    await two.providers.ask("first")
    assert [after for _, after in await two.changes()] == ["open"], "it still refuses"
    two.first.answers = dict(WELL)
    await two.later(60)
    await two.providers.ask("first")
    assert (await two.changes())[-1] == ("open", "half_open")
    assert two.first.mails == [], "it was asked, and sent nothing"
    await two.later(3600)
    await told(two, "And the search.")
    batches = await two.world.rows("SELECT cardinality(endpoints) FROM attempt WHERE channel = 'email' ORDER BY id")
    assert batches[-2:] == [(TRIAL_MESSAGES,), (N - TRIAL_MESSAGES,)]
    assert (await two.changes())[-1] == ("half_open", "closed")
    assert (len(two.first.mails), two.kept()) == (N, everyone()), "everybody heard of each once"
    assert await two.changes("health") == [("100", "10")]
    for health in ("20", "30"):
        await two.later(21)
        assert (await two.changes("health"))[-1][1] == health


async def test_one_that_goes_on_failing_is_put_on_record_again_every_ten_minutes_and_keeps_its_beginning(
    two: TwoServers,
) -> None:
    await failed_once(two)
    two.first.answers = {"GREETING": lambda _: "421 4.3.2 closed for today"}
    for _ in range(35):
        await two.later(60)
        await two.providers.ask("first")
    assert await two.changes() == [("closed", "open"), *[("open", "open")] * 3], "of 35 tries"
    [(why,)] = await two.world.rows("SELECT DISTINCT why FROM provider_change WHERE before = 'open'")
    assert "421" in why
    async with begin(two.world.engine) as connection:
        first, _ = await carriers(connection, two.channel)
    assert first.turned is not None
    assert (first.turned.before, first.turned.after) == ("closed", "open")
    assert first.turned.at < first.changes[0].at
    assert (first.condition.points, first.condition.health) == (0, 100)


async def test_where_no_provider_is_left_all_waits_untried_and_goes_out_when_one_is_back(
    world: World, tmp_path: Path
) -> None:
    async with two_servers(world, tmp_path) as two:
        two.way.providers = alone = Providers(two.channel, two.channel.shares[:1], world.pool)
        await world.crowd(N)
        mail = [number for (number,) in await world.rows("SELECT id FROM bucket WHERE channel = 'email'")]
        two.first.answers = dict(WRONG_PASSWORD)
        await told(two)
        before = await world.rows("SELECT max(id), (SELECT sum(tries) FROM delivery) FROM attempt")
        for _ in range(5):
            await world.later(30)
            await alone.refresh(0)
            await world.deliver(two.way)
            await alone.ask("first")
        assert await world.rows("SELECT max(id), (SELECT sum(tries) FROM delivery) FROM attempt") == before
        rows = await world.rows(
            "SELECT DISTINCT state::text, reason FROM delivery WHERE bucket_id = ANY(:mail)", mail=mail
        )
        assert rows == [("held", "provider_down")]
        two.first.answers = dict(WELL)
        await world.later(61)
        await alone.refresh(0)
        await alone.ask("first")
        await world.later(3)
        await world.deliver(two.way)
        await world.later(3)
        await alone.refresh(0)
        await world.deliver(two.way)
        assert await two.carried_by() == {"first": N}
        assert len(two.first.mails) == N


@pytest.mark.usefixtures("impatient")
async def test_while_one_says_nothing_the_next_batch_goes_by_the_other(world: World, tmp_path: Path) -> None:
    async with two_servers(world, tmp_path, seconds=1.0) as two:
        two.first.answers = dict(SILENT)
        two.way.batch = 1
        await world.crowd(3)
        await world.person("inside@example.com", ("oncall",))
        await world.say("It is broken.", audiences=("oncall", "customers"))
        await world.spread()
        assert await deliver_batch(two.way) == 1, "from the inside out, and by the first"
        assert len(two.way.tails) == 1, "nobody waits for it"
        assert await deliver_batch(two.way) == 3
        assert two.kept() == everyone(3)
        assert await world.ledger("inside@example.com") == [(1, "pending", None)]
        await asyncio.gather(*two.way.tails)
        assert await world.ledger("inside@example.com") == [(1, "held", "retrying")]


async def test_reports_that_blame_us_stop_a_provider_and_no_recipient(two: TwoServers) -> None:
    await two.world.crowd(N)
    await told(two)
    assert await two.carried_by() == {"first": N}
    rows = await two.world.rows("SELECT update_id, endpoint_id FROM delivery WHERE state = 'accepted'")
    sign = Signer("s", "delivery")
    blaming = [
        Receipt(sign.make(*row), ReceiptKind.BOUNCED, "5.7.26", "unauthenticated", keeps_address=True, our_fault=True)
        for row in rows
    ]
    await two.providers.refresh(0)
    for receipt in blaming:
        await receive(two.world.engine, "s", "first", [receipt], ChannelName.EMAIL)
    await two.providers.refresh(0)
    assert await two.changes() == [("closed", "open")]
    assert await states(two.world) == {"active"}


async def test_what_is_on_record_stays(two: TwoServers) -> None:
    await failed_once(two)
    for statement in ("UPDATE provider_change SET why = 'x'", "DELETE FROM provider_change"):
        with pytest.raises(Exception, match="is evidence"):
            await two.world.run(statement)


async def test_an_operator_who_turns_one_on_again_need_not_wait_for_what_it_is_owed(two: TwoServers) -> None:
    await two.world.crowd(N)
    two.first.answers = dict(WRONG_PASSWORD)
    async with begin(two.world.engine) as connection:
        await choose(connection, two.channel, "second", "somebody", None, Wish.OFF)
    await two.providers.refresh(0)
    await told(two)
    assert await two.world.states() == {"held": N}
    await two.providers.refresh(0)
    two.first.answers = dict(WELL)
    async with begin(two.world.engine) as connection:
        await choose(connection, two.channel, "first", "somebody", None, Wish.ON)
    await two.providers.refresh(0)
    await two.world.deliver(two.way)
    assert await two.carried_by() == {"first": N}
    by = await two.world.rows("SELECT what, after, by FROM provider_change WHERE provider = 'first' ORDER BY id")
    assert by == [("breaker", "open", None), ("state", "on", "somebody"), ("breaker", "closed", "somebody")]
