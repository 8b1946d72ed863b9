"""Reads the addresses that visitors type: fewer kinds than operators may add, and numbers of chosen countries alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.services.address import Address, is_for_operators, read_address
from tocsin.settings import Settings

# What one address can be typed for; a browser subscribes itself by a button, social accounts are operators'.
TYPED = (ChannelName.EMAIL, ChannelName.SMS, ChannelName.CHAT, ChannelName.WEBHOOK)


def offered(settings: Settings, configured: Mapping[ChannelName, object]) -> tuple[ChannelName, ...]:
    """Return the channels that visitors may subscribe an address on; a webhook's owner needs e-mail besides."""
    found = [name for name in TYPED if name in configured and name in settings.subscribe.channels]
    if ChannelName.SMS in found and not countries(settings):
        found.remove(ChannelName.SMS)
    if ChannelName.WEBHOOK in found and ChannelName.EMAIL not in configured:
        found.remove(ChannelName.WEBHOOK)
    return tuple(found)


def countries(settings: Settings) -> tuple[str, ...]:
    """Return the countries whose numbers are texted: those that are set, else that of the first number we send from."""
    if settings.subscribe.sms_countries:
        return tuple(settings.subscribe.sms_countries)
    for sender in settings.sms.from_.split(","):
        country = _country(sender.strip())
        if country:
            return (country,)
    return ()


def read_public_address(
    channel: ChannelName, written: str, settings: Settings, configured: Mapping[ChannelName, object]
) -> Address:
    """Return an address as a visitor typed it; raise Refused where it may not be subscribed on the page."""
    if channel not in TYPED:
        raise Refused("Visitors subscribe no address on this channel.", field="address")
    written = written.strip()
    if channel is ChannelName.SMS:
        return _number(written, countries(settings), configured)
    address = read_address(channel, written, configured)
    if is_for_operators(channel, written) or (channel is ChannelName.CHAT and "://" not in address.written):
        raise Refused("Give the address of a Slack or Teams webhook: https://…", field="address")
    return address


def _number(written: str, allowed: Sequence[str], configured: Mapping[ChannelName, object]) -> Address:
    if not written.startswith("+") and allowed:
        try:  # as people write their own number
            local = phonenumbers.parse(written, allowed[0])
            written = phonenumbers.format_number(local, PhoneNumberFormat.E164)
        except NumberParseException:
            pass
    address = read_address(ChannelName.SMS, written, configured)
    if _country(address.written) not in allowed:
        raise Refused("We don't send text messages to this country.", field="address")
    return address


def _country(number: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""
    except NumberParseException:
        return ""
