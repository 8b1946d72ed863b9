"""Asks whoever is at an address whether they want to hear from us: the question is promised with the fact.

What is answered tells nothing about an address: the same rows are written whether it is known or not, and a worker
decides later what is sent there, if anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin.domain.asking import Bound, Bounds, prefix_of, seal
from tocsin.domain.channel import ChannelName
from tocsin.domain.notice import NoticeKind
from tocsin.domain.opting_in import WORDING, OptIn, Purpose
from tocsin.sections import Subscribe
from tocsin.services.address import Address
from tocsin.store import asked, notices, opt_ins


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever fills in a form: their network, what their browser keeps (hashed), the language that they read."""

    network: str
    locale: str
    browser: bytes | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be confirmed: an address that joins, is added, moves or comes back."""

    purpose: Purpose
    channel: ChannelName
    address: Address
    wanted: Mapping[str, Any]
    subscriber_id: int | None = None
    endpoint_id: int | None = None


def bounds_of(settings: Subscribe, channel: ChannelName) -> Bounds:
    """Return how often may be asked on a channel."""
    altogether = {ChannelName.EMAIL: settings.mails_a_day, ChannelName.SMS: settings.texts_a_day}
    return Bounds(
        address=settings.per_address_a_day,
        network_hour=settings.per_network_an_hour,
        network=settings.per_network_a_day,
        prefix=settings.per_prefix_a_day,
        channel=altogether.get(channel, settings.others_a_day),
    )


async def ask(
    connection: AsyncConnection, settings: Subscribe, secret: str, question: Question, asker: Asker
) -> Bound | None:
    """Write a question and promise to send it; return the bound that is told where it is too much."""
    sealed = seal(secret, question.channel, question.address.key)
    bound = await _count(connection, settings, question.channel, question.address, sealed, asker)
    if bound is not None and not bound.is_secret:
        return bound
    opt_in = await opt_ins.insert(
        connection,
        purpose=question.purpose,
        channel=question.channel,
        address=question.address.written,
        key=question.address.key,
        seal=sealed,
        subscriber_id=question.subscriber_id,
        endpoint_id=question.endpoint_id,
        wanted=question.wanted,
        locale=asker.locale,
        network=asker.network,
        wording=WORDING,
        browser=asker.browser,
        hours=settings.confirm_hours,
    )
    if bound is None:
        await notices.promise(
            connection,
            NoticeKind.CONFIRM,
            channel=question.channel,
            address=question.address.written,
            key=question.address.key,
            locale=asker.locale,
            opt_in=opt_in,
        )
    return None


async def ask_again(connection: AsyncConnection, settings: Subscribe, opt_in: OptIn, asker: Asker) -> Bound | None:
    """Promise to send an open question once more; it counts like another one."""
    channel, address = ChannelName(opt_in.channel), Address(opt_in.address, opt_in.key)
    bound = await _count(connection, settings, channel, address, opt_in.seal, asker)
    if bound is not None:
        return None if bound.is_secret else bound
    await notices.promise(
        connection,
        NoticeKind.CONFIRM,
        channel=channel,
        address=opt_in.address,
        key=opt_in.key,
        locale=opt_in.locale,
        opt_in=opt_in.id,
    )
    return None


async def ask_for_link(
    connection: AsyncConnection, settings: Subscribe, secret: str, channel: ChannelName, address: Address, asker: Asker
) -> Bound | None:
    """Promise to send whoever is at an address the link to what they chose."""
    sealed = seal(secret, channel, address.key)
    bound = await _count(connection, settings, channel, address, sealed, asker)
    if bound is not None:
        return None if bound.is_secret else bound
    await notices.promise(
        connection,
        NoticeKind.LINK,
        channel=channel,
        address=address.written,
        key=address.key,
        locale=asker.locale,
    )
    return None


async def _count(
    connection: AsyncConnection,
    settings: Subscribe,
    channel: ChannelName,
    address: Address,
    sealed: bytes,
    asker: Asker,
) -> Bound | None:
    prefix = prefix_of(address.key) if channel is ChannelName.SMS else None
    where = {"channel": channel, "network": asker.network}
    await asked.one_at_a_time(connection)
    counts = await asked.count(connection, seal=sealed, prefix=prefix, **where)
    bound = bounds_of(settings, channel).reached(counts)
    if bound is None:
        await asked.add(connection, seal=sealed, prefix=prefix, **where)
    elif bound.is_secret:  # it counts for the network; an address is not kept shut by whoever goes on asking
        await asked.add(connection, seal=b"", prefix=None, **where)
    return bound
