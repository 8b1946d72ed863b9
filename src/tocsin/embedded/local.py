"""Where the Tocsin of this machine is, for the command line: what `tocsin up` left word of in its home."""

from __future__ import annotations

from pathlib import Path

from tocsin.embedded.home import ADDRESS, DATABASE, KEY
from tocsin.embedded.process import CouldNotStart
from tocsin.settings import Settings


def database_url(settings: Settings, home: Path | None = None) -> str:
    """Return the configured database, else that of `tocsin up` in this home; raise CouldNotStart where it never ran."""
    return settings.database_url or _read(home or settings.home_directory, DATABASE)


def address(home: Path) -> str:
    """Return where `tocsin up` in this home answers, or answered last."""
    return _read(home, ADDRESS)


def key(home: Path) -> str:
    """Return the API key of this home."""
    return _read(home, KEY)


def _read(home: Path, name: str) -> str:
    try:
        return (home.expanduser() / name).read_text().strip()
    except FileNotFoundError as error:
        raise CouldNotStart(
            f"No Tocsin ever ran in {home}. Start one with `tocsin up`, or name another home with --home."
        ) from error
    except PermissionError as error:
        raise CouldNotStart(f"The Tocsin in {home} belongs to another user. Run this as that user.") from error
