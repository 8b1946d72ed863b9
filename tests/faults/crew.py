"""A second crew of workers beside that of `tocsin up`: two that deliver, their clocks an hour off, and a sweeper."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from faults.stage import Stage
from tocsin.broker import DELIVER, FAN_OUT, SWEEP

MINUTES_OFF: Final = {"ahead": 60.0, "behind": -60.0}
_OFF: Final = "CLOCK_IS_OFF_BY"


def bring_in(stage: Stage) -> None:
    """Start them, unless they are there; they stay until the stage is taken down."""
    folder = stage.folder / "wrong_clock"
    folder.mkdir(exist_ok=True)
    # Python reads a module of this name before anything else.
    (folder / "sitecustomize.py").write_text(Path(__file__).with_name("wrong_clock.py").read_text())
    delivering = ",".join(DELIVER.values())
    off = {name: {"PYTHONPATH": str(folder), _OFF: str(minutes * 60)} for name, minutes in MINUTES_OFF.items()}
    stage.keep_workers({**dict.fromkeys(off, delivering), "sweeper": f"{FAN_OUT},{SWEEP}"}, off)
