"""`tocsin doctor`: checks configuration, database, broker and every provider, and says what to mend."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from tocsin import logs, settings
from tocsin.cli.reach import HomeOption, JsonOption, show
from tocsin.domain.channel import ChannelName, providers_of, way_by
from tocsin.domain.errors import DeliveryError, Refused
from tocsin.embedded import local
from tocsin.embedded.process import CouldNotStart
from tocsin.languages import read_languages
from tocsin.services.audit import audit, in_words
from tocsin.services.canary import canaries_of
from tocsin.services.health import check_broker, check_canaries, check_database
from tocsin.services.policy import BrokenPolicy, load_policy
from tocsin.settings import BrokenSettings, Settings
from tocsin.store.engine import DATABASE_TROUBLE, make_engine, make_pool
from tocsin_channels.registry import build
from tocsin_channels.registry_words import read_words

_NOT_SET_UP: Final = (
    "is not set up ([{}] in tocsin.toml): nothing goes out there, save by what `tocsin up` sets up itself"
)


class Finding(NamedTuple):
    name: str
    ok: bool
    detail: str


def doctor(home: HomeOption = None, *, as_json: JsonOption = False) -> None:
    """Check everything that this installation needs; exit 1 where something is to be mended."""
    findings = asyncio.run(_look(home))
    if as_json:
        show([finding._asdict() for finding in findings])
    else:
        console = Console()
        for finding in findings:
            mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
            console.print(f"{mark} [bold]{finding.name}[/bold] {escape(finding.detail)}", highlight=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


async def _look(home: Path | None) -> list[Finding]:
    try:
        loaded = settings.load()
        load_policy()
    except (BrokenSettings, BrokenPolicy) as error:
        return [Finding("configuration", ok=False, detail=str(error))]
    logs.configure(loaded.log)  # what is told on the way goes to standard error, beside the findings
    if home is not None:
        loaded = loaded.model_copy(update={"home": home})
    findings = [Finding("configuration", ok=True, detail=f"can be followed ({settings.config_directory()})")]
    findings.append(_languages())
    findings.append(_templates())
    database = await _database(loaded, home)
    findings.append(database)
    if database.ok:
        findings.append(await _ledger(loaded, home))
    findings.append(await _canaries(loaded, home, is_reachable=database.ok))
    if loaded.broker_url:
        broker = await check_broker(loaded.broker_url)
        findings.append(Finding("broker", broker.ok, broker.detail))
    findings += await _channels(loaded)
    findings += await _web(loaded, home)
    return findings


def _languages() -> Finding:
    read = read_languages(settings.config_directory() / "languages")
    names = ", ".join(language.name for language in read.languages)
    return Finding("languages", ok=not read.faults, detail=" ".join(read.faults) or names)


def _templates() -> Finding:
    faults = read_words().faults
    return Finding("templates", ok=not faults, detail=" ".join(faults) or "can be followed")


async def _database(loaded: Settings, home: Path | None) -> Finding:
    try:
        url = local.database_url(loaded, home)
    except CouldNotStart as error:
        return Finding("database", ok=False, detail=str(error))
    engine = make_engine(url, pool_size=1)
    try:
        found = await check_database(engine)
    finally:
        await engine.dispose()
    return Finding("database", found.ok, found.detail)


async def _ledger(loaded: Settings, home: Path | None) -> Finding:
    """Hold the ledger to its promises, now."""
    try:
        made = await make_pool(local.database_url(loaded, home), size=1, application="tocsin doctor")
        async with made as pool, pool.acquire() as connection:
            found = await audit(connection)
    except DATABASE_TROUBLE as error:
        return Finding("ledger", ok=False, detail=f"could not be looked at: {type(error).__name__}: {error}")
    broken = in_words(found)
    return Finding("ledger", ok=not broken, detail=broken or f"keeps its {len(found)} promises")


async def _canaries(loaded: Settings, home: Path | None, *, is_reachable: bool) -> Finding:
    try:
        built = build(loaded) if loaded.canary.addresses else {}
    except Refused:  # which is told of the channels
        built = {}
    try:
        canaries = canaries_of(loaded.canary, built)
    except Refused as refused:
        return Finding("canaries", ok=False, detail=str(refused))
    finally:
        for channel in built.values():
            await channel.close()
    if not is_reachable:
        return Finding(
            "canaries", ok=True, detail="have addresses that can be written to" if built else "are not set up"
        )
    engine = make_engine(local.database_url(loaded, home), pool_size=1)
    try:
        found = await check_canaries(engine, canaries)
    finally:
        await engine.dispose()
    return Finding("canaries", found.ok, found.detail)


async def _channels(loaded: Settings) -> list[Finding]:
    findings: list[Finding] = []
    try:
        built = build(loaded)
    except Refused as refused:
        return [Finding("channels", ok=False, detail=str(refused))]
    for name, channel in built.items():
        names = providers_of(channel)
        for provider in names:
            called = f"{name} by {provider}" if len(names) > 1 else name
            try:
                findings.append(Finding(called, ok=True, detail=await way_by(channel, provider).check()))
            except DeliveryError as error:
                findings.append(Finding(called, ok=False, detail=error.note))
        await channel.close()
    return findings + [
        Finding(name, ok=True, detail=_NOT_SET_UP.format(name)) for name in ChannelName if name not in built
    ]


async def _web(loaded: Settings, home: Path | None) -> list[Finding]:
    """Ask the Tocsin that runs in this home, if any, what it says of itself."""
    try:
        url = local.address(home or loaded.home_directory)
    except CouldNotStart:
        return []
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(f"{url}/readyz")
        told: dict[str, Any] = answer.json()
    except (httpx.TransportError, ValueError) as error:
        return [Finding("web", ok=False, detail=f"{url} does not answer ({error}). Start it with `tocsin up`.")]
    broken = [f"{name} {check['detail']}" for name, check in told["checks"].items() if not check["ok"]]
    return [Finding("web", ok=not broken, detail="; ".join(broken) or f"{url} is ready")]
