"""The words that an attempt's record has for what came of its messages."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

import tocsin_channels
from tocsin.domain.channel import Accepted
from tocsin.domain.errors import DeliveryError
from tocsin.services.outcome import outcome_of

WORDS = {
    "DeliveryError": "give_up",
    "GiveUp": "give_up",
    "AddressDead": "address_dead",
    "OptedOut": "address_dead",
    "Ambiguous": "ambiguous",
    "Doubtful": "ambiguous",  # the driver broke: it may have gone out
    "ProviderDown": "provider_down",
    "TryAgain": "try_again",
    "Lost": "try_again",  # the connection ended before the message went out
    "Unwritten": "try_again",
    "TooFast": "too_fast",
    "PutOff": "put_off",
}


def kinds(of: type[DeliveryError] = DeliveryError) -> Iterator[type[DeliveryError]]:
    """Yield every kind of error that a message can have, those of the channels included."""
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


@pytest.fixture(scope="module", autouse=True)
def everything_is_imported() -> None:
    for module in pkgutil.walk_packages(tocsin_channels.__path__, "tocsin_channels."):
        import_module(module.name)


def test_no_kind_of_error_is_left_out() -> None:
    ours = {kind.__name__ for kind in kinds() if kind.__module__.startswith("tocsin")}
    assert ours == set(WORDS)


@pytest.mark.parametrize("name", WORDS)
def test_each_kind_has_the_word_of_what_it_is(name: str) -> None:
    [kind] = {kind for kind in kinds() if kind.__name__ == name and kind.__module__.startswith("tocsin")}
    assert outcome_of(kind("why")) == WORDS[name]


def test_what_was_taken_is_accepted() -> None:
    assert outcome_of(Accepted()) == "accepted"
