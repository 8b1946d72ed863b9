"""`tocsin watch`: how far an update has come, live until it is done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tocsin.cli.reach import HomeOption, JsonOption, KeyOption, UrlOption, named, reach

_EVERY_SECONDS: Final = 0.5


def watch(
    ref: Annotated[str, typer.Argument(help="Its ref or id: INC-7.")],
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    version: Annotated[int | None, typer.Option(min=1, help="Left out: the latest.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Watch an update go out; ends when nothing is on its way any more. --json prints a line for each change."""
    only: dict[str, str | int] = {} if version is None else {"version": version}
    with reach(home, url, key) as api:
        _follow(lambda: api.get(f"/v1/incidents/{named(ref)}/progress", **only), as_json=as_json)


def _follow(look: Callable[[], dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        _print_changes(look)
        return
    console = Console()
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while not (progress := look())["done"]:
            live.update(_board(progress))
            time.sleep(_EVERY_SECONDS)
        live.update(_board(progress))
    if not console.is_terminal:  # where Live leaves the last line open
        console.line()


def _print_changes(look: Callable[[], dict[str, Any]]) -> None:
    before = ""
    while True:
        progress = look()
        line = json.dumps(progress)
        if line != before:
            typer.echo(line)
            before = line
        if progress["done"]:
            return
        time.sleep(_EVERY_SECONDS)


def _board(progress: dict[str, Any]) -> Group:
    states = sorted(progress["by_state"])
    table = Table("Channel", *states)
    for channel, counts in sorted(progress["by_channel"].items()):
        table.add_row(channel, *(f"{counts.get(state, 0):,}" for state in states))
    seconds = progress["seconds_to"]
    told = ""
    if seconds["p50"] is not None:
        told = f"half within {seconds['p50']:.1f} s, 95 % within {seconds['p95']:.1f} s, "
    end = "done" if progress["done"] else "on its way"
    head = f"{progress['incident']}, version {progress['version']}: {progress['eligible']:,} to hear it, {told}{end}"
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(progress["by_reason"].items()))
    return Group(Text(head), table, Text(f"Not written to: {reasons}" if reasons else "", style="dim"))
