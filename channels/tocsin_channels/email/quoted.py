"""Quoted-printable (RFC 2045, 6.7) for texts with holes: what is put into a hole later needs no encoding."""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Sequence

_COLUMNS = 76


def encode(pieces: Sequence[str]) -> list[bytes]:
    """Encode the pieces of a text; between two of them up to 70 ASCII letters and digits may be put.

    Each hole stands on a line of its own, between soft line breaks, so no line grows beyond 76 columns.
    """
    last = len(pieces) - 1
    return [
        (b"=\r\n" if position > 0 else b"") + _encode(piece) + (b"=\r\n" if position < last else b"")
        for position, piece in enumerate(pieces)
    ]


def _encode(piece: str) -> bytes:
    raw = piece.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    encoded = b2a_qp(raw, quotetabs=False, istext=True)
    lines = encoded.replace(b"\r\n", b"\n").split(b"\n")
    return b"\r\n".join(_undotted(line) for line in lines)


def _undotted(line: bytes) -> bytes:
    """Write a leading dot as "=2E", on a line of its own where the line would grow too long."""
    if not line.startswith(b"."):
        return line
    if len(line) <= _COLUMNS - 2:
        return b"=2E" + line[1:]
    return b"=2E=\r\n" + _undotted(line[1:])
