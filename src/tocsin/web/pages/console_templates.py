"""Templates of updates at the console: which there are, one with its places and a sample, written and deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.errors import Conflict, NotFound, Refused
from tocsin.domain.update_template import Wording, sample, variables_of
from tocsin.services import templates as service
from tocsin.services.board import PAGE_SIZE
from tocsin.store import templates as store
from tocsin.store.engine import begin
from tocsin.store.templates import UpdateTemplate
from tocsin.web.deps import Site, SiteDep
from tocsin.web.pages.console_frame import go, problem, show
from tocsin.web.pages.console_template_form import Typed, of_template, typed, wrong_by
from tocsin.web.pages.session import Form, Operator
from tocsin_channels.status_page.markdown import to_html

router = APIRouter(prefix="/console", include_in_schema=False)

_LONGEST_VALUE: Final = 1_000
_CHANGED: Final = "It was changed meanwhile by {}. What you typed is still here: save again to have it instead."
Number = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("/templates")
async def list_templates(site: SiteDep, operator: Operator, after: Number = 0) -> Response:
    async with begin(site.engine) as connection:
        found = await store.read_page(connection, after, PAGE_SIZE + 1)
    more = found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None
    shown: dict[str, Any] = {"found": found[:PAGE_SIZE], "more": more, "after": after, "places_of": variables_of}
    return show("templates", site, operator, "templates", live=None, **shown)


# Beside the templates: one of them may be called "new".
@router.get("/new-template")
async def show_new(site: SiteDep, operator: Operator) -> Response:
    return _form(site, operator, of_template(None, site.audiences), None)


@router.post("/new-template")
async def add(site: SiteDep, operator: Operator, form: Form) -> Response:
    """Write a new template, or say what is wrong with it."""
    new = typed(form)
    try:
        wording = new.wording(site.audiences)
        async with begin(site.engine) as connection:
            await service.add_template(connection, new.name, wording, operator.email)
    except (ValidationError, Refused) as error:
        return _form(site, operator, replace(new, wrong=wrong_by(error)), None)
    except Conflict as error:
        return _form(site, operator, replace(new, wrong={"name": str(error.args[0])}), None)
    return go(f"/console/templates/{new.name}")


@router.get("/templates/{name}")
async def show_one(name: str, request: Request, site: SiteDep, operator: Operator, sure: str = "") -> Response:
    """Show one with a sample; what the query names fills its places."""
    try:
        async with begin(site.engine) as connection:
            found = await _find(connection, name)
    except NotFound as error:
        return problem(site, operator, error, 404)
    places = variables_of(found.wording)
    values = {place: request.query_params.get(f"v_{place}", "")[:_LONGEST_VALUE] for place in places}
    try:
        filled, wrong = sample(found.wording, {place: value for place, value in values.items() if value}), ""
    except Refused as error:
        filled, wrong = Wording(), f"{error.field}: {error.args[0]}"
    return show(
        "template",
        site,
        operator,
        "templates",
        live=None,
        one=found,
        places=places,
        values=values,
        filled=filled,
        keys=sorted({*filled.titles, *filled.texts}),
        wrong=wrong,
        is_sure=sure == "delete",
        to_html=to_html,
    )


@router.get("/templates/{name}/write")
async def show_form(name: str, site: SiteDep, operator: Operator) -> Response:
    try:
        async with begin(site.engine) as connection:
            found = await _find(connection, name)
    except NotFound as error:
        return problem(site, operator, error, 404)
    return _form(site, operator, of_template(found, site.audiences), found)


@router.post("/templates/{name}/write")
async def write(name: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    """Write a template anew, or say what is wrong; nobody writes over what they have not seen."""
    new, found = typed(form, name), None
    try:
        async with begin(site.engine) as connection:
            found = await _find(connection, name, lock=True)
            now = found.updated_at.isoformat()
            if new.seen != now:
                said = {"": _CHANGED.format(found.changed_by)}
                return _form(site, operator, replace(new, seen=now, wrong=said), found)
            await service.put_template(connection, name, new.wording(site.audiences), operator.email)
    except NotFound as error:
        return problem(site, operator, error, 404)
    except (ValidationError, Refused) as error:
        return _form(site, operator, replace(new, wrong=wrong_by(error)), found)
    return go(f"/console/templates/{name}")


@router.post("/templates/{name}/delete")
async def delete(name: str, site: SiteDep, operator: Operator, form: Form) -> Response:
    del form
    try:
        async with begin(site.engine) as connection:
            await _find(connection, name)
            await service.delete_template(connection, name, operator.email)
    except NotFound as error:
        return problem(site, operator, error, 404)
    return go("/console/templates")


async def _find(connection: AsyncConnection, name: str, *, lock: bool = False) -> UpdateTemplate:
    if not name.isprintable():
        raise NotFound("No template has such a name.")
    return await service.show_template(connection, name, lock=lock)


def _form(site: Site, operator: Operator, new: Typed, found: UpdateTemplate | None) -> Response:
    return show(
        "template_form",
        site,
        operator,
        "templates",
        live=None,
        status_code=422 if new.wrong else 200,
        new=new,
        one=found,
        audiences=[one.name for one in site.audiences.ordered],
    )
