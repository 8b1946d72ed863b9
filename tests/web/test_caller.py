"""Whom a request is counted for, whatever it says of itself."""

from __future__ import annotations

from itertools import cycle

import httpx
import pytest
from fastapi import FastAPI, Request

from tocsin.web.caller import believe_proxies, caller_network

PROXIES = ["127.0.0.1", "10.0.0.0/8", "2606:4700::/32"]


async def counted(peer: str, *forwarded: str, proxies: list[str] = PROXIES) -> str:
    """Return whom a request from `peer` with these lines of X-Forwarded-For is counted for."""
    app = FastAPI()
    believe_proxies(app, proxies)

    @app.get("/")
    def _(request: Request) -> str:
        return caller_network(request)

    transport = httpx.ASGITransport(app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:
        lines = zip(cycle(["X-Forwarded-For"]), forwarded, strict=False)
        return str((await client.get("/", headers=list(lines))).json())


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("93.184.216.34", [], "93.184.216.0/24"),
        ("93.184.216.34", ["8.8.8.8"], "93.184.216.0/24"),  # it is no proxy of ours
        ("192.168.1.20", ["8.8.8.8"], "192.168.1.0/24"),  # private, and yet none of ours
        ("10.0.0.5", ["8.8.8.8"], "8.8.8.0/24"),
        ("10.0.0.5", ["1.1.1.1, 8.8.8.8, 10.0.0.7"], "8.8.8.0/24"),
        ("10.0.0.5", ["1.1.1.1", "8.8.8.8"], "8.8.8.0/24"),  # in two lines
        ("10.0.0.5", ["1.1.1.1, 8.8.8.8:50123"], "8.8.8.0/24"),  # some proxies write the port
        ("10.0.0.5", ["1.1.1.1, 192.168.1.20"], "192.168.1.0/24"),
        ("10.0.0.5", ["1.1.1.1, nonsense"], "unknown"),
        ("10.0.0.5", [""], "10.0.0.0/24"),
        ("10.0.0.5", [], "10.0.0.0/24"),
        ("2606:4700::1", ["1.1.1.1, 2a00:1450:4001:81b::200e"], "2a00:1450:4001:81b::/64"),
        ("2a00:1450:4001:81b::200e", ["1.1.1.1"], "2a00:1450:4001:81b::/64"),
        ("::ffff:93.184.216.34", ["1.1.1.1"], "93.184.216.0/24"),
        ("fe80::1%eth0", [], "fe80::/64"),
    ],
)
async def test_a_caller_is_counted_by_the_network_that_nobody_can_make_up(
    peer: str, forwarded: list[str], network: str
) -> None:
    assert await counted(peer, *forwarded) == network


async def test_where_no_proxy_is_ours_no_header_is_believed() -> None:
    assert await counted("127.0.0.1", "8.8.8.8", proxies=[]) == "127.0.0.0/24"
