"""What callers send to open or update an incident."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Protocol

from pydantic import Field, Strict, model_validator

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus
from tocsin.domain.errors import Refused
from tocsin.domain.incident import INCIDENT_STATUSES, Impact, Kind, Status
from tocsin.domain.update import Draft
from tocsin.domain.update_template import Wording, fill
from tocsin.services.templates import wording_of
from tocsin.store.engine import Connection
from tocsin.web.api.fields import (
    AudienceKey,
    Body,
    Metadata,
    Name,
    SeverityField,
    Slug,
    Text,
    Time,
    Title,
    Variable,
    member_of,
    words,
)

StatusField = Annotated[Status, member_of(INCIDENT_STATUSES)]
ImpactField = Annotated[Impact, words(Impact)]
KindField = Annotated[Kind, words(Kind)]
ComponentStatusField = Annotated[ComponentStatus, words(ComponentStatus)]
NextUpdateIn = Annotated[int, Field(ge=60, le=7 * 86_400, description="Seconds until the next update is promised.")]


class Said(Body):
    """What an update says, and to whom, whatever it is about."""

    body: Text | None = Field(default=None, description="What everyone reads who has no text of their own.")
    texts: dict[AudienceKey, Text] = Field(default={}, description="Texts by audience, or audience.language.")
    titles: dict[AudienceKey, Title] | None = Field(default=None, description="Titles likewise.")
    audiences: Annotated[list[str], Field(min_length=1, max_length=31)] | None = None
    notify: Annotated[bool, Strict()] = Field(default=True, description="false: the status page alone shows it.")
    template: Slug | None = Field(default=None, description="Words that are ready; what is said here beats them.")
    variables: dict[Name, Variable] = Field(default={}, max_length=100, description="What the template's places say.")
    metadata: Metadata = Field(default={}, description="Yours: given back as it came.")

    @model_validator(mode="after")
    def _needs_words(self) -> Said:
        if self.body is None and self.template is None:
            raise ValueError("Write a `body`: what people should read.")
        return self

    def draft(self, title: str | None, template: Wording | None, audiences: Audiences, **more: Any) -> Draft:
        """Return what was asked for; raise Refused where it names something that is not there."""
        if template is None and self.variables:
            raise Refused("Variables fill a template, and none is named. Leave them out.", field="variables")
        for place, names in (("audiences", self.audiences or []), ("texts", self.texts), ("titles", self.titles or {})):
            refuse_unknown(place, names, audiences)
        said = Wording(title, self.body, self.titles or {}, self.texts)
        ready = Wording() if template is None else fill(template, self.variables, said)
        body = self.body or ready.body
        assert body is not None, "a template has one"
        return Draft(
            title=title or ready.title,
            body=body,
            texts=self.texts,
            titles=self.titles,
            spare_texts=ready.texts,
            spare_titles=ready.titles,
            audiences=None if self.audiences is None else tuple(self.audiences),
            notify=self.notify,
            metadata=self.metadata,
            **more,
        )


class _OfIncident(Said):
    status: StatusField | None = None
    severity: SeverityField | None = None
    impact: ImpactField | None = Field(default=None, description="Left out: from the components.")
    kind: KindField | None = None
    components: dict[Slug, ComponentStatusField] = Field(default={}, description="States by component slug.")
    next_update_in: NextUpdateIn | None = None

    def facts(self) -> dict[str, Any]:
        """Return what is said of the incident beside words, as a draft has it."""
        return {
            "status": self.status,
            "severity": self.severity,
            "impact": self.impact,
            "kind": self.kind,
            "components": self.components,
            "next_update_in": None if self.next_update_in is None else timedelta(seconds=self.next_update_in),
        }


class NewIncident(_OfIncident):
    """Only `title` and `body`, or a `template` with both, are required; policy decides what is left out."""

    title: Title | None = None
    started_at: Time | None = Field(default=None, description="Left out: now.")

    def as_draft(self, template: Wording | None, audiences: Audiences) -> Draft:
        return self.draft(self.title, template, audiences, **self.facts(), started_at=self.started_at)


class NewUpdate(_OfIncident):
    """Only `body`, or a `template`, is required; what is left out stays as it is."""

    title: Title | None = None

    def as_draft(self, template: Wording | None, audiences: Audiences) -> Draft:
        return self.draft(self.title, template, audiences, **self.facts())


class Sayable(Protocol):
    """A request that says something, in its own words or a template's."""

    @property
    def template(self) -> str | None: ...

    def as_draft(self, template: Wording | None, audiences: Audiences) -> Draft: ...


async def drafted(connection: Connection, body: Sayable, audiences: Audiences) -> Draft:
    """Return what was asked for, in the words of its template where it names one."""
    template = None if body.template is None else await wording_of(connection, body.template)
    return body.as_draft(template, audiences)


def refuse_unknown(place: str, keys: Iterable[str], audiences: Audiences) -> None:
    """Raise Refused where one of `keys`, which stand in the field `place`, names no audience."""
    for key in keys:
        name = key.partition(".")[0] if place != "audiences" else key
        if name not in audiences.names:
            where = place if place == "audiences" else f"{place}.{key}"
            raise Refused(f"There is no audience {name!r}. There are: {', '.join(audiences.names)}.", field=where)
