"""The command `tocsin`: only the sub-command that was asked for is imported, so that each starts quickly."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Final

import typer

# The module of each sub-command, which has a typer application `app` or a function of the command's name.
_PLACES: Final = {
    "up": "up",
    "web": "serve",
    "worker": "serve",
    "practice": "serve",
    "migrate": "serve",
    "doctor": "doctor",
    "key": "key",
    "operator": "operator",
    "incident": "incident",
    "watch": "watch",
    "subscribers": "subscribers",
}


def app() -> None:
    """Run the command; what a person can mend is told in words, without a traceback."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    try:
        _commands([asked] if asked in _PLACES else list(_PLACES))()
    except Exception as error:
        if not _is_for_people(error):
            raise
        sys.stderr.write(f"tocsin: {error}\n")
        sys.exit(1)


def _commands(names: list[str]) -> typer.Typer:
    commands = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    commands.callback()(_tocsin)
    for name in names:
        place = f"tocsin.cli.{_PLACES[name]}"
        if find_spec(place) is None:
            continue
        module = import_module(place)
        function = getattr(module, name, None)
        if callable(function):
            commands.command(name)(function)
        else:
            commands.add_typer(module.app, name=name)
    return commands


def _tocsin() -> None:
    """Tell people about incidents: the right words, on the channels they chose, at once and never too often."""


def _is_for_people(error: Exception) -> bool:
    # Slow to import, and needed only here.
    from tocsin.domain.errors import Conflict, NotFound, NotReady, Refused  # noqa: PLC0415
    from tocsin.embedded.process import CouldNotStart  # noqa: PLC0415
    from tocsin.services.policy import BrokenPolicy  # noqa: PLC0415
    from tocsin.settings import BrokenSettings  # noqa: PLC0415

    return isinstance(error, CouldNotStart | BrokenSettings | BrokenPolicy | Refused | NotFound | Conflict | NotReady)


if __name__ == "__main__":
    app()
