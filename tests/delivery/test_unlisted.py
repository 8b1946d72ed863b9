"""A code that no table has, answered or reported: what carried it is tried again, and operators are shown it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr
from structlog.testing import capture_logs

from delivery.provider import Provider
from delivery.test_journal import Telling, killed_worker
from delivery.world import World
from post_office import PostOffice
from tocsin.domain.channel import ChannelName, Message, Receipt, ReceiptKind, Result
from tocsin.domain.errors import TryAgain
from tocsin.services.receive import receive
from tocsin.services.report_unlisted import report
from tocsin.settings import Settings
from tocsin.store import housekeeping, unlisted
from tocsin.store.engine import bare, begin
from tocsin.store.unlisted import Strange

SEEN = "SELECT channel, provider, code, n FROM unlisted_code ORDER BY provider, code"


def strange(message: Message) -> Result:
    return TryAgain(f"599 what now, {message.address}?", code=599, unlisted="599")


async def test_an_answer_is_tried_again_and_counted_once_for_each_message(world: World) -> None:
    for name in ("ada", "bob", "cleo"):
        await world.person(f"{name}@example.com")
    world.email.answer = strange
    with capture_logs() as logged:
        await world.tell("It is broken.", severity="sev1")
    assert await world.ledger("ada@example.com") == [(1, "held", "retrying")]
    assert await world.rows(SEEN) == [("email", "practice", "599", 3)]
    [line] = [one for one in logged if one["event"] == "code.unlisted"]
    assert (line["log_level"], line["provider"], line["code"], line["n"]) == ("warning", "practice", "599", 3)
    assert "example.com" not in str(line), "ids, not people"
    await world.later(3600)
    await world.deliver()
    assert await world.rows(SEEN) == [("email", "practice", "599", 6)]


async def test_what_tables_have_is_not_reported(world: World) -> None:
    await world.person("ada@example.com")
    world.email.answer = lambda _: TryAgain("451 later", code=451)
    await world.tell("It is broken.", severity="sev1")
    assert await world.rows(SEEN) == []


async def test_in_chat_it_is_told_of_who_answered(world: World) -> None:
    class Chat(Provider):
        carriers = ("slack", "teams")

        def carrier_of(self, address: str) -> str:
            return address.partition(":")[0]

    for address in ("slack:#a", "slack:#b", "teams:c"):
        await world.person(address, channel=ChannelName.CHAT)
    await world.say("It is broken.", severity="sev1")
    await world.spread()
    await world.deliver(world.way(provider=Chat(answer=strange, name=ChannelName.CHAT, provider="chat")))
    assert await world.rows(SEEN) == [("chat", "slack", "599", 2), ("chat", "teams", "599", 1)]


async def test_what_a_notice_is_answered_counts_as_well(world: World) -> None:
    office = PostOffice(world.engine, Settings(brand="Acme", home=Path("/nowhere"), secret=SecretStr("s" * 32)))
    office.desk(ChannelName.EMAIL)
    office.carriers[ChannelName.EMAIL].answer = strange
    await world.run(
        "WITH n AS (INSERT INTO notice (kind, channel, address, address_key) "
        "VALUES ('canary', 'email', 'c@example.com', 'c@example.com') RETURNING id) "
        "INSERT INTO outbox (kind, notice_id, due_at) SELECT 'notice', id, tocsin_epoch() FROM n"
    )
    await office.send()
    assert await world.rows(SEEN) == [("email", "practice", "599", 1)]


async def test_a_code_that_no_table_has_counts_as_its_worker_would_have_counted_it(
    world: World, tmp_path: Path
) -> None:
    await world.crowd(3)
    await world.say("It is down.", severity="sev1")
    await world.spread()
    died = Telling(taken=2, begun=2)
    died.answer = strange
    (await killed_worker(world, tmp_path, died)).close()
    await world.deliver()
    assert await world.rows(SEEN) == [("email", "practice", "599", 2)]


async def test_a_report_counts_once_however_often_it_comes(world: World) -> None:
    await world.person("ada@example.com")
    await world.tell("It is broken.", severity="sev1")
    told = Receipt(
        world.email.sent[0].delivery, ReceiptKind.DELAYED, "new", "as\x00told", event="e1", unlisted="Bounce New"
    )
    for _ in range(2):
        await receive(world.engine, "s", "practice", [told], ChannelName.EMAIL)
    assert await world.rows(SEEN) == [("email", "practice", "Bounce New", 1)]
    assert await world.ledger("ada@example.com") == [(1, "accepted", None)]


async def test_a_report_of_a_bounce_keeps_the_address_and_is_sent_once_more(world: World) -> None:
    await world.person("ada@example.com")
    await world.tell("It is broken.", severity="sev1")
    told = Receipt(
        world.email.sent[0].delivery, ReceiptKind.BOUNCED, "39999", "new", keeps_address=True, event="e1",
        may_pass=True, unlisted="39999",
    )  # fmt: skip
    await receive(world.engine, "s", "practice", [told], ChannelName.EMAIL)
    assert await world.ledger("ada@example.com") == [(1, "held", "retrying")]
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'email'") == [("active",)]
    await receive(world.engine, "s", "practice", [replace(told, event="e2")], ChannelName.EMAIL)
    assert await world.rows(SEEN) == [("email", "practice", "39999", 2)]


async def test_whoever_makes_codes_up_fills_no_disk(world: World) -> None:
    made_up = [Strange("practice", f"{number:04}" + "\x00" * (number % 2), "…", 1) for number in range(300)]
    async with begin(world.engine) as connection:
        driver = await bare(connection)
        for one in made_up[::2]:
            await report(driver, ChannelName.EMAIL, [one])
        await report(driver, ChannelName.EMAIL, [Strange("practice", "0000", "again", 5)])
    assert await world.rows("SELECT count(*), sum(n) FROM unlisted_code") == [(100, 105)]


async def test_it_is_shown_for_a_week_and_forgotten_after_a_month(world: World) -> None:
    async with begin(world.engine) as connection:
        await report(await bare(connection), ChannelName.EMAIL, [Strange("practice", "599", "…", 1)])
        assert [one.code for one in await unlisted.seen(connection)] == ["599"]
    await world.later(6 * 86_400)
    async with begin(world.engine) as connection:
        await report(await bare(connection), ChannelName.EMAIL, [Strange("practice", "599", "again", 1)])
    await world.later(2 * 86_400)
    async with begin(world.engine) as connection:
        [still] = await unlisted.seen(connection)
    assert (still.n, still.note) == (2, "again")
    await world.later(6 * 86_400)
    async with begin(world.engine) as connection:
        assert await unlisted.seen(connection) == []
    await world.later(23 * 86_400)
    async with world.pool.acquire() as connection:
        await housekeeping.forget(connection)
    assert await world.rows(SEEN) == []
