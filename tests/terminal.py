"""The command line as a person types it, in a home of the test's own."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tocsin.cli.main import app
from tocsin.settings import load


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.out.rstrip("\n").rpartition("\n")[2]

    @property
    def content(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Terminal:
    """Runs the whole command in this process: a new one would take a second to start, each time."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def run(self, *words: str, typed: str = "", status: int = 0) -> Said:
        """Run `tocsin …` and return what it said; fail where it ends with another status."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        told = {**kept, "TOCSIN_HOME": str(self.home), "COLUMNS": "200", **self.environment}
        out, err = io.StringIO(), io.StringIO()
        ended = 0
        with (
            patch.dict(os.environ, told, clear=True),
            patch("sys.argv", ["tocsin", *words]),
            patch("sys.stdin", io.StringIO(typed)),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            load.cache_clear()  # settings are read once in a process, and this is to be like a new one
            try:
                app()
            except SystemExit as stop:
                ended = stop.code if isinstance(stop.code, int) else 0
            finally:
                load.cache_clear()
        assert ended == status, out.getvalue() + err.getvalue()
        return Said(ended, out.getvalue(), err.getvalue())
