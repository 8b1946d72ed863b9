"""What a person sees of `tocsin up`: one screen in a terminal, plain lines where the output goes elsewhere."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

import tocsin


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Go on: that nobody reads any more is no reason to stop."""


class Screen:
    def __init__(self) -> None:
        self._console = _Console(highlight=False, soft_wrap=True)

    def begin(self, home: str) -> None:
        self._print(f"[bold]Tocsin {tocsin.__version__}[/]  starts in {escape(home)} …")

    def show(self, rows: list[tuple[str, str]]) -> None:
        """Show names and what they stand for, below each other."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ignore")
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            table.add_row(name, escape(value))
        if self._console.is_terminal:
            self._print("", table, "")
        else:
            self._print("\n".join(escape(f"{name:<{width}}  {value}") for name, value in rows))

    def tell(self, line: str, *, style: str = "yellow") -> None:
        """Say what happened just now."""
        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        self._print(f"[dim]{clock}[/]  [{style}]{escape(line)}[/]")

    def _print(self, *what: RenderableType) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._console.print(*what, sep="\n", crop=False)
