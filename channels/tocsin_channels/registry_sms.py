"""Who carries our texts: from settings to the providers that are configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tocsin.carrier_sections import TextProvider
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Severity
from tocsin.settings import Settings, read_policy_file
from tocsin_channels.carried import CarriedChannel
from tocsin_channels.registry_pace import text_rates
from tocsin_channels.registry_words import read_words
from tocsin_channels.sms import twilio, vonage
from tocsin_channels.sms.channel import SmsChannel
from tocsin_channels.sms.provider import Provider
from tocsin_channels.sms.senders import Senders


def sms_channel(settings: Settings) -> CarriedChannel:
    """Return the channel with each provider that is configured."""
    urgent = Severity.parse(str(read_policy_file()["urgent"]))
    wording = read_words().wording[ChannelName.SMS]
    accounts = settings.sms.providers
    carriers = {one.name: _MADE[one.kind](settings, one) for one in accounts}
    return CarriedChannel(
        {
            one.name: SmsChannel(
                carriers[one.name], wording, urgent, one.connections, one.name, text_rates(one), carriers
            )
            for one in accounts
        },
        {one.name: one.weight for one in accounts},
    )


def _twilio(settings: Settings, account: TextProvider) -> Provider:
    return twilio.Twilio(
        twilio.Account(
            sid=account.twilio_account_sid,
            token=account.twilio_auth_token.get_secret_value(),
            senders=Senders.parse(account.from_),
            receipts_url=f"{settings.url}/receipts/{account.name}",
            url=account.twilio_url,
            connections=account.connections,
            seconds=account.timeout_seconds,
        )
    )


def _vonage(settings: Settings, account: TextProvider) -> Provider:
    return vonage.Vonage(
        vonage.Account(
            key=account.vonage_api_key,
            secret=account.vonage_api_secret.get_secret_value(),
            signature_secret=account.vonage_signature_secret.get_secret_value(),
            senders=Senders.parse(account.from_),
            receipts_url=f"{settings.url}/receipts/{account.name}",
            host=account.vonage_host,
            connections=account.connections,
            seconds=account.timeout_seconds,
        )
    )


_MADE: Final[Mapping[str, Callable[[Settings, TextProvider], Provider]]] = {"twilio": _twilio, "vonage": _vonage}
