"""Makes a database ready for use: its schema, its audiences, and what a person needs to begin with."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from tocsin.domain.errors import NotReady
from tocsin.domain.key import hash_key
from tocsin.domain.policy import Policy
from tocsin.domain.scope import Scope
from tocsin.services.audiences import sync_audiences
from tocsin.services.keys import create_key, verify_keys
from tocsin.services.operators import create_operator, new_password
from tocsin.services.sample import Practised, sample
from tocsin.store import operators
from tocsin.store.engine import bare, begin, make_engine
from tocsin.store.migrate import migrate

_OPERATOR = "operator@example.com"


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What was made, to be shown once: nobody can read it again. None where there was one already."""

    key: str | None
    operator: tuple[str, str] | None  # e-mail address and password


async def migrate_database(database_url: str) -> None:
    """Bring the database to the newest schema; raise NotReady where it does not answer or does not let us in."""
    try:
        await migrate(database_url)
    except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NotReady(f"The database cannot be used: {error}. Check TOCSIN_DATABASE_URL.") from error


async def prepare(database_url: str, policy: Policy, *, key: str, subscribers: int, practised: Practised) -> Beginnings:
    """Fill a migrated database with what must be there; `key` is the one that this home has kept."""
    engine = make_engine(database_url, pool_size=1)
    try:
        await sync_audiences(engine, policy)
        if subscribers:
            await sample(engine, subscribers, practised)
        async with begin(engine) as connection:
            key_works = bool(await verify_keys(await bare(connection), [hash_key(key)]))
            anybody = await operators.are_there(connection)
        made = None if key_works else (await create_key(engine, "command line", list(Scope)))[0]
        if anybody:
            return Beginnings(made, None)
        password = new_password()
        await create_operator(engine, _OPERATOR, password)
        return Beginnings(made, (_OPERATOR, password))
    finally:
        await engine.dispose()
