"""Who texts are from: several numbers share the work, and each recipient hears from the same one while it is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from tocsin.domain.errors import Refused

_MESSAGING_SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}")  # E.164, or a short code
_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")  # an alphanumeric sender, which nobody can reply to


@dataclass(frozen=True, slots=True)
class Senders:
    """`names` are numbers, short codes, names or a Twilio messaging service (MG…)."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, written: str) -> Senders:
        """Read "+14155550100, +14155550101"; raise Refused where one of them cannot send."""
        names = tuple(name.strip() for name in written.split(",") if name.strip())
        for name in names:
            if not any(form.fullmatch(name) for form in (_MESSAGING_SERVICE, _NUMBER, _NAME)):
                raise Refused(
                    f"{name!r} cannot send texts. Write a number like +14155550100, a short code, a name of at most 11 "
                    "letters and digits, or a messaging service (MG and 32 digits).",
                    field="sms.from",
                )
        if not names:
            raise Refused("Write who texts are from: +14155550100, or several with commas between.", field="sms.from")
        return cls(names)

    def for_recipient(self, to: str) -> list[str]:
        """Return all senders, the one for `to` first; one that is added or removed moves few recipients."""
        return sorted(self.names, key=lambda name: crc32(f"{name} {to}".encode()), reverse=True)


def is_messaging_service(sender: str) -> bool:
    return _MESSAGING_SERVICE.fullmatch(sender) is not None
