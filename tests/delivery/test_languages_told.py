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


async def test_each_endpoint_is_sent_to_the_page_in_its_language(world: World) -> None:
    for name, locale in (("anna", "de-AT"), ("fred", "fr")):
        await world.person(f"{name}@example.com")
        await world.run("UPDATE endpoint SET locale = :to WHERE address = :at", to=locale, at=f"{name}@example.com")
    await world.tell("It is down.", audiences=["customers"])
    told = {one.address[:4]: one.rendered for one in world.email.sent if isinstance(one.rendered, Story)}
    [(incident,)] = await world.rows("SELECT public_id FROM incident")
    ends = {who: str(one.chapters[0].url).partition(".test")[2] for who, one in told.items()}
    assert ends == {"anna": f"/de/incidents/{incident}", "fred": f"/incidents/{incident}"}
