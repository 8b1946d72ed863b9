"""What a store can do under the machine: the one in memory and the real one alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain.pure_nouns import Seen
from tocsin.domain.channel import Accepted, ReceiptKind, Result
from tocsin.domain.errors import AddressDead, Ambiguous, AskAgain, GiveUp, TryAgain
from tocsin.domain.incident import Standing
from tocsin.services.begun import Begun


def _cleared() -> Result:
    error = Ambiguous("silence, and nothing had gone out before")
    error.cleared = True
    return error


ANSWERS: dict[str, Result] = {
    "accepted": Accepted("queued", 250),
    "try again": TryAgain("later"),
    "refused": GiveUp("no"),
    "dead": AddressDead("nobody"),
    "no answer": Ambiguous("silence"),
    "cleared": _cleared(),  # it was looked for and not there, sent once more, and not answered again
    "ask again": AskAgain("nobody says whether it went out before"),
}


class Store(Protocol):
    """What both stores can do; `persons` are endpoints with the audiences that they belong to."""

    @property
    def audiences(self) -> dict[int, int]: ...
    @property
    def now(self) -> float: ...
    def publish(self, incident: int, standing: Standing, audiences: int) -> None: ...
    def spread(self) -> None: ...
    def begin(self) -> Begun | None: ...
    def holds(self, token: int) -> bool: ...
    def answer(self, begun: Begun, results: Sequence[Result]) -> None: ...
    def receive(self, endpoint: int, message: int, kind: ReceiptKind, event: str) -> None: ...
    def opt_out(self, endpoint: int) -> None: ...
    def cancel(self, incident: int) -> None: ...
    def retry(self, incident: int) -> None: ...
    def pause(self, *, paused: bool) -> None: ...
    def flush(self) -> None: ...
    def wait(self, seconds: float) -> None: ...
    def seen(self) -> dict[tuple[int, int], Seen]: ...
