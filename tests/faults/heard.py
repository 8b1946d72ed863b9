"""What each address heard of one incident: the practice providers' own records, by which every fault is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from faults.records import outbox_of


class Heard(NamedTuple):
    """One message that a provider took: who got it, which version it told, and when."""

    channel: str
    address: str
    version: int
    at: float


def word(marker: str, version: int) -> str:
    """Return what a version is called, so that a message without an id of ours can be told apart."""
    return f"{marker} says {version}."


def heard(home: Path, updates: Sequence[str], marker: str, calls_at: str) -> list[Heard]:
    """Return what was taken of these versions, in the order in which it was taken on each channel."""
    versions = {update: number for number, update in enumerate(updates, 1)}
    found: list[Heard] = []
    with closing(outbox_of(home)) as outbox:
        for update, version in versions.items():
            mails = outbox.execute(
                "SELECT id, recipient, received_at FROM message WHERE message_id >= ? AND message_id < ?",
                (f"{update}.", f"{update}/"),
            )
            found += [Heard("email", to, version, at) for _, to, at in mails]
            calls = outbox.execute(
                "SELECT name, received_at FROM webhook_call WHERE kept AND webhook_id >= ? AND webhook_id < ?",
                (f"msg_{update}_", f"msg_{update}`"),
            )
            found += [Heard("webhook", f"{calls_at}/webhook/{name}", version, at) for name, at in calls]
            posts = outbox.execute(
                "SELECT channel, received_at FROM chat_post WHERE message >= ? AND message < ?",
                (f"{update}.", f"{update}/"),
            )
            found += [Heard("chat", f"slack:{channel}", version, at) for channel, at in posts]
            texts = outbox.execute(
                "SELECT recipient, received_at FROM sms_text WHERE sid <> '' AND body LIKE ?",
                (f"%{word(marker, version)}%",),
            )
            found += [Heard("sms", to, version, at) for to, at in texts]
    return sorted(found, key=lambda one: one.at)


def count_heard(home: Path, update: str) -> int:
    """Return how many mails of one version were taken so far."""
    with closing(outbox_of(home)) as outbox:
        found = outbox.execute(
            "SELECT count(*) FROM message WHERE message_id >= ? AND message_id < ?", (f"{update}.", f"{update}/")
        )
        number: int = found.fetchone()[0]
        return number


def by_address(found: Sequence[Heard]) -> Mapping[tuple[str, str], list[Heard]]:
    """Return what each address heard, in its order."""
    sorted_out: dict[tuple[str, str], list[Heard]] = defaultdict(list)
    for one in found:
        sorted_out[one.channel, one.address].append(one)
    return sorted_out
