"""The API's description: OpenAPI at /openapi.json, and the same to read at /docs; nothing comes from elsewhere."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from tocsin.web.errors import MEDIA_TYPE, TITLES
from tocsin.web.pages.layout import SECURITY_HEADERS, templates

router = APIRouter(include_in_schema=False)

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457: what went wrong, and what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do."},
        "errors": {
            "type": "array",
            "description": "Every field that breaks a rule.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_DESCRIPTION: Final = """\
Times are RFC 3339 in UTC. Errors are RFC 9457 problem+json whose detail says what to do. Lists come a page at a time:
ask again with cursor=… as next_cursor says, until that is null. Unknown fields are refused. Every POST that has an
effect takes an Idempotency-Key: the same request under the same key gets the first answer again, and nothing happens
twice; an import needs none, since the same lines again change nothing."""


def describe(app: FastAPI) -> None:
    """Let `app` describe itself with errors in the form they really have."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


@router.get("/docs", response_class=HTMLResponse)
async def docs(request: Request) -> HTMLResponse:
    schema = request.app.openapi()
    html = templates.get_template("api.html").render(
        brand=request.app.title, schema=schema, groups=_groups(schema), problems=TITLES
    )
    return HTMLResponse(html, headers=SECURITY_HEADERS)


def _schema(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=f"{app.title} API", version=app.version, description=_DESCRIPTION, routes=app.routes)
    schema["components"]["schemas"] |= {"Problem": _PROBLEM}
    for unused in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(unused, None)
    problem = {
        "description": "What went wrong, and what to do.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            codes = ["401", "403", "429"] if path.startswith(("/v1/", "/hooks/")) else []
            codes += ["404"] if "{" in path else []
            codes += ["400", "409", "413", "415", "422"] if "requestBody" in operation else []
            for code in codes:
                operation["responses"][code] = problem | {"description": TITLES[int(code)]}
            operation["responses"]["default"] = problem
    return schema


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations by tag, as the page shows them."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            shown = {
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "parameters": operation.get("parameters", []),
                "fields": _fields(schema, operation),
                "answers": sorted(code for code in operation["responses"] if code.startswith("2")),
            }
            groups.setdefault(operation.get("tags", ["other"])[0], []).append(shown)
    return groups


def _fields(schema: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    body = _resolve(schema, content["schema"])
    return [
        {
            "name": name,
            "kind": _kind(schema, field),
            "required": name in body.get("required", []),
            "default": json.dumps(field["default"]) if field.get("default") is not None else "",
            "description": field.get("description", ""),
        }
        for name, field in body.get("properties", {}).items()
    ]


def _resolve(schema: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    name = field.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema["components"]["schemas"][name] if name else field
    return found


def _kind(schema: dict[str, Any], field: dict[str, Any]) -> str:
    field = _resolve(schema, field)
    if "anyOf" in field:
        return " or ".join(_kind(schema, one) for one in field["anyOf"] if one.get("type") != "null")
    if "enum" in field:
        return ", ".join(str(value) for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(schema, field.get('items', {}))}"
    if field.get("type") == "object" and "properties" in field:
        return "{" + ", ".join(field["properties"]) + "}"
    return str(field.get("format") or field.get("type") or "any")
