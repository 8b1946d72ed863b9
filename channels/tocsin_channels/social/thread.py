"""What an account has posted about one incident, kept as the delivery's thread, and how often it may post again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tocsin.domain.errors import GiveUp, TryAgain
from tocsin.domain.incident import Status


@dataclass(frozen=True, slots=True)
class Place:
    """A post as its network names it; `seal` is the hash that Bluesky wants besides."""

    id: str
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """`posts` were made, the newest at `at` (seconds since 1970); the next one replies to `last`, if that is known."""

    root: Place | None = None
    last: Place | None = None
    posts: int = 0
    at: float = 0.0

    @classmethod
    def read(cls, state: str) -> Thread:
        """Return what `write` wrote; anything else is a thread that has not begun."""
        try:
            kept = json.loads(state)
            return cls(_place(kept["root"]), _place(kept["last"]), int(kept["posts"]), float(kept["at"]))
        except (ValueError, TypeError, KeyError, LookupError, OverflowError):
            return cls()

    def write(self) -> str:
        named = {"root": _named(self.root), "last": _named(self.last), "posts": self.posts, "at": round(self.at, 1)}
        return json.dumps(named, separators=(",", ":"))

    def after(self, place: Place | None, now: float, *, anew: bool = False) -> Thread:
        """Return the thread with one more post; a post whose name is unknown leaves the next one replying as before."""
        if place is None:
            return Thread(self.root, self.last, self.posts + 1, now)
        return Thread(place if anew or self.root is None else self.root, place, self.posts + 1, now)


@dataclass(frozen=True, slots=True)
class Restraint:
    """At most `most` posts about an incident and `gap` seconds between two of them; its end is always posted."""

    gap: float = 60.0
    most: int = 8

    def hold_back(self, thread: Thread, status: Status, now: float) -> None:
        """Raise TryAgain or GiveUp where the next post has to wait or is one too many."""
        is_the_end = not status.is_open and status is not Status.POSTMORTEM
        if is_the_end or not thread.posts:
            return
        if thread.posts >= self.most:
            raise GiveUp(
                f"This account has posted {thread.posts} times about this incident, and social.most_posts is "
                f"{self.most}. Its resolution will be posted all the same."
            )
        left = thread.at + self.gap - now
        if 0 < left <= self.gap:
            raise TryAgain(
                f"The last post about this incident is {now - thread.at:.0f} s old, and social.gap_seconds is "
                f"{self.gap:.0f}.",
                retry_after=left,
            )


def _named(place: Place | None) -> list[str] | None:
    return None if place is None else [place.id, place.seal]


def _place(named: Any) -> Place | None:
    if named is None:
        return None
    name, seal = named
    return Place(str(name), str(seal))
