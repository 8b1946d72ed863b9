"""`tocsin up`: the whole service under one parent, from an empty machine to an open status page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def up(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where pages and API are; 0 takes a free one.")
    ] = None,
    home: Annotated[Path | None, typer.Option(help="The folder that holds all state.", show_default=False)] = None,
    sample: Annotated[int, typer.Option(min=0, help="Add components and so many subscribers to look at.")] = 0,
    *,
    practice: Annotated[bool, typer.Option(help="Stand in for providers that are not configured.")] = True,
) -> None:
    """Run everything: database, broker, web, workers, and providers to practise on."""
    from tocsin.cli.run import Wishes, run  # noqa: PLC0415  slow to import

    run(Wishes(port, home, sample, practice=practice))
