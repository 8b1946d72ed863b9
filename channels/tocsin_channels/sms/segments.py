"""How many messages the network makes of a text: each is paid for, and 160 characters are not always 160.

Sources: 3GPP TS 23.038 and 23.040. A text that doesn't fit into one message loses room in each for a header that puts
them together again, and no character is torn apart between two.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from tocsin_channels.sms import gsm


class Encoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


class Count(NamedTuple):
    """`units` are septets in GSM-7, UTF-16 units in UCS-2."""

    segments: int
    encoding: Encoding
    units: int

    def __str__(self) -> str:
        """Return what an operator reads in the ledger."""
        return f"{self.segments} {'segment' if self.segments == 1 else 'segments'} of {self.encoding}"


# Units in a message that stands alone, and in one of several.
_ROOM: Final = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}
_BEYOND_ONE_UNIT: Final = "\uffff"


def count(text: str) -> Count:
    """Return how many segments `text` takes as it stands; none is sent of an empty one, and it still counts as one."""
    if gsm.fits(text):
        encoding = Encoding.GSM_7
        sizes = [2 if character in gsm.EXTENSION else 1 for character in text]
    else:
        encoding = Encoding.UCS_2
        sizes = [2 if character > _BEYOND_ONE_UNIT else 1 for character in text]
    alone, joined = _ROOM[encoding]
    units = sum(sizes)
    return Count(1 if units <= alone else _pack(sizes, joined), encoding, units)


def _pack(sizes: Iterable[int], room: int) -> int:
    segments, used = 1, 0
    for size in sizes:
        if used + size > room:
            segments, used = segments + 1, 0
        used += size
    return segments
