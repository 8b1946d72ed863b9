"""The web application: the API, the pages, and what they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

import tocsin
from tocsin.services.audiences import sync_audiences
from tocsin.services.canary import canaries_of
from tocsin.services.hint import Hints
from tocsin.services.policy import load_policy
from tocsin.settings import Settings
from tocsin.store.engine import make_engine, make_pool
from tocsin.web.api import (
    attention,
    cancel,
    channels,
    components,
    deliveries,
    describe,
    endpoints,
    health,
    hooks,
    imports,
    incidents,
    maintenances,
    mutes,
    preview,
    progress,
    receipts,
    subscribers,
    templates,
)
from tocsin.web.auth import RENEW_SECONDS, KeyRing
from tocsin.web.bounces import Door, listening
from tocsin.web.caller import believe_proxies
from tocsin.web.deps import Site
from tocsin.web.errors import add_error_answers
from tocsin.web.gate import Gate
from tocsin.web.metrics import Counted, Metrics
from tocsin.web.pages import (
    confirm,
    console,
    console_looks,
    console_maintenances,
    console_mutes,
    console_providers,
    console_subscribers,
    console_templates,
    manage,
    practice,
    practice_chat,
    practice_mail,
    practice_push,
    practice_sms,
    practice_social,
    practice_webhook,
    push,
    sign_in,
    subscribe,
    unsubscribe,
)
from tocsin.web.pages.elsewhere import answer_elsewhere
from tocsin.web.pages.status import StatusPages
from tocsin.web.quota import Quota
from tocsin_channels.registry import build
from tocsin_channels.registry_email import bounce_domains

log = structlog.get_logger()

_AGAIN_SECONDS: Final = 1.0
_API: Final = (
    incidents,
    preview,
    maintenances,
    components,
    templates,
    hooks,
    channels,
    cancel,
    deliveries,
    progress,
    imports,
    subscribers,
    attention,
    endpoints,
    mutes,
    receipts,
    health,
    describe,
)
_PAGES: Final = (
    console,
    console_looks,
    console_maintenances,
    console_mutes,
    console_providers,
    console_subscribers,
    console_templates,
    sign_in,
    subscribe,
    confirm,
    manage,
    push,
    unsubscribe,
)
# That of e-mail comes last: it takes any number.
PRACTICE_PAGES: Final = (
    practice_sms,
    practice_chat,
    practice_push,
    practice_social,
    practice_webhook,
    practice,
    practice_mail,
)


class App(FastAPI):
    """The web application; public pages are answered before anything of the framework is asked."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(title=settings.brand, **options)
        self.state.settings = settings
        self._front = StatusPages(super().__call__, settings.page_directory, settings.brand)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._front(scope, receive, send)


def create_app(settings: Settings) -> App:
    """Return the whole web application for `settings`."""
    app = App(
        settings,
        version=tocsin.__version__,
        lifespan=_lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        routes=_routes(settings),
    )
    add_error_answers(app)
    answer_elsewhere(app)
    app.state.metrics = Metrics()
    believe_proxies(app, settings.web.trusted_proxies)
    app.add_middleware(Gate, max_body_bytes=settings.web.max_body_bytes)
    app.add_middleware(Counted, metrics=app.state.metrics)
    describe.describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    settings: Settings = app.state.settings
    engine = make_engine(settings.database_url, pool_size=settings.database.pool_size)
    pool = await make_pool(settings.database_url, size=settings.database.pool_size, application="tocsin web", least=0)
    hints = Hints(settings.broker_url)
    site = Site(settings, load_policy(), engine, hints, build(settings), canaries_of(settings.canary))
    site.later.pool = pool
    app.state.site = site
    app.state.key_ring = ring = KeyRing(pool)
    app.state.quota = quota = Quota(settings.broker_url, settings.web.requests_per_minute)
    syncing, renewing = asyncio.create_task(_sync(site)), asyncio.create_task(_renew(ring))
    # Usually the database answers at once; where it doesn't, pages are served and the rest says that it waits.
    await asyncio.wait([syncing], timeout=5)
    try:
        async with listening(settings.email.bounce_listen, _door(site)):
            yield
    finally:
        for task in (syncing, renewing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(hints.close)
        await quota.close()
        for channel in site.channels.values():
            await channel.close()
        await pool.close()
        await engine.dispose()


def _door(site: Site) -> Door:
    settings = site.settings
    host = urlsplit(settings.url).hostname or "localhost"
    return Door(site.engine, settings.secret.get_secret_value(), bounce_domains(settings), host)


async def _sync(site: Site) -> None:
    """Read the audiences as soon as the database answers and is migrated."""
    while site.later.audiences is None:
        try:
            site.later.audiences = await sync_audiences(site.engine, site.policy)
        except (DBAPIError, OSError) as error:
            log.warning("web.waits_for_database", error=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)


async def _renew(ring: KeyRing) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        await ring.renew()


def _routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes as their modules made them: a router that is included analyses each of its routes once more."""
    parts = (*_API, *_PAGES, *(PRACTICE_PAGES if settings.practice else ()))
    return [route for part in parts for route in part.router.routes]
