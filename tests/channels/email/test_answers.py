"""What refusals mean, line by line."""

from __future__ import annotations

import pytest

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TryAgain
from tocsin_channels.email.answers import Reply, Stage, classify


@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        (Stage.RCPT, "421 4.7.0 slow down", TryAgain),
        (Stage.RCPT, "450 4.2.1 greylisted", TryAgain),
        (Stage.RCPT, "451 4.3.0 local error", TryAgain),
        (Stage.RCPT, "452 4.2.2 over quota", TryAgain),
        (Stage.RCPT, "550 5.1.1 no such user", AddressDead),
        (Stage.RCPT, "550 5.1.10 null MX", AddressDead),
        (Stage.RCPT, "553 5.1.2 no such domain", AddressDead),
        (Stage.RCPT, "553 5.1.3 bad address", AddressDead),
        (Stage.RCPT, "550 5.2.1 mailbox disabled", AddressDead),
        (Stage.RCPT, "552 5.2.2 mailbox full", TryAgain),
        (Stage.RCPT, "552 mailbox full", TryAgain),
        (Stage.DOT, "552 5.3.4 message too big", GiveUp),
        (Stage.RCPT, "550 no", GiveUp),
        (Stage.RCPT, "550 5.7.1 policy", GiveUp),
        (Stage.DOT, "550-5.7.26 unauthenticated", ProviderDown),
        (Stage.DOT, "550 5.7.515 authentication level", ProviderDown),
        (Stage.RCPT, "450 4.1.8 sender domain not found", TryAgain),
        (Stage.RCPT, "553 5.1.8 sender domain not found", ProviderDown),
        (Stage.MAIL, "530 5.7.0 sign in first", ProviderDown),
        (Stage.RCPT, "530 5.7.0 sign in first", ProviderDown),
        (Stage.MAIL, "550 5.1.1 no such sender", ProviderDown),
        (Stage.SESSION, "535 5.7.8 bad credentials", ProviderDown),
        (Stage.SESSION, "454 4.7.0 temporary", TryAgain),
        (Stage.DOT, "554 5.6.0 no", GiveUp),
        (Stage.DATA, "250 what?", TryAgain),
    ],
)
def test_a_refusal_means(stage: Stage, reply: str, expected: type[DeliveryError]) -> None:
    assert type(classify(Reply(int(reply[:3]), reply[4:]), stage)) is expected


def test_the_reply_codes_about_us_are_four() -> None:
    ours = {code for code in range(400, 600) if type(classify(Reply(code, "no"), Stage.RCPT)) is ProviderDown}
    assert ours == {530, 534, 535, 538}


@pytest.mark.parametrize("code", range(500, 560))
@pytest.mark.parametrize("enhanced", ["5.7.1", "5.7.26", "5.7.515", "5.7.0", "5.2.2", "5.3.4", ""])
def test_no_policy_or_quota_takes_a_recipient_from_the_list(code: int, enhanced: str) -> None:
    for stage in Stage:
        assert not isinstance(classify(Reply(code, f"{enhanced} words"), stage), AddressDead)


def test_an_operator_reads_the_servers_own_words_on_one_printable_line() -> None:
    error = classify(Reply(550, "5.1.1 no\n\x1b[31m5.1.1 such\x00 user " + "x" * 1000), Stage.RCPT)
    assert error.note.startswith("The SMTP server refused the recipient: 550 5.1.1 no [31m5.1.1 such user")
    assert error.note.isprintable()
    assert len(error.note) < 350
    assert error.code == 550
