"""Operators' words for every channel: read once in a process, and what is wrong with them told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import structlog

from tocsin.domain.channel import ChannelName
from tocsin.settings import config_directory, read_policy_file
from tocsin_channels.chat import words as chat
from tocsin_channels.email import words as email
from tocsin_channels.push import words as push
from tocsin_channels.sms import words as sms
from tocsin_channels.social import words as social
from tocsin_channels.templates import Piece, Wording, read_wording

log = structlog.get_logger()

PIECES: Final[Mapping[ChannelName, tuple[Piece, ...]]] = {
    ChannelName.EMAIL: email.PIECES,
    ChannelName.SMS: sms.PIECES,
    ChannelName.SOCIAL: social.PIECES,
    ChannelName.CHAT: chat.PIECES,
    ChannelName.PUSH: push.PIECES,
}


@dataclass(frozen=True, slots=True)
class Read:
    """`faults` says which of the operator's files are not used, where and why, on all channels."""

    wording: Mapping[ChannelName, Wording]
    faults: tuple[str, ...]


def read_words() -> Read:
    """Return the words on every channel that has any, from templates/ in the configuration's folder."""
    return _read(config_directory() / "templates", tuple(map(str, read_policy_file()["audiences"])))


@cache
def _read(folder: Path, audiences: tuple[str, ...]) -> Read:
    wording = {channel: read_wording(folder / channel, pieces, audiences) for channel, pieces in PIECES.items()}
    faults = (*_strangers(folder), *(fault for one in wording.values() for fault in one.faults))
    for fault in faults:
        log.error("template.refused", why=fault)
    return Read(wording, faults)


def _strangers(folder: Path) -> Iterator[str]:
    """Name what lies where nothing reads it."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in PIECES and not path.name.startswith("."):
            yield f"{path.name}: Nothing reads this. There are folders for {', '.join(PIECES)}."
