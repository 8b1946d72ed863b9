"""Every fault that is tried, in the order in which the stage suffers them, and what each may cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from faults import by_broker, by_clock, by_database, by_disk, by_provider, by_web, by_words, by_workers
from faults.act import Act
from faults.scale import WITHIN_HINT, Scale


@dataclass(frozen=True, slots=True)
class Fault:
    """`doubts`: an outcome may have become unknown, so messages may be labelled; without it not one may be."""

    number: int
    name: str
    act: Callable[[Act], None]
    doubts: bool = False
    kills: bool = False  # a worker's lease has to run out first

    def within(self, scale: Scale) -> float:
        """Return the seconds in which what is due goes out once the fault is over (promise D5)."""
        return scale.within_lease if self.kills else WITHIN_HINT


FAULTS: Final = (
    Fault(3, "FLUSHALL in the middle", by_broker.flush),
    Fault(4, "broker down", by_broker.stay_down),
    Fault(5, "broker frozen (SIGSTOP)", by_broker.freeze),
    Fault(6, "broker killed again and again", by_broker.kill_again_and_again),
    Fault(7, "web killed before its commit", by_web.kill_before_commit),
    Fault(8, "web killed after its commit", by_web.kill_after_commit),
    # Who fans out writes the status page too, and may be at it.
    Fault(9, "fan-out killed in the middle of a chunk", by_workers.kill_fan_out, kills=True, doubts=True),
    Fault(10, "PostgreSQL restarted", by_database.restart, kills=True, doubts=True),
    Fault(10, "PostgreSQL crashed", by_database.crash, kills=True, doubts=True),
    Fault(10, "PostgreSQL's connections cut", by_database.cut_connections, kills=True, doubts=True),
    Fault(2, "workers killed", by_workers.kill_workers, doubts=True, kills=True),
    Fault(11, "worker frozen past its lease", by_workers.freeze_worker, doubts=True, kills=True),
    Fault(12, "SMTP drops after the final dot", by_provider.drop_after_the_final_dot, doubts=True),
    Fault(13, "providers accept, their answer is cut", by_provider.cut_the_answer, doubts=True),
    Fault(14, "429 with Retry-After", by_provider.ask_for_patience),
    Fault(15, "mail server hangs", by_provider.hang, doubts=True),
    Fault(22, "carrier swallows texts", by_provider.swallow_texts, doubts=True),
    Fault(16, "poison in every field", by_words.poison_every_field),
    Fault(17, "receipts before the send is recorded", by_provider.receipts_come_first),
    Fault(19, "no room for the status page", by_disk.no_room_for_the_page),
    # A clock that is shifted over the wait may meet a lease that is just being taken.
    Fault(19, "no room for providers", by_disk.no_room_for_providers, doubts=True),
    Fault(19, "no room for the database", by_disk.no_room_for_the_database, kills=True, doubts=True),
    # From here on a second crew works beside the first.
    Fault(18, "workers' clocks an hour off", by_clock.an_hour_off),
    # Whoever is asked to stop has seconds for what it has in flight: on a machine with much else to do, too few.
    Fault(20, "two sweepers and a rolling restart", by_workers.two_sweepers_and_a_rolling_restart, doubts=True),
    Fault(21, "all of Tocsin killed, and started again", by_workers.kill_everything, doubts=True, kills=True),
)
