"""What is told is told in the language of each endpoint."""

from __future__ import annotations

from delivery.world import World
from tocsin.domain.story import Story


async def test_each_endpoint_is_told_in_its_own_language_components_and_all(world: World) -> None:
    await world.component("checkout")
    for name, locale in (("anna", "de-AT"), ("fred", "fr"), ("mary", "en")):
        await world.person(f"{name}@example.com")
        await world.run("UPDATE endpoint SET locale = :to WHERE address = :at", to=locale, at=f"{name}@example.com")
    await world.tell("It is down.", components={"checkout": "major_outage"})
    told = {one.address[:4]: one.rendered for one in world.email.sent if isinstance(one.rendered, Story)}
    said = {who: (one.language.say("Resolved"), one.chapters[0].components) for who, one in told.items()}
    assert said == {
        "anna": ("Behoben", (("checkout", "ausgefallen"),)),
        "fred": ("Resolved", (("checkout", "down"),)),
        "mary": ("Resolved", (("checkout", "down"),)),
    }
