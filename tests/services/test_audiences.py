"""Audiences mirror policy.toml: ids are for good, ranks may move, and nobody's audience disappears under them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.errors import Refused
from tocsin.domain.policy import Policy
from tocsin.services.audiences import read_audiences, sync_audiences
from tocsin.services.policy import load_policy


def with_audiences(*names: str) -> Policy:
    return replace(load_policy(), audiences=names)


async def test_syncing_twice_changes_nothing(engine: AsyncEngine) -> None:
    first = await sync_audiences(engine, load_policy())
    assert first.names == list(load_policy().audiences)
    assert await sync_audiences(engine, load_policy()) == first
    async with engine.begin() as connection:
        assert await read_audiences(connection) == first
        pages = await connection.execute(text("SELECT state::text, audiences FROM endpoint"))
        assert [tuple(row) for row in pages] == [("active", first.widest.bit)]


async def test_ids_stay_when_ranks_move(engine: AsyncEngine) -> None:
    before = await sync_audiences(engine, with_audiences("oncall", "staff", "customers"))
    after = await sync_audiences(engine, with_audiences("staff", "oncall", "partners", "customers"))
    assert after.names == ["staff", "oncall", "partners", "customers"]
    for name in before.names:
        assert after.named(name).id == before.named(name).id
    assert after.named("partners").id not in {audience.id for audience in before.ordered}


async def test_the_page_follows_the_widest_audience(engine: AsyncEngine) -> None:
    await sync_audiences(engine, with_audiences("oncall", "customers"))
    after = await sync_audiences(engine, with_audiences("oncall", "customers", "world"))
    async with engine.begin() as connection:
        [page] = await connection.execute(text("SELECT audiences FROM endpoint WHERE channel = 'status_page'"))
    assert page.audiences == after.named("world").bit


async def test_an_audience_in_use_cannot_be_taken_away(engine: AsyncEngine) -> None:
    audiences = await sync_audiences(engine, with_audiences("oncall", "staff", "customers"))
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO subscriber (public_id, audiences) VALUES ('somebody', :bit)"),
            {"bit": audiences.named("staff").bit},
        )
    with pytest.raises(Refused, match="'staff'"):
        await sync_audiences(engine, with_audiences("oncall", "customers"))
    left = await sync_audiences(engine, with_audiences("staff", "customers"))
    assert left.names == ["staff", "customers"]
