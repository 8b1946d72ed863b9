"""The single processes, each in the foreground: what `tocsin up` runs together, and production one by one."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tocsin.settings import Settings

_STOPPING_SECONDS = 2  # live pages never end by themselves


def web(
    host: Annotated[str | None, typer.Option(help="Where to listen; web.host says so otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; web.port says so otherwise.")] = None,
    fd: Annotated[int, typer.Option(hidden=True, help="A socket that the parent listens on.")] = -1,
) -> None:
    """Run the API and the pages."""
    import uvicorn  # noqa: PLC0415  slow to import, like all below

    from tocsin.collector import quieten_collector  # noqa: PLC0415
    from tocsin.web.main import create_app  # noqa: PLC0415

    settings = _settings()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=host or settings.web.host,
            port=settings.web.port if port is None else port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the application reads them itself
            timeout_graceful_shutdown=_STOPPING_SECONDS,
        )
    )
    quieten_collector()
    server.run(sockets=[socket.socket(fileno=fd)] if fd >= 0 else None)
    if not server.started:
        raise typer.Exit(1)


def worker(
    queues: Annotated[str, typer.Option("-Q", "--queues", help="The queues to consume, with commas between.")] = "",
    concurrency: Annotated[int, typer.Option("-c", "--concurrency", min=1, help="Child processes.")] = 1,
    name: Annotated[str, typer.Option("-n", "--name", help="Its name in logs and attempts.")] = "worker",
) -> None:
    """Run a worker on the queues named by -Q, or a worker for fan-out and one for delivery."""
    from tocsin.broker import FAN_OUT, TO_PEOPLE  # noqa: PLC0415
    from tocsin.cli.keep import keep_workers  # noqa: PLC0415
    from tocsin.embedded.process import CouldNotStart  # noqa: PLC0415
    from tocsin_workers.commands import worker_command  # noqa: PLC0415

    _settings()
    chosen = [queue.strip() for queue in queues.split(",") if queue.strip()]
    if not chosen:
        keep_workers()
        return
    if FAN_OUT in chosen and set(TO_PEOPLE).intersection(chosen):
        raise CouldNotStart("Fan-out and delivery would wait for each other in one worker. Run two, or leave out -Q.")
    command = worker_command(chosen, concurrency, name)
    os.execvp(command[0], command)  # noqa: S606  it is to have this process's number


def practice(
    home: Annotated[Path | None, typer.Option(help="The folder that holds all state.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the practice SMTP server listens.")] = 2525,
    http_port: Annotated[int, typer.Option(min=0, max=65535, help="Where those that speak HTTP listen.")] = 2580,
) -> None:
    """Run the providers to practise on: an SMTP server and others over HTTP, which keep what they get."""
    from tocsin.practice.main import run  # noqa: PLC0415

    run((home or _settings().home_directory).absolute(), port, http_port)


def migrate() -> None:
    """Bring the database to the newest schema."""
    from tocsin.embedded.process import CouldNotStart  # noqa: PLC0415
    from tocsin.services.prepare import migrate_database  # noqa: PLC0415

    settings = _settings()
    if not settings.database_url:
        raise CouldNotStart("Set TOCSIN_DATABASE_URL to the database that is to be migrated.")
    asyncio.run(migrate_database(settings.database_url))
    typer.echo("The database has the newest schema.")


def _settings() -> Settings:
    from tocsin import logs, settings  # noqa: PLC0415

    loaded = settings.load()
    logs.configure(loaded.log)
    return loaded
