"""How a command reaches a Tocsin: the one of this machine by its home, or any other by TOCSIN_URL and TOCSIN_KEY."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import quote

import httpx
import typer

from tocsin import settings
from tocsin.domain.errors import NotReady, Refused
from tocsin.embedded import local

HomeOption = Annotated[Path | None, typer.Option(help="The folder that holds a local Tocsin's state.")]
UrlOption = Annotated[str, typer.Option(envvar="TOCSIN_URL", help="Another Tocsin's address.")]
KeyOption = Annotated[str, typer.Option(envvar="TOCSIN_KEY", help="A key of it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

_TRIES: Final = 4
_SECONDS: Final = 30.0


class Api:
    """One Tocsin's API; what it refuses is raised in its own words."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}", "User-Agent": "tocsin"}, timeout=_SECONDS
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, path: str, **parameters: str | int) -> dict[str, Any]:
        return self._read(self._ask("GET", path, params=parameters))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post `body` once, however often the network makes us ask: all tries carry one Idempotency-Key."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._read(self._ask("POST", path, json=body, headers=headers))

    def pages(self, path: str, **parameters: str | int) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page after page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **parameters, **cursor)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    @contextmanager
    def stream(self, method: str, path: str, **more: Any) -> Generator[httpx.Response]:
        """Open an answer that is read piece by piece."""
        try:
            with self.client.stream(method, path, **more) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refusal(answer)
                yield answer
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        for left in reversed(range(_TRIES)):
            try:
                answer = self.client.request(method, path, **more)
            except httpx.TransportError as error:
                if not left:
                    raise self._unreachable(error) from error
            else:
                passing = answer.status_code in {429, 503} or (answer.status_code == 409 and _is_under_way(answer))  # noqa: PLR2004
                if not passing or not left:
                    return answer
            time.sleep(0.5)
        raise AssertionError

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            raise _refusal(answer)
        content: dict[str, Any] = answer.json()
        return content

    def _unreachable(self, error: httpx.TransportError) -> NotReady:
        return NotReady(
            f"Nothing answers at {self.url} ({error}). Start it with `tocsin up`, or set TOCSIN_URL and TOCSIN_KEY."
        )


def reach(home: Path | None, url: str, key: str) -> Api:
    """Return the API to talk to; raise CouldNotStart where nothing says which."""
    if url and not key:
        raise Refused("TOCSIN_URL says where, and no TOCSIN_KEY with which key. Set it too.")
    if url:
        return Api(url, key)
    at = home or settings.load().home_directory
    return Api(local.address(at), key or local.key(at))


def named(ref: str) -> str:
    """Return what somebody typed as one part of a path, whatever is in it."""
    return quote(ref, safe="").replace(".", "%2E")


def show(content: Any) -> None:
    """Print JSON as scripts read it."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _is_under_way(answer: httpx.Response) -> bool:
    return answer.request.headers.get("Idempotency-Key", "") != "" and "retry-after" in answer.headers


def _refusal(answer: httpx.Response) -> Refused:
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        return Refused(f"{answer.request.url} answered {answer.status_code}, not as Tocsin does. Check the URL.")
    lines = [str(problem.get("detail", f"It answered {answer.status_code}."))]
    lines += [f"  {one['field']}: {one['detail']}" for one in problem.get("errors", [])[1:]]
    return Refused("\n".join(lines))
