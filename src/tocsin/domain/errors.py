"""What went wrong, named by what to do next.

    DeliveryError
    ├── TryAgain       the provider or the network stumbled: the same message may go later
    │   ├── TooFast    it takes no more at present from us: nobody asks it before it does again
    │   └── AskAgain   nobody could be asked whether it went out before: nothing was sent, and that is asked later
    ├── GiveUp         this message will never be taken: tell the operator why
    ├── AddressDead    nobody is at this address any more: stop writing to it
    │   └── OptedOut   somebody is, and told the provider to stop
    ├── ProviderDown   our side of the provider is broken (credentials, quota): no recipient is to blame
    └── Ambiguous      the bytes went out and no answer came: it may have arrived

Each message is written for the operator who will read it in the ledger. A channel returns these as results, one for
each message of a batch, or raises them where it sends one at a time.
"""

from __future__ import annotations

from tocsin.domain.printable import printable

# What the ledger keeps of a provider's own code.
CODES = range(-(2**31), 2**31)


class DeliveryError(Exception):
    """A message that was not accepted; `note` is for the operator, `code` is the provider's own.

    Somebody else's words are made such as can be read and kept, and a code that is none is left out. `cleared` says
    that it was looked for before it was sent once more, and that nothing had gone out until then.
    """

    cleared = False

    def __init__(self, note: str, *, code: int | None = None) -> None:
        self.note = note if note.isprintable() else printable(note)
        self.code = code if isinstance(code, int) and code in CODES else None
        super().__init__(self.note)


class TryAgain(DeliveryError):
    """The same message may go later, at the earliest after `retry_after` seconds where the provider said so.

    `unlisted` is the provider's code where none of our tables has it: operators are shown it.
    """

    def __init__(
        self, note: str, *, code: int | None = None, retry_after: float | None = None, unlisted: str = ""
    ) -> None:
        super().__init__(note, code=code)
        self.retry_after = retry_after
        self.unlisted = unlisted


class TooFast(TryAgain):
    """The provider takes no more at present (429): no fault of the message, and no try of it.

    `gate` is the key of what is closed until then, for all workers: "" for the first that the message's address passes.
    """

    def __init__(
        self,
        note: str,
        *,
        code: int | None = None,
        retry_after: float | None = None,
        unlisted: str = "",
        gate: str = "",
    ) -> None:
        super().__init__(note, code=code, retry_after=retry_after, unlisted=unlisted)
        self.gate = gate


class AskAgain(TryAgain):
    """Whether a message in doubt went out could not be asked: nothing was sent now, and it stays in doubt.

    `elsewhere` means that another provider was asked than the one that was to carry it now.
    """

    elsewhere = False

    @classmethod
    def because(cls, error: DeliveryError) -> AskAgain:
        """Return what it comes to that asking failed with `error`."""
        wait = error.retry_after if isinstance(error, TryAgain) else None
        return cls(f"Whether it went out before could not be asked: {error.note}", code=error.code, retry_after=wait)


class GiveUp(DeliveryError):
    """This message will never be taken, and another one to this address might."""


class AddressDead(DeliveryError):
    """Nobody is at this address any more."""


class OptedOut(AddressDead):
    """They told the provider to stop: nothing goes to this address until they ask for it again."""


class ProviderDown(TryAgain):
    """Our account, credentials or quota at the provider are at fault: retried, and never held against a recipient."""


class Ambiguous(DeliveryError):
    """The bytes went out and no answer came back: it may have arrived."""


class Refused(ValueError):
    """What was asked for breaks a rule; `field` says where, the message what to do."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class IllegalMove(Refused):
    """The incident cannot go from where it is to where it was sent."""


class NotFound(LookupError):
    """There is no such thing; the message says of what kind and by which name it was asked for."""


class Conflict(Exception):
    """What was asked for does not fit how things stand now; the message says what to do."""


class NotReady(Exception):
    """Something this needs does not answer yet; the message names it."""
