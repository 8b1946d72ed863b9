"""Answers that are ready before anyone asks: bytes and headers of one file, as it is, compressed, or known already."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from starlette.types import Scope, Send

from tocsin.web.pages.layout import SECURITY_HEADERS

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "ics": "text/calendar; charset=utf-8",
    "png": "image/png",
}
_FRESH: Final = "public, max-age=0, stale-if-error=86400"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One file as it is sent: as it is, compressed, or not at all where the visitor has it already."""

    status: int
    digest: str
    modified: bytes
    etags: frozenset[str]
    plain: bytes
    packed: bytes
    plain_headers: Headers
    packed_headers: Headers
    unchanged_headers: Headers


def make_answer(
    path: str,
    content: bytes,
    *,
    status: int = 200,
    packed: bytes | None = None,
    modified: str = "",
    more: Mapping[str, str] | None = None,
) -> Answer:
    """Return what is sent for the file `path` with this content, last `modified` at an HTTP date (RFC 9110, 5.6.7)."""
    packed = gzip.compress(content, compresslevel=6, mtime=0) if packed is None else packed
    digest = sha256(content).hexdigest()
    tag, packed_tag = f'"{digest[:24]}"', f'"{digest[:24]}-gz"'
    ending = path.rpartition(".")[2]
    shared = {
        **SECURITY_HEADERS,
        "Cache-Control": _FOR_GOOD if path.startswith("static/") else _FRESH,
        "Vary": "Accept-Encoding",
        **({"Access-Control-Allow-Origin": "*"} if ending == "json" else {}),
        **({"Last-Modified": modified} if modified else {}),
        **(more or {}),
    }
    body = {**shared, "Content-Type": _TYPES[ending]}
    return Answer(
        status=status,
        digest=digest,
        modified=modified.encode(),
        etags=frozenset({tag, packed_tag}),
        plain=content,
        packed=packed,
        plain_headers=_headers({**body, "ETag": tag, "Content-Length": str(len(content))}),
        packed_headers=_headers(
            {**body, "ETag": packed_tag, "Content-Length": str(len(packed)), "Content-Encoding": "gzip"}
        ),
        unchanged_headers=_headers({**shared, "ETag": tag}),
    )


def _headers(headers: Mapping[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Answer a request with `answer`: in a few microseconds, most of which the system takes to send it."""
    accepted = known = since = b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            accepted = value
        elif name == b"if-none-match":
            known = value
        elif name == b"if-modified-since":
            since = value
    method: str = scope["method"]
    status, body = answer.status, b""
    if method not in {"GET", "HEAD"}:
        status, headers = 405, [(b"allow", b"GET, HEAD"), (b"content-length", b"0")]
    elif (known or since) and status == 200 and _is_known(answer, known, since):  # noqa: PLR2004 - HTTP's own number
        status, headers = 304, answer.unchanged_headers
    elif _takes_gzip(accepted):
        headers, body = answer.packed_headers, answer.packed
    else:
        headers, body = answer.plain_headers, answer.plain
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


@lru_cache(maxsize=1024)
def _takes_gzip(accepted: bytes) -> bool:
    for part in accepted.decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _is_known(answer: Answer, known: bytes, since: bytes) -> bool:
    """Tell whether the visitor has it: tags count, a date only where there are none (RFC 9110, 13.2.2)."""
    if not known:
        return since == answer.modified
    tags = {tag.strip().removeprefix("W/") for tag in known.decode("latin-1").split(",")}
    return "*" in tags or any(tag in tags for tag in answer.etags)
