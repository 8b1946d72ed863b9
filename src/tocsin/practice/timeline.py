"""The practice networks' posts as people see them: threads, the one with the newest post first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin.practice.social_behaviour import Behaviour, behaviour_of, domain_of
from tocsin.practice.social_log import Asked, posted

_NAMES = {"x": "X", "mastodon": "Mastodon", "bluesky": "Bluesky"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One post, its text cut where the network makes links."""

    asked: Asked
    pieces: tuple[tuple[str, bool], ...]  # (words, whether they are a link)


@dataclass(frozen=True, slots=True)
class Thread:
    network: str
    handle: str
    behaviour: Behaviour
    posts: tuple[Shown, ...]


def read_threads(outbox: Path, limit: int = 50) -> list[Thread]:
    """Return the threads of the newest posts."""
    threads: dict[tuple[str, str], list[Asked]] = {}
    begun: dict[tuple[str, str], tuple[str, str]] = {}
    for asked in posted(outbox):
        own = (asked.network, asked.post)
        root = begun.get((asked.network, asked.reply_to), own)
        begun[own] = root
        threads.setdefault(root, []).append(asked)
    newest_first = sorted(threads.values(), key=lambda posts: posts[-1].id, reverse=True)
    return [_thread(posts) for posts in newest_first[:limit]]


def network_name(network: str) -> str:
    return _NAMES.get(network, network)


def _thread(posts: Sequence[Asked]) -> Thread:
    first = posts[0]
    handle = f"@{first.account}{domain_of(first.network)}"
    shown = tuple(Shown(asked, _pieces(asked)) for asked in posts)
    return Thread(network_name(first.network), handle, behaviour_of(first.account), shown)


def _pieces(asked: Asked) -> tuple[tuple[str, bool], ...]:
    pieces: list[tuple[str, bool]] = []
    rest = asked.text
    for link in asked.link.split():
        before, found, rest = rest.partition(link)
        pieces += [(before, False), (found, True)]
    return tuple(piece for piece in (*pieces, (rest, False)) if piece[0])
