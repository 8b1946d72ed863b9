"""Hands out the status page from memory: no database, no template, no cookie, whatever else is down.

The worker writes the page to a folder and a stamp last; a new stamp is noticed within a twentieth of a second. This
stands in front of the application, so that a visitor in an outage costs next to nothing.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.web.pages.layout import ASSETS, SECURITY_HEADERS, templates

log = structlog.get_logger()

_STAMP: Final = "stamp.json"
_LOOK_EVERY_SECONDS: Final = 0.05
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
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
    etags: frozenset[str]
    plain: bytes
    packed: bytes
    plain_headers: Headers
    packed_headers: Headers
    unchanged_headers: Headers


class StatusPages:
    """ASGI middleware that answers the public addresses itself and passes everything else on to `app`."""

    def __init__(self, app: ASGIApp, directory: Path, brand: str) -> None:
        self._app = app
        self._directory = directory
        self._answers = _before_the_first_page(brand)
        self._stamp = self._warned_of = (0, 0, 0)
        self._looked_at = 0.0
        self._whole = False
        self._look()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_EVERY_SECONDS:
            self._looked_at = now
            self._look()
        path: str = scope["path"]
        answer = self._answers.get(path)
        if answer is None and path.startswith("/incidents/"):
            answer = self._answers["/404"]
        if answer is None:
            await self._app(scope, receive, send)
            return
        await _send(answer, scope, send)

    def _look(self) -> None:
        """Take over the folder's page where its stamp is new and it is there as a whole."""
        try:
            found = os.stat(self._directory / _STAMP)  # noqa: PTH116 - a tenth of Path.stat's own work
        except OSError:
            return  # not rendered yet, or the disk is gone: what is in memory stays
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        if stamp == self._stamp:
            return
        try:
            answers = _read(self._directory, self._answers, must_be_whole=self._whole)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if stamp != self._warned_of:
                log.warning("page.unreadable", directory=str(self._directory), error=str(error))
            self._warned_of = stamp
            return
        if answers is not None:
            self._answers, self._stamp, self._whole = answers, stamp, True


def _read(directory: Path, before: Mapping[str, Answer], *, must_be_whole: bool) -> dict[str, Answer] | None:
    """Return address → answer; None where a file is not the one that the stamp names: the next page is on its way."""
    hashes: Mapping[str, str] = json.loads((directory / _STAMP).read_bytes())["files"]
    answers = dict(_assets())
    for path, digest in hashes.items():
        address = _address(path)
        known = before.get(address)
        if known is not None and known.digest == digest:
            answers[address] = known
            continue
        content = (directory / path).read_bytes()
        if must_be_whole and sha256(content).hexdigest() != digest:
            return None
        status = 404 if address == "/404" else 200
        answers[address] = make_answer(path, content, status=status, packed=_packed(directory / f"{path}.gz", content))
    return answers


def _packed(path: Path, content: bytes) -> bytes:
    try:
        packed = path.read_bytes()
        if gzip.decompress(packed) == content:
            return packed
    except (OSError, EOFError):
        pass
    return gzip.compress(content, compresslevel=6, mtime=0)


def _address(path: str) -> str:
    if path == "index.html":
        return "/"
    return f"/{path.removesuffix('.html')}"


def make_answer(
    path: str, content: bytes, *, status: int = 200, packed: bytes | None = None, more: Mapping[str, str] | None = None
) -> Answer:
    """Return what is sent for the file `path` with this content."""
    packed = gzip.compress(content, compresslevel=6, mtime=0) if packed is None else packed
    digest = sha256(content).hexdigest()
    tag, packed_tag = f'"{digest[:24]}"', f'"{digest[:24]}-gz"'
    ending = path.rpartition(".")[2]
    shared = {
        **SECURITY_HEADERS,
        "Cache-Control": _FOR_GOOD if path.startswith("static/") else _FRESH,
        "Vary": "Accept-Encoding",
        **({"Access-Control-Allow-Origin": "*"} if ending == "json" else {}),
        **(more or {}),
    }
    body = {**shared, "Content-Type": _TYPES[ending]}
    return Answer(
        status=status,
        digest=digest,
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


async def _send(answer: Answer, scope: Scope, send: Send) -> None:
    accepted = known = b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            accepted = value
        elif name == b"if-none-match":
            known = value
    method: str = scope["method"]
    status, body = answer.status, b""
    if method not in {"GET", "HEAD"}:
        status, headers = 405, [(b"allow", b"GET, HEAD"), (b"content-length", b"0")]
    elif known and status == 200 and _has(known, answer.etags):  # noqa: PLR2004 - HTTP's own number
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


def _has(known: bytes, etags: Iterable[str]) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in known.decode("latin-1").split(",")}
    return "*" in tags or any(tag in tags for tag in etags)


@lru_cache(maxsize=1)
def _assets() -> dict[str, Answer]:
    answers = {address: make_answer(address.removeprefix("/"), content) for address, content in ASSETS.items()}
    icon = next(address for address in ASSETS if address.startswith("/static/icon."))
    return {**answers, "/favicon.ico": make_answer("icon.svg", ASSETS[icon])}  # browsers ask for it unasked


def _before_the_first_page(brand: str) -> dict[str, Answer]:
    """Return what is said until a worker has written the first page."""
    html = templates.get_template("first_page.html").render(brand=brand).encode()
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": "Not ready",
        "status": 503,
        "detail": "The first status page is being made. Ask again in a few seconds.",
    }
    again = {"Retry-After": "2", "Cache-Control": "no-store"}
    names = ["summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances"]
    names += ["scheduled-maintenances/upcoming", "scheduled-maintenances/active"]
    waiting = make_answer("x.json", json.dumps(problem).encode(), status=503, more=again)
    page = make_answer("index.html", html, more=again)
    return {
        **_assets(),
        **dict.fromkeys(["/", "/history", "/404"], page),
        **{f"/api/v2/{n}.json": waiting for n in names},
    }
