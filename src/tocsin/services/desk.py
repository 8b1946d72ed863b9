"""One channel's desk for notices in one worker process: what they are written with, and go out through."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from tocsin.domain.channel import Channel
from tocsin.domain.language import Languages
from tocsin.domain.patience import Patience
from tocsin.domain.trouble import DISABLE_AFTER_HOURS
from tocsin.services.pacer import Pacer
from tocsin.services.providers import Providers


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to send notices on one channel; `pacer` is the one that deliveries ask, None where nobody is."""

    engine: AsyncEngine
    channel: Channel
    languages: Languages
    patience: Patience
    brand: str
    url: str
    secret: str
    confirm_hours: float
    manage_days: float
    disable_after_hours: float = DISABLE_AFTER_HOURS
    providers: Providers | None = None
    pacer: Pacer | None = None
