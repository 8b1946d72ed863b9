"""What people told the provider itself: STOP ends everything on that address, START begins again."""

from __future__ import annotations

from delivery.world import World
from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind
from tocsin.domain.errors import OptedOut
from tocsin.services.obey import obey
from tocsin.services.receive import receive


def wish(kind: ReceiptKind, address: str) -> Receipt:
    return Receipt("", kind, "STOP", "they texted STOP", address=address)


async def states(world: World) -> list[tuple[str, str | None]]:
    found = await world.rows("SELECT state::text, state_reason FROM endpoint WHERE channel = 'email'")
    return [(state, reason) for state, reason in found]


async def test_who_opts_out_at_the_provider_is_opted_out_here(world: World) -> None:
    await world.person("someone@example.com")
    world.email.answer = lambda _: OptedOut("21610: they replied STOP", code=21610)
    await world.tell("It is down.")
    assert await world.ledger("someone@example.com") == [(1, "suppressed", "opted_out")]
    assert await states(world) == [("opted_out", "21610: they replied STOP")]
    await world.tell("Something else is down.")
    assert len(world.email.sent) == 1


async def test_a_wish_to_stop_ends_what_is_still_owed(world: World) -> None:
    await world.person("someone@example.com")
    await world.say("It is down.")
    await world.spread()
    await obey(world.engine, ChannelName.EMAIL, [wish(ReceiptKind.OPTED_OUT, "someone@example.com")])
    await world.deliver()
    assert world.email.sent == []
    assert await world.ledger("someone@example.com") == [(1, "suppressed", "opted_out")]
    assert await states(world) == [("opted_out", "they texted STOP")]


async def test_a_wish_to_begin_again_is_followed_by_the_next_news(world: World) -> None:
    await world.person("someone@example.com", state="opted_out")
    await obey(world.engine, ChannelName.EMAIL, [wish(ReceiptKind.OPTED_IN, "someone@example.com")])
    await world.tell("It is down.")
    assert await world.ledger("someone@example.com") == [(1, "accepted", None)]


async def test_beginning_again_changes_nothing_where_nobody_had_stopped(world: World) -> None:
    await world.person("dead@example.com", state="quarantined")
    await obey(world.engine, ChannelName.EMAIL, [wish(ReceiptKind.OPTED_IN, "dead@example.com")])
    assert await states(world) == [("quarantined", None)]


async def test_wishes_of_strangers_and_on_other_channels_change_nothing(world: World) -> None:
    await world.person("someone@example.com")
    await obey(world.engine, ChannelName.EMAIL, [wish(ReceiptKind.OPTED_OUT, "stranger@example.com")])
    await obey(world.engine, ChannelName.SMS, [wish(ReceiptKind.OPTED_OUT, "someone@example.com")])
    assert await states(world) == [("active", None)]


async def test_what_bounced_through_no_fault_of_the_address_is_told_with_the_next_news(world: World) -> None:
    await world.person("someone@example.com")
    opened = await world.tell("It is down.")
    delivery = world.email.sent[0].delivery
    filtered = Receipt(delivery, ReceiptKind.BOUNCED, "30007", "filtered by the carrier", keeps_address=True)
    await receive(world.engine, "s", "practice", [filtered])
    assert await states(world) == [("active", None)]
    await world.tell("We are on it.", about=opened)
    await world.later(600)
    await world.deliver()
    assert (await world.ledger("someone@example.com"))[0] == (1, "bounced", "bounced_later")
    assert len(world.email.sent) == 2
