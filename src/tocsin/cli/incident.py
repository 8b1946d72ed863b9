"""`tocsin incident`: opens, updates, resolves, lists and shows incidents."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from tocsin.cli.reach import Api, HomeOption, JsonOption, KeyOption, UrlOption, named, reach, show
from tocsin.domain.component import ComponentStatus
from tocsin.domain.errors import Refused
from tocsin.domain.incident import Impact, Kind, Status

app = typer.Typer(no_args_is_help=True, help="Open, update, resolve, list and show incidents.")

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

BodyOption = Annotated[str, typer.Option("--body", "-b", help="What people read; - reads standard input.")]
SeverityOption = Annotated[str | None, typer.Option("--severity", "-s", help="sev1 (gravest) to sev4.")]
StatusOption = Annotated[Status | None, typer.Option(help="Where it stands.")]
KindOption = Annotated[Kind | None, typer.Option(help="security and data_loss start with a smaller circle.")]
ImpactOption = Annotated[Impact | None, typer.Option(help="Left out: from the components.")]
TextOption = Annotated[list[str] | None, typer.Option("--text", help="AUDIENCE=TEXT; may stand several times.")]
AudienceOption = Annotated[list[str] | None, typer.Option("--audience", "-a", help="Who hears; several times.")]
ComponentOption = Annotated[list[str] | None, typer.Option("--component", "-c", help="SLUG=STATUS; several times.")]
NextOption = Annotated[str, typer.Option("--next-update-in", help="When you will say more: 90s, 30m, 2h.")]
NotifyOption = Annotated[bool, typer.Option(help="Tell people, and not the status page alone.")]
RefArgument = Annotated[str, typer.Argument(help="Its ref or id: INC-7.")]


@app.command("open")
def open_(
    title: Annotated[str, typer.Argument(help="What is the matter, in one line.")],
    body: BodyOption,
    severity: SeverityOption = None,
    kind: KindOption = None,
    status: StatusOption = None,
    impact: ImpactOption = None,
    text: TextOption = None,
    audience: AudienceOption = None,
    component: ComponentOption = None,
    next_update_in: NextOption = "",
    notify: NotifyOption = True,  # noqa: FBT002 - a flag
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Open an incident."""
    said = _said(body, severity, kind, status, impact, text, audience, component, next_update_in, notify=notify)
    _post(reach(home, url, key), "/v1/incidents", {"title": title} | said, as_json=as_json)


@app.command()
def update(
    ref: RefArgument,
    body: BodyOption,
    title: Annotated[str | None, typer.Option(help="A new title.")] = None,
    severity: SeverityOption = None,
    kind: KindOption = None,
    status: StatusOption = None,
    impact: ImpactOption = None,
    text: TextOption = None,
    audience: AudienceOption = None,
    component: ComponentOption = None,
    next_update_in: NextOption = "",
    notify: NotifyOption = True,  # noqa: FBT002 - a flag
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Say more about an incident; what is left out stays as it is."""
    said = _said(body, severity, kind, status, impact, text, audience, component, next_update_in, notify=notify)
    if title is not None:
        said["title"] = title
    _post(reach(home, url, key), f"/v1/incidents/{named(ref)}/updates", said, as_json=as_json)


@app.command()
def resolve(
    ref: RefArgument,
    body: BodyOption,
    text: TextOption = None,
    notify: NotifyOption = True,  # noqa: FBT002 - a flag
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Say that it is over; its components are operational again."""
    said = _said(body, None, None, Status.RESOLVED, None, text, None, None, "", notify=notify)
    _post(reach(home, url, key), f"/v1/incidents/{named(ref)}/updates", said, as_json=as_json)


@app.command("list")
def list_(
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="At most so many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List incidents, newest first."""
    only: dict[str, str | int] = {"limit": limit}
    if open_only:
        only["open"] = "true"
    with reach(home, url, key) as api:
        found = api.get("/v1/incidents", **only)["items"]
    if as_json:
        show(found)
        return
    title = Column("Title", no_wrap=True, ratio=1)  # gives way where there is no room for all
    table = Table("Ref", "Severity", "Status", title, "Version", "Begun", expand=True)
    for one in found:
        begun = one["started_at"][:16].replace("T", " ")
        table.add_row(one["ref"], one["severity"], one["status"], escape(one["title"]), str(one["version"]), begun)
    Console().print(table if found else "There are no incidents.")


@app.command("show")
def show_(
    ref: RefArgument,
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Show an incident with everything that was said, newest first."""
    with reach(home, url, key) as api:
        one = api.get(f"/v1/incidents/{named(ref)}")
    if as_json:
        show(one)
        return
    console = Console()
    console.print(f"[bold]{one['ref']} {escape(one['title'])}[/bold]")
    console.print(f"{one['severity']}, {one['status']}, impact {one['impact']}, since {one['started_at']}")
    for slug, status in one["components"].items():
        console.print(f"  {slug}: {status}")
    for said in one["updates"]:
        console.print(f"\n[bold]{said['version']}. {said['status']}[/bold], {said['created_at']}, {said['created_by']}")
        console.print(f"to {', '.join(said['audiences'])}", style="dim")
        console.print(escape(said["body"]))


def _said(
    body: str,
    severity: str | None,
    kind: Kind | None,
    status: Status | None,
    impact: Impact | None,
    texts: list[str] | None,
    audiences: list[str] | None,
    components: list[str] | None,
    next_update_in: str,
    *,
    notify: bool,
) -> dict[str, Any]:
    said: dict[str, Any] = {"body": sys.stdin.read() if body == "-" else body, "notify": notify}
    for name, value in (("severity", severity), ("kind", kind), ("status", status), ("impact", impact)):
        if value is not None:
            said[name] = str(value)
    if texts:
        said["texts"] = _pairs(texts, "--text", "AUDIENCE=TEXT")
    if audiences:
        said["audiences"] = audiences
    if components:
        said["components"] = _pairs(components, "--component", f"SLUG=STATUS, one of {', '.join(ComponentStatus)}")
    if next_update_in:
        said["next_update_in"] = _seconds(next_update_in)
    return said


def _pairs(values: list[str], option: str, shape: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, said = value.partition("=")
        if not equals:
            raise Refused(f"Write {option} as {shape}, not {value!r}.", field=option)
        pairs[name] = said
    return pairs


def _seconds(value: str) -> int:
    read = re.fullmatch(r"([0-9]{1,6})([smhd]?)", value)
    if read is None:
        raise Refused(f"Write --next-update-in as 90s, 30m, 2h or 1d, not {value!r}.", field="--next-update-in")
    return int(read[1]) * _UNITS[read[2]]


def _post(api: Api, path: str, body: dict[str, Any], *, as_json: bool) -> None:
    with api:
        said = api.post(path, body)
    if as_json:
        show(said)
        return
    typer.echo(f"{said['ref']}, version {said['version']}, is on its way. `tocsin watch {said['ref']}` shows how far.")
    if said["links"]["page"]:
        typer.echo(said["links"]["page"])
