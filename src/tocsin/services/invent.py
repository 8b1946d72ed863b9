"""Invents believable components and subscribers to look at: the same number always gives the same one."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from tocsin.domain.audience import Audience, Audiences
from tocsin.domain.channel import ChannelName
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.incident import Severity
from tocsin.domain.subscriber import NewEndpoint, NewSubscriber, Preference

# Groups, each with its components: slug, name, description.
COMPONENTS: Final = (
    ("shop", "Shop", (
        ("checkout", "Checkout", "Cart, addresses and placing an order"),
        ("payments", "Payments", "Cards, wallets and bank transfers"),
        ("search", "Search", "Finding products and filters"),
        ("storefront", "Storefront", "Product pages and pictures"),
    )),
    ("platform", "Platform", (
        ("api", "API", "Requests to api.example.com"),
        ("webhooks", "Webhooks", "Events sent to your systems"),
        ("dashboard", "Dashboard", "Orders, reports and settings"),
        ("sign-in", "Sign-in", "Passwords, passkeys and single sign-on"),
    )),
    ("back-office", "Back office", (
        ("shipping", "Shipping labels", "Rates, labels and tracking"),
        ("exports", "Exports", "Nightly files and reports"),
    )),
)  # fmt: skip
SLUGS: Final = tuple(slug for _, _, components in COMPONENTS for slug, _, _ in components)

# fmt: off
_FIRST: Final = (
    "Amber", "Birch", "Cedar", "Copper", "Coral", "Crane", "Dawn", "Delta", "Ember", "Fern", "Finch", "Flint",
    "Garnet", "Granite", "Harbour", "Hazel", "Heron", "Indigo", "Ivory", "Jasper", "Juniper", "Kestrel", "Lantern",
    "Larch", "Lark", "Linden", "Maple", "Marble", "Meadow", "Mistral", "Nimbus", "Oak", "Olive", "Onyx", "Opal",
    "Otter", "Pebble", "Pine", "Plover", "Poplar", "Quartz", "Quill", "Raven", "Reed", "Robin", "Rowan", "Saffron",
    "Sage", "Sienna", "Silver", "Sparrow", "Summit", "Swift", "Teal", "Thistle", "Tidal", "Topaz", "Umber", "Vale",
    "Willow", "Wren", "Yarrow", "Zephyr",
)
_SECOND: Final = (
    "Bakery", "Bikes", "Books", "Boats", "Camping", "Ceramics", "Chairs", "Cinema", "Clinic", "Coffee", "Couriers",
    "Dairy", "Design", "Farms", "Films", "Flowers", "Foods", "Gardens", "Glass", "Goods", "Hotels", "Insurance",
    "Instruments", "Kitchens", "Labs", "Lamps", "Leather", "Lighting", "Media", "Mills", "Music", "Optics",
    "Outdoors", "Paper", "Pharmacy", "Photo", "Pottery", "Prints", "Records", "Rentals", "Schools", "Shoes", "Skis",
    "Soap", "Sports", "Studio", "Supplies", "Tea", "Tickets", "Tools", "Toys", "Travel", "Vintners", "Watches",
    "Wool", "Workshop", "Yoga",
)
_TEAMS: Final = (
    "Atlas", "Beacon", "Comet", "Drift", "Echo", "Falcon", "Glacier", "Horizon", "Iris", "Juno", "Kite", "Lumen",
    "Meteor", "Nova", "Orbit", "Pulse",
)
# fmt: on
# Of a hundred subscribers so many are in each audience; who has none of these names is in the widest.
_SHARES: Final = (("oncall", 4), ("support", 9), ("leadership", 3), ("staff", 8))
_PLACES: Final = (
    ("en", "UTC"),
    ("en-GB", "Europe/London"),
    ("en-US", "America/New_York"),
    ("en-US", "America/Los_Angeles"),
    ("de", "Europe/Berlin"),
    ("fr", "Europe/Paris"),
    ("en-AU", "Australia/Sydney"),
)
# Subscribers whose address misbehaves on the practice server, so that there is something to see. Only in small samples:
# in big ones people look at the speed.
_AWKWARD: Final = {17: "refuse", 34: "policy", 51: "bounce", 68: "throttle", 85: "delay", 102: "hangup"}
_SMALL: Final = 1_000


def invent_all(n: int, audiences: Audiences) -> list[NewSubscriber]:
    """Return a sample of `n` subscribers."""
    invented = [invent(number, audiences) for number in range(1, n + 1)]
    if n <= _SMALL:
        for number in range(1, n + 1):
            if number in _AWKWARD:
                address = f"{_AWKWARD[number]}+{number}@example.com"
                endpoint = _endpoint(address, EndpointState.ACTIVE, Preference())
                invented[number - 1] = replace(invented[number - 1], endpoints=(endpoint,))
    return invented


def invent(number: int, audiences: Audiences) -> NewSubscriber:
    """Return subscriber `number`, counted from 1, with one e-mail endpoint."""
    dice = Random(number)  # noqa: S311  it is to be the same each time
    audience = _audience(dice, audiences)
    name = _name(number, audience.name, outside=audience == audiences.widest)
    locale, time_zone = dice.choice(_PLACES)
    domain = "example.com" if dice.random() < 0.7 else "example.org"  # noqa: PLR2004  a share
    address = f"{name.lower().replace(' ', '.')}.{number}@{domain}"
    return NewSubscriber(name, locale, time_zone, audience.bit, (_endpoint(address, _state(dice), _preference(dice)),))


def _endpoint(address: str, state: EndpointState, preference: Preference) -> NewEndpoint:
    return NewEndpoint(ChannelName.EMAIL, address, address, state, preference)


def _audience(dice: Random, audiences: Audiences) -> Audience:
    throw = dice.randrange(100)
    for name, share in _SHARES:
        if throw < share and name in audiences.names:
            return audiences.named(name)
        throw -= share
    return audiences.widest


def _name(number: int, audience: str, *, outside: bool) -> str:
    if not outside:
        return f"{audience.title()} {_TEAMS[number % len(_TEAMS)]}"
    return f"{_FIRST[number % len(_FIRST)]} {_SECOND[number // len(_FIRST) % len(_SECOND)]}"


def _state(dice: Random) -> EndpointState:
    return dice.choices(
        (EndpointState.ACTIVE, EndpointState.UNCONFIRMED, EndpointState.PAUSED, EndpointState.OPTED_OUT),
        (95, 2, 1.5, 1.5),
    )[0]


def _preference(dice: Random) -> Preference:
    chosen = tuple(dice.sample(SLUGS, dice.randint(1, 4))) if dice.randrange(5) == 0 else None
    least = dice.choices((Severity.SEV4, Severity.SEV3, Severity.SEV2, Severity.SEV1), (70, 15, 12, 3))[0]
    return Preference(components=chosen, least=None if least is Severity.SEV4 else least)
