"""What callers send to subscribe somebody or to change what they hear."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Refused
from tocsin.domain.incident import ALL_PHASES, Phase, Severity
from tocsin.domain.scope import Scope
from tocsin.domain.subscriber import NewEndpoint, NewSubscriber, Preference
from tocsin.domain.text import one_line
from tocsin.domain.timing import never_awake, read_timing
from tocsin.services.address import is_for_operators, read_address
from tocsin.services.change_subscriber import ChangedEndpoint, Changes
from tocsin.web.api.fields import Body, SeverityField, Slug, words
from tocsin.web.auth import Caller
from tocsin.web.deps import Site

# Fields of a preference that are kept but not followed yet: refused, rather than taken and ignored.
NOT_YET: Final = frozenset({"fallback"})
AT_ONCE: Final = {"mode": "realtime", "digest_at": None, "quiet_hours": None, "sev1_breaks_quiet": True}

_LOCALE: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_PHASES: Final = {phase.label: phase for phase in Phase}
_MUST_CLOSE: Final = Phase.OPENED | Phase.ESCALATED | Phase.UPDATE

Clock = Annotated[str, StringConstraints(pattern=_CLOCK)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ChannelField = Annotated[ChannelName, words(ChannelName)]


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _name(value: str) -> str:
    return one_line(value, "") if value.strip(" ") else ""


def _locale(value: str) -> str:
    if not _LOCALE.fullmatch(value):
        raise ValueError('Write a language as BCP 47 has it: "en", "de", "pt-BR"')
    return value


def _time_zone(value: str) -> str:
    if value not in _time_zones():
        raise ValueError('There is no such time zone. Write one as the IANA list has it: "Europe/Berlin"')
    return value


Name = Annotated[str, StringConstraints(max_length=255), AfterValidator(_name)]
Locale = Annotated[str, StringConstraints(max_length=35), AfterValidator(_locale)]
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_time_zone)]
AudienceNames = Annotated[list[str], Field(min_length=1, max_length=31)]


class QuietHours(Body):
    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    from_: Clock = Field(alias="from")
    to: Clock


class PreferenceBody(Body):
    """What one endpoint wants to hear; what is left out: everything, at once."""

    components: Annotated[list[Slug], Field(min_length=1, max_length=500)] | None = None
    min_severity: SeverityField = Severity.SEV4
    phases: Annotated[list[str], Field(min_length=1, max_length=10)] | None = None
    mode: Literal["realtime", "hourly", "daily"] = "realtime"
    digest_at: Clock | None = None
    quiet_hours: Annotated[list[QuietHours], Field(max_length=20)] | None = None
    sev1_breaks_quiet: bool = True
    fallback: Annotated[str, StringConstraints(max_length=64)] | None = None

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
    def _is_followed(self) -> PreferenceBody:
        untouched = PreferenceBody.model_construct()
        for field in sorted(NOT_YET & self.model_fields_set):
            if getattr(self, field) != getattr(untouched, field) and getattr(self, field) != []:
                raise ValueError(f"`{field}` is not yet available. Leave it out.")
        return self

    @model_validator(mode="after")
    def _leaves_an_hour(self) -> PreferenceBody:
        if self.mode == "daily" and self.digest_at is None:
            raise ValueError('A daily digest needs its hour: "digest_at": "08:00"')
        if self.quiet_hours and never_awake(read_timing(self._timing())):
            raise ValueError("These quiet hours never end: leave some hours in which messages may come")
        return self

    def _timing(self) -> dict[str, Any]:
        timing = self.model_dump(mode="json", by_alias=True, include=set(AT_ONCE))
        return timing | {"quiet_hours": timing["quiet_hours"] or None}

    def as_preference(self) -> Preference:
        return Preference(
            components=None if self.components is None else tuple(dict.fromkeys(self.components)),
            least=self.min_severity,
            phases=ALL_PHASES if self.phases is None else _phases(self.phases),
            timing=None if (timing := self._timing()) == AT_ONCE else timing,
        )


class EndpointBody(Body):
    """Where they hear. `confirmed` skips the opt-in and takes a key with `operate`, as does any `state` of old."""

    channel: ChannelField
    address: str | dict[str, Any]
    confirmed: bool = False
    state: Literal["paused", "quarantined", "opted_out"] | None = None
    preference: PreferenceBody = Field(default_factory=PreferenceBody)

    def as_endpoint(self, site: Site) -> NewEndpoint:
        """Return the endpoint; raise Refused where this installation cannot write to it."""
        address = read_address(self.channel, self.address, site.channels)
        state = EndpointState.ACTIVE if self.confirmed else EndpointState.UNCONFIRMED
        return NewEndpoint(
            channel=self.channel,
            address=address.written,
            key=address.key,
            state=EndpointState(self.state) if self.state else state,
            preference=self.preference.as_preference(),
        )


class SubscriberBody(Body):
    name: Name = ""
    locale: Locale = "en"
    time_zone: TimeZone = "UTC"
    audiences: AudienceNames
    endpoints: Annotated[list[EndpointBody], Field(max_length=50)] = Field(default=[])

    def as_subscriber(self, site: Site, caller: Caller) -> NewSubscriber:
        """Return the subscriber; raise Refused where something is named that is not there."""
        if any(one.confirmed or one.state or is_for_operators(one.channel, one.address) for one in self.endpoints):
            caller.require(Scope.OPERATE, '"confirmed": true, or an address of Apprise,')
        return NewSubscriber(
            name=self.name,
            locale=self.locale,
            time_zone=self.time_zone,
            audiences=mask_of(self.audiences, site.audiences),
            endpoints=_endpoints(self.endpoints, site),
        )


class EndpointChangeBody(EndpointBody):
    """An endpoint as it shall be, found by its channel and address; what `confirmed` and `state` leave out stays."""

    state: Literal["active", "paused", "quarantined", "opted_out"] | None = None  # type: ignore[assignment]

    def as_change(self, site: Site) -> ChangedEndpoint:
        state = EndpointState(self.state) if self.state else None
        if state is None and self.confirmed:
            state = EndpointState.ACTIVE
        plain = EndpointBody(
            channel=self.channel, address=self.address, confirmed=self.confirmed, preference=self.preference
        )
        return ChangedEndpoint(plain.as_endpoint(site), state)


class SubscriberChangeBody(Body):
    """What is left out stays as it is; `endpoints`, where given, are all that there shall be."""

    name: Name | None = None
    locale: Locale | None = None
    time_zone: TimeZone | None = None
    audiences: AudienceNames | None = None
    endpoints: Annotated[list[EndpointChangeBody], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> SubscriberChangeBody:
        if not self.model_fields_set:
            raise ValueError("This changes nothing. Name what is to be changed.")
        return self

    def as_changes(self, site: Site, caller: Caller) -> Changes:
        for endpoint in self.endpoints or []:
            made_active = endpoint.confirmed or endpoint.state not in {None, "paused", "opted_out"}
            if made_active or is_for_operators(endpoint.channel, endpoint.address):
                caller.require(Scope.OPERATE, "Making an endpoint active, or an address of Apprise,")
        endpoints = None
        if self.endpoints is not None:
            endpoints = tuple(_refused_at(place, one, site) for place, one in enumerate(self.endpoints))
        return Changes(
            name=self.name,
            locale=self.locale,
            time_zone=self.time_zone,
            audiences=None if self.audiences is None else mask_of(self.audiences, site.audiences),
            endpoints=endpoints,
        )


def mask_of(names: list[str], audiences: Audiences) -> int:
    """Return the set that `names` make; raise Refused where one is no audience."""
    for name in names:
        if name not in audiences.names:
            raise Refused(f"There is no audience {name!r}. There are: {', '.join(audiences.names)}.", field="audiences")
    return audiences.mask(names)


def _phases(labels: list[str]) -> Phase:
    chosen = Phase(0)
    for label in labels:
        chosen |= _PHASES[label]
    return chosen


def _endpoints(bodies: list[EndpointBody], site: Site) -> tuple[NewEndpoint, ...]:
    made: list[NewEndpoint] = []
    for place, body in enumerate(bodies):
        try:
            made.append(body.as_endpoint(site))
        except Refused as error:
            raise Refused(str(error), field=f"endpoints.{place}.{error.field}") from error
    return tuple(made)


def _refused_at(place: int, body: EndpointChangeBody, site: Site) -> ChangedEndpoint:
    try:
        return body.as_change(site)
    except Refused as error:
        raise Refused(str(error), field=f"endpoints.{place}.{error.field}") from error
