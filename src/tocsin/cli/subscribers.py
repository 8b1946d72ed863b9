"""`tocsin subscribers`: imports and exports subscribers, of any number."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Annotated, Any, Final

import httpx
import typer
from rich.console import Console

from tocsin.cli.reach import HomeOption, JsonOption, KeyOption, UrlOption, reach
from tocsin.domain.errors import Refused

app = typer.Typer(no_args_is_help=True, help="Import and export subscribers.")

_SHOWN: Final = 20
# Sending a large file and the report on it take their time.
_PATIENCE: Final = httpx.Timeout(30, read=3600, write=3600)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="NDJSON, or CSV with a header; - reads standard input.")],
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Import subscribers, one a line. Importing the same file again changes nothing."""
    media = "text/csv" if file.suffix.lower() == ".csv" else "application/x-ndjson"
    headers = {"Content-Type": media}
    with (
        _reading(file) as content,
        reach(home, url, key) as api,
        api.stream("POST", "/v1/subscribers/import", content=content, headers=headers, timeout=_PATIENCE) as answer,
    ):
        if as_json:
            for line in answer.iter_lines():
                typer.echo(line)
            return
        summary = _tell_refusals(answer)
    typer.echo(
        f"{summary['lines']:,} lines: {summary['created']:,} created, {summary['duplicate']:,} were there already, "
        f"{summary['refused']:,} refused."
    )
    if summary["refused"]:
        raise typer.Exit(1)


@app.command()
def export(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A name ending in .csv: a table. Left out: standard output."),
    ] = None,
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Export all subscribers as NDJSON, or as CSV with a row for each address; either can be imported as it is."""
    del as_json  # NDJSON always is
    wanted = {"format": "csv" if output is not None and output.suffix.lower() == ".csv" else "ndjson"}
    with (
        reach(home, url, key) as api,
        api.stream("GET", "/v1/subscribers/export", params=wanted, timeout=_PATIENCE) as answer,
    ):
        target = nullcontext(sys.stdout.buffer) if output is None else output.open("wb")
        with target as writing:
            for piece in answer.iter_bytes():
                writing.write(piece)


def _reading(file: Path) -> Any:
    if str(file) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        opened: IO[bytes] = file.open("rb")
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}. Check its name.") from error
    return opened


def _tell_refusals(answer: httpx.Response) -> dict[str, int]:
    told: Counter[str] = Counter()
    console = Console(stderr=True)
    for line in answer.iter_lines():
        entry: dict[str, Any] = json.loads(line)
        if "summary" in entry:
            summary: dict[str, int] = entry["summary"]
            if told["refused"] > _SHOWN:
                console.print(f"… and {told['refused'] - _SHOWN:,} more; --json shows all.")
            return summary
        told[entry["status"]] += 1
        if entry["status"] == "refused" and told["refused"] <= _SHOWN:
            [first, *_] = entry["errors"]
            where = "" if first["field"] == "line" else f"{first['field']}: "
            said = f"Line {entry['line']}: {where}{first['detail']}"
            console.print(said, markup=False, highlight=False, soft_wrap=True)
    raise Refused("The answer broke off. Import the same file again: what is there already is left as it is.")
