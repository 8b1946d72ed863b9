"""Reads `config/policy.toml` strictly: an unknown key or name is refused with its line and what would be right."""

from __future__ import annotations

import tomllib
from functools import cache
from itertools import accumulate

from pydantic import ValidationError

from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Lanes, Waits
from tocsin.domain.patience import Patience
from tocsin.domain.policy import EVERYTHING, Cell, Policy, Required
from tocsin.domain.policy import Place as CellPlace
from tocsin.services.lines import line_of
from tocsin.services.policy_file import CellTable, Place, PolicyFile, described, union
from tocsin.settings import read_policy_text


class BrokenPolicy(ValueError):
    """policy.toml says something that cannot be followed; the message names each line."""


@cache
def load_policy() -> Policy:
    """Read this installation's policy, once."""
    return parse_policy(read_policy_text())


def parse_policy(text: str) -> Policy:
    """Turn the file's text into rules; raise BrokenPolicy with every line that is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenPolicy(f"config/policy.toml is no TOML: {error}") from error
    try:
        file = PolicyFile.model_validate(table)
    except ValidationError as error:
        raise _broken(text, [described(dict(one)) for one in error.errors(include_url=False)]) from error
    faults = list(file.faults())
    if faults:
        raise _broken(text, faults)
    return Policy(
        audiences=file.audiences,
        addressed=file.addressed,
        restricted=file.restricted,
        urgent=file.urgent,
        waits=Waits(file.waits.urgent, file.waits.closure, file.waits.routine),
        lanes={channel: lanes.as_lanes() for channel, lanes in file.lanes.items()},
        patience=Patience(file.patience.first, file.patience.longest, file.patience.total),
        deadlines=file.deadlines.as_deadlines(),
        remind_before=file.maintenance.remind_before,
        own_lanes=_own_lanes(file),
        cells=_cells(file),
        behind=_behind(file),
        required=tuple(
            Required(frozenset(one.severities), frozenset(one.kinds), one.audiences) for one in file.required
        ),
    )


def _broken(text: str, faults: list[tuple[Place, str]]) -> BrokenPolicy:
    lines = "\n".join(f"  line {line_of(text, place)}, {'.'.join(map(str, place))}: {what}" for place, what in faults)
    return BrokenPolicy(f"config/policy.toml cannot be followed:\n{lines}")


def _cells(file: PolicyFile) -> dict[CellPlace, Cell]:
    """The first table that fits decides; an audience's own come before those of the audience it is like."""
    cells: dict[CellPlace, Cell] = {}
    for audience in file.audiences:
        for table in _tables(file, audience):
            cell = Cell(union(table.phases), table.every, table.most, table.digest, table.lasts, table.chosen)
            for severity in table.severities:
                for channel in table.channels:
                    if channel is not ChannelName.STATUS_PAGE:  # the page shows all that is public, to whoever comes
                        cells.setdefault((audience, channel, severity), cell)
    return {place: cell for place, cell in cells.items() if cell != EVERYTHING}


def _tables(file: PolicyFile, audience: str | None) -> list[CellTable]:
    found: list[CellTable] = []
    while audience is not None and (table := file.audience.get(audience)) is not None:
        found += table.cell
        audience = table.like
    return found


def _own_lanes(file: PolicyFile) -> dict[tuple[str, ChannelName], Lanes]:
    lanes: dict[tuple[str, ChannelName], Lanes] = {}
    for audience in file.audiences:
        like: str | None = audience
        while like is not None and (table := file.audience.get(like)) is not None:
            for channel, own in table.lanes.items():
                lanes.setdefault((audience, channel), own.as_lanes())
            like = table.like
    return lanes


def _behind(file: PolicyFile) -> dict[str, float]:
    """Return how long each audience waits: as long as all those further inside have a head start together."""
    starts = [file.audience[name].head_start if name in file.audience else 0.0 for name in file.audiences]
    waits = accumulate([0.0, *starts[:-1]])
    return {name: wait for name, wait in zip(file.audiences, waits, strict=True) if wait}
