"""What stands in a journal, as bytes: frames that prove themselves whole, each a few entries written at once.

A frame is its length, a CRC-32 and its entries. The first frame says whose journal it is. Numbers are little-endian;
an attempt is named by its token once and by a short number of this file's own, its slot, from there on.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    AskAgain,
    DeliveryError,
    GiveUp,
    OptedOut,
    ProviderDown,
    TooFast,
    TryAgain,
)

_FRAME: Final = struct.Struct("<II")
_OPENS: Final = struct.Struct("<BHQI16s")
_TELLS: Final = struct.Struct("<BH")
_BEGINS: Final = struct.Struct("<BHH")
_ENDS: Final = struct.Struct("<BH")
_TAKEN: Final = struct.Struct("<BHIhB")
_OTHER: Final = struct.Struct("<BHIH")
_NO_CODE: Final = -1
_CODES: Final = range(32_768)
_LONGEST_NAME: Final = 255
_MOST_TEXT: Final = 60_000
_SAID: Final = ("note", "code", "retry_after", "gate", "unlisted")
_NOTHING_MORE: Final = Accepted()[2:]

_ERRORS: Final[dict[str, type[DeliveryError]]] = {
    "opted_out": OptedOut,
    "address_dead": AddressDead,
    "provider_down": ProviderDown,
    "too_fast": TooFast,
    "ask_again": AskAgain,
    "try_again": TryAgain,
    "give_up": GiveUp,
    "ambiguous": Ambiguous,
}


class Whose(NamedTuple):
    """The database that a journal's attempts are in, and the life of the machine that it was written in."""

    database: str
    boot: str


class Opens(NamedTuple):
    """An attempt of `size` messages is about to be sent; `seal` is the digest of who is in it."""

    slot: int
    token: int
    size: int
    seal: bytes


class Tells(NamedTuple):
    """From here on each message of an attempt begins before it goes out."""

    slot: int


class Begin(NamedTuple):
    slot: int
    indexes: tuple[int, ...]


class Ends(NamedTuple):
    """Nothing more of an attempt begins, though its process lives: its lease ran out."""

    slot: int


class Answer(NamedTuple):
    slot: int
    at: int
    result: Result


Entry = Whose | Opens | Tells | Begin | Ends | Answer


class Read(NamedTuple):
    """What could be read: `torn` where the last frame was not finished, `broken` where something is no frame."""

    entries: list[Entry]
    torn: bool
    broken: bool


def frame(entries: bytes) -> bytes:
    return _FRAME.pack(len(entries), zlib.crc32(entries)) + entries


def whose(of: Whose) -> bytes:
    return b"\0" + json.dumps({"tocsin": 1, **of._asdict()}).encode()


def opens(entry: Opens) -> bytes:
    return _OPENS.pack(1, *entry)


def tells(slot: int) -> bytes:
    return _TELLS.pack(2, slot)


def begins(slot: int, indexes: Sequence[int]) -> bytes:
    return _BEGINS.pack(3, slot, len(indexes)) + struct.pack(f"<{len(indexes)}I", *indexes)


def ends(slot: int) -> bytes:
    return _ENDS.pack(6, slot)


def answer(slot: int, index: int, result: Result) -> bytes:
    if isinstance(result, Accepted) and result[2:] == _NOTHING_MORE:
        name = result.provider_id.encode(errors="replace")
        code = _NO_CODE if result.code is None else result.code
        if len(name) <= _LONGEST_NAME and (code in _CODES or code == _NO_CODE):
            return _TAKEN.pack(4, slot, index, code, len(name)) + name
    text = json.dumps(_as_json(result)).encode()
    if len(text) > _MOST_TEXT:  # the answer counts more than its words
        text = json.dumps(_as_json(_without_words(result))).encode()
    return _OTHER.pack(5, slot, index, len(text)) + text


def read(data: bytes) -> Read:
    """Read as far as every byte can be trusted."""
    entries: list[Entry] = []
    at = 0
    while at < len(data):
        body = at + _FRAME.size
        if body > len(data):
            return Read(entries, torn=True, broken=False)
        length, crc = _FRAME.unpack_from(data, at)
        at = body + length
        if at > len(data):
            return Read(entries, torn=True, broken=False)
        if not length or zlib.crc32(data[body:at]) != crc:  # zeros are what a crash of the machine leaves
            return Read(entries, torn=False, broken=True)
        try:
            entries += _entries(data[body:at])
        except (struct.error, ValueError, KeyError, TypeError):  # whole, and of another release
            return Read(entries, torn=False, broken=True)
    return Read(entries, torn=False, broken=False)


def _entries(data: bytes) -> list[Entry]:
    found: list[Entry] = []
    at = 0
    while at < len(data):
        entry, at = _READERS[data[at]](data, at)
        found.append(entry)
    return found


def _read_whose(data: bytes, at: int) -> tuple[Entry, int]:
    said: dict[str, Any] = json.loads(data[at + 1 :])
    if said["tocsin"] != 1:
        raise ValueError("a journal of another release")
    return Whose(str(said["database"]), str(said["boot"])), len(data)


def _read_opens(data: bytes, at: int) -> tuple[Entry, int]:
    _, slot, token, size, seal = _OPENS.unpack_from(data, at)
    return Opens(slot, token, size, seal), at + _OPENS.size


def _read_tells(data: bytes, at: int) -> tuple[Entry, int]:
    return Tells(_TELLS.unpack_from(data, at)[1]), at + _TELLS.size


def _read_begins(data: bytes, at: int) -> tuple[Entry, int]:
    _, slot, count = _BEGINS.unpack_from(data, at)
    at += _BEGINS.size
    return Begin(slot, struct.unpack_from(f"<{count}I", data, at)), at + 4 * count


def _read_ends(data: bytes, at: int) -> tuple[Entry, int]:
    return Ends(_ENDS.unpack_from(data, at)[1]), at + _ENDS.size


def _read_taken(data: bytes, at: int) -> tuple[Entry, int]:
    _, slot, index, code, length = _TAKEN.unpack_from(data, at)
    at += _TAKEN.size
    name = _text(data, at, length)
    return Answer(slot, index, Accepted(name, None if code == _NO_CODE else code)), at + length


def _read_other(data: bytes, at: int) -> tuple[Entry, int]:
    _, slot, index, length = _OTHER.unpack_from(data, at)
    at += _OTHER.size
    return Answer(slot, index, _from_json(json.loads(_text(data, at, length)))), at + length


def _text(data: bytes, at: int, length: int) -> str:
    if at + length > len(data):
        raise ValueError("it ends too soon")
    return data[at : at + length].decode()


_READERS: Final[dict[int, Callable[[bytes, int], tuple[Entry, int]]]] = dict(
    enumerate((_read_whose, _read_opens, _read_tells, _read_begins, _read_taken, _read_other, _read_ends))
)


def _as_json(result: Result) -> list[Any]:
    if isinstance(result, Accepted):
        return ["accepted", *result]
    name = next((name for name, kind in _ERRORS.items() if isinstance(result, kind)), "give_up")
    said = {word: value for word in _SAID if (value := getattr(result, word, None)) is not None}
    return [name, said, result.cleared]


def _from_json(said: list[Any]) -> Result:
    name, *more = said
    if name == "accepted":
        return Accepted(*more)
    error = _ERRORS[name](**more[0])
    error.cleared = True in more[1:]  # earlier releases did not say so
    return error


def _without_words(result: Result) -> Result:
    if isinstance(result, Accepted):
        return Accepted("", result.code)
    kind = next((kind for kind in _ERRORS.values() if isinstance(result, kind)), GiveUp)
    cut = kind(result.note[:1000], code=result.code)
    cut.cleared = result.cleared
    return cut
