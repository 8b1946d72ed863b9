"""What callers send to change a subscriber: what GET answers can be sent again, with what is to be different.

The server's own is ignored where it is as it stands, and refused where it is not: nothing is dropped on the quiet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast

from pydantic import Field, ValidationInfo, field_validator, model_validator

from tocsin.domain.endpoint import EndpointState
from tocsin.domain.errors import Refused
from tocsin.domain.scope import Scope
from tocsin.services.address import is_for_operators
from tocsin.services.change_subscriber import ChangedEndpoint, Changes
from tocsin.web.api.fields import Body, Time
from tocsin.web.api.preference_body import PreferenceBody
from tocsin.web.api.shown import moment
from tocsin.web.api.subscriber_bodies import AudienceNames, EndpointBody, Locale, Name, TimeZone, mask_of
from tocsin.web.auth import Caller
from tocsin.web.deps import Site

_OWN: Final[dict[str, Any]] = {"id": None, "created_at": None, "updated_at": None}
# Of an endpoint, as one has them that is new.
_ENDPOINTS_OWN: Final[dict[str, Any]] = {"id": None, "state_reason": None, "trouble": None}
_OF_INCIDENTS: Final[dict[str, Any]] = {"follows": [], "only_follows": False, "snoozed": {}}
_NOT_FREE: Final = "This is the server's own, and stands at {}. Leave it out, or send what GET answers."
_ELSEWHERE: Final = "POST /v1/subscribers/{id}/follows and …/snoozes change what is chosen for an incident."
_ONE_AT_LEAST: Final = "Name one at least, or leave it out: that means all of them."

# By channel and address as it is compared: what GET shows of the endpoints that there are.
Shown = Mapping[tuple[str, str], Mapping[str, Any]]


class PreferenceChangeBody(PreferenceBody):
    @field_validator("components")
    @classmethod
    def _names_one(cls, value: list[str] | None, told: ValidationInfo) -> list[str] | None:
        del told
        return value  # none is what GET answers where all that were chosen are deleted


class EndpointChangeBody(EndpointBody):
    """An endpoint as it shall be, found by its channel and address; what `confirmed` and `state` leave out stays."""

    id: str | None = None
    state: Literal["unconfirmed", "active", "paused", "quarantined", "opted_out"] | None = None  # type: ignore[assignment]
    state_reason: str | None = None
    trouble: dict[str, Any] | None = None
    preference: PreferenceChangeBody = Field(default_factory=PreferenceChangeBody)  # pyright: ignore[reportIncompatibleVariableOverride] - narrower

    @model_validator(mode="after")
    def _brings_no_evidence(self) -> EndpointChangeBody:
        if self.consent:
            raise ValueError("Evidence comes with POST /v1/subscribers and imports alone. Leave consent out")
        return self

    def as_change(self, site: Site, caller: Caller, there: Shown) -> ChangedEndpoint:
        """Return the change; raise Refused where something is not theirs to change."""
        plain = EndpointBody(
            channel=self.channel,
            address=self.address,
            confirmed=self.confirmed,
            locale=self.locale,
            preference=self.preference,
            written_consent=self.written_consent,
        )
        # What is confirmed now was shown as unconfirmed before.
        asked = None if self.state is None or self.state == "unconfirmed" else EndpointState(self.state)
        change = ChangedEndpoint(plain.as_endpoint(site, caller.name), asked)
        shown = there.get((change.wanted.channel, change.wanted.key))
        self._keeps(shown or {})
        self._is_allowed(caller, change.target, shown)
        return change

    def _keeps(self, shown: Mapping[str, Any]) -> None:
        _keep(self, _ENDPOINTS_OWN | {name: shown[name] for name in _ENDPOINTS_OWN if shown}, _NOT_FREE)
        _keep(self, _OF_INCIDENTS | {name: shown[name] for name in _OF_INCIDENTS if shown}, _ELSEWHERE)
        state = shown.get("state", EndpointState.UNCONFIRMED)
        if self.state == "unconfirmed" and state != EndpointState.UNCONFIRMED:
            raise Refused(f"It is {state}, and nothing makes an endpoint unconfirmed again.", field="state")
        if self.preference.components == [] and (not shown or shown["preference"]["components"] != []):
            raise Refused(_ONE_AT_LEAST, field="preference.components")

    def _is_allowed(self, caller: Caller, target: EndpointState | None, shown: Mapping[str, Any] | None) -> None:
        free: set[str | None] = {None, EndpointState.PAUSED, EndpointState.OPTED_OUT, shown["state"] if shown else None}
        new_for_operators = shown is None and is_for_operators(self.channel, self.address)
        if target not in free or self.written_consent is not None or new_for_operators:
            caller.require(Scope.OPERATE, "Making an endpoint active, or an address of Apprise,")


class SubscriberChangeBody(Body):
    """What is left out stays as it is; `endpoints`, where given, are all that there shall be."""

    id: str | None = None
    name: Name | None = None
    locale: Locale | None = None
    time_zone: TimeZone | None = None
    audiences: AudienceNames | None = None
    endpoints: Annotated[list[EndpointChangeBody], Field(max_length=50)] | None = None
    created_at: Time | None = None
    updated_at: Time | None = None

    @model_validator(mode="after")
    def _says_something(self) -> SubscriberChangeBody:
        if not self.model_fields_set:
            raise ValueError("This changes nothing. Name what is to be changed.")
        return self

    def as_changes(self, site: Site, caller: Caller, shown: Mapping[str, Any], there: Shown) -> Changes:
        """Return the changes to the subscriber who is `shown` so, as are the endpoints that are `there`."""
        _keep(self, {name: shown[name] for name in _OWN}, _NOT_FREE)
        endpoints = None
        if self.endpoints is not None:
            endpoints = tuple(_at(place, one, site, caller, there) for place, one in enumerate(self.endpoints))
        return Changes(
            name=self.name,
            locale=self.locale,
            time_zone=self.time_zone,
            audiences=None if self.audiences is None else mask_of(self.audiences, site.audiences),
            endpoints=endpoints,
            by=caller.name,
        )


def _at(place: int, body: EndpointChangeBody, site: Site, caller: Caller, there: Shown) -> ChangedEndpoint:
    try:
        return body.as_change(site, caller, there)
    except Refused as error:
        raise Refused(str(error), field=f"endpoints.{place}.{error.field}") from error


def _keep(body: Body, stands: Mapping[str, Any], message: str) -> None:
    """Raise Refused where `body` says something else than what stands."""
    for name in stands.keys() & body.model_fields_set:
        if _told(getattr(body, name)) != stands[name]:
            raise Refused(message.replace("{}", repr(stands[name])), field=name)


def _told(value: Any) -> Any:
    """Return a value as GET tells it."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, dict):
        return {name: _told(one) for name, one in cast("dict[str, Any]", value).items()}
    return value
