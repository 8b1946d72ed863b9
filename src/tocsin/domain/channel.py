"""The channel contract: what the core hands to a way out, and what it wants to hear back.

A channel is given batches of messages and says of each what came of it, as soon as it knows. It never looks at the
store, never retries beyond the seconds of one attempt, and never decides who hears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from tocsin.domain.errors import DeliveryError
from tocsin.domain.page import Page
from tocsin.domain.provider import Share
from tocsin.domain.story import Story


class ChannelName(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    SOCIAL = "social"
    CHAT = "chat"
    PUSH = "push"
    WEBHOOK = "webhook"
    STATUS_PAGE = "status_page"


class OnUnknown(StrEnum):
    """What the core does with a message whose outcome nobody knows (`Ambiguous`, or its worker died)."""

    # The same message once more with the same id, then it counts as accepted. Where the channel has looked for it first
    # and nothing had gone out, that is no doubt any more.
    RESEND_ONCE = "resend_once"
    RESEND_FREELY = "resend_freely"  # repeating it does no harm: the receiver replaces or removes duplicates


class Content(StrEnum):
    STORY = "story"  # words about incidents, the same for everyone of one audience and language
    PAGE = "page"  # the whole public page as it stands


@dataclass(frozen=True, slots=True)
class Limits:
    """`batch` messages go to one call of `send`, `in_flight` calls run at once in one worker process.

    What nobody knows the outcome of is left alone for `reports_within` seconds, in which the provider may report on it.
    """

    batch: int
    in_flight: int
    merges: bool  # one message may tell of several incidents
    threads: bool = False  # each incident goes on where it began: `Message.thread`, `Accepted.thread`
    signs: bool = False  # messages are signed with the endpoint's own secrets: `Message.secrets`
    disables: bool = False  # an address that takes nothing for days is disabled, its owner told before
    own_pace: bool = False  # its 429 is the address's own word: one that says nothing else takes nothing
    reports_within: float = 0.0


class Earlier(NamedTuple):
    """The attempt of a message of which nobody knows: who was asked to carry it, `seconds` ago at the most."""

    provider: str
    seconds: float


class Message(NamedTuple):
    """What goes out to one endpoint.

    `id` is the same on a resend. `rendered` is what this channel's own `render` returned, shared by everyone who
    reads the same words. `endpoint` is the endpoint's opaque id, `token` lets its holder unsubscribe and nothing else,
    `delivery` is an opaque name that a bounce or a callback may carry back to us. `thread` is what the channel itself
    last returned for this endpoint and incident, "" where it begins. `secrets` are to sign with, the newest first.
    `again` means that it went out before and nobody knows whether it arrived. Where that was word for word the same,
    `earlier` is the attempt of which nobody knows.
    """

    id: str
    address: str
    name: str
    rendered: object
    endpoint: str
    token: str
    delivery: str
    thread: str = ""
    secrets: tuple[str, ...] = ()
    again: bool = False
    earlier: Earlier | None = None


class Accepted(NamedTuple):
    """The provider took it; `provider_id` is the name it gave to the message, if any.

    `thread` is kept for the next message about the same incident to the same endpoint, where it is not "". `by` names
    the provider that had taken it before, where it is another one than was given it now.
    """

    provider_id: str = ""
    code: int | None = None
    note: str = ""
    thread: str = ""
    by: str = ""


Result = Accepted | DeliveryError
Answered = Callable[[int, Result], None]


class ReceiptKind(StrEnum):
    DELIVERED = "delivered"
    BOUNCED = "bounced"  # for good: nobody is there
    DELAYED = "delayed"  # not yet, or for a reason that is not the recipient's
    OPTED_OUT = "opted_out"  # whoever holds `Receipt.address` told the provider to stop
    OPTED_IN = "opted_in"  # and asked for it again
    COMPLAINED = "complained"  # it arrived and they called it spam: nothing more goes there


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider said later of a message; `delivery` is `Message.delivery` as it came back.

    Who opted out or in is named by `address`, as it is compared, and such a receipt is about no delivery; where it has
    no `address`, they are whom `delivery` went to. A message may bounce for a reason that is not its address's fault:
    `keeps_address`. Where it is ours (authentication, reputation, quota) it is `our_fault` besides. Where one
    report is no proof that nobody is there and a second one a day later is, `twice_is_proof`. Where the fault may have
    passed in an hour, so that it is worth sending once more, `may_pass`. `event` is how the
    provider names its report, so that one that comes twice counts once; "" where it gives none. `unlisted` is its
    code where none of our tables has it: it takes nobody from the list, and operators are shown it.
    """

    delivery: str
    kind: ReceiptKind
    code: str
    note: str
    address: str = ""
    keeps_address: bool = False
    our_fault: bool = False
    event: str = ""
    twice_is_proof: bool = False
    may_pass: bool = False
    unlisted: str = ""


class Channel(Protocol):
    """One way out. Instances live as long as a worker process and may keep connections."""

    @property
    def name(self) -> ChannelName: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def on_unknown(self) -> OnUnknown: ...

    @property
    def content(self) -> Content: ...

    @property
    def provider(self) -> str:
        """The provider in use, as operators and the address of its receipts name it: "smtp"."""
        ...

    def render(self, content: Story | Page) -> object:
        """Turn content into this channel's words, once per version, audience and language."""
        ...

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        """Hand `messages` to the provider and call `answered(index, result)` for each, as soon as it is known.

        A message of which nothing was said when this returns or raises counts as Ambiguous.
        """
        ...

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        """Read what a provider reported to the public address `url`, its query included.

        Raise Refused where it is not from the provider or cannot be read. It is called in a thread, so it may look up
        what the report is signed with.
        """
        ...

    async def check(self) -> str:
        """Try the provider without sending; return one line for the operator, raise DeliveryError with what to mend."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Carried(Protocol):
    """A channel whose providers may fail as a whole, and take each other's place where there are several."""

    @property
    def shares(self) -> Sequence[Share]:
        """Return how much each provider is meant to carry, the first one first."""
        ...

    def by(self, provider: str) -> Channel:
        """Return the same channel with that one provider, for what was rendered by this one."""
        ...


@runtime_checkable
class Addressed(Protocol):
    """A channel where the address says who carries a message: Slack or Teams, X or Mastodon."""

    @property
    def carriers(self) -> Sequence[str]:
        """Return who that may be, as this installation is set up."""
        ...

    def carrier_of(self, address: str) -> str: ...


@runtime_checkable
class WarmsUp(Protocol):
    """A channel whose libraries take so long to import that nobody's first message is to wait for it."""

    def warm_up(self) -> None:
        """Import what the configured accounts need; runs beside the work, in a thread, for seconds."""
        ...


def providers_of(channel: Channel) -> Sequence[str]:
    """Return the names of who carries a channel's messages, the first one first."""
    return [share.provider for share in channel.shares] if isinstance(channel, Carried) else [channel.provider]


def way_by(channel: Channel, provider: str) -> Channel:
    """Return a channel as `provider`, one of its own, carries it."""
    return channel.by(provider) if isinstance(channel, Carried) else channel


def carried_by(channel: Channel, provider: str, addresses: Iterable[str]) -> list[str]:
    """Return who carries a message to each of `addresses`, in a batch that `provider` has on record."""
    if isinstance(channel, Addressed):
        return [channel.carrier_of(address) for address in addresses]
    return [provider for _ in addresses]


def carries_all(channel: Channel, provider: str) -> str | None:
    """Return `provider`, None where a batch that it has on record goes to several, by the addresses."""
    return None if isinstance(channel, Addressed) else provider


def shown_provider(channel: Channel) -> str:
    """Return who carries a channel's messages, as operators read it."""
    return ", ".join(channel.carriers) if isinstance(channel, Addressed) else channel.provider
