"""Reads the body of an answer, no further than it is worth: its status counts even where the rest never comes."""

from __future__ import annotations

import aiohttp


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the first `most` bytes of a body, or what came of them; a connection with more to come is not kept."""
    content = bytearray()
    try:
        while len(content) < most and (piece := await response.content.read(most - len(content))):
            content += piece
    except (aiohttp.ClientError, OSError):
        response.close()
    if not response.content.at_eof():
        response.close()
    return bytes(content)
