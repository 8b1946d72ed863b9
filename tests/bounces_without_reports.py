"""Bounces that have no form, replies that machines write for their owners, and challenges: each with what it means."""

from __future__ import annotations

from bounces import DELAYED, GONE, NOTHING, OURS, RETURNED, Bounce, letter

_READER = "Ada Reader <reader@example.com>"
_AUTO = "Auto-Submitted: auto-replied"
_QMAIL = "Hi. This is the qmail-send program at example.com.\nI'm afraid I wasn't able to deliver your message to the "
_EXIM = (
    "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
    "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
)

LETTERS: tuple[Bounce, ...] = (
    letter(
        "qmail-unknown",
        GONE,
        "failure notice",
        f"{_QMAIL}following addresses.\n\n<reader@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)",
    ),
    letter(
        "qmail-quota",
        RETURNED,
        "failure notice",
        f"{_QMAIL}following addresses.\n\n<reader@example.com>:\nThe user's mailbox is over quota. (#5.2.2)",
    ),
    letter(
        "qmail-remote-policy",
        OURS,
        "failure notice",
        f"{_QMAIL}following addresses.\n\n<reader@example.com>:\n192.0.2.2 failed after I sent the message.\n"
        "Remote host said: 554 5.7.1 Message blocked by our policy",
    ),
    letter(
        "exim-unknown-free",
        GONE,
        "Mail delivery failed: returning message to sender",
        f"{_EXIM}  reader@example.com\n    550 5.1.1 no such user here",
        "",
        "X-Failed-Recipients: reader@example.com",
    ),
    letter(
        "exim-unrouteable-free",
        RETURNED,
        "Mail delivery failed: returning message to sender",
        f"{_EXIM}  reader@example.com\n    Unrouteable address",
        "",
        "X-Failed-Recipients: reader@example.com",
    ),
    letter(
        "exim-delay",
        DELAYED,
        "Warning: message 1abc delayed 24 hours",
        "A message that you sent has not yet been delivered. No action is required of you. Delivery attempts will "
        "continue for some time.",
    ),
    letter(
        "sendmail-warning",
        DELAYED,
        "Warning: could not send message for past 4 hours",
        "**********\n** THIS IS A WARNING MESSAGE ONLY  **\n** YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n**********",
    ),
    letter(
        "exchange-2003",
        GONE,
        "Undeliverable: Checkout is failing",
        "Your message did not reach some or all of the intended recipients.\n\nThe following recipient(s) could not be "
        "reached:\n  reader@example.com\n   The e-mail account does not exist at the organization. <mx #5.1.1>",
        "System Administrator <postmaster@example.com>",
    ),
    letter(
        "german-unknown",
        GONE,
        "Unzustellbar: Checkout is failing",
        "Ihre Nachricht konnte nicht zugestellt werden: Postfach existiert nicht.",
        "Postmaster <postmaster@gmx.example>",
    ),
    letter(
        "german-delay",
        DELAYED,
        "Zustellung verzögert",
        "Ihre Nachricht wurde noch nicht zugestellt.",
        "Postmaster <postmaster@gmx.example>",
    ),
    letter("vague", RETURNED, "Undeliverable mail", "Your message could not be delivered. We are sorry."),
    letter("full-in-words", RETURNED, "Returned mail", "Your message could not be delivered: the mailbox is full."),
    letter("spam-in-words", OURS, "Returned mail", "Delivery failed: your message was identified as spam."),
    letter("outlook-out-of-office", NOTHING, "Automatic reply: Checkout", "I am away until Monday.", _READER, _AUTO),
    letter("german-out-of-office", NOTHING, "Abwesenheitsnotiz", "Ich bin nicht im Büro.", _READER),
    letter("french-out-of-office", NOTHING, "Réponse automatique", "Je suis absente.", _READER),
    letter("gmail-vacation", NOTHING, "Re: Checkout is failing", "I am on leave.", _READER, "X-Autoreply: yes"),
    letter("vacation-precedence", NOTHING, "Re: Checkout", "Gone fishing.", _READER, "Precedence: auto_reply"),
    letter(
        "left-the-company",
        NOTHING,  # a person's machine says so, not their server: it may be about anybody
        "Automatic reply: Checkout",
        "Ada is no longer with us. This mailbox is closed, write to bob@example.com.",
        _READER,
        _AUTO,
    ),
    letter("ticket", NOTHING, "[#4711] We got your request", "Thank you, we will answer soon.", _READER, _AUTO),
    letter("a-person", NOTHING, "Re: Checkout is failing", "Thanks for telling me!", _READER),
    letter(
        "spam-arrest",
        DELAYED,
        "Re: Checkout (verification required)",
        "I use Spam Arrest. Please click the link below so that your mail can be delivered.",
        _READER,
    ),
    letter(
        "boxbe",
        DELAYED,
        "Please confirm your message",
        "Confirm that you are a human to deliver your message. Boxbe",
        _READER,
        _AUTO,
    ),
)
