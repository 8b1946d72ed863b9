"""Reads addresses as people write them: refused where nobody can be there, normalised for comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol, runtime_checkable

import email_validator
from email_validator import EmailNotValidError, validate_email

from tocsin.domain import chat_address
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.domain.reach import Reach, read_url
from tocsin.domain.social import read_account
from tocsin.domain.subscription import read_subscription
from tocsin.services.address_sms import read_number

# Inside a company mail goes to names that the public internet reserves (localhost, corp.test): the operator knows best.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
_LONGEST_LOCAL: Final = 64  # octets: RFC 5321, 4.5.3.1.1


class Address(NamedTuple):
    """`written` is what messages go to, `key` is how two addresses are compared."""

    written: str
    key: str


@runtime_checkable
class Particular(Protocol):
    """A channel that its settings keep from some addresses."""

    def check_address(self, address: str) -> None:
        """Raise Refused where it may not write to `address`."""
        ...


def read_address(channel: ChannelName, address: object, configured: Mapping[ChannelName, object]) -> Address:
    """Return `address` as it is kept; raise Refused where this installation cannot write to it."""
    if channel is ChannelName.STATUS_PAGE:
        raise Refused("The status page needs no endpoint: every public update is shown there.", field="channel")
    read = _READERS.get(channel)
    if channel not in configured or read is None:
        known = ", ".join(name for name in configured if name in _READERS)
        raise Refused(
            f"The channel {channel.value} is not set up here. Channels with addresses: {known or 'none'}.",
            field="channel",
        )
    found = read(address)
    way_out = configured[channel]
    if isinstance(way_out, Particular):
        way_out.check_address(found.written)
    return found


def is_for_operators(channel: ChannelName, address: object) -> bool:
    """Tell whether only who may operate Tocsin may write to such an address: Apprise's lead wherever they say."""
    return channel is ChannelName.CHAT and isinstance(address, str) and address.strip().startswith(chat_address.APPRISE)


def _email(address: str) -> Address:
    try:
        read = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Refused(f"This is no e-mail address: {error} Check how it is written.", field="address") from error
    if len(read.local_part.encode()) > _LONGEST_LOCAL:
        raise Refused(
            f"This is no e-mail address: what stands before the @ has at most {_LONGEST_LOCAL} bytes. Check it.",
            field="address",
        )
    if "\ufffd" in read.normalized:  # what stood there was lost on its way here
        raise Refused("This is no e-mail address: part of it cannot be read. Write it again.", field="address")
    if "." not in read.ascii_domain and read.ascii_domain != "localhost":
        raise Refused("This is no e-mail address: its domain has no dot. Check how it is written.", field="address")
    return Address(read.normalized, f"{read.local_part}@{read.ascii_domain}".lower())


def _webhook(address: str) -> Address:
    # How it is spelled alone: where calls may go is for the channel to say.
    url = read_url(address, Reach(private=True))
    return Address(url, url)


def _sms(address: str) -> Address:
    number = read_number(address)
    return Address(number, number)


def _social(address: str) -> Address:
    _, account = read_account(address)
    return Address(account, account)


def _chat(address: str) -> Address:
    written = chat_address.read(address).written
    return Address(written, written)


def _push(address: object) -> Address:
    found = read_subscription(address, Reach(private=True))
    return Address(found.written, found.endpoint)


def _text(read: Callable[[str], Address]) -> Callable[[object], Address]:
    def checked(address: object) -> Address:
        if not isinstance(address, str):
            raise Refused("An address on this channel is a text.", field="address")
        return read(address)

    return checked


_READERS: Final[Mapping[ChannelName, Callable[[object], Address]]] = {
    ChannelName.EMAIL: _text(_email),
    ChannelName.SMS: _text(_sms),
    ChannelName.WEBHOOK: _text(_webhook),
    ChannelName.SOCIAL: _text(_social),
    ChannelName.CHAT: _text(_chat),
    ChannelName.PUSH: _push,
}
