"""A mail sink that remembers: per text how many copies came and when the last one did, and who heard them out of order.

It runs in a process of its own and speaks as much SMTP as a sender needs, with PIPELINING (RFC 5321, RFC 2920).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import cast

from aside import FORK, served

_GREETING = b"220 witness ESMTP\r\n"
_EHLO = b"250-witness\r\n250-PIPELINING\r\n250-SIZE 10485760\r\n250 8BITMIME\r\n"
_OK, _GO_ON, _BYE = b"250 2.0.0 Ok\r\n", b"354 Go on\r\n", b"221 2.0.0 Bye\r\n"
_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one text came to: copies, and the monotonic time of the last one, shared between processes."""

    copies: Synchronized[int]
    last_at: Synchronized[float]


@dataclass(frozen=True, slots=True)
class Witness:
    port: int
    seen: Sequence[Seen]  # of each text, in the order in which they were given
    out_of_order: Synchronized[int]  # copies of an earlier text to somebody who had got a later one


class _Session(asyncio.Protocol):
    def __init__(self, texts: Sequence[bytes], told: Witness, heard: dict[bytes, int]) -> None:
        self._texts, self._told, self._heard = texts, told, heard
        self._rest = b""
        self._recipient = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        answers: list[bytes] = []
        while True:
            mark = _END if self._in_data else b"\r\n"
            part, found, rest = self._rest.partition(mark)
            if not found:
                break
            self._rest = rest
            if self._in_data:
                self._take(part)
                self._in_data = False
                answers.append(_OK)
            else:
                answers.append(self._answer(part))
        if answers:
            self._transport.write(b"".join(answers))

    def _answer(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"EHLO":
                return _EHLO
            case b"RCPT":
                self._recipient = line
            case b"DATA":
                self._in_data = True
                return _GO_ON
            case b"QUIT":
                return _BYE
        return _OK

    def _take(self, mail: bytes) -> None:
        for number, text in enumerate(self._texts):
            if text in mail:
                self._told.seen[number].copies.value += 1
                self._told.seen[number].last_at.value = time.monotonic()
                if self._heard.get(self._recipient, 0) > number:
                    self._told.out_of_order.value += 1
                self._heard[self._recipient] = number
                return


@contextmanager
def witness(port: int, texts: Sequence[bytes]) -> Generator[Witness]:
    """Run a witness of `texts`, each of which stands in mails as it is."""
    seen = [Seen(FORK.Value("i", 0, lock=False), FORK.Value("d", 0.0, lock=False)) for _ in texts]  # type: ignore[arg-type]
    told = Witness(port, seen, FORK.Value("i", 0, lock=False))  # type: ignore[arg-type]
    heard: dict[bytes, int] = {}
    with served(port, lambda: _Session(texts, told, heard)):
        yield told
