"""Lists come a page at a time; `next_cursor` is opaque and asks for the page after."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeGuard, cast

from pydantic import BaseModel, ConfigDict, Field

from tocsin.domain.errors import Refused

DEFAULT_LIMIT: Final = 50
MOST: Final = 500
_LARGEST_INT: Final = 2**31 - 1


class Paging(BaseModel):
    """What every list takes; unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=MOST)] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=200, description="`next_cursor` of the page before.")] = None

    def place(self, numbers: int) -> tuple[int, ...] | None:
        """Return the `numbers` numbers that the cursor stands for, None at the beginning."""
        if self.cursor is None:
            return None
        try:
            found: Any = json.loads(base64.b64decode(self.cursor.encode("ascii"), b"-_", validate=True))
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise no_cursor()
        place = tuple(number for number in cast("list[object]", found) if _is_place(number))
        if len(place) != numbers or len(place) != len(cast("list[object]", found)):
            raise no_cursor()
        return place


def no_cursor() -> Refused:
    return Refused("This is no cursor of this list. Begin without one.", field="cursor")


def _is_place(number: object) -> TypeGuard[int]:
    return type(number) is int and abs(number) <= _LARGEST_INT


def page(items: Sequence[dict[str, Any]], after: Sequence[int] | None) -> dict[str, Any]:
    """Return one page; `after` is the place where the next one begins, None where this is the last."""
    cursor = None if after is None else base64.urlsafe_b64encode(json.dumps(list(after)).encode()).decode()
    return {"items": items, "next_cursor": cursor}
