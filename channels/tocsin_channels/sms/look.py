"""A text message with what it costs: its encoding, and into how many segments the network cuts it."""

from __future__ import annotations

from tocsin.domain.look import Caution, Look
from tocsin_channels.sms.segments import Encoding
from tocsin_channels.sms.text import Text


def look(text: Text) -> Look:
    """Return what a phone shows of `text`."""
    count = text.count
    content = {
        "text": text.body,
        "encoding": count.encoding.value,
        "segments": count.segments,
        "units": count.units,
        "characters": len(text.body),
    }
    if count.segments == 1:
        return Look(content)
    why = "A character that GSM-7 lacks makes it longer. " if count.encoding is Encoding.UCS_2 else ""
    detail = f"Each text message is paid for as {count.segments}. {why}Shorten the title to send one."
    return Look(content, (Caution("several_segments", detail),))
