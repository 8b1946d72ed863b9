"""`tocsin operator`: accounts for the console."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tocsin.cli.key import in_database
from tocsin.cli.reach import HomeOption, JsonOption, show
from tocsin.services.operators import create_operator, new_password

app = typer.Typer(no_args_is_help=True, help="Accounts for the console.")


@app.callback()
def _operator() -> None:
    """Accounts for the console."""


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    home: HomeOption = None,
    *,
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
    reset: Annotated[bool, typer.Option(help="Give an account that exists a new password.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make an account. Its password is made up, and printed alone on the last line, unless standard input has it."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else new_password()
    in_database(home, lambda engine: create_operator(engine, email, password, anew=reset))
    if as_json:
        show({"email": email} | ({} if password_stdin else {"password": password}))
        return
    if password_stdin:
        typer.echo(f"{email} can sign in at /console.")
        return
    typer.echo(f"{email} can sign in at /console with this password, which is shown this once:")
    typer.echo(password)
