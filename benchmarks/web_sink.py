"""A fast HTTP sink: takes every POST on kept connections, answers as Twilio or SendGrid do, webhooks with 204."""

from __future__ import annotations

import asyncio
import json
from typing import cast

_MADE = json.dumps(
    {
        "sid": "SM" + "0" * 32,
        "account_sid": "AC" + "0" * 32,
        "status": "queued",
        "body": "",
        "num_segments": "1",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
    }
).encode()
_TEXT = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_MADE), _MADE)
_MAIL = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: bench\r\nContent-Length: 0\r\n\r\n"
_CALL = b"HTTP/1.1 204 No Content\r\n\r\n"
_ANSWERS = ((b"post /2010-04-01/", _TEXT), (b"post /v3/mail/send", _MAIL))


class WebSink(asyncio.Protocol):
    """One connection. What comes is read as far as its length needs, and no further."""

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._rest) < end + 4 + length:
                return
            self._rest = self._rest[end + 4 + length :]
            self._transport.write(next((answer for path, answer in _ANSWERS if head.startswith(path)), _CALL))
