"""Components and component groups over HTTP: what visitors know by name, and how it is grouped."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.channel import ChannelName
from tocsin.domain.component import ComponentStatus
from tocsin.domain.scope import Scope
from tocsin.services import components as service
from tocsin.store import components as store
from tocsin.store.engine import begin
from tocsin.web.api.fields import Body, Line, Note, Slug, words
from tocsin.web.api.paging import Paging, page
from tocsin.web.api.shown import moment
from tocsin.web.auth import needs
from tocsin.web.deps import SiteDep
from tocsin.web.each_key_once import EachKeyOnce
from tocsin.web.once import Answer, OnceDep

router = APIRouter(prefix="/v1", tags=["components"], route_class=EachKeyOnce)

SlugInPath = Annotated[str, Path(max_length=64)]
Position = Annotated[int, Field(ge=0, le=1_000_000, description="Shown in this order.")]
StatusField = Annotated[ComponentStatus, words(ComponentStatus)]


class NewGroup(Body):
    slug: Slug
    name: Line
    position: Position = 0


class GroupChange(Body):
    name: Line = ""
    position: Position = 0


class NewComponent(Body):
    slug: Slug
    name: Line
    description: Note | None = None
    group: Slug | None = None
    internal: bool = Field(default=False, description="Not on the public page.")
    position: Position = 0
    status: StatusField = Field(default=ComponentStatus.OPERATIONAL, description="Set by hand.")


class ComponentChange(Body):
    """What is left out stays as it is."""

    name: Line = ""
    description: Note | None = None
    group: Slug | None = None
    internal: bool = False
    position: Position = 0
    status: StatusField = ComponentStatus.OPERATIONAL

    @model_validator(mode="after")
    def _says_something(self) -> ComponentChange:
        if not self.model_fields_set:
            raise ValueError("This changes nothing. Name what is to be changed.")
        return self


@router.get("/component-groups", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List component groups")
async def list_groups(asked: Annotated[Paging, Query()], site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        found = await store.read_groups(connection, asked.place(2), asked.limit + 1)
    shown = found[: asked.limit]
    after = [shown[-1].position, shown[-1].id] if len(found) > asked.limit else None
    return page([_show_group(group) for group in shown], after)


@router.post("/component-groups", status_code=201, dependencies=[needs(Scope.OPERATE)], summary="Add a group")
async def post_group(body: NewGroup, once: OnceDep, site: SiteDep) -> JSONResponse:
    async def work(connection: AsyncConnection) -> Answer:
        return Answer(201, _show_group(await service.add_group(connection, body.model_dump())))

    answer = await once(work)
    site.hints.deliver(ChannelName.STATUS_PAGE)
    return answer


@router.get("/component-groups/{slug}", dependencies=[needs(Scope.INCIDENTS_READ)], summary="Show a group")
async def get_group(slug: SlugInPath, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        return _show_group(await service.show_group(connection, known(slug)))


@router.patch("/component-groups/{slug}", dependencies=[needs(Scope.OPERATE)], summary="Change a group")
async def patch_group(slug: SlugInPath, body: GroupChange, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        changed = await service.change_group(connection, known(slug), body.model_dump(exclude_unset=True))
    site.hints.deliver(ChannelName.STATUS_PAGE)
    return _show_group(changed)


@router.get("/components", dependencies=[needs(Scope.INCIDENTS_READ)], summary="List components")
async def list_components(asked: Annotated[Paging, Query()], site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        found = await store.read(connection, asked.place(2), asked.limit + 1)
    shown = found[: asked.limit]
    after = [shown[-1].position, shown[-1].id] if len(found) > asked.limit else None
    return page([_show(component) for component in shown], after)


@router.post("/components", status_code=201, dependencies=[needs(Scope.OPERATE)], summary="Add a component")
async def post_component(body: NewComponent, once: OnceDep, site: SiteDep) -> JSONResponse:
    async def work(connection: AsyncConnection) -> Answer:
        return Answer(201, _show(await service.add_component(connection, body.model_dump())))

    answer = await once(work)
    site.hints.deliver(ChannelName.STATUS_PAGE)
    return answer


@router.get("/components/{slug}", dependencies=[needs(Scope.INCIDENTS_READ)], summary="Show a component")
async def get_component(slug: SlugInPath, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        return _show(await service.show_component(connection, known(slug)))


@router.patch("/components/{slug}", dependencies=[needs(Scope.OPERATE)], summary="Change a component")
async def patch_component(slug: SlugInPath, body: ComponentChange, site: SiteDep) -> dict[str, Any]:
    async with begin(site.engine) as connection:
        changed = await service.change_component(connection, known(slug), body.model_dump(exclude_unset=True))
    site.hints.deliver(ChannelName.STATUS_PAGE)
    return _show(changed)


def known(slug: str) -> str:
    """Return `slug` as it can be asked for: no name of ours has U+0000."""
    return slug.replace("\0", "�")


def _show_group(group: store.Group) -> dict[str, Any]:
    return {
        "id": group.public_id,
        "slug": group.slug,
        "name": group.name,
        "position": group.position,
        "created_at": moment(group.created_at),
        "updated_at": moment(group.updated_at),
    }


def _show(component: store.Component) -> dict[str, Any]:
    return {
        "id": component.public_id,
        "slug": component.slug,
        "name": component.name,
        "description": component.description,
        "group": component.group,
        "internal": component.internal,
        "position": component.position,
        "status": component.status,
        "current_status": component.current,
        "created_at": moment(component.created_at),
        "updated_at": moment(component.updated_at),
    }
