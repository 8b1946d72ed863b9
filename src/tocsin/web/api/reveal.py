"""Shows signing secrets in the answer that makes an endpoint, once: they are derived, and kept with no answer."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

from fastapi.responses import JSONResponse
from starlette.responses import Response

from tocsin.domain.channel import ChannelName
from tocsin.domain.signing import signing_secret
from tocsin.services.rotate_secret import signs
from tocsin.store import secrets as store
from tocsin.store.engine import begin
from tocsin.web.deps import Site

_FIRST: Final = 1
_COMPUTED: Final = frozenset({"content-length", "content-type"})


async def revealed(answer: JSONResponse, site: Site) -> Response:
    """Return `answer`, which shows a subscriber just made, with the secrets of their endpoints.

    A replay of it has them too, until one is rotated: what is kept under an Idempotency-Key never has.
    """
    shown: dict[str, Any] = json.loads(bytes(answer.body))
    if not await reveal(shown, site):
        return answer
    headers = {name: value for name, value in answer.headers.items() if name not in _COMPUTED}
    return JSONResponse(shown, answer.status_code, headers)


async def reveal(shown: dict[str, Any], site: Site, but: Collection[str] = ()) -> bool:
    """Add to the subscriber `shown` the first secrets of their endpoints `but` some; tell whether there was one."""
    signing = {
        endpoint["id"]: endpoint
        for endpoint in shown["endpoints"]
        if endpoint["id"] not in but and signs(site.channels, ChannelName(endpoint["channel"]))
    }
    if not signing:
        return False
    async with begin(site.engine) as connection:
        found = await store.find_all(connection, list(signing))
    for endpoint in found:
        if endpoint.secret_version == _FIRST:
            secret = site.settings.secret.get_secret_value()
            signing[endpoint.public_id]["secret"] = signing_secret(secret, endpoint.id, _FIRST)
    return True
