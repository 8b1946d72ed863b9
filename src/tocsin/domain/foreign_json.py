"""JSON from somebody else's program, which may be anything: what is nested without end is no JSON either."""

from __future__ import annotations

import json


def read_json(raw: bytes | str) -> object:
    """Return what `raw` says; raise ValueError where it is no JSON that can be read."""
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise ValueError("It is nested too deep.") from error
