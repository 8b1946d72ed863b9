"""Looks for a text of unknown outcome at the carrier that was asked to send it, before it is sent once more."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

import structlog

from tocsin.domain.channel import Accepted, Message
from tocsin.domain.errors import AskAgain, DeliveryError
from tocsin_channels.sms.provider import NobodyTells, Provider
from tocsin_channels.sms.text import Text

log = structlog.get_logger()


class Sought(Enum):
    """What looking for a text has shown, where it was not found."""

    NOT_THERE = auto()  # it never reached the carrier
    NOT_TOLD = auto()  # nothing: it is in no doubt, or its carrier says nothing about it


class Search:
    """For one batch that goes to `here`, one of `carriers`; who could not be asked once is not asked again in it."""

    def __init__(self, carriers: Mapping[str, Provider], here: str) -> None:
        self._carriers = carriers
        self._here = here
        self._silent: dict[str, AskAgain] = {}

    async def look(self, message: Message) -> Accepted | AskAgain | Sought:
        earlier = message.earlier
        carrier = None if earlier is None else self._carriers.get(earlier.provider)
        if earlier is None or carrier is None:
            return Sought.NOT_TOLD
        if (silent := self._silent.get(earlier.provider)) is not None:
            return silent
        assert isinstance(message.rendered, Text)
        try:
            found = await carrier.find(message.address, message.rendered, earlier.seconds)
        except NobodyTells:
            return Sought.NOT_TOLD
        except DeliveryError as error:
            log.info("sms.not_looked_up", provider=earlier.provider, error=error.note)
            self._silent[earlier.provider] = again = AskAgain.because(error)
            again.elsewhere = earlier.provider != self._here
            return again
        if found is None:
            return Sought.NOT_THERE
        return found if earlier.provider == self._here else found._replace(by=earlier.provider)
