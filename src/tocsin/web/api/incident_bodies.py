"""What callers send to open or update an incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, Strict, model_validator

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus
from tocsin.domain.errors import Refused
from tocsin.domain.incident import Impact, Kind, Status
from tocsin.domain.update import Draft
from tocsin.web.api.fields import AudienceKey, Body, Metadata, SeverityField, Slug, Text, Time, Title, words

StatusField = Annotated[Status, words(Status)]
ImpactField = Annotated[Impact, words(Impact)]
KindField = Annotated[Kind, words(Kind)]
ComponentStatusField = Annotated[ComponentStatus, words(ComponentStatus)]
NextUpdateIn = Annotated[int, Field(ge=60, le=7 * 86_400, description="Seconds until the next update is promised.")]


class _Said(Body):
    body: Text | None = Field(default=None, description="What everyone reads who has no text of their own.")
    status: StatusField | None = None
    severity: SeverityField | None = None
    impact: ImpactField | None = Field(default=None, description="Left out: from the components.")
    kind: KindField | None = None
    texts: dict[AudienceKey, Text] = Field(default={}, description="Texts by audience, or audience.language.")
    titles: dict[AudienceKey, Title] | None = Field(default=None, description="Titles likewise.")
    audiences: Annotated[list[str], Field(min_length=1, max_length=31)] | None = None
    components: dict[Slug, ComponentStatusField] = Field(default={}, description="States by component slug.")
    next_update_in: NextUpdateIn | None = None
    notify: Annotated[bool, Strict()] = Field(default=True, description="false: the status page alone shows it.")
    template: str | None = None
    variables: dict[str, Any] = Field(default={})
    metadata: Metadata = Field(default={}, description="Yours: given back as it came.")

    @model_validator(mode="after")
    def _needs_words(self) -> _Said:
        if self.body is None and self.template is None:
            raise ValueError("Write a `body`: what people should read.")
        return self

    def draft(self, audiences: Audiences, **more: Any) -> Draft:
        """Return what was asked for; raise Refused where it names something that is not there."""
        if self.template is not None:
            raise Refused(f"There is no template {self.template!r}. Write a body instead.", field="template")
        if self.variables:
            raise Refused("Variables fill a template, and none is named. Leave them out.", field="variables")
        for place, names in (("audiences", self.audiences or []), ("texts", self.texts), ("titles", self.titles or {})):
            for name in names:
                _refuse_unknown(place, name, audiences)
        assert self.body is not None
        return Draft(
            body=self.body,
            status=self.status,
            severity=self.severity,
            impact=self.impact,
            kind=self.kind,
            texts=self.texts,
            titles=self.titles,
            audiences=None if self.audiences is None else tuple(self.audiences),
            components=self.components,
            next_update_in=None if self.next_update_in is None else timedelta(seconds=self.next_update_in),
            notify=self.notify,
            metadata=self.metadata,
            **more,
        )


class NewIncident(_Said):
    """Only `title` and `body` are required; policy decides what is left out."""

    title: Title
    started_at: Time | None = Field(default=None, description="Left out: now.")

    def as_draft(self, audiences: Audiences) -> Draft:
        return self.draft(audiences, title=self.title, started_at=self.started_at)


class NewUpdate(_Said):
    """Only `body` is required; what is left out stays as it is."""

    title: Title | None = None

    def as_draft(self, audiences: Audiences) -> Draft:
        return self.draft(audiences, title=self.title)


def _refuse_unknown(place: str, key: str, audiences: Audiences) -> None:
    name = key.partition(".")[0] if place != "audiences" else key
    if name not in audiences.names:
        where = place if place == "audiences" else f"{place}.{key}"
        raise Refused(f"There is no audience {name!r}. There are: {', '.join(audiences.names)}.", field=where)
