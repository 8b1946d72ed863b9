"""What a person sees of `tocsin up`: one screen in a terminal, plain lines where the output goes elsewhere."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import tocsin


class Screen:
    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def begin(self, home: str) -> None:
        self._console.print(f"[bold]Tocsin {tocsin.__version__}[/]  starts in {escape(home)} …")

    def show(self, rows: list[tuple[str, str]]) -> None:
        """Show names and what they stand for, below each other."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ignore")
        for name, value in rows:
            table.add_row(name, escape(value))
        if self._console.is_terminal:
            self._console.print()
            self._console.print(table, crop=False)
            self._console.print()
            return
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            self._console.print(f"{name:<{width}}  {value}", markup=False)

    def tell(self, line: str, *, style: str = "yellow") -> None:
        """Say what happened just now."""
        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        self._console.print(f"[dim]{clock}[/]  [{style}]{escape(line)}[/]")
