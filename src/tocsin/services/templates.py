"""Keeps templates of updates: what is broken in one is refused where it is written, not in an outage."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.errors import Conflict, NotFound, Refused
from tocsin.domain.update_template import Wording, variables_of
from tocsin.store import templates as store
from tocsin.store.engine import Connection
from tocsin.store.templates import UpdateTemplate

log = structlog.get_logger()


async def add_template(connection: AsyncConnection, name: str, wording: Wording, who: str) -> UpdateTemplate:
    """Write a new template; raise Refused where a place of it is broken, Conflict where there is one of that name."""
    variables_of(wording)
    if not await store.insert(connection, name, wording, who):
        raise Conflict(f"There is a template {name!r} already. Change it with PATCH or PUT, or take another name.")
    return await _changed(connection, name, who)


async def put_template(
    connection: AsyncConnection, name: str, wording: Wording, who: str
) -> tuple[UpdateTemplate, bool]:
    """Write a template, in the place of the one there may be; return it, and whether it is new."""
    variables_of(wording)
    is_new = await store.write(connection, name, wording, who)
    return await _changed(connection, name, who), is_new


async def show_template(connection: AsyncConnection, name: str, *, lock: bool = False) -> UpdateTemplate:
    found = await store.find(connection, name, lock=lock)
    if found is None:
        raise NotFound(f"There is no template {name!r}. GET /v1/templates lists them.")
    return found


async def delete_template(connection: AsyncConnection, name: str, who: str) -> None:
    """Delete a template; what was said with it stays as it was said."""
    if not await store.delete(connection, name):
        raise NotFound(f"There is no template {name!r}. GET /v1/templates lists them.")
    log.info("template.deleted", template=name, by=who)


async def wording_of(connection: Connection, name: str) -> Wording:
    """Return the words of the template that an update names; raise Refused where there is none."""
    found = await store.wording(connection, name)
    if found is None:
        raise Refused(f"There is no template {name!r}. GET /v1/templates lists them.", field="template")
    return found


async def _changed(connection: AsyncConnection, name: str, who: str) -> UpdateTemplate:
    log.info("template.changed", template=name, by=who)
    return await show_template(connection, name)
