"""How a message will look before it is sent: what a channel rendered, taken apart for people and programs to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to think about before sending; `code` is published, `detail` says what and what to do."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Look:
    """`content` has each channel's own fields, as JSON; `warnings` are about it alone."""

    content: Mapping[str, Any]
    warnings: tuple[Caution, ...] = field(default=())


@runtime_checkable
class Shows(Protocol):
    """A channel that can take apart what it rendered."""

    def show(self, rendered: object, *, begins: bool) -> Look | None:
        """Return how `rendered` will look, None where nobody would get it; `begins`: an incident's first message."""
        ...
