"""Reads `config/policy.toml` strictly: an unknown key or name is refused with its place and what would be right."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Lanes, Tier, Waits
from tocsin.domain.incident import Kind, Severity
from tocsin.domain.patience import Patience
from tocsin.domain.policy import Policy
from tocsin.settings import read_policy_file

_SEVERITIES = [severity.label for severity in Severity]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
_Tier = tuple[Annotated[int, Field(ge=1, le=10_000)], Annotated[float, Field(gt=0, le=604_800)]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Waits(_Strict):
    urgent: Seconds
    closure: Seconds
    routine: Seconds


class _Lanes(_Strict):
    normal: tuple[_Tier, _Tier]
    urgent: tuple[_Tier, _Tier]


class _Patience(_Strict):
    first: Annotated[float, Field(gt=0)]
    longest: Annotated[float, Field(gt=0)]
    total: Annotated[float, Field(gt=0)]


class _File(_Strict):
    audiences: Annotated[tuple[str, ...], Field(min_length=1, max_length=31)]
    urgent: str
    addressed: dict[str, tuple[str, ...]]
    restricted: dict[Kind, tuple[str, ...]] = {}
    waits: _Waits
    lanes: dict[ChannelName, _Lanes]
    patience: _Patience

    @model_validator(mode="after")
    def _names_exist(self) -> _File:
        if len(set(self.audiences)) < len(self.audiences):
            raise ValueError("audiences: a name stands there twice")
        if self.urgent not in _SEVERITIES:
            raise ValueError(f"urgent: {self.urgent!r} is no severity; one of {', '.join(_SEVERITIES)}")
        if set(self.addressed) != set(_SEVERITIES):
            raise ValueError(f"addressed: needs exactly {', '.join(_SEVERITIES)}")
        for place, names in (*self.addressed.items(), *self.restricted.items()):
            unknown = [name for name in names if name not in self.audiences]
            if unknown or not names:
                raise ValueError(f"{place}: {unknown or 'nobody'} is not among the audiences {list(self.audiences)}")
        return self


class BrokenPolicy(ValueError):
    """policy.toml says something that cannot be followed; the message names each place."""


@cache
def load_policy() -> Policy:
    """Read this installation's policy, once."""
    return parse_policy(read_policy_file())


def parse_policy(table: dict[str, Any]) -> Policy:
    """Turn the parsed file into rules; raise BrokenPolicy with every place that is wrong."""
    try:
        file = _File.model_validate(table)
    except ValidationError as error:
        places = "\n".join(f"  {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise BrokenPolicy(f"config/policy.toml cannot be followed:\n{places}") from error
    return Policy(
        audiences=file.audiences,
        addressed={Severity.parse(label): names for label, names in file.addressed.items()},
        restricted=file.restricted,
        urgent=Severity.parse(file.urgent),
        waits=Waits(file.waits.urgent, file.waits.closure, file.waits.routine),
        lanes={channel: _lanes(lanes) for channel, lanes in file.lanes.items()},
        patience=Patience(file.patience.first, file.patience.longest, file.patience.total),
    )


def _lanes(lanes: _Lanes) -> Lanes:
    normal, urgent = ((Tier(*first), Tier(*second)) for first, second in (lanes.normal, lanes.urgent))
    return Lanes(normal, urgent)
