"""How much each provider takes: what operators say, else what it publishes itself, where it is reached at its own host.

Sources: X's rate limits (100 posts in 15 minutes a user, 10,000 in a day an app), Mastodon's (300 requests in five
minutes), Bluesky's (5,000 points in an hour and 35,000 in a day, 3 a post), Slack's (one message a second and channel),
Amazon's quotas of SES (14 mails a second). Those of senders of texts are in `sms/pace.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tocsin.carrier_sections import MailProvider, Pace, TextAccount, TextProvider
from tocsin.domain.chat_address import SLACK_URL
from tocsin.domain.gate import Rate
from tocsin.domain.social import Network
from tocsin.sections import Chat, Social
from tocsin_channels.sms.channel import RatesOf
from tocsin_channels.sms.pace import usual_rate

Rates = tuple[Rate, ...]

_MINUTES_15: Final = 900.0
_DAY: Final = 86_400.0
_POSTS: Final[Mapping[Network, tuple[float, float]]] = {  # in 15 minutes, in a day
    Network.X: (100, 10_000),
    Network.MASTODON: (300, 0),
    Network.BLUESKY: (400, 11_600),
}
_SES_A_SECOND: Final = 14.0
_TO_ONE_ROOM: Final = 1.0
_ROOM_BURST: Final = 3.0


def mail_rates(account: MailProvider) -> Rates:
    """Return how many mails a provider takes; nothing is counted where there is no limit."""
    usual = _SES_A_SECOND if account.kind == "ses" and not account.ses_url else 0.0
    amount = _said(account.messages_per_second, usual)
    return (*((Rate.per_second(amount),) if amount else ()), *_within(account.messages_per_day, _DAY))


def text_rates(account: TextProvider) -> RatesOf:
    """Return how many segments each sender may send."""
    place = "twilio_url" if account.kind == "twilio" else "vonage_host"
    is_usual = getattr(account, place) == TextAccount.model_fields[place].default

    def rates(sender: str) -> Rates:
        amount = _said(account.segments_per_second, usual_rate(sender) if is_usual else 0.0)
        return (Rate.per_second(amount),) if amount else ()

    return rates


def post_rates(social: Social, network: Network, *, is_usual: bool) -> Rates:
    """Return how many posts an account may make; `is_usual`: its network is reached where it always is."""
    quarter, day = _POSTS[network] if is_usual else (0.0, 0.0)
    return (
        *_within(_said(social.posts_per_15_minutes, quarter), _MINUTES_15),
        *_within(_said(social.posts_per_day, day), _DAY),
    )


def room_rates(chat: Chat) -> Rates:
    """Return how many messages one room takes."""
    is_usual = chat.slack_url.rstrip("/") == SLACK_URL and not chat.teams_url
    amount = _said(chat.messages_per_second, _TO_ONE_ROOM if is_usual else 0.0)
    return (Rate(amount, 1.0, max(_ROOM_BURST, amount)),) if amount else ()


def _said(said: Pace, usual: float) -> float:
    return usual if said == "auto" else said


def _within(amount: float, seconds: float) -> Rates:
    return (Rate.within(amount, seconds),) if amount else ()
