"""Hands out the status page from memory: no database, no template, no cookie, whatever else is down.

The worker writes the page to a folder, first of all a stamp, which carries what is new; a new stamp is noticed within
five milliseconds. This stands in front of the application, so that a visitor in an outage costs next to nothing.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import time
import zlib
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.domain.page import page_path
from tocsin.web.pages.layout import ASSETS, templates_in
from tocsin.web.pages.reader import languages
from tocsin.web.pages.ready import Answer, make_answer, send_answer

log = structlog.get_logger()

_STAMP: Final = "stamp.json"
_LOOK_EVERY_SECONDS: Final = 0.005


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
        if answer is None and "/incidents/" in path:
            answer = self._answers.get(f"{path.partition('/incidents/')[0]}/404")  # in the language of the address
        if answer is None:
            await self._app(scope, receive, send)
            return
        await send_answer(answer, scope, send)

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
    stamp = json.loads((directory / _STAMP).read_bytes())
    hashes: Mapping[str, str] = stamp["files"]
    carried: Mapping[str, str] = stamp.get("carried", {})
    answers = dict(_assets())
    for path, digest in hashes.items():
        address = _address(path)
        known = before.get(address)
        if known is not None and known.digest == digest:
            answers[address] = known
            continue
        found = _carried(directory, carried[path]) if path in carried else _held(directory, path)
        if must_be_whole and sha256(found.content).hexdigest() != digest:
            return None
        # A date has whole seconds: the second text of one second goes without, or it would be taken for the first.
        modified = formatdate(found.written_at, usegmt=True)
        if known is not None and known.modified == modified.encode():
            modified = ""
        status = 404 if address.endswith("/404") else 200
        answers[address] = make_answer(path, found.content, status=status, packed=found.packed, modified=modified)
    # Whoever leaves the last stroke out is answered too: /de is /de/.
    return answers | {address.rstrip("/"): answer for address, answer in answers.items() if address.endswith("/")}


class _Found(NamedTuple):
    content: bytes
    packed: bytes
    written_at: float


def _carried(directory: Path, said: str) -> _Found:
    """Return a file that came with the stamp; raise ValueError where it cannot be read."""
    packed = base64.b64decode(said)
    try:
        content = gzip.decompress(packed)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"What the stamp carries is broken: {error}") from error
    return _Found(content, packed, (directory / _STAMP).stat().st_mtime)


def _held(directory: Path, path: str) -> _Found:
    """Return a file of the folder."""
    file = _own(directory, path)
    content = file.read_bytes()
    return _Found(content, _packed(_own(directory, f"{path}.gz"), content), file.stat().st_mtime)


def _own(directory: Path, path: str) -> Path:
    """Return the folder's file `path`; raise ValueError where it lies outside, by its name or by a link."""
    file = directory / path
    if not file.resolve().is_relative_to(directory.resolve()):
        raise ValueError(f"{path} is not in the folder of the page.")
    return file


def _packed(path: Path, content: bytes) -> bytes:
    try:
        packed = path.read_bytes()
        if gzip.decompress(packed) == content:
            return packed
    except (OSError, EOFError, zlib.error):
        pass
    return gzip.compress(content, compresslevel=6, mtime=0)


def _address(path: str) -> str:
    if path.rpartition("/")[2] == "index.html":
        return f"/{path.removesuffix('index.html')}"
    return f"/{path.removesuffix('.html')}"


@lru_cache(maxsize=1)
def _assets() -> dict[str, Answer]:
    answers = {address: make_answer(address.removeprefix("/"), content) for address, content in ASSETS.items()}
    icon = next(address for address in ASSETS if address.startswith("/static/icon."))
    return {**answers, "/favicon.ico": make_answer("icon.svg", ASSETS[icon])}  # browsers ask for it unasked


def _before_the_first_page(brand: str) -> dict[str, Answer]:
    """Return what is said until a worker has written the first page."""
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
    pages: dict[str, Answer] = {}
    for language in languages():
        html = templates_in(language).get_template("first_page.html").render(brand=brand).encode()
        page = make_answer("index.html", html, more=again)
        pages |= {page_path(language, path): page for path in ("", "history", "404")}
    read = [f"/api/v2/{name}.json" for name in names] + ["/badge.svg", "/embed.json"]
    read += ["/history.atom", "/history.rss", "/maintenance.ics"]
    return {**_assets(), **pages, **dict.fromkeys(read, waiting)}
