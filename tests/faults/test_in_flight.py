"""Nothing is lost and nothing goes out twice unlabelled when all of Tocsin is killed while messages are in flight.

Real processes throughout, database and broker among them; the judge is the mail server's own record.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from faults.judge import Verdict, ask, judge, taken
from tocsin_up import Up, until

PEOPLE = 4000
NEWS = {"title": "Checkout is failing", "body": "We are looking into it.", "severity": "sev1"}
# Processes x batches in flight x messages a batch: what one kill can leave unknown.
IN_FLIGHT = 2 * 3 * 500


def start(home: Path) -> Up:
    return Up(home, ("--port", "0", "--sample", str(PEOPLE)), {"TOCSIN_DELIVERY__LEASE_SECONDS": "3"})


def publish(up: Up) -> tuple[str, str]:
    """Publish something new, a day after everything before; return the incident and the update."""
    ask(up.home, "UPDATE clock SET shift = shift + interval '1 day'")
    with up.client() as client:
        answer = client.post("/v1/incidents", json=NEWS)
        assert answer.status_code == 202, answer.text
        return answer.json()["ref"], answer.json()["update_id"]


def finish(up: Up, ref: str, update: str) -> Verdict:
    """Wait until nothing is under way any more, and judge."""

    def done() -> bool:
        with up.client() as client:
            answer = client.get(f"/v1/incidents/{ref}/progress")
        if not answer.is_success:  # the database is on its way back
            return False
        return bool(answer.json()["done"]) and answer.json()["eligible"] > PEOPLE / 2

    until(done, "every delivery has come to its end", seconds=90)
    return judge(up.home, update)


def assert_kept(verdict: Verdict) -> None:
    print(verdict)  # noqa: T201 - shown with -s, and with a failure
    assert verdict.owed > PEOPLE / 2
    assert verdict.lost == []
    assert verdict.unlabelled == []
    assert verdict.different_ids == []
    assert verdict.most <= 2
    assert verdict.twice <= verdict.labelled <= IN_FLIGHT


@pytest.mark.timeout(240)
def test_a_killed_parent_leaves_nothing_behind_and_the_next_start_finishes(tmp_home: Path) -> None:
    with start(tmp_home / "home") as up:
        up.wait()
        ref, update = publish(up)
        until(lambda: taken(up.home, update) > PEOPLE // 20, "messages are in flight")
        up.end(signal.SIGKILL)
    with start(tmp_home / "home") as again:
        again.wait()
        verdict = finish(again, ref, update)
        assert verdict.labelled > 0, "the parent was killed too late: nothing was in flight"
        assert_kept(verdict)
        assert again.end() == 0
