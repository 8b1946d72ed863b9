"""Whom a request is counted for: the network it comes from, which nobody can make up by what they write in a header."""

from __future__ import annotations

from fastapi import FastAPI, Request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tocsin.domain.asking import network_of


def believe_proxies(app: FastAPI, proxies: list[str]) -> None:
    """Have `app` read X-Forwarded-For where one of `proxies`, addresses or networks, hands it on, and nowhere else.

    Each proxy adds at its end whom it heard from, so the last address there that is none of theirs is the caller's;
    what stands before it may be anything.
    """
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)


def caller_network(request: Request) -> str:
    """Return the /24 or /64 of the caller; those without an address that can be read share one name."""
    return network_of(request.client.host if request.client else "")
