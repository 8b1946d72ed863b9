"""Templates of updates over HTTP: words that are ready before they are needed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.audience import Audiences
from tocsin.domain.scope import Scope
from tocsin.domain.update_template import Wording, variables_of
from tocsin.services import templates as service
from tocsin.store import templates as store
from tocsin.store.engine import begin
from tocsin.web.api.fields import AudienceKey, Body, Slug, Text, Title
from tocsin.web.api.incident_bodies import refuse_unknown
from tocsin.web.api.paging import Paging, page
from tocsin.web.api.shown import moment
from tocsin.web.auth import CallerDep, needs
from tocsin.web.deps import SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1/templates", tags=["templates"], route_class=EachKeyOnce)

_READ = [needs(Scope.INCIDENTS_READ)]
_WRITE = [needs(Scope.OPERATE)]
NameInPath = Annotated[Slug, Path()]


class TemplateBody(Body):
    """Words with places for what only the moment knows: `{{minutes}}`. An update fills them by its `variables`."""

    title: Title | None = Field(default=None, description="null: the incident's own title stays.")
    body: Text = Field(description="What everyone reads who has no text of their own.")
    titles: dict[AudienceKey, Title] = Field(default={}, description="Titles by audience, or audience.language.")
    texts: dict[AudienceKey, Text] = Field(default={}, description="Texts likewise, for those that are addressed.")

    def as_wording(self, audiences: Audiences) -> Wording:
        """Return the words; raise Refused where they are for an audience that is not there."""
        refuse_unknown("titles", self.titles, audiences)
        refuse_unknown("texts", self.texts, audiences)
        return Wording(self.title, self.body, self.titles, self.texts)


class NewTemplate(TemplateBody):
    name: Slug


class TemplateChange(Body):
    """What is left out stays as it is."""

    title: Title | None = None
    body: Text | None = None
    titles: dict[AudienceKey, Title] | None = None
    texts: dict[AudienceKey, Text] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> TemplateChange:
        if not self.model_fields_set:
            raise ValueError("This changes nothing. Name what is to be changed.")
        return self

    def applied_to(self, wording: Wording, audiences: Audiences) -> Wording:
        whole = TemplateBody.model_construct(
            title=self.title if "title" in self.model_fields_set else wording.title,
            body=self.body or wording.body,
            titles=dict(wording.titles) if self.titles is None else self.titles,
            texts=dict(wording.texts) if self.texts is None else self.texts,
        )
        return whole.as_wording(audiences)


@router.get("", dependencies=_READ, summary="List templates")
async def list_templates(asked: Annotated[Paging, Query()], site: SiteDep) -> dict[str, Any]:
    place = asked.place(1)
    async with begin(site.engine) as connection:
        found = await store.read_page(connection, place[0] if place else None, asked.limit + 1)
    shown = found[: asked.limit]
    after = [shown[-1].id] if len(found) > asked.limit else None
    return page([_show(template) for template in shown], after)


@router.post("", status_code=201, dependencies=_WRITE, summary="Add a template")
async def post_template(body: NewTemplate, once: OnceDep, site: SiteDep) -> JSONResponse:
    wording = body.as_wording(site.audiences)

    async def work(connection: AsyncConnection) -> Answer:
        return Answer(201, _show(await service.add_template(connection, body.name, wording, once.caller.name)))

    return await once(work)


@router.get("/{name}", dependencies=_READ, summary="Show a template")
async def get_template(name: NameInPath, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        return _show(await service.show_template(connection, name))


@router.put("/{name}", dependencies=_WRITE, summary="Write a template", responses={201: {"description": "It is new."}})
async def put_template(name: NameInPath, body: TemplateBody, caller: CallerDep, site: SiteDep) -> JSONResponse:
    wording = body.as_wording(site.audiences)
    async with begin(site.engine) as connection:
        template, is_new = await service.put_template(connection, name, wording, caller.name)
    return JSONResponse(_show(template), 201 if is_new else 200)


@router.patch("/{name}", dependencies=_WRITE, summary="Change a template")
async def patch_template(name: NameInPath, body: TemplateChange, caller: CallerDep, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        before = await service.show_template(connection, name, lock=True)
        wording = body.applied_to(before.wording, site.audiences)
        template, _ = await service.put_template(connection, name, wording, caller.name)
    return _show(template)


@router.delete("/{name}", status_code=204, dependencies=_WRITE, summary="Delete a template")
async def delete_template(name: NameInPath, caller: CallerDep, site: SiteDep) -> Response:
    async with begin(site.engine) as connection:
        await service.delete_template(connection, name, caller.name)
    return Response(status_code=204)


def _show(template: store.UpdateTemplate) -> dict[str, Any]:
    wording = template.wording
    return {
        "name": template.name,
        "title": wording.title,
        "body": wording.body,
        "titles": wording.titles,
        "texts": wording.texts,
        "variables": variables_of(wording),
        "changed_by": template.changed_by,
        "created_at": moment(template.created_at),
        "updated_at": moment(template.updated_at),
    }
