"""What may stand in `config/policy.toml`, and what is wrong with what does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Lanes, Tier
from tocsin.domain.incident import ALL_PHASES, Kind, Phase, Severity

Place = tuple[str | int, ...]
Seconds = Annotated[float, Field(ge=0, le=86_400)]

Deadline = Annotated[float | None, Field(ge=60, le=31_536_000)]

_SEVERITIES = {severity.label: severity for severity in Severity}
_PHASES = {phase.label: phase for phase in Phase}
_NEWS = Phase.OPENED | Phase.ESCALATED | Phase.UPDATE
_DIGEST = re.compile(r"hourly|([01][0-9]|2[0-3]):[0-5][0-9]")
_Tier = tuple[Annotated[int, Field(ge=1, le=10_000)], Annotated[float, Field(gt=0, le=604_800)]]


def _severity(value: object) -> Severity:
    if value not in _SEVERITIES:
        raise ValueError(f"{value!r} is no severity; one of {', '.join(_SEVERITIES)}")
    return _SEVERITIES[str(value)]


def _phase(value: object) -> Phase:
    if value not in _PHASES:
        raise ValueError(f"{value!r} is no phase; one of {', '.join(_PHASES)}")
    return _PHASES[str(value)]


def _closes(value: tuple[Phase, ...]) -> tuple[Phase, ...]:
    chosen = union(value)
    if chosen & _NEWS and not chosen & Phase.RESOLVED:
        raise ValueError("who hears that something is broken hears that it is fixed: add resolved")
    return value


def _digest(value: str) -> str:
    if not _DIGEST.fullmatch(value):
        raise ValueError('a digest is "hourly", or comes at an hour of the day, as in "08:00"')
    return value


def union(phases: Sequence[Phase]) -> Phase:
    """Return the set of `phases`."""
    chosen = Phase(0)
    for phase in phases:
        chosen |= phase
    return chosen


SeverityName = Annotated[Severity, BeforeValidator(_severity)]
PhaseName = Annotated[Phase, BeforeValidator(_phase)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WaitsTable(Strict):
    urgent: Seconds
    closure: Seconds
    routine: Seconds


class LanesTable(Strict):
    normal: tuple[_Tier, _Tier]
    urgent: tuple[_Tier, _Tier]

    def as_lanes(self) -> Lanes:
        normal, urgent = ((Tier(*first), Tier(*second)) for first, second in (self.normal, self.urgent))
        return Lanes(normal, urgent)


class PatienceTable(Strict):
    first: Annotated[float, Field(gt=0)]
    longest: Annotated[float, Field(gt=0)]
    total: Annotated[float, Field(gt=0)]


class CellTable(Strict):
    severities: Annotated[tuple[SeverityName, ...], Field(min_length=1)] = tuple(Severity)
    channels: Annotated[tuple[ChannelName, ...], Field(min_length=1)] = tuple(ChannelName)
    phases: Annotated[tuple[PhaseName, ...], AfterValidator(_closes)] = tuple(ALL_PHASES)
    every: Seconds = 0
    digest: Annotated[str, AfterValidator(_digest)] = ""
    lasts: Seconds = 0
    chosen: bool = False
    most: bool = False


class AudienceTable(Strict):
    like: str | None = None
    head_start: Seconds = 0
    cell: tuple[CellTable, ...] = ()
    lanes: dict[ChannelName, LanesTable] = {}


class RequiredTable(Strict):
    severities: Annotated[tuple[SeverityName, ...], Field(min_length=1)] = tuple(Severity)
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = tuple(Kind)
    audiences: Annotated[tuple[str, ...], Field(min_length=1)]


class DeadlinesTable(Strict):
    """Seconds by phase; what is left out has no deadline, and the end of an incident cannot have one."""

    opened: Deadline = None
    escalated: Deadline = None
    update: Deadline = None
    maintenance: Deadline = None
    postmortem: Deadline = None

    def as_deadlines(self) -> dict[Phase, float]:
        return {_PHASES[label]: seconds for label, seconds in self if seconds is not None}


class MaintenanceTable(Strict):
    remind_before: Annotated[float, Field(ge=0, le=2_592_000)] = 3600


class PolicyFile(Strict):
    audiences: Annotated[tuple[str, ...], Field(min_length=1, max_length=31)]
    urgent: SeverityName
    addressed: dict[SeverityName, Annotated[tuple[str, ...], Field(min_length=1)]]
    restricted: dict[Kind, Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    waits: WaitsTable
    lanes: dict[ChannelName, LanesTable]
    patience: PatienceTable
    deadlines: DeadlinesTable = DeadlinesTable()
    maintenance: MaintenanceTable = MaintenanceTable()
    audience: dict[str, AudienceTable] = {}
    required: tuple[RequiredTable, ...] = ()

    def faults(self) -> Iterator[tuple[Place, str]]:
        """Yield what cannot be followed although each value is what it should be: names that are not there, circles."""
        there = f"the audiences are {', '.join(self.audiences)}"
        if len(set(self.audiences)) < len(self.audiences):
            yield ("audiences",), "a name stands there twice"
        for severity in Severity:
            if severity not in self.addressed:
                yield ("addressed",), f"{severity.label} is missing"
        for place, names in self._named():
            for name in names:
                if name not in self.audiences:
                    yield place, f"there is no audience {name!r}; {there}"
        yield from self._twice()
        for name in self.audience:
            yield from self._circle(name)

    def _named(self) -> Iterator[tuple[Place, tuple[str, ...]]]:
        for severity, names in self.addressed.items():
            yield ("addressed", severity.label), names
        for kind, names in self.restricted.items():
            yield ("restricted", kind.value), names
        for number, one in enumerate(self.required):
            yield ("required", number, "audiences"), one.audiences
        for name, table in self.audience.items():
            yield ("audience", name), (name,)
            if table.like is not None:
                yield ("audience", name, "like"), (table.like,)

    def _twice(self) -> Iterator[tuple[Place, str]]:
        for name, table in self.audience.items():
            for number, cell in enumerate(table.cell):
                if cell.every and cell.digest:
                    yield ("audience", name, "cell", number, "digest"), "either every or digest, not both"

    def _circle(self, name: str) -> Iterator[tuple[Place, str]]:
        way = [name]
        while (table := self.audience.get(way[-1])) is not None and table.like is not None:
            if table.like == name:
                yield ("audience", name, "like"), f"{' is like '.join([*way, name])}: a circle"
            if table.like in way:
                return
            way.append(table.like)


def described(error: dict[str, Any]) -> tuple[Place, str]:
    """Return the place of an error of pydantic's, and what it says."""
    given = f"{error['input']!r}: " if isinstance(error["input"], str | int | float) else ""
    return tuple(error["loc"]), given + str(error["msg"]).removeprefix("Value error, ")
