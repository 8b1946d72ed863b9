"""The social channel: accounts on X, Mastodon and Bluesky, each incident a thread, one post an update and account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Literal, assert_never

from tocsin.domain.answers import begins_of
from tocsin.domain.channel import Accepted, Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt, Result
from tocsin.domain.errors import DeliveryError, GiveUp, ProviderDown, Refused, TooFast
from tocsin.domain.gate import Gate
from tocsin.domain.look import Look
from tocsin.domain.page import Page
from tocsin.domain.social import Network
from tocsin.domain.story import Story
from tocsin_channels.social import words
from tocsin_channels.social.account import Account, Provider, find
from tocsin_channels.social.look import look
from tocsin_channels.social.post import Draft
from tocsin_channels.social.thread import Restraint, Thread
from tocsin_channels.templates import Wording

LinkPolicy = Literal["first", "every", "never"]

_BATCH = 20
# What is imported where an account needs it: all together they take seconds and 60 MB.
_MODULES = {
    Network.X: ("tocsin_channels.social.x",),
    Network.MASTODON: ("tocsin_channels.social.mastodon",),
    Network.BLUESKY: ("tocsin_channels.social.bluesky", "atproto_client"),
}
_AT_ONCE = 4  # accounts that are posted from at the same time


class SocialChannel:
    """`link` says which posts of a thread carry the address of the incident's page: on X those with one cost more."""

    name = ChannelName.SOCIAL
    provider = "social"
    content = Content.STORY
    on_unknown = OnUnknown.RESEND_ONCE
    limits = Limits(batch=_BATCH, in_flight=1, merges=False, threads=True)

    def __init__(
        self,
        accounts: Sequence[Account],
        wording: Wording,
        link: LinkPolicy = "first",
        restraint: Restraint = Restraint(),  # noqa: B008 - frozen
        seconds: float = 20.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.accounts = tuple(accounts)
        self._link = link
        self._restraint = restraint
        self._seconds = seconds
        self._now = now
        self._wording = wording
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="social")
        self._providers: dict[Account, Provider] = {}

    def check_address(self, address: str) -> None:
        """Raise Refused where no account is configured that `address` means."""
        find(self.accounts, address)

    @property
    def carriers(self) -> Sequence[str]:
        return tuple(dict.fromkeys(account.network.value for account in self.accounts))

    def carrier_of(self, address: str) -> str:
        network = address.partition(":")[0].lower()
        return network if network in set(Network) else self.provider

    @property
    def is_paced(self) -> bool:
        return any(account.rates for account in self.accounts)

    @property
    def gates(self) -> Sequence[Gate]:
        return tuple(account.gate for account in self.accounts)

    def gates_of(self, address: str) -> tuple[Gate, ...]:
        try:
            return (find(self.accounts, address).gate,)
        except Refused:  # nobody posts there any more
            return (Gate(address),)

    def units_of(self, message: Message) -> int:
        del message
        return 1

    def render(self, content: Story | Page) -> Draft:
        assert isinstance(content, Story)
        return words.draft(content, self._wording)

    def show(self, rendered: object, *, begins: bool) -> Look | None:
        assert isinstance(rendered, Draft)
        linked = self._link == "every" or (self._link == "first" and begins)
        return look(rendered, self.accounts, linked=linked)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        by_address: dict[str, list[int]] = {}
        for index, message in enumerate(messages):
            by_address.setdefault(message.address.lower(), []).append(index)
        room = asyncio.Semaphore(_AT_ONCE)
        begins = begins_of(answered)

        async def in_order(indexes: Sequence[int]) -> None:
            too_fast: TooFast | None = None
            async with room:
                for index in indexes:
                    begins([index])
                    result = too_fast or await self._post(messages[index])
                    too_fast = result if isinstance(result, TooFast) else None
                    answered(index, result)

        async with asyncio.TaskGroup() as group:
            for indexes in by_address.values():
                group.create_task(in_order(indexes))

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del raw, headers, url
        raise Refused("Social networks report nothing later: what they answer at once is all there is.")

    async def check(self) -> str:
        return "; ".join([await self._provider(account).check() for account in self.accounts])

    def warm_up(self) -> None:
        for network in {account.network for account in self.accounts}:
            for name in _MODULES[network]:
                import_module(name)

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _post(self, message: Message) -> Result:
        draft = message.rendered
        assert isinstance(draft, Draft)
        thread = Thread.read(message.thread)
        try:
            account = find(self.accounts, message.address)
            if draft.audience != account.audience:
                raise GiveUp(
                    f"Everybody reads {message.address}, and this is written for {draft.audience}. Let its subscriber "
                    f"be in the audience {account.audience} alone."
                )
            now = self._now()
            self._restraint.hold_back(thread, draft.status, now)
            provider = self._provider(account)
            linked = self._link == "every" or (self._link == "first" and thread.posts == 0)
            posted = await provider.post(draft.post(provider.ruler, linked=linked), draft, thread, message)
        except Refused as error:
            return ProviderDown(str(error))  # an account may be set up again
        except DeliveryError as error:
            return error
        after = thread.after(posted.place, now, anew=posted.anew)
        return Accepted(posted.place.id if posted.place else "", note=posted.note, thread=after.write())

    def _provider(self, account: Account) -> Provider:
        if account not in self._providers:
            self._providers[account] = self._made(account)
        return self._providers[account]

    def _made(self, account: Account) -> Provider:
        match account.network:
            case Network.X:
                from tocsin_channels.social.x import X  # noqa: PLC0415

                return X(account, self._pool, self._seconds, self._now)
            case Network.MASTODON:
                from tocsin_channels.social.mastodon import Mastodon  # noqa: PLC0415

                return Mastodon(account, self._pool, self._seconds, self._now)
            case Network.BLUESKY:
                from tocsin_channels.social.bluesky import Bluesky  # noqa: PLC0415

                return Bluesky(account, self._seconds)
        assert_never(account.network)
