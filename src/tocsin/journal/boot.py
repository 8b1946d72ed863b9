"""Which life of this machine it is: a file from an earlier one may have lost its end."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def this_boot() -> str:
    """Return a name for the time since the machine started, "" where the system has none: it is never trusted."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
