"""What a provider answered becomes the reason for stopping it only where it is about the provider."""

from __future__ import annotations

import pytest

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import ProviderDown, TryAgain
from tocsin.domain.tally import alike

DOWN = ProviderDown("wrong password")


def test_what_a_whole_batch_is_answered_alike_is_told_as_the_reason() -> None:
    assert alike([DOWN, ProviderDown("wrong password")]) == "wrong password"
    assert alike([TryAgain("could not be reached")] * 3) == "could not be reached"


@pytest.mark.parametrize(
    "results",
    [
        [],
        [DOWN],
        [DOWN, Accepted("1")],
        [Accepted("1", note="queued")] * 2,
        [TryAgain("<a@b.c> is busy"), TryAgain("<d@e.f> is busy")],
    ],
)
def test_what_may_name_a_recipient_is_not(results: list[Result]) -> None:
    assert alike(results) == ""
