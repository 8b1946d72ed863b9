"""What a worker process works with: the pool, the channels and their ways, and the sweepers that run by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.broker import DELIVER, FAN_OUT
from tocsin.domain.audience import Audiences
from tocsin.domain.channel import Channel, ChannelName, Content
from tocsin.domain.gate import Paced
from tocsin.domain.language import Languages
from tocsin.domain.page import Page
from tocsin.domain.policy import Policy
from tocsin.journal.writer import Journal
from tocsin.languages import read_languages
from tocsin.services import sweep
from tocsin.services.audiences import read_audiences
from tocsin.services.canary import canaries_of
from tocsin.services.compose import Composer
from tocsin.services.deliver import deliver
from tocsin.services.desk import Desk
from tocsin.services.fan_out import fan_out
from tocsin.services.hint import Hints
from tocsin.services.keep_journal import keep_journal
from tocsin.services.keep_schedule import keep_schedule
from tocsin.services.mute import end_mutes
from tocsin.services.pacer import Pacer
from tocsin.services.policy import load_policy
from tocsin.services.providers import providers_for
from tocsin.services.refresh_page import PageDesk, refresh_page
from tocsin.services.send_notices import send_notices
from tocsin.services.show_page import read_page
from tocsin.services.way import Compose, Way, rules_of
from tocsin.settings import Settings, config_directory
from tocsin.store.engine import DATABASE_TROUBLE, Pool, begin, make_engine, make_pool
from tocsin_channels import registry
from tocsin_workers.warm_up import warm_up
from tocsin_workers.watch import Signs

log = structlog.get_logger()

_POOL = 8

T = TypeVar("T")


@dataclass(slots=True)
class Resources:
    """One worker process's own, made after the fork. `queues` say which work it does."""

    settings: Settings
    policy: Policy
    audiences: Audiences
    hints: Hints
    engine: AsyncEngine
    pool: Pool
    journal: Journal | None = None
    page: PageDesk | None = None
    ways: dict[ChannelName, Way] = field(default_factory=dict[ChannelName, Way])
    desks: dict[ChannelName, Desk] = field(default_factory=dict[ChannelName, Desk])
    signs: Signs = field(default_factory=Signs)
    sweepers: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    begun: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    called: asyncio.Event = field(default_factory=asyncio.Event)
    is_fanning_out: bool = False

    async def deliver(self, channel: ChannelName) -> None:
        """Deliver what is due on `channel`; nothing where this installation has not set it up."""
        if channel in self.ways:
            await deliver(self.ways[channel])
        if channel in self.desks:
            await send_notices(self.desks[channel])
        if self.page is not None and channel is self.page.channel.name:
            await refresh_page(self.page)

    async def fan_out(self) -> None:
        """Keep the promises that are due; where this process is at it, have it look once more, and return at once."""
        self.called.set()
        if self.is_fanning_out:
            return
        self.is_fanning_out = True
        lease, pulse = self.settings.delivery.lease_seconds, self.signs.outbox
        try:
            while self.called.is_set():
                await fan_out(self.pool, self.hints, self.policy, self.audiences, lease, pulse, self.called)
        finally:
            self.is_fanning_out = False

    async def catch_up(self) -> None:
        """Keep the promises that no hint came for: of mutes whose time is over and maintenances whose has come, too."""
        try:
            await end_mutes(self.engine)
            await keep_schedule(self.pool, self.policy, self.audiences, _languages())
        finally:  # whatever fails there keeps no promise waiting
            lease, pulse = self.settings.delivery.lease_seconds, self.signs.outbox
            await fan_out(self.pool, self.hints, self.policy, self.audiences, lease, pulse)

    async def close(self) -> None:
        """Take up nothing new, let what is in flight come to its end, and give everything back."""
        for way in self.ways.values():
            way.stopping = True
        for sweeper in self.sweepers:
            sweeper.cancel()
        await asyncio.gather(*self.sweepers, *self.begun, return_exceptions=True)
        for way in self.ways.values():
            await way.idle.wait()
            await asyncio.gather(*way.tails, *way.woken, return_exceptions=True)
        for way in self.ways.values():
            if way.providers is not None:
                await way.providers.close()
            with contextlib.suppress(OSError):
                await way.channel.close()
            if way.pacer is not None:
                await way.pacer.close()
        if self.journal is not None:
            self.journal.close()
        self.hints.close()
        await self.pool.close()
        await self.engine.dispose()


async def open_resources(settings: Settings, queues: frozenset[str], signs: Signs) -> Resources:
    """Make what the work on `queues` needs and start its sweepers; a database that is down is waited for."""
    policy = load_policy()
    engine = make_engine(settings.database_url, pool_size=2)
    audiences = await _wait_for(lambda: _audiences(engine))
    pool = await _wait_for(lambda: make_pool(settings.database_url, size=_POOL, application="tocsin worker"))
    hints = Hints(settings.broker_url)
    resources = Resources(settings, policy, audiences, hints, engine, pool, signs=signs)
    resources.journal = await _wait_for(lambda: keep_journal(settings.journal_directory, pool))
    for name, channel in registry.build(settings).items():
        if DELIVER[name] not in queues:
            continue
        if channel.content is Content.PAGE:
            resources.page = PageDesk(channel, pool, partial(_read_page, resources), settings.secret.get_secret_value())
            resources.ways[name] = _way(resources, channel, resources.page.compose)
        else:
            resources.ways[name] = _way(resources, channel, _composer(resources, channel))
            resources.desks[name] = _desk(resources, resources.ways[name])
    _start_sweepers(resources, queues)
    signs.ways = dict(resources.ways)
    signs.serves = frozenset({*resources.ways, *({FAN_OUT} & queues)})
    warm_up([way.channel for way in resources.ways.values()])
    return resources


def _start_sweepers(resources: Resources, queues: frozenset[str]) -> None:
    seconds, signs = resources.settings.delivery.sweep_seconds, resources.signs
    if resources.ways:
        refresh = None if resources.page is None else partial(refresh_page, resources.page)
        _keep(resources, sweep.sweep_deliveries(resources.pool, resources.ways, refresh, seconds, signs.deliveries))
        _keep(resources, sweep.sweep_journal(next(iter(resources.ways.values()))))
    for desk in resources.desks.values():
        _keep(resources, sweep.sweep_notices(desk, seconds))
    if FAN_OUT in queues:
        hours = resources.settings.webhook.disable_after_hours
        _keep(resources, sweep.sweep_outbox(resources.pool, resources.catch_up, seconds, signs.outbox))
        _keep(resources, sweep.sweep_house(resources.pool, hours, canaries_of(resources.settings.canary)))


def _keep(resources: Resources, sweeper: Coroutine[Any, Any, None]) -> None:
    resources.sweepers.append(asyncio.create_task(sweeper))


def _way(resources: Resources, channel: Channel, compose: Compose) -> Way:
    policy, settings = resources.policy, resources.settings
    worker = f"{socket.gethostname()}:{os.getpid()}"
    pacer = None
    if isinstance(channel, Paced) and channel.is_paced:
        pacer = Pacer(settings.broker_url, channel.name, worker, channel.gates)
    return Way(
        channel=channel,
        pool=resources.pool,
        compose=compose,
        rules=rules_of(policy, resources.audiences, channel),
        patience=policy.patience,
        lease_seconds=settings.delivery.lease_seconds,
        batch=settings.delivery.batch,
        worker=worker,
        journal=resources.journal,
        pacer=pacer,
        providers=providers_for(channel, resources.pool),
    )


def _desk(resources: Resources, way: Way) -> Desk:
    settings = resources.settings
    return Desk(
        engine=resources.engine,
        channel=way.channel,
        languages=_languages(),
        patience=resources.policy.patience,
        brand=settings.brand,
        url=settings.url,
        secret=settings.secret.get_secret_value(),
        confirm_hours=settings.subscribe.confirm_hours,
        manage_days=settings.subscribe.manage_days,
        disable_after_hours=settings.webhook.disable_after_hours,
        providers=way.providers,
        pacer=way.pacer,
    )


def _composer(resources: Resources, channel: Channel) -> Compose:
    return Composer(
        channel,
        resources.pool,
        resources.audiences,
        _languages(),
        brand=resources.settings.brand,
        url=resources.settings.url,
        secret=resources.settings.secret.get_secret_value(),
    ).compose


async def _audiences(engine: AsyncEngine) -> Audiences:
    async with begin(engine) as connection:
        audiences = await read_audiences(connection)
    if not audiences.ordered:
        raise OSError("the database has no audiences yet; `tocsin migrate` writes them")
    return audiences


async def _read_page(resources: Resources) -> Page:
    async with begin(resources.engine) as connection:
        return await read_page(connection, resources.settings, _languages())


def _languages() -> Languages:
    return read_languages(config_directory() / "languages").languages


async def _wait_for(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    while True:
        try:
            return await make()
        except (*DATABASE_TROUBLE, DBAPIError) as error:
            log.warning("worker.waits_for_database", error=str(error))
            await asyncio.sleep(1)
