"""Each code of mail servers has its decision, one by one; whatever is no code of theirs is tried again and reported."""

from __future__ import annotations

import pytest

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.answers import Reply, Stage, classify
from tocsin_channels.email.smtp_codes import ENHANCED, REPLIES

# In answer to one recipient, without an enhanced code.
BY_REPLY: dict[int, type[DeliveryError]] = {
    421: TryAgain, 432: TryAgain, 450: TryAgain, 451: TryAgain, 452: TryAgain, 454: TryAgain, 455: TryAgain,
    500: GiveUp, 501: GiveUp, 502: GiveUp, 503: GiveUp, 504: GiveUp, 521: GiveUp,
    530: ProviderDown, 534: ProviderDown, 535: ProviderDown, 538: ProviderDown,
    550: GiveUp, 551: GiveUp, 552: TryAgain, 553: GiveUp, 554: GiveUp, 555: GiveUp, 556: GiveUp,
}  # fmt: skip

# Of a 550 to one recipient.
BY_ENHANCED: dict[str, type[DeliveryError]] = {
    "5.0.0": GiveUp,
    # Nobody is there: suppressed.
    "5.1.1": AddressDead, "5.1.3": AddressDead, "5.1.6": AddressDead, "5.1.10": AddressDead, "5.2.1": AddressDead,
    # Soft.
    "5.2.2": TryAgain, "5.3.1": TryAgain, "5.4.5": TryAgain, "5.7.321": TryAgain, "5.7.322": TryAgain,
    "5.7.323": TryAgain, "5.7.324": TryAgain, "5.7.325": TryAgain,
    # Sender problems: nobody is suppressed for them.
    "5.1.7": ProviderDown, "5.1.8": ProviderDown, "5.5.4": ProviderDown, "5.5.6": ProviderDown, "5.7.0": ProviderDown,
    "5.7.3": ProviderDown, "5.7.4": ProviderDown, "5.7.8": ProviderDown, "5.7.9": ProviderDown, "5.7.10": ProviderDown,
    "5.7.11": ProviderDown, "5.7.14": ProviderDown, "5.7.20": ProviderDown, "5.7.21": ProviderDown,
    "5.7.22": ProviderDown, "5.7.23": ProviderDown, "5.7.24": ProviderDown, "5.7.25": ProviderDown,
    "5.7.26": ProviderDown, "5.7.27": ProviderDown, "5.7.28": ProviderDown, "5.7.29": ProviderDown,
    "5.7.30": ProviderDown, "5.7.32": ProviderDown, "5.7.40": ProviderDown, "5.7.57": ProviderDown,
    "5.7.64": ProviderDown, "5.7.139": ProviderDown, "5.7.501": ProviderDown, "5.7.502": ProviderDown,
    "5.7.503": ProviderDown, "5.7.506": ProviderDown, "5.7.508": ProviderDown, "5.7.509": ProviderDown,
    "5.7.511": ProviderDown, "5.7.512": ProviderDown, "5.7.515": ProviderDown, "5.7.606": ProviderDown,
    "5.7.607": ProviderDown, "5.7.608": ProviderDown, "5.7.609": ProviderDown, "5.7.610": ProviderDown,
    "5.7.611": ProviderDown, "5.7.612": ProviderDown, "5.7.613": ProviderDown, "5.7.614": ProviderDown,
    "5.7.615": ProviderDown, "5.7.616": ProviderDown, "5.7.617": ProviderDown, "5.7.618": ProviderDown,
    "5.7.619": ProviderDown, "5.7.620": ProviderDown, "5.7.621": ProviderDown, "5.7.622": ProviderDown,
    "5.7.623": ProviderDown, "5.7.624": ProviderDown, "5.7.625": ProviderDown, "5.7.626": ProviderDown,
    "5.7.627": ProviderDown, "5.7.628": ProviderDown, "5.7.629": ProviderDown, "5.7.630": ProviderDown,
    "5.7.631": ProviderDown, "5.7.632": ProviderDown, "5.7.633": ProviderDown, "5.7.634": ProviderDown,
    "5.7.635": ProviderDown, "5.7.636": ProviderDown, "5.7.637": ProviderDown, "5.7.638": ProviderDown,
    "5.7.639": ProviderDown, "5.7.640": ProviderDown, "5.7.641": ProviderDown, "5.7.642": ProviderDown,
    "5.7.643": ProviderDown, "5.7.644": ProviderDown, "5.7.645": ProviderDown, "5.7.646": ProviderDown,
    "5.7.647": ProviderDown, "5.7.648": ProviderDown, "5.7.649": ProviderDown, "5.7.705": ProviderDown,
    "5.7.708": ProviderDown, "5.7.750": ProviderDown, "5.7.800": ProviderDown,
    # This message is refused, and the address is kept.
    "5.1.0": GiveUp, "5.1.2": GiveUp, "5.1.4": GiveUp, "5.1.5": GiveUp, "5.1.9": GiveUp,
    "5.2.0": GiveUp, "5.2.3": GiveUp, "5.2.4": GiveUp,
    "5.3.0": GiveUp, "5.3.2": GiveUp, "5.3.3": GiveUp, "5.3.4": GiveUp, "5.3.5": GiveUp, "5.3.6": GiveUp,
    "5.4.0": GiveUp, "5.4.1": GiveUp, "5.4.2": GiveUp, "5.4.3": GiveUp, "5.4.4": GiveUp, "5.4.6": GiveUp,
    "5.4.7": GiveUp,
    "5.5.0": GiveUp, "5.5.1": GiveUp, "5.5.2": GiveUp, "5.5.3": GiveUp, "5.5.5": GiveUp,
    "5.6.0": GiveUp, "5.6.1": GiveUp, "5.6.2": GiveUp, "5.6.3": GiveUp, "5.6.4": GiveUp, "5.6.5": GiveUp,
    "5.6.6": GiveUp, "5.6.7": GiveUp, "5.6.8": GiveUp, "5.6.9": GiveUp, "5.6.10": GiveUp,
    "5.7.1": GiveUp, "5.7.2": GiveUp, "5.7.5": GiveUp, "5.7.6": GiveUp, "5.7.7": GiveUp, "5.7.12": GiveUp,
    "5.7.13": GiveUp, "5.7.15": GiveUp, "5.7.16": GiveUp, "5.7.17": GiveUp, "5.7.18": GiveUp, "5.7.19": GiveUp,
    "5.7.124": GiveUp, "5.7.133": GiveUp, "5.7.134": GiveUp, "5.7.135": GiveUp, "5.7.136": GiveUp,
    "5.7.504": GiveUp, "5.7.505": GiveUp, "5.7.507": GiveUp, "5.7.510": GiveUp, "5.7.513": GiveUp,
}  # fmt: skip


def test_every_row_is_asserted() -> None:
    assert (set(REPLIES), set(ENHANCED)) == (set(BY_REPLY), set(BY_ENHANCED))


@pytest.mark.parametrize(("code", "decision"), BY_REPLY.items())
def test_a_reply_code_means(code: int, decision: type[DeliveryError]) -> None:
    error = classify(Reply(code, "in their words"), Stage.RCPT)
    assert type(error) is decision
    assert "not in our table" not in error.note


@pytest.mark.parametrize(("enhanced", "decision"), BY_ENHANCED.items())
def test_an_enhanced_code_means(enhanced: str, decision: type[DeliveryError]) -> None:
    for stage in (Stage.RCPT, Stage.DATA, Stage.DOT):
        assert type(classify(Reply(550, f"{enhanced} in their words"), stage)) is decision


def test_every_code_that_is_not_listed_is_tried_again_and_reported() -> None:
    for enhanced in (f"5.{subject}.{detail}" for subject in range(9) for detail in range(1000)):
        if enhanced not in BY_ENHANCED:
            error = classify(Reply(550, f"{enhanced} words"), Stage.RCPT)
            assert type(error) is TryAgain
            assert error.unlisted == enhanced
            assert f"{enhanced} is not in our table" in error.note
    for code in range(200, 600):
        if code not in BY_REPLY:
            error = classify(Reply(code, "words"), Stage.RCPT)
            assert type(error) is TryAgain
            assert error.unlisted == str(code)


@pytest.mark.parametrize("stage", Stage)
def test_whatever_begins_with_4_may_pass_and_is_no_riddle(stage: Stage) -> None:
    for enhanced in ("4.0.0", "4.2.1", "4.7.1", "4.9.9"):
        error = classify(Reply(450, f"{enhanced} words"), stage)
        assert isinstance(error, TryAgain)
        assert error.unlisted == ""
    assert type(classify(Reply(550, "4.2.1 words"), Stage.RCPT)) is TryAgain


@pytest.mark.parametrize("stage", [Stage.SESSION, Stage.MAIL])
def test_before_there_is_a_recipient_a_refusal_is_about_us(stage: Stage) -> None:
    for code in range(500, 600):
        error = classify(Reply(code, "5.9.9 words"), stage)
        assert type(error) is ProviderDown
        assert error.unlisted == "5.9.9"
    assert type(classify(Reply(451, "4.7.1 words"), stage)) is TooFast
