"""What was ticked in a form: names as components and groups have them, and nothing else that a form may carry."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import FormData

_MOST: Final = 500
_SLUG: Final = re.compile(r"[a-z0-9_-]{1,64}").fullmatch


def ticked(form: FormData, name: str) -> list[str]:
    """Return the slugs that are ticked under `name`."""
    return [value for value in form.getlist(name)[:_MOST] if isinstance(value, str) and _SLUG(value)]
