"""A web server of the test's own, a home that says where it is, and the command line as a person types it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr

from terminal import Terminal
from tocsin.settings import Settings
from tocsin.web.main import create_app


@pytest.fixture
def terminal(database_url: str, broker_url: str, tmp_home: Path) -> Iterator[Terminal]:
    """Return a terminal in the home of a Tocsin whose web runs, with a key for the command line."""
    settings = Settings(
        home=tmp_home, database_url=database_url, broker_url=broker_url, secret=SecretStr("s" * 32),
        public_url="http://status.test",
    )  # fmt: skip
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the web did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    (tmp_home / "database.url").write_text(database_url)
    (tmp_home / "address").write_text(f"http://127.0.0.1:{port}")
    made = Terminal(tmp_home)
    (tmp_home / "cli.key").write_text(made.run("key", "create", "--name", "cli", "--scope", "admin").last_line)
    yield made
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()
