"""A call as its receiver reads it: the payload, with a link in the place of each endpoint's own."""

from __future__ import annotations

import json

from tocsin.domain.look import Look
from tocsin_channels.webhook.payload import Payload


def look(payload: Payload) -> Look:
    """Return the body that a receiver gets."""
    body = payload.body("preview")
    return Look({"payload": json.loads(body), "bytes": len(body)})
