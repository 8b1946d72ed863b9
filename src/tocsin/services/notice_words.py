"""What notices say, in the language of whoever reads them."""

from __future__ import annotations

from tocsin.domain.language import Language
from tocsin.domain.notice import Notice
from tocsin.domain.opting_in import OptIn, Purpose


def question(language: Language, brand: str, opt_in: OptIn, url: str, seconds: float) -> Notice:
    """Ask whether an address is its reader's, who agrees by `url`, good for `seconds`, and a button there."""
    say = language.say
    if opt_in.purpose is Purpose.RETURN:
        first = say("Messages from {brand} to this address came back. Confirm that it works again.", brand=brand)
    elif opt_in.purpose is Purpose.MOVE:
        first = say("You want incident updates from {brand} to come to this address from now on.", brand=brand)
    else:
        first = say(
            "You, or somebody who wrote down this address, asked for incident updates from {brand}.", brand=brand
        )
    return Notice(
        brand=brand,
        locale=language.code,
        title=say("Confirm that you want incident updates from {brand}", brand=brand),
        paragraphs=(
            first,
            say(
                "Nothing else is sent to you until you confirm. The link works for {duration}.",
                duration=language.span(seconds),
            ),
            say("It wasn't you? Then do nothing, or say so, and nobody can ask us to write to you again."),
        ),
        short="",
        action=say("Confirm"),
        url=url,
        other_action=say("It wasn't me"),
        other_url=f"{url}?not-me",
    )


def code(language: Language, brand: str, digits: str) -> Notice:
    """Tell the code that a number's owner types where they asked for it."""
    short = language.say(
        "{brand}: your code is {code}. Type it where you asked for incident updates. Not you? Ignore this. STOP ends",
        brand=brand[:40],
        code=digits,
    )
    return Notice(brand, language.code, "", (), short, "", "")


def way_in(language: Language, brand: str, url: str, seconds: float) -> Notice:
    """Tell the way to what somebody chose, good for `seconds`, to themselves."""
    say = language.say
    return Notice(
        brand=brand,
        locale=language.code,
        title=say("Your link to your notifications from {brand}", brand=brand),
        paragraphs=(
            say("This link shows what you get from {brand}, and lets you change or stop it.", brand=brand),
            say(
                "Keep it to yourself: whoever has it can do so too. It works for {duration}.",
                duration=language.span(seconds),
            ),
            say("You didn't ask for it? Then do nothing."),
        ),
        short=say("{brand}: change or stop what you get: {url} STOP ends", brand=brand[:40], url=url),
        action=say("Open my notifications"),
        url=url,
    )


def subscribed(language: Language, brand: str, url: str) -> Notice:
    """Tell whoever is subscribed already, and was asked for again, the way to what they chose."""
    say = language.say
    return Notice(
        brand=brand,
        locale=language.code,
        title=say("You are subscribed to {brand} already", brand=brand),
        paragraphs=(
            _somebody_asked(language, brand),
            say("You get them already, so nothing was changed. This link shows what you get, and lets you change it."),
        ),
        short=say("{brand}: change or stop what you get: {url} STOP ends", brand=brand[:40], url=url),
        action=say("Open my notifications"),
        url=url,
    )


def quarantined(language: Language, brand: str, address: str, url: str) -> Notice:
    """Tell somebody that another address of theirs takes no more messages."""
    say = language.say
    return Notice(
        brand=brand,
        locale=language.code,
        title=say("{address} takes no more messages from {brand}", address=address, brand=brand),
        paragraphs=(
            say(
                "Messages from {brand} could not be delivered to {address}, so nothing is sent there any more.",
                brand=brand,
                address=address,
            ),
            say("Is the address right, and does it work again? Then have it tried once more, or give us another one."),
        ),
        short=say(
            "{brand}: {address} takes no more messages. Mend it: {url} STOP ends",
            brand=brand[:40],
            address=address,
            url=url,
        ),
        action=say("See to it"),
        url=url,
    )


def failing(language: Language, brand: str, address: str, url: str, since: str, until: str) -> Notice:
    """Tell somebody that another address of theirs takes nothing since a moment, and is disabled at another."""
    say = language.say
    return Notice(
        brand=brand,
        locale=language.code,
        title=say("{address} takes no messages from {brand} just now", address=address, brand=brand),
        paragraphs=(
            say(
                "Since {since} nothing from {brand} has come through to {address}. It is tried again and again.",
                brand=brand,
                address=address,
                since=since,
            ),
            say(
                "If that goes on, nothing is sent there any more from {time} on. The first success ends it.", time=until
            ),
        ),
        short=say(
            "{brand}: {address} takes no messages just now, and is given up if that goes on: {url} STOP ends",
            brand=brand[:40],
            address=address,
            url=url,
        ),
        action=say("See to it"),
        url=url,
    )


def canary(brand: str, url: str) -> Notice:
    """Say that nothing is wrong, to whoever runs this."""
    says = "This is a canary: it measures how long a message takes until its provider has it. Nothing is wrong."
    return Notice(brand, "en", f"{brand}: a canary", (says,), f"{brand}: a canary. Nothing is wrong.", "Console", url)


def _somebody_asked(language: Language, brand: str) -> str:
    return language.say(
        "You, or somebody who wrote down this address, asked for incident updates from {brand}.", brand=brand
    )
