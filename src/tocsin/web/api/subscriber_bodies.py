"""What callers send to subscribe somebody or to change what they hear."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from tocsin.domain.asking import seal
from tocsin.domain.audience import Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Refused
from tocsin.domain.scope import Scope
from tocsin.domain.subscriber import Agreed, Attention, NewEndpoint, NewSubscriber, Word
from tocsin.domain.text import one_line
from tocsin.services.address import is_for_operators, read_address
from tocsin.services.known_zones import zones
from tocsin.web.api.fields import Body, Time, words
from tocsin.web.api.preference_body import PreferenceBody
from tocsin.web.auth import Caller
from tocsin.web.deps import Site

_LOCALE: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")

ChannelField = Annotated[ChannelName, words(ChannelName)]


def _name(value: str) -> str:
    return one_line(value, "") if value.strip(" ") else ""


def _one_line(value: str) -> str:
    return one_line(value, "")


def _locale(value: str) -> str:
    if not _LOCALE.fullmatch(value):
        raise ValueError('Write a language as BCP 47 has it: "en", "de", "pt-BR"')
    return value


def _time_zone(value: str) -> str:
    if value not in zones():
        raise ValueError('There is no such time zone. Write one as the IANA list has it: "Europe/Berlin"')
    return value


Name = Annotated[str, StringConstraints(max_length=255), AfterValidator(_name)]
Locale = Annotated[str, StringConstraints(max_length=35), AfterValidator(_locale)]
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_time_zone)]
IncidentId = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9]{1,64}$")]
Basis = Annotated[str, StringConstraints(min_length=3, max_length=500), AfterValidator(_one_line)]
AudienceNames = Annotated[list[str], Field(min_length=1, max_length=31)]


class ConsentBody(Body):
    """What somebody agreed to, or took back, as an export has it."""

    what: Literal["asked", "confirmed", "not_me", "withdrawn", "returned", "deleted", "imported"]
    how: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    at: Time
    network: Annotated[str, StringConstraints(max_length=64)] | None = None
    wording: Annotated[str, StringConstraints(max_length=64)] | None = None
    by: Annotated[str, StringConstraints(max_length=100)] | None = None
    basis: Basis | None = None


class WrittenConsentBody(Body):
    """By which word of theirs an operator has somebody written to: where it is to be found, and when it was given."""

    basis: Basis
    at: Time


class EndpointBody(Body):
    """Where they hear, and in which language, if not in the subscriber's.

    `confirmed` skips the opt-in and takes a key with `operate`, as does any `state` of old. Who opted out stays so,
    unless `written_consent` says by which later word of theirs they are back.
    """

    channel: ChannelField
    address: str | dict[str, Any]
    confirmed: bool = False
    state: Literal["paused", "quarantined", "opted_out"] | None = None
    locale: Locale | None = None
    preference: PreferenceBody = Field(default_factory=PreferenceBody)
    consent: Annotated[list[ConsentBody], Field(max_length=100)] = Field(default=[])
    follows: Annotated[list[IncidentId], Field(max_length=100)] = Field(default=[])
    only_follows: bool = False
    snoozed: Annotated[dict[IncidentId, Time | None], Field(max_length=100)] = Field(default={})
    written_consent: WrittenConsentBody | None = None

    @model_validator(mode="after")
    def _is_back(self) -> EndpointBody:
        if self.written_consent is not None and not (self.confirmed and self.state in {None, "active"}):
            raise ValueError('Whose word you hold is confirmed: send "confirmed": true, and no other state')
        return self

    def as_endpoint(self, site: Site, by: str) -> NewEndpoint:
        """Return the endpoint as `by` sends it; raise Refused where this installation cannot write to it."""
        address = read_address(self.channel, self.address, site.channels)
        state = EndpointState.ACTIVE if self.confirmed else EndpointState.UNCONFIRMED
        return NewEndpoint(
            channel=self.channel,
            address=address.written,
            key=address.key,
            state=EndpointState(self.state) if self.state else state,
            preference=self.preference.as_preference(),
            locale=self.locale,
            seal=seal(site.settings.secret.get_secret_value(), self.channel, address.key),
            evidence=tuple(Agreed(**one.model_dump()) for one in self.consent),
            attention=Attention(
                tuple(self.follows),
                self.only_follows,
                {incident: None if until is None else until.timestamp() for incident, until in self.snoozed.items()},
            ),
            word=None
            if self.written_consent is None
            else Word(by, self.written_consent.basis, self.written_consent.at),
        )


class SubscriberBody(Body):
    name: Name = ""
    locale: Locale = "en"
    time_zone: TimeZone = "UTC"
    audiences: AudienceNames
    endpoints: Annotated[list[EndpointBody], Field(max_length=50)] = Field(default=[])

    def as_subscriber(self, site: Site, caller: Caller) -> NewSubscriber:
        """Return the subscriber; raise Refused where something is named that is not there."""
        if any(
            one.confirmed or one.state or one.consent or is_for_operators(one.channel, one.address)
            for one in self.endpoints
        ):
            caller.require(Scope.OPERATE, '"confirmed": true, evidence of consent, or an address of Apprise,')
        return NewSubscriber(
            name=self.name,
            locale=self.locale,
            time_zone=self.time_zone,
            audiences=mask_of(self.audiences, site.audiences),
            endpoints=_endpoints(self.endpoints, site, caller.name),
        )


def mask_of(names: list[str], audiences: Audiences) -> int:
    """Return the set that `names` make; raise Refused where one is no audience."""
    for name in names:
        if name not in audiences.names:
            raise Refused(f"There is no audience {name!r}. There are: {', '.join(audiences.names)}.", field="audiences")
    return audiences.mask(names)


def _endpoints(bodies: list[EndpointBody], site: Site, by: str) -> tuple[NewEndpoint, ...]:
    made: list[NewEndpoint] = []
    for place, body in enumerate(bodies):
        try:
            made.append(body.as_endpoint(site, by))
        except Refused as error:
            raise Refused(str(error), field=f"endpoints.{place}.{error.field}") from error
    return tuple(made)
