"""The page and `why` give the same reasons: to the reader as "you", to whoever asks about them as "they"."""

from __future__ import annotations

import re
from itertools import product

import httpx
import pytest

from delivery.world import World
from joining import ADA, press, words
from post_office import PostOffice
from tocsin.domain.delivery import Reason, Rule, State
from tocsin.domain.language import ENGLISH
from tocsin.domain.why import why
from tocsin.web.pages.manage_why import REASONS, RULES, heard_words

_TO_YOU = {"they": "you", "their": "your", "them": "you", "theirs": "yours"}


def to_you(said: str) -> str:
    return re.sub(r"\b(they|their|them|theirs)\b", lambda found: _TO_YOU[found[0]], said)


def test_every_rule_and_reason_is_told_in_the_words_of_why() -> None:
    assert {to_you(reason.words): reason for reason in Reason} == {said: reason for reason, said in REASONS.items()}
    assert {to_you(rule.words): rule for rule in Rule} == {said: rule for rule, said in RULES.items()}


def test_every_state_is_told_in_a_sentence_with_its_reason() -> None:
    for state, reason in product(State, [None, *Reason]):
        told = heard_words(ENGLISH, state, reason, None, "noon")
        said = why(state, reason, due_at="noon", done_at="noon", receipt_at="noon", provider=None, note=None)
        assert told.endswith(".")
        assert ".." not in told
        if reason and state not in {State.ACCEPTED, State.DELIVERED}:
            assert REASONS[reason] in told
        if reason and state in {State.HELD, State.SKIPPED, State.SUPPRESSED}:
            assert told.partition(":")[0] == said.partition(":")[0]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ("UPDATE endpoint SET least = 1 WHERE address = :a", "Not sent: you asked to hear of graver incidents only."),
        ("UPDATE endpoint SET phases = 32 WHERE address = :a",
         "Not sent: you did not ask to hear of this phase of an incident."),
        ("UPDATE endpoint SET all_components = false WHERE address = :a",
         "Not sent: none of the components you chose is affected."),
        ("UPDATE endpoint SET state = 'paused' WHERE address = :a", "Not sent: you paused this address."),
        ("UPDATE endpoint SET follows = ARRAY(SELECT id FROM incident) WHERE address = :a",
         "It went out, since it is for an audience that you belong to."),
    ],
)  # fmt: skip
async def test_the_page_names_the_rule_that_decided(
    visitor: httpx.AsyncClient, world: World, way_in: str, chosen: str, told: str
) -> None:
    await world.run(chosen, a=ADA)
    await world.tell("It is slow.", severity="sev3", components={"checkout": "degraded_performance"})
    assert told in words(await visitor.get(way_in))
    assert world.email.texts_to(ADA) == ([["It is slow."]] if told.startswith("It went out") else [])


async def test_what_waits_says_until_when_and_for_what(visitor: httpx.AsyncClient, world: World, way_in: str) -> None:
    await press(visitor, way_in, "pause", **{"for": "4h"})
    await world.tell("It is down.")
    shown = words(await visitor.get(way_in))
    assert re.search(r"Held until \d+ \w+ 20\d\d, \d\d:\d\d: you paused this address\.", shown)
    german = words(await visitor.get(way_in + "?lang=de"))
    assert re.search(r"Zurückgehalten bis .*: Sie haben diese Adresse pausiert\.", german)


async def test_what_is_the_same_for_several_addresses_stands_there_once(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, way_in: str
) -> None:
    for address in ("second@example.com", "third@example.com"):
        await press(visitor, way_in, "add", channel="email", address=address)
        await visitor.post(await office.path(address), data={"do": "yes"})
    await world.run("UPDATE endpoint SET least = 1 WHERE address = 'third@example.com'")
    await world.tell("It is down.")
    shown = words(await visitor.get(way_in))
    assert f"E-mail: {ADA}, second@example.com<" in shown
    assert shown.count("It went out, since") == 1
    assert shown.count("Not sent: you asked") == 1


async def test_a_component_that_was_chosen_is_the_reason_that_is_named(
    visitor: httpx.AsyncClient, world: World, way_in: str
) -> None:
    await world.run("UPDATE endpoint SET all_components = false WHERE address = :a", a=ADA)
    await world.run(
        "INSERT INTO endpoint_component SELECT e.id, c.id FROM endpoint e, component c"
        " WHERE e.address = :a AND c.slug = 'checkout'",
        a=ADA,
    )
    opened = await world.tell("It is down.", components={"checkout": "major_outage"})
    assert "It went out, since you chose a component that is affected." in words(await visitor.get(way_in))
    await world.later(3600)
    await world.tell("It is over.", about=opened, status="resolved", components={"checkout": "operational"})
    assert "It went out, since you were told that it began." in words(await visitor.get(way_in))
