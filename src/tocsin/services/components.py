"""Adds and changes components and their groups; each change promises a fresh status page in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.errors import Conflict, NotFound, Refused
from tocsin.domain.ids import new_public_id
from tocsin.store import components as store
from tocsin.store.components import Component, Group


async def add_component(connection: AsyncConnection, values: Mapping[str, Any]) -> Component:
    """Write a new component; `group` is the slug of its group."""
    written = await _with_group(connection, values)
    if not await store.insert(connection, {"public_id": new_public_id(), **written}):
        raise Conflict(f"There is a component {values['slug']!r} already. Change it with PATCH, or take another slug.")
    await store.promise_page(connection)
    return await show_component(connection, values["slug"])


async def change_component(connection: AsyncConnection, slug: str, changes: Mapping[str, Any]) -> Component:
    """Change what `changes` names and leave the rest."""
    if not await store.change(connection, slug, await _with_group(connection, changes)):
        raise no_component(slug)
    await store.promise_page(connection)
    return await show_component(connection, slug)


async def show_component(connection: AsyncConnection, slug: str) -> Component:
    found = await store.find(connection, slug)
    if found is None:
        raise no_component(slug)
    return found


async def add_group(connection: AsyncConnection, values: Mapping[str, Any]) -> Group:
    if not await store.insert_group(connection, {"public_id": new_public_id(), **values}):
        raise Conflict(f"There is a group {values['slug']!r} already. Change it with PATCH, or take another slug.")
    await store.promise_page(connection)
    return await show_group(connection, values["slug"])


async def change_group(connection: AsyncConnection, slug: str, changes: Mapping[str, Any]) -> Group:
    if not await store.change_group(connection, slug, changes):
        raise no_group(slug)
    await store.promise_page(connection)
    return await show_group(connection, slug)


async def show_group(connection: AsyncConnection, slug: str) -> Group:
    found = await store.find_group(connection, slug)
    if found is None:
        raise no_group(slug)
    return found


def no_component(slug: str) -> NotFound:
    return NotFound(f"There is no component {slug!r}. GET /v1/components lists them.")


def no_group(slug: str) -> NotFound:
    return NotFound(f"There is no group {slug!r}. GET /v1/component-groups lists them.")


async def _with_group(connection: AsyncConnection, values: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(values)
    if "group" not in written:
        return written
    slug = written.pop("group")
    written["group_id"] = None
    if slug is not None:
        group = await store.find_group(connection, slug)
        if group is None:
            raise Refused(f"There is no group {slug!r}. POST /v1/component-groups adds one.", field="group")
        written["group_id"] = group.id
    return written
