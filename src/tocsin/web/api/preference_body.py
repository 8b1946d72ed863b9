"""What callers send to say what one endpoint wants to hear, and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, cast

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from tocsin.domain.incident import ALL_PHASES, Phase, Severity
from tocsin.domain.subscriber import Preference
from tocsin.domain.timing import is_unclear, never_awake, read_timing
from tocsin.store.subscribers import Endpoint
from tocsin.web.api.fields import Body, SeverityField, Slug, Time
from tocsin.web.api.shown import moment

AT_ONCE: Final = {"mode": "realtime", "digest_at": None, "quiet_hours": None, "sev1_breaks_quiet": True}

# An export has no component where all that somebody chose were deleted; nobody can wish for that.
AS_EXPORTED: Final = "as exported"

_CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_PHASES: Final = {phase.label: phase for phase in Phase}
_MUST_CLOSE: Final = Phase.OPENED | Phase.ESCALATED | Phase.UPDATE

Clock = Annotated[str, StringConstraints(pattern=_CLOCK)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# What the policy decides where it was not chosen.
ByPolicy = Literal["min_severity", "phases", "mode"]


class QuietHours(Body):
    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    from_: Clock = Field(alias="from")
    to: Clock


class PreferenceBody(Body):
    """What one endpoint wants to hear; what is left out, or named in `by_policy`, is as the policy has it."""

    components: Annotated[list[Slug], Field(max_length=500, json_schema_extra={"minItems": 1})] | None = None
    groups: Annotated[list[Slug], Field(min_length=1, max_length=100)] | None = None
    min_severity: SeverityField | None = None
    phases: Annotated[list[str], Field(min_length=1, max_length=10)] | None = None
    mode: Literal["realtime", "hourly", "daily"] | None = None
    digest_at: Clock | None = None
    quiet_hours: Annotated[list[QuietHours], Field(max_length=20)] | None = None
    sev1_breaks_quiet: bool = True
    paused_until: Time | None = None
    fallback: Annotated[str, StringConstraints(max_length=1000)] | None = None
    by_policy: Annotated[list[ByPolicy], Field(max_length=3)] = Field(default=[])

    @field_validator("components")
    @classmethod
    def _names_one(cls, value: list[str] | None, told: ValidationInfo) -> list[str] | None:
        if value == [] and told.context != AS_EXPORTED:
            raise ValueError("Name one at least, or leave it out: that means all of them")
        return value

    @field_validator("phases")
    @classmethod
    def _closes_what_it_opens(cls, value: list[str] | None) -> list[str] | None:
        if value is None:
            return None
        unknown = [phase for phase in value if phase not in _PHASES]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of: {', '.join(_PHASES)}")
        chosen = _phases(value)
        if chosen & _MUST_CLOSE and not chosen & Phase.RESOLVED:
            raise ValueError("Who hears that something is broken hears that it is fixed: add resolved")
        return value

    @model_validator(mode="after")
    def _leaves_an_hour(self, told: ValidationInfo) -> PreferenceBody:
        if self.mode == "daily" and self.digest_at is None:
            raise ValueError('A daily digest needs its hour: "digest_at": "08:00"')
        if self.quiet_hours and never_awake(read_timing(self._timing())):
            raise ValueError("These quiet hours never end: leave some hours in which messages may come")
        if told.context != AS_EXPORTED and any(is_unclear(one.from_, one.to) for one in self.quiet_hours or ()):
            raise ValueError(
                "These quiet hours end when they begin. Write another end; from 00:00 to 00:00 is the whole day"
            )
        return self

    def _timing(self) -> dict[str, Any]:
        timing = self.model_dump(mode="json", by_alias=True, include=set(AT_ONCE))
        mode = None if "mode" in self.by_policy else self.mode
        paused = {} if self.paused_until is None else {"paused_until": self.paused_until.timestamp()}
        return timing | {"mode": mode, "quiet_hours": timing["quiet_hours"] or None} | paused

    def as_preference(self) -> Preference:
        by_policy = frozenset[str](self.by_policy)
        return Preference(
            components=None if self.components is None else tuple(dict.fromkeys(self.components)),
            groups=None if self.groups is None else tuple(dict.fromkeys(self.groups)),
            least=None if "min_severity" in by_policy else self.min_severity,
            phases=None if self.phases is None or "phases" in by_policy else _phases(self.phases),
            timing=None if (timing := self._timing()) == AT_ONCE | {"mode": None} else timing,
            fallback=self.fallback,
        )


def show_preference(endpoint: Endpoint) -> dict[str, Any]:
    """Return what an endpoint wants to hear, as it can be sent again."""
    timing = cast("Mapping[str, Any]", endpoint.timing or AT_ONCE | {"mode": None})
    chosen = {"min_severity": endpoint.least, "phases": endpoint.phases, "mode": timing["mode"]}
    return {
        "components": endpoint.components,
        "groups": endpoint.groups,
        "min_severity": (endpoint.least or Severity.SEV4).label,
        "phases": [phase.label for phase in (ALL_PHASES if endpoint.phases is None else endpoint.phases)],
        **timing,
        "mode": timing["mode"] or AT_ONCE["mode"],
        "paused_until": moment(timing.get("paused_until")),
        "fallback": endpoint.fallback,
        "by_policy": [name for name, value in chosen.items() if value is None],
    }


def _phases(labels: list[str]) -> Phase:
    chosen = Phase(0)
    for label in labels:
        chosen |= _PHASES[label]
    return chosen
