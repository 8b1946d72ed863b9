"""`tocsin key`: makes, lists and revokes API keys, straight in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin import settings
from tocsin.cli.reach import HomeOption, JsonOption, show
from tocsin.domain.errors import NotReady
from tocsin.domain.scope import Scope
from tocsin.embedded import local
from tocsin.services.keys import Key, create_key, list_keys, revoke_key
from tocsin.store.engine import make_engine

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

T = TypeVar("T")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose it is: shown in the history of what it does.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may stand several times.")],
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="Its own quota.")] = None,
    home: HomeOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, alone on the last line. It is shown this once."""
    secret, kept = in_database(
        home, lambda engine: create_key(engine, name, scope, requests_per_minute=requests_per_minute)
    )
    if as_json:
        show(_shown(kept) | {"key": secret})
        return
    typer.echo(f"{kept.name} may: {', '.join(sorted(kept.scopes))}. The key is shown this once:")
    typer.echo(secret)


@app.command("list")
def list_(home: HomeOption = None, *, as_json: JsonOption = False) -> None:
    """List keys by their first characters."""
    keys = in_database(home, list_keys)
    if as_json:
        show([_shown(key) for key in keys])
        return
    table = Table("Name", "Begins with", "Scopes", "Made", "Revoked")
    for key in keys:
        revoked = "" if key.revoked_at is None else f"{key.revoked_at:%Y-%m-%d %H:%M}"
        table.add_row(key.name, key.prefix, " ".join(sorted(key.scopes)), f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
    Console().print(table)


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Its name, or its first characters as listed.")],
    home: HomeOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Revoke keys; each web process stops taking them within five seconds."""
    revoked = in_database(home, lambda engine: revoke_key(engine, which))
    if as_json:
        show([_shown(key) for key in revoked])
        return
    for key in revoked:
        typer.echo(f"{key.name} ({key.prefix}…) is revoked.")


def in_database(home: Path | None, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Do `work` in this installation's database; raise NotReady where it does not answer."""
    url = local.database_url(settings.load(), home)

    async def connected() -> T:
        engine = make_engine(url, pool_size=1)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(connected())
    except (SQLAlchemyError, OSError) as error:
        raise NotReady(
            f"The database cannot be used: {error}. Start it with `tocsin up`, or check TOCSIN_DATABASE_URL."
        ) from error


def _shown(key: Key) -> dict[str, Any]:
    return {
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "requests_per_minute": key.requests_per_minute,
        "created_at": key.created_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }
