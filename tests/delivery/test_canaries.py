"""Canaries go the ordinary way to operators' own addresses, and say how long it took; nobody else ever sees one."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from delivery.world import World
from page_samples import page
from post_office import PostOffice
from tocsin.domain.channel import Accepted, ChannelName, Result
from tocsin.domain.errors import Refused, TryAgain
from tocsin.domain.page import Page
from tocsin.services.canary import Canaries, canaries_of
from tocsin.services.health import Check, check_canaries, check_health
from tocsin.services.refresh_page import PageDesk, refresh_page
from tocsin.services.sweep import keep_house
from tocsin.settings import REPOSITORY_CONFIG, Canary, Settings
from tocsin.store import canaries as store
from tocsin.store import health
from tocsin.store.canaries import Flight
from tocsin.store.engine import begin
from tocsin.web.metrics import Metrics
from tocsin_channels.status_page.channel import StatusPageChannel

MINUTES = 60.0
OWN = Canaries({"email": "canary@example.com"}, 300.0)


class Aviary:
    """A world with an office that takes canaries as `answer` says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answer: Result = Accepted("q", 250)
        self.office = PostOffice(
            world.engine, Settings(brand="Acme", home=Path("/nowhere"), secret=SecretStr("s" * 32))
        )

    async def fly(self, *, minutes: float = 0.0, work: bool = True) -> None:
        """Let minutes pass, keep the house and, where there is a worker, send what was promised."""
        await self.world.later(minutes * MINUTES)
        await keep_house(self.world.pool, canaries=OWN)
        if work:
            self.office.desk(ChannelName.EMAIL)
            self.office.carriers[ChannelName.EMAIL].answer = lambda _: self.answer
            await self.office.send()

    async def flights(self) -> list[Flight]:
        async with begin(self.world.engine) as connection:
            return list(await store.flights(connection))

    async def check(self) -> Check:
        return await check_canaries(self.world.engine, OWN)


async def test_a_canary_flies_at_its_interval_and_tells_how_long_it_took(world: World) -> None:
    aviary = Aviary(world)
    for _ in range(3):
        await aviary.fly(minutes=4)
    await aviary.fly(work=False, minutes=6)
    await world.later(7)
    await aviary.fly()
    [flight] = await aviary.flights()
    assert flight.channel == "email"
    assert flight.seconds is not None
    assert flight.p95 is not None
    assert 7 <= flight.seconds < 60
    assert 1 < flight.p95 < flight.seconds
    assert len(await aviary.office.notices("canary@example.com")) == 3
    assert (await aviary.check()).detail == f"email in {flight.seconds:.1f} s"
    now_by_text = await check_canaries(world.engine, Canaries({"sms": "+14155550100"}, 300.0))
    assert now_by_text.detail == "have not flown yet", "those to an address that is named no more are left out"
    shown = (await Metrics().render(world.engine)).decode()
    assert f'tocsin_canary_seconds{{channel="email",of="last"}} {flight.seconds}' in shown
    assert 'tocsin_canary_age_seconds{channel="email"}' in shown


async def test_a_provider_that_takes_none_is_named_and_makes_nothing_unready(world: World) -> None:
    aviary = Aviary(world)
    await aviary.fly()
    aviary.answer = TryAgain("421 too busy")
    await aviary.fly(minutes=6)
    assert (await aviary.check()).ok
    await aviary.fly(minutes=6)
    await aviary.fly(minutes=6)
    check = await aviary.check()
    assert (check.ok, check.needed) == (False, False)
    assert check.detail == "email: none has arrived for 18 minutes; the last one was not taken: 421 too busy."
    aviary.answer = Accepted("q", 250)
    await aviary.fly(minutes=6)
    assert (await aviary.check()).ok


async def test_whoever_may_ask_for_health_learns_neither_the_address_nor_the_providers_answer(world: World) -> None:
    aviary = Aviary(world)
    await aviary.fly()
    aviary.answer = TryAgain("550 5.1.1 <canary@example.com>: nobody of that name at mx7.inside.example")
    for _ in range(3):
        await aviary.fly(minutes=6)
    public = next(one for one in await check_health(world.engine, "", OWN) if one.name == "canaries")
    assert public.ok is False
    why = "the last one was not taken: `tocsin doctor` says why"
    assert public.detail == f"email: none has arrived for 18 minutes; {why}."
    assert "mx7.inside.example" in (await aviary.check()).detail, "operators learn it"


async def test_where_none_was_ever_taken_it_is_overdue_since_the_first(world: World) -> None:
    aviary = Aviary(world)
    aviary.answer = TryAgain("421 too busy")
    await aviary.fly()
    await aviary.fly(minutes=6)
    await world.later(5 * MINUTES)
    assert (await aviary.check()).ok, "twice five minutes, and two for the house"
    await aviary.fly(minutes=2)
    assert "none has arrived for 13 minutes" in (await aviary.check()).detail
    await world.later(25 * 60 * MINUTES)
    assert await aviary.flights() == [], "a day later they are forgotten"


async def test_one_that_no_worker_takes_is_waited_for_and_named(world: World) -> None:
    aviary = Aviary(world)
    for _ in range(4):
        await aviary.fly(minutes=6, work=False)
    assert "18 minutes; the last one waits for a worker of its channel" in (await aviary.check()).detail
    assert await world.rows("SELECT count(*) FROM notice") == [(1,)]


async def test_nobody_else_sees_one(world: World) -> None:
    aviary = Aviary(world)
    await world.person("a@example.com")
    await aviary.fly()
    async with begin(world.engine) as connection:
        assert await health.recent_deliveries(connection, 24) == []
    assert await world.rows("SELECT count(*) FROM delivery UNION ALL SELECT count(*) FROM incident") == [(0,), (0,)]
    assert await aviary.office.notices("a@example.com") == []


async def test_nobody_is_written_to_unless_an_operator_names_an_address(world: World) -> None:
    assert Canary().addresses == {}
    await keep_house(world.pool, canaries=Canaries(Canary().addresses, 300.0))
    assert await world.rows("SELECT count(*) FROM notice") == [(0,)]
    nobody = await check_canaries(world.engine, Canaries({}, 300.0))
    assert (nobody.ok, nobody.detail) == (True, "are not set up: see [canary] in tocsin.toml")


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (Canary(email="not an address"), "canary.email ('not an address') cannot be written to. This is no e-mail"),
        (Canary(sms="0800"), "canary.sms ('0800') cannot be written to. This is no phone number"),
        (Canary(chat="somewhere"), "canary.chat ('somewhere') cannot be written to. "),
        (Canary(webhook="nowhere"), "canary.webhook ('nowhere') cannot be written to. "),
    ],
)
def test_what_is_no_address_is_refused_with_what_to_mend(chosen: Canary, says: str) -> None:
    with pytest.raises(Refused) as refused:
        canaries_of(chosen)
    assert str(refused.value).startswith(says)


def test_addresses_are_kept_as_those_of_subscribers_and_a_channel_that_is_not_set_up_is_named() -> None:
    chosen = Canary(email="canary@EXAMPLE.com", webhook="https://hooks.example.com/c", status_page=True)
    everywhere = {"email": "canary@example.com", "webhook": "https://hooks.example.com/c", "status_page": "page"}
    assert canaries_of(chosen).addresses == everywhere
    with pytest.raises(Refused, match=r"canary.email .* The channel email is not set up here"):
        canaries_of(chosen, {ChannelName.WEBHOOK: None})


async def test_one_flies_to_the_status_page_and_arrives_when_that_is_written(world: World, tmp_path: Path) -> None:
    channel = StatusPageChannel(tmp_path / "page")

    async def read() -> Page:
        return page()

    desk = PageDesk(channel, world.pool, read, "s", rendered_at=asyncio.get_running_loop().time())
    await keep_house(world.pool, canaries=Canaries({"status_page": "page"}, 300.0))
    await world.later(2)
    assert await refresh_page(desk)
    async with begin(world.engine) as connection:
        [flight] = await store.flights(connection)
    assert (flight.channel, flight.note) == ("status_page", "")
    assert flight.seconds is not None
    assert flight.seconds >= 2
    assert (tmp_path / "page" / "index.html").exists()
    assert not await refresh_page(desk), "one canary, one page"


async def test_all_there_have_been_are_counted_by_how_long_they_took(world: World) -> None:
    aviary = Aviary(world)
    await aviary.fly()
    await aviary.fly(minutes=6, work=False)
    await world.later(7)
    await aviary.fly()
    aviary.answer = TryAgain("421 too busy")
    await aviary.fly(minutes=6)
    await world.run("DELETE FROM notice")
    shown = (await Metrics().render(world.engine)).decode()
    of = 'tocsin_canary_flight_seconds_bucket{channel="email",le="%s"} %s'
    assert of % ("5.0", 1.0) in shown
    assert of % ("60.0", 2.0) in shown
    assert of % ("+Inf", 2.0) in shown
    assert 'tocsin_canary_flight_seconds_count{channel="email"} 2.0' in shown
    [total] = re.findall(r'flight_seconds_sum\{channel="email"\} ([0-9.]+)', shown)
    assert 7 <= float(total) < 60


async def test_alerts_and_dashboard_ask_for_what_is_counted(world: World) -> None:
    await Aviary(world).fly()
    shown = (await Metrics().render(world.engine)).decode()
    counted = set(re.findall(r"^# TYPE (tocsin_\w+)", shown, re.MULTILINE))
    counted |= {f"{name}{end}" for name in counted for end in ("_bucket", "_total")}
    rules = YAML(typ="safe").load((REPOSITORY_CONFIG / "prometheus/tocsin.yml").read_text())
    board = json.loads((REPOSITORY_CONFIG / "grafana/tocsin.json").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for expression in asked for name in re.findall(r"tocsin_\w+", expression)}
    assert names <= counted, names - counted
    assert {name for name in counted if "canary" in name and not name.endswith(("_bucket", "_total"))} <= {
        name.removesuffix("_bucket") for name in names
    }
