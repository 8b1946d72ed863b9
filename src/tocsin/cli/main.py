"""The command `tocsin`: only the sub-command that was asked for is imported, so that each starts quickly."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final, NamedTuple

import typer


class _Command(NamedTuple):
    """`place` is its module in tocsin.cli, with a typer application `app` or a function of the command's name."""

    place: str
    help: str


COMMANDS: Final = {
    "up": _Command("up", "Run everything: database, broker, web, workers, and providers to practise on."),
    "web": _Command("serve", "Run the API and the pages."),
    "worker": _Command("serve", "Run a worker: on all queues, or on those named by -Q."),
    "practice": _Command("serve", "Run the providers to practise on: an SMTP server that keeps what it gets."),
    "migrate": _Command("serve", "Bring the database to the newest schema."),
    "doctor": _Command("doctor", "Check everything that this installation needs, and say what to mend."),
    "key": _Command("key", "Make, list and revoke API keys."),
    "operator": _Command("operator", "Make accounts for the console."),
    "incident": _Command("incident", "Open, update, resolve, list and show incidents."),
    "watch": _Command("watch", "Watch an update go out, until nothing is on its way any more."),
    "subscribers": _Command("subscribers", "Import and export subscribers."),
}


def app() -> None:
    """Run the command; what a person can mend is told in words, without a traceback."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    try:
        commands(asked)()
    except Exception as error:
        if not _is_for_people(error):
            raise
        sys.stderr.write(f"tocsin: {error}\n")
        sys.exit(1)


def commands(asked: str) -> typer.Typer:
    """Return the command that was asked for, else all of them, named and explained alone."""
    found = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    found.callback()(_tocsin)
    if asked not in COMMANDS:
        for name, command in COMMANDS.items():
            found.command(name, help=command.help)(_unasked)
        return found
    module = import_module(f"tocsin.cli.{COMMANDS[asked].place}")
    function = getattr(module, asked, None)
    if callable(function):
        found.command(asked)(function)
    else:
        found.add_typer(module.app, name=asked)
    return found


def _unasked() -> None:
    """Stand in the list of commands."""


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
