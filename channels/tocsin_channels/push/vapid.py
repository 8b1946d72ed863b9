"""Who we are to push services (RFC 8292): a key of ours, and a signature for each service, kept for half a day."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_VALID_SECONDS: Final = 12 * 3600  # at most a day is allowed
_RENEW_SECONDS: Final = 3600
_MOST_KEPT: Final = 1_000


class Vapid:
    """`private_key` is 32 bytes in base64url; `contact` is "mailto:…" or "https://…", whom a service may write to."""

    def __init__(self, private_key: str, contact: str, clock: Callable[[], float] = time.time) -> None:
        self.contact = contact
        self._private_key = private_key
        self._clock = clock
        self._kept: dict[str, tuple[float, str]] = {}

    def authorization(self, origin: str) -> str:
        """Return the header of that name for messages to the push service at `origin`."""
        now = self._clock()
        until, header = self._kept.get(origin, (0.0, ""))
        if until < now + _RENEW_SECONDS:
            until, header = now + _VALID_SECONDS, self._sign(origin, int(now) + _VALID_SECONDS)
            if len(self._kept) >= _MOST_KEPT:  # origins are whatever subscribers gave us
                self._kept.clear()
            self._kept[origin] = until, header
        return header

    def _sign(self, origin: str, until: int) -> str:
        from py_vapid import Vapid02  # noqa: PLC0415  slow to import, and needed only where something is sent

        key = Vapid02.from_raw(self._private_key.encode())
        key.conf = {"no-strict": True}  # it knows no ports in a contact; the settings have checked ours
        header: str = key.sign({"aud": origin, "sub": self.contact, "exp": until})["Authorization"]
        return header
