"""One fault on the stage: an incident of its own, a load in flight, the fault, the way back, and the judgement."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from faults.heard import count_heard, heard, word
from faults.proxy import Mood
from faults.records import ask
from faults.stage import Stage
from faults.verdict import Verdict, judge_all
from tocsin_up import until

_DONE_SECONDS = 120.0
_SKIPPED_SECONDS = 125.0  # more than what is unknown waits for, the first time


@dataclass
class Act:
    """Tells one story to everybody on the stage; `marker` is in all that it says."""

    stage: Stage
    marker: str
    ref: str = ""
    updates: list[str] = field(default_factory=list[str])
    began_at: float = 0.0
    cleared_at: float = 0.0
    expected_copies: int | None = None  # where the fault says how many there are to be
    figures: dict[str, float] = field(default_factory=dict[str, float])  # what else was seen

    def tell(self) -> None:
        """Open the incident, or say what is next about it."""
        if self.updates:
            self.say()
        else:
            self.open()

    def open(self, **more: Any) -> None:
        """Tell everybody something new, long after everything before."""
        self.stage.later(86_400)
        answer = self.stage.request("POST", "/v1/incidents", json={**self.said(1), **more})
        self.take(answer)

    def say(self, **more: Any) -> None:
        """Tell everybody the next version, long enough after the last one for no lane to hold it."""
        self.stage.later(7_200)
        said = self.said(len(self.updates) + 1)
        self.take(
            self.stage.request(
                "POST", f"/v1/incidents/{self.ref}/updates", json={"title": said["title"], "body": said["body"], **more}
            )
        )

    def post(self, key: str) -> httpx.Response:
        """Post the first version under an Idempotency-Key, until it is answered."""
        return self.stage.request("POST", "/v1/incidents", json=self.said(1), headers={"Idempotency-Key": key})

    def said(self, version: int) -> dict[str, Any]:
        return {
            "title": word(self.marker, version),
            "body": word(self.marker, version),
            "severity": "sev1",
            "audiences": ["customers"],
        }

    def take(self, answer: httpx.Response) -> None:
        """Remember what was promised: whatever is answered with 202 has to be heard."""
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        self.ref = answer.json()["ref"]
        self.updates.append(answer.json()["update_id"])
        self.began_at = time.time()

    def mails(self) -> int:
        """Return how many mails of the newest version were taken."""
        return count_heard(self.stage.home, self.updates[-1])

    def in_flight(self, share: float = 0.1) -> None:
        """Wait until so many people have the newest version, and mail is slow enough for others not to have it."""
        self.slow_mail()
        until(lambda: self.mails() > self.stage.scale.people * share, "messages are in flight")

    def slow_mail(self) -> None:
        self.stage.proxies.mail.be(Mood.DELAY, seconds=self.stage.scale.answer_seconds)

    def struck(self) -> None:
        """Say that the fault has struck; it has to be one: some have not heard yet."""
        assert self.mails() < self.stage.scale.people * 0.9, "the fault came too late to be one"

    def cleared(self) -> None:
        """Say that the fault is over; seconds to recovery count from here."""
        self.stage.proxies.pass_all()
        self.cleared_at = time.time()

    def settle(self, *, skip: bool = False) -> None:
        """Wait until nothing is under way any more; `skip` shifts the clock over waits that are meant to be."""
        deadline = time.monotonic() + _DONE_SECONDS
        while not self.is_done():
            assert time.monotonic() < deadline, f"not every delivery has come to its end: {self.unfinished()}"
            if self._waits_on_purpose(skip=skip):
                self.stage.later(_SKIPPED_SECONDS)
            time.sleep(0.1)

    def _waits_on_purpose(self, *, skip: bool) -> bool:
        """Tell whether only time ends what is left; the minutes in which texts are reported on are never waited for."""
        left = self.unfinished().keys()
        if skip:
            return left <= {"held", "unknown"}
        return set(left) == {"unknown"} and not self.unfinished(but_for="sms")

    def is_done(self, *, but_for: str = "") -> bool:
        """Return whether everybody has a row, and all rows, `but_for` those of a channel, have come to their end."""
        try:
            # The status page is one address more.
            fanned_out = sum(self._rows().values()) >= (sum(map(len, self.stage.kept.values())) + 1) * len(self.updates)
            return fanned_out and not self.unfinished(but_for)
        except (OSError, asyncpg.PostgresError):  # the database is on its way back
            return False

    def unfinished(self, but_for: str = "") -> Mapping[str, int]:
        """Return how many deliveries are still to come to their end, by state."""
        return {state: n for state, n in self._rows(but_for).items() if state in {"held", "pending", "unknown"}}

    def close(self) -> None:
        """Tell everybody that it is over, and wait until they have heard."""
        self.say(status="resolved")
        self.settle()

    def judge(self) -> Verdict:
        found = heard(self.stage.home, self.updates, self.marker, f"http://127.0.0.1:{self.stage.proxies.calls.port}")
        return judge_all(self.stage.kept, found, self.unknowns(), len(self.updates), self.cleared_at)

    def unknowns(self) -> Mapping[tuple[str, str, int], int]:
        """Return how often the ledger says that it did not know what came of a message, where it ever did."""
        versions = {update: number for number, update in enumerate(self.updates, 1)}
        rows = ask(
            self.stage.home,
            f"""SELECT e.channel, e.address, u.public_id, d.unknowns FROM delivery d
            JOIN endpoint e ON e.id = d.endpoint_id JOIN incident_update u ON u.id = d.update_id
            WHERE d.unknowns > 0 AND u.public_id IN ({", ".join(f"'{update}'" for update in self.updates)})""",
        )
        return {(row["channel"], row["address"], versions[row["public_id"]]): row["unknowns"] for row in rows}

    def _rows(self, but_for: str = "") -> Mapping[str, int]:
        updates = ", ".join(f"'{update}'" for update in self.updates)
        found = ask(
            self.stage.home,
            f"""SELECT d.state::text, count(*) AS n FROM delivery d JOIN incident_update u ON u.id = d.update_id
            JOIN endpoint e ON e.id = d.endpoint_id
            WHERE e.channel <> '{but_for}' AND u.public_id IN ({updates}) GROUP BY 1""",
        )
        return {row["state"]: row["n"] for row in found}
