"""The judge of one update's mail: what the mail server took, against what the ledger says, with nothing in between."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from faults.records import ask, outbox_of


@dataclass(frozen=True, slots=True)
class Mails:
    """`lost` were accepted by the ledger and never seen by the server; `unlabelled` were seen twice without a label."""

    owed: int
    seen: int
    lost: list[str]
    twice: int
    unlabelled: list[str]
    most: int
    labelled: int
    different_ids: list[str]
    unfinished: int


def judge(home: Path, update: str) -> Mails:
    """Compare the server's own record of one update with the ledger."""
    with closing(outbox_of(home)) as outbox:
        told = outbox.execute("SELECT recipient, message_id FROM message WHERE message_id LIKE ?", (f"{update}.%",))
        seen: list[tuple[str, str]] = told.fetchall()
    ledger = ask(
        home,
        f"""SELECT e.address, d.state::text, d.unknowns FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        WHERE e.channel = 'email'
          AND d.update_id = (SELECT id FROM incident_update WHERE public_id = '{update}')""",
    )
    copies = Counter(recipient for recipient, _ in seen)
    ids: dict[str, set[str]] = {}
    for recipient, message_id in seen:
        ids.setdefault(recipient, set()).add(message_id)
    labelled = {row["address"] for row in ledger if row["unknowns"] > 0}
    owed = [row["address"] for row in ledger if row["state"] in {"accepted", "delivered", "bounced"}]
    return Mails(
        owed=len(owed),
        seen=len(seen),
        lost=[address for address in owed if address not in copies],
        twice=sum(count > 1 for count in copies.values()),
        unlabelled=[address for address, count in copies.items() if count > 1 and address not in labelled],
        most=max(copies.values(), default=0),
        labelled=len(labelled),
        different_ids=[address for address, found in ids.items() if len(found) > 1],
        unfinished=sum(row["state"] in {"pending", "held", "unknown"} for row in ledger),
    )
