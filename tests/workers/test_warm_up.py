"""The first message of a process waits for no template: one that nobody gets was written before it."""

from __future__ import annotations

from typing import Any

from delivery.provider import Provider
from tocsin.domain.channel import Content
from tocsin_workers.warm_up import rehearse


class Noted(Provider):
    """A provider that keeps what it was asked to write."""

    def __init__(self, content: Content = Content.STORY) -> None:
        super().__init__()
        self.content = content
        self.written: list[Any] = []

    def render(self, content: Any) -> Any:
        self.written.append(content)
        return super().render(content)


class Broken(Noted):
    def render(self, content: Any) -> Any:
        super().render(content)
        raise ValueError("no such template")


def test_each_channel_writes_once_and_sends_nothing() -> None:
    broken, page, sound = Broken(), Noted(Content.PAGE), Noted()
    rehearse([broken, page, sound])
    assert (len(broken.written), len(sound.written)) == (1, 1)
    assert page.written == []  # it is rendered as soon as the process looks around
    assert sound.sent == []
