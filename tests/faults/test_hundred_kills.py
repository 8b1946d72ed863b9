"""A hundred workers are killed, each in the middle of attempts of its own, while a hundred thousand mails go out.

The mail server's own record is the judge. It prints how far it has come, and its figures at the end.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from faults.heard import count_heard
from faults.mail_judge import Mails, judge
from faults.records import ask, outbox_of
from faults.report import STEPS, Line
from faults.stage import subscriber
from tocsin_up import Up, until

NAME = "a hundred workers are killed, each over attempts of its own, among a hundred thousand mails"
PEOPLE, VERSIONS, KILLS_EACH = 10_000, 10, 10
MOST_VERSIONS = 40  # a fast machine has sent a version before it was killed over ten times
MOST_COPIES_A_KILL = 64
APART = 150  # messages that go out between two kills, at least
LATEST = PEOPLE * 97 // 100  # of a version's messages are out: there is hardly anything to kill over
AT_ONCE = 5_000  # people that one import brings
LONGEST_SECONDS = 150.0  # of one version, its ten kills included


@dataclass
class Killed:
    """What the kills hit: processes, and the attempts that each had open when it died."""

    workers: set[str] = field(default_factory=set[str])
    attempts: set[int] = field(default_factory=set[int])
    kills: int = 0
    in_hand: int = 0  # messages of attempts that were open at a kill


@pytest.fixture
def up() -> Iterator[Up]:
    with TemporaryDirectory(prefix="tocsin-kills-") as folder, Up(Path(folder) / "home") as started:
        started.wait()
        subscribe(started)
        yield started
        assert started.end() == 0


def subscribe(up: Up) -> None:
    with up.client() as client:
        for first in range(0, PEOPLE, AT_ONCE):
            lines = [subscriber("email", f"p{number}@example.com") for number in range(first, first + AT_ONCE)]
            answer = client.post(
                "/v1/subscribers/import",
                content="\n".join(lines).encode(),
                headers={"Content-Type": "application/x-ndjson"},
                timeout=120,
            )
            assert json.loads(answer.text.splitlines()[-1])["summary"]["created"] == AT_ONCE


def publish(up: Up, version: int) -> str:
    """Say something new, every second time of the incident before; return the update."""
    ask(up.home, "UPDATE clock SET shift = shift + interval '1 hour'")
    body = {"body": f"This is version {version}.", "audiences": ["customers"], "severity": "sev1"}
    where = "/v1/incidents" if version % 2 else f"/v1/incidents/INC-{version // 2}/updates"
    with up.client() as client:
        answer = client.post(where, json=body | ({"title": "Checkout is failing"} if version % 2 else {}))
    assert answer.status_code == 202, answer.text
    update: str = answer.json()["update_id"]
    return update


def kill_one(up: Up, killed: Killed) -> bool:
    """Kill the process that has most in hand; return whether an attempt of its was open and stayed so."""
    open_now = ask(
        up.home,
        """SELECT worker, array_agg(id) AS ids, sum(cardinality(messages))::int AS n FROM attempt
        WHERE finished_at IS NULL AND channel = 'email' GROUP BY 1 ORDER BY 3 DESC""",
    )
    alive = [row for row in open_now if row["worker"] not in killed.workers]
    if not alive:
        return False
    victim = alive[0]
    pid = int(victim["worker"].split(":")[1])
    if pid in up.descendants():
        os.kill(pid, signal.SIGKILL)
    killed.workers.add(victim["worker"])
    time.sleep(0.05)  # what the database had been told before comes to its end
    left = ask(
        up.home,
        f"""SELECT id, cardinality(messages) AS n FROM attempt WHERE worker = '{victim["worker"]}'
        AND (finished_at IS NULL OR lost)""",
    )
    killed.attempts |= {row["id"] for row in left}
    killed.in_hand += sum(row["n"] for row in left)
    killed.kills += bool(left)
    return bool(left)


def has_taken(up: Up, update: str, enough: int) -> bool:
    return count_heard(up.home, update) >= enough


def kill_or_end(up: Up, update: str, killed: Killed) -> bool:
    return kill_one(up, killed) or has_taken(up, update, PEOPLE)


def suffer(up: Up, version: int, killed: Killed) -> tuple[str, Mails, float]:
    """Tell everybody one version, and kill ten times meanwhile."""
    began = time.monotonic()
    update = publish(up, version)
    enough, wanted = 0, min(version, VERSIONS) * KILLS_EACH - killed.kills
    for number in range(wanted):
        enough = max(PEOPLE * (2 * number + 1) // (2 * wanted + 2), enough + APART)
        if enough > LATEST:  # the next version has the rest
            break
        until(partial(has_taken, up, update, enough), "messages are in flight", seconds=LONGEST_SECONDS)
        until(partial(kill_or_end, up, update, killed), "a worker died over its mail", seconds=LONGEST_SECONDS)
        enough = count_heard(up.home, update)

    def is_done() -> bool:
        with up.client() as client:
            progress = client.get(f"/v1/incidents/INC-{(version + 1) // 2}/progress").json()
        return bool(progress["done"])

    until(is_done, "everything has come to its end", seconds=LONGEST_SECONDS)
    return update, judge(up.home, update), time.monotonic() - began


def without_a_kill(up: Up, killed: Killed) -> int:
    """Return how many labels there are that no killed attempt explains."""
    ids = ",".join(map(str, sorted(killed.attempts)))
    [row] = ask(
        up.home,
        f"""SELECT count(*)::int AS n FROM delivery d WHERE d.unknowns > 0 AND NOT EXISTS (
          SELECT FROM attempt a, unnest(a.updates, a.endpoints) x (u, e)
          WHERE a.id IN ({ids}) AND a.lost AND (x.u, x.e) = (d.update_id, d.endpoint_id))""",
    )
    n: int = row["n"]
    return n


def heard_nothing(up: Up, updates: Sequence[str]) -> int:
    """Return how many of the messages that people were owed the server has never seen."""
    missing = 0
    with closing(outbox_of(up.home)) as outbox:
        for update in updates:
            seen = outbox.execute(
                "SELECT count(DISTINCT recipient) FROM message WHERE message_id LIKE ?", (f"{update}.%",)
            ).fetchone()[0]
            missing += PEOPLE - seen
    return missing


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_a_hundred_kills_lose_nothing_and_double_little(up: Up) -> None:
    killed, updates = Killed(), list[str]()
    copies = labels = 0
    began = time.monotonic()
    version = 0
    while version < VERSIONS or (killed.kills < VERSIONS * KILLS_EACH and version < MOST_VERSIONS):
        version += 1
        update, verdict, seconds = suffer(up, version, killed)
        updates.append(update)
        copies, labels = copies + verdict.twice, labels + verdict.labelled
        print(  # noqa: T201 - who waits for minutes wants to see it go on
            f"version {version}: {verdict.seen:,} seen, {killed.kills} kills so far, heard twice {verdict.twice}, "
            f"labelled {verdict.labelled}, {seconds:.0f} s",
            flush=True,
        )
        assert verdict.lost == []
        assert verdict.unlabelled == []
        assert verdict.different_ids == []
        assert verdict.most <= 2
        assert verdict.unfinished == 0
        assert verdict.owed == PEOPLE
    lost, unexplained = heard_nothing(up, updates), without_a_kill(up, killed)
    minutes = (time.monotonic() - began) / 60
    print(  # noqa: T201
        f"{PEOPLE * len(updates):,} deliveries, {killed.kills} kills with {killed.in_hand:,} messages in hand, "
        f"{minutes:.1f} minutes: lost {lost}, heard twice {copies}, labelled {labels}, "
        f"labels without a kill {unexplained}",
        flush=True,
    )
    figures = {"kills": killed.kills, "in hand": killed.in_hand, "minutes": minutes}
    STEPS.append(Line(2, NAME, PEOPLE * len(updates), lost, copies_labelled=copies, labels=labels, figures=figures))
    assert killed.kills == VERSIONS * KILLS_EACH
    assert (lost, unexplained) == (0, 0)
    assert copies <= killed.kills * MOST_COPIES_A_KILL
