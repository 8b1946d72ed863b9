"""The status page as a channel: one endpoint, and its message is the whole public page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from tocsin.domain.channel import Accepted, Answered, ChannelName, Content, Limits, Message, OnUnknown, Receipt
from tocsin.domain.errors import ProviderDown, Refused
from tocsin.domain.page import Page
from tocsin.domain.story import Story
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.write import write


class StatusPageChannel:
    """Writes the page to a folder, from which the web, or any web server, hands it out."""

    name = ChannelName.STATUS_PAGE
    limits = Limits(batch=1, in_flight=1, merges=True)
    on_unknown = OnUnknown.RESEND_FREELY  # the same files in the same place
    content = Content.PAGE
    provider = "files"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def render(self, content: Story | Page) -> Mapping[str, bytes]:
        if not isinstance(content, Page):
            raise TypeError("The status page shows a Page, not a Story.")
        return render(content)

    async def send(self, messages: Sequence[Message], answered: Answered) -> None:
        for index, message in enumerate(messages):
            files = cast("Mapping[str, bytes]", message.rendered)
            try:
                written = await asyncio.to_thread(write, self._directory, files)
            except OSError as error:
                answered(index, ProviderDown(f"The page could not be written to {self._directory}: {error}"))
            else:
                answered(index, Accepted(note="" if written else "a newer page was already there"))

    def read_receipt(self, raw: bytes, headers: Mapping[str, str], url: str) -> Sequence[Receipt]:
        del raw, headers, url
        raise Refused("Nobody reports on the status page.")

    async def check(self) -> str:
        try:
            await asyncio.to_thread(_try_writing, self._directory)
        except OSError as error:
            raise ProviderDown(f"The page can't be written to {self._directory}: {error}. Mend its rights.") from error
        return f"The page is written to {self._directory}."

    async def close(self) -> None:
        """Nothing is kept open."""


def _try_writing(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    probe = directory / ".probe"
    probe.write_bytes(b"")
    probe.unlink()
