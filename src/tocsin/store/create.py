"""Makes an empty database on a server that Tocsin runs by itself."""

from __future__ import annotations

import asyncpg


async def create_database(server_url: str, name: str) -> None:
    """Make the database `name` if it is not there."""
    connection = await asyncpg.connect(server_url)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
