"""What somebody chose on a form, as it waits for their yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.domain.subscriber import Preference


@dataclass(frozen=True, slots=True)
class Wanted:
    """`webhook` is called besides, once it has answered its challenge; `mail_too`: they want mail as well."""

    preference: Preference
    time_zone: str = "UTC"
    webhook: str = ""
    mail_too: bool = True


def write_wanted(
    components: Sequence[str], groups: Sequence[str], *, time_zone: str, webhook: str = "", mail_too: bool = True
) -> dict[str, Any]:
    """Return what is kept; who names no component and no group wants to hear of all."""
    return {
        "components": list(components),
        "groups": list(groups),
        "time_zone": time_zone,
        "webhook": webhook,
        "mail_too": mail_too,
    }


def read_wanted(kept: Mapping[str, Any]) -> Wanted:
    return Wanted(
        Preference(
            components=tuple(kept.get("components") or ()) or None,
            groups=tuple(kept.get("groups") or ()) or None,
        ),
        kept.get("time_zone") or "UTC",
        kept.get("webhook") or "",
        bool(kept.get("mail_too", True)),
    )
