"""Asks a server in SQL apart from every event loop."""

from __future__ import annotations

import subprocess

from tocsin.embedded.postgres import Postgres, binary


def psql(server: Postgres, database: str, statement: str) -> str:
    """Run one statement and return what it prints."""
    command = [str(binary("psql")), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement, server.url(database)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
