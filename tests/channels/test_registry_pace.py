"""What operators say about pace, and what providers publish, become the rates of gates."""

from __future__ import annotations

import pytest

from tocsin.domain.channel import ChannelName
from tocsin.domain.gate import Paced, Rate
from tocsin.settings import Settings
from tocsin_channels.registry import build

TWILIO = {"twilio_account_sid": "AC1", "twilio_auth_token": "t"}
X = {f"x_{name}": "k" for name in ("consumer_key", "consumer_secret", "access_token", "access_secret")}


def rates_of(name: ChannelName, to: str, /, **sections: object) -> list[tuple[str, tuple[Rate, ...]]]:
    channel = build(Settings.model_validate({"database_url": "", **sections}))[name]
    assert isinstance(channel, Paced)
    gates = channel.gates_of(to)
    assert channel.is_paced == any(gate.rates for gate in gates)
    return [(gate.key, gate.rates) for gate in gates]


def test_mail_by_smtp_is_never_paced_unless_somebody_says_so() -> None:
    smtp = {"smtp_url": "smtp://127.0.0.1:2525"}
    assert rates_of(ChannelName.EMAIL, "a@b.c", email=smtp) == [("smtp", ())]
    said = smtp | {"messages_per_second": 20, "messages_per_day": 1_000}
    assert rates_of(ChannelName.EMAIL, "a@b.c", email=said) == [
        ("smtp", (Rate(20.0, 1.0, 10.0), Rate(500.0, 86_400.0, 500.0)))
    ]


def test_ses_takes_what_an_account_has_by_default_and_a_look_alike_everything() -> None:
    ses = {"provider": "ses", "ses_region": "eu-central-1"}
    assert rates_of(ChannelName.EMAIL, "a@b.c", email=ses) == [("ses", (Rate(14.0, 1.0, 7.0),))]
    assert rates_of(ChannelName.EMAIL, "a@b.c", email=ses | {"ses_url": "http://127.0.0.1:1"}) == [("ses", ())]


@pytest.mark.parametrize(
    ("sender", "a_second"),
    [("+14155550100", 1.0), ("+18885550100", 3.0), ("+4915112345678", 10.0), ("72345", 100.0), ("Acme", 10.0)],
)
def test_each_sender_has_its_own_pace_by_what_it_is(sender: str, a_second: float) -> None:
    found = rates_of(ChannelName.SMS, "+14155552671", sms=TWILIO | {"from": sender})
    assert found == [(f"twilio:{sender}", (Rate.per_second(a_second),)), ("twilio", ())]


def test_a_sender_that_nobody_knows_and_one_elsewhere_have_none() -> None:
    service = "MG" + "0" * 32
    assert not any(rates for _, rates in rates_of(ChannelName.SMS, "+14155552671", sms=TWILIO | {"from": service}))
    elsewhere = TWILIO | {"from": "+14155550100", "twilio_url": "http://127.0.0.1:1"}
    assert not any(rates for _, rates in rates_of(ChannelName.SMS, "+14155552671", sms=elsewhere))
    said = elsewhere | {"segments_per_second": 5}
    assert rates_of(ChannelName.SMS, "+14155552671", sms=said)[0][1] == (Rate(5.0, 1.0, 2.5),)


def test_accounts_that_post_never_make_more_posts_than_their_network_allows() -> None:
    mastodon = {"address": "mastodon:@acme@example.social", "token": "t"}
    [(key, rates)] = rates_of(ChannelName.SOCIAL, "x:acme", social=X | {"x_account": "acme", "account": [mastodon]})
    assert key == "x:acme"
    assert rates == (Rate.within(100, 900.0), Rate.within(10_000, 86_400.0))
    [(key, rates)] = rates_of(ChannelName.SOCIAL, mastodon["address"], social={"account": [mastodon]})
    assert (key, rates) == (mastodon["address"], (Rate.within(300, 900.0),))


def test_rooms_are_paced_each_by_itself_and_no_webhook_is_told() -> None:
    hook = "https://hooks.slack.com/services/T1/B1/secret"
    [(key, rates)] = rates_of(ChannelName.CHAT, hook)
    [(other, _)] = rates_of(ChannelName.CHAT, "slack:#incidents")
    assert rates == (Rate(1.0, 1.0, 3.0),)
    assert key != other
    assert "secret" not in key
    assert rates_of(ChannelName.CHAT, hook, chat={"slack_url": "http://127.0.0.1:1"})[0][1] == ()
