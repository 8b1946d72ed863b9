"""JSON as others write it: whatever is not of the shape that was asked for counts as empty."""

from __future__ import annotations

from typing import Any, cast


def object_of(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def objects_of(value: object) -> list[dict[str, Any]]:
    return [object_of(one) for one in list_of(value)]
