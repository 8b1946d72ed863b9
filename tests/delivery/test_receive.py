"""Receipts that come early, late, repeated and in any order end in one right state."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from delivery.world import World
from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind
from tocsin.domain.tokens import Signer
from tocsin.services.receive import receive


def said(world: World, kind: ReceiptKind, at: int = 0) -> Receipt:
    return Receipt(world.email.sent[at].delivery, kind, "5.1.1" if kind is ReceiptKind.BOUNCED else "2.0.0", "as told")


async def test_a_bounce_takes_back_what_was_told_and_retires_the_address(world: World) -> None:
    await world.person("gone@example.com")
    opened = await world.tell("It is down.")
    assert await receive(world.engine, "s", "practice", [said(world, ReceiptKind.BOUNCED)]) == 1
    assert await world.ledger("gone@example.com") == [(1, "bounced", "bounced_later")]
    assert await world.rows("SELECT state::text, state_reason FROM endpoint WHERE channel = 'email'") == [
        ("quarantined", "as told")
    ]
    assert await world.rows("SELECT told FROM pace JOIN endpoint e ON e.id = endpoint_id WHERE channel = 'email'") == [
        ([],)
    ]
    await world.tell("It is fixed.", about=opened, status="resolved")
    assert len(world.email.sent) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(["delivered", "bounced", "delayed", "delivered"])))
async def test_in_any_order_a_bounce_is_the_last_word(world: World, order: tuple[str, ...]) -> None:
    await world.person("someone@example.com")
    await world.tell("It is down.")
    for kind in order:
        await receive(world.engine, "s", "practice", [said(world, ReceiptKind(kind))])
    assert await world.ledger("someone@example.com") == [(1, "bounced", "bounced_later")]
    assert await world.rows("SELECT count(*) FROM receipt") == [(4,)]


async def test_a_receipt_that_overtakes_the_answer_is_not_undone_by_it(world: World) -> None:
    await world.person("quick@example.com")
    await world.say("It is down.")
    await world.spread()

    async def meanwhile() -> None:
        await receive(world.engine, "s", "practice", [said(world, ReceiptKind.DELIVERED)])

    world.email.before_answer = meanwhile
    await world.deliver()
    assert await world.ledger("quick@example.com") == [(1, "delivered", None)]


async def test_one_message_that_told_two_incidents_is_delivered_for_both(world: World) -> None:
    await world.person("someone@example.com")
    await world.say("The shop is slow.", severity="sev3")
    await world.say("Checkout is down.", severity="sev1")
    await world.spread()
    await world.deliver()
    await receive(world.engine, "s", "practice", [said(world, ReceiptKind.DELIVERED)])
    assert await world.states() == {"delivered": 2}


async def test_a_forged_name_changes_nothing(world: World) -> None:
    await world.person("someone@example.com")
    await world.tell("It is down.")
    forged = Signer("another secret", "delivery").make(1, 2)
    assert await receive(world.engine, "s", "practice", [Receipt(forged, ReceiptKind.BOUNCED, "5.1.1", "")]) == 0
    assert await world.ledger("someone@example.com") == [(1, "accepted", None)]


def gone(world: World, event: str = "", *, keeps: bool = False) -> Receipt:
    name = world.email.sent[0].delivery
    return Receipt(name, ReceiptKind.BOUNCED, "soft" if keeps else "5.1.1", "as told", keeps_address=keeps, event=event)


async def test_a_report_that_has_a_name_counts_once(world: World) -> None:
    await world.person("someone@example.com")
    await world.tell("It is down.")
    for _ in range(3):
        await receive(world.engine, "s", "practice", [gone(world, "e1")])
    assert await world.rows("SELECT count(*) FROM receipt") == [(1,)]
    await receive(world.engine, "s", "another", [gone(world, "e1")])
    assert await world.rows("SELECT count(*) FROM receipt") == [(2,)]


async def test_a_hard_bounce_after_a_soft_one_retires_the_address(world: World) -> None:
    await world.person("gone@example.com")
    await world.tell("It is down.")
    states = "SELECT state::text FROM endpoint WHERE channel = 'email'"
    await receive(world.engine, "s", "practice", [gone(world, "1", keeps=True)])
    assert (await world.ledger("gone@example.com"), await world.rows(states)) == (
        [(1, "bounced", "bounced_later")],
        [("active",)],
    )
    await receive(world.engine, "s", "practice", [gone(world, "2")])
    assert await world.rows(states) == [("quarantined",)]


@pytest.mark.parametrize("order", list(itertools.permutations(["delivered", "complained", "delayed"])))
async def test_who_calls_it_spam_has_it_and_hears_nothing_more(world: World, order: tuple[str, ...]) -> None:
    await world.person("annoyed@example.com")
    opened = await world.tell("It is down.")
    for kind in order:
        await receive(world.engine, "s", "practice", [said(world, ReceiptKind(kind))])
    assert await world.ledger("annoyed@example.com") == [(1, "delivered", None)]
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'email'") == [("opted_out",)]
    await world.tell("It is fixed.", about=opened, status="resolved")
    assert len(world.email.sent) == 1


async def test_our_own_fault_leaves_the_address_alone(world: World) -> None:
    await world.person("someone@example.com")
    await world.tell("It is down.")
    name = world.email.sent[0].delivery
    ours = Receipt(name, ReceiptKind.BOUNCED, "5.7.26", "unauthenticated", keeps_address=True, our_fault=True)
    await receive(world.engine, "s", "practice", [ours])
    assert await world.ledger("someone@example.com") == [(1, "bounced", "bounced_later")]
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'email'") == [("active",)]


def unknown_handset(world: World, at: int) -> Receipt:
    name = world.email.sent[at].delivery
    return Receipt(name, ReceiptKind.BOUNCED, "30005", "no handset", keeps_address=True, twice_is_proof=True)


@pytest.mark.parametrize(
    ("seconds", "arrived", "code", "state"),
    [
        (90_000, False, "30005", "quarantined"),
        (3_600, False, "30005", "active"),  # one night with the phone off
        (90_000, True, "30005", "active"),  # a text arrived in between
        (90_000, False, "30003", "active"),  # something else was said
    ],
)
async def test_what_is_no_proof_once_is_proof_a_day_later(
    world: World,
    seconds: int,
    arrived: bool,  # noqa: FBT001
    code: str,
    state: str,
) -> None:
    await world.person("someone@example.com")
    await world.tell("The shop is down.")
    first = replace(unknown_handset(world, 0), code=code)
    for _ in range(2):  # of one message it may be said twice
        await receive(world.engine, "s", "practice", [first])
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'email'") == [("active",)]
    if arrived:
        await world.tell("The search is down.")
        await world.later(600)
        await world.deliver()
        await receive(world.engine, "s", "practice", [said(world, ReceiptKind.DELIVERED, 1)])
    await world.later(seconds)
    await world.tell("The map is down.")
    await receive(world.engine, "s", "practice", [unknown_handset(world, len(world.email.sent) - 1)])
    assert len(world.email.sent) == (3 if arrived else 2)
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'email'") == [(state,)]


async def test_a_report_that_is_posted_again_a_day_later_is_no_second_one(world: World) -> None:
    await world.person("someone@example.com")
    await world.tell("The shop is down.")
    for _ in range(2):
        await receive(world.engine, "s", "practice", [unknown_handset(world, 0)])
        await world.later(90_000)
    assert await world.rows("SELECT state::text FROM endpoint WHERE channel = 'email'") == [("active",)]


async def test_what_blames_us_and_is_reported_twice_counts_once(world: World) -> None:
    await world.person("someone@example.com")
    await world.tell("It is down.")
    ours = Receipt(
        world.email.sent[0].delivery, ReceiptKind.BOUNCED, "30007", "", keeps_address=True, our_fault=True, event="1"
    )
    for _ in range(3):
        await receive(world.engine, "s", "practice", [ours], ChannelName.EMAIL)
    assert await world.rows("SELECT sum(faults)::int, sum(good)::int FROM provider_tally") == [(1, -1)]
