"""The providers of texts, posts, chat and webhooks, each with how it answers; a push service finds its place here."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

from chat_to_send import chat_channel, message_to
from contract.adapter import Adapter, Case, answer_json, fields, path
from hooks import ANYWHERE, SECRET, Call, status
from mail_to_send import messages_to, story
from social_desk import TEMPLATES, make_story
from texts_to_send import messages_to as texts_to
from texts_to_send import sms_channel, vonage_channel
from texts_to_send import story as text_story
from tocsin.domain.channel import Accepted, Channel, Message
from tocsin.domain.errors import AddressDead, TryAgain
from tocsin.domain.social import Network
from tocsin_channels.social.account import Account
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.thread import Restraint
from tocsin_channels.webhook.channel import WebhookChannel

PHONES = ("+14155552671", "+14155552672", "+14155552673")
CaseOf = Callable[[str], Case]


def _form(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.body.decode()).items()}


def _write_texts(channel: Channel, addresses: Sequence[str], url: str) -> list[Message]:
    del url
    return texts_to(tuple(addresses), channel.render(text_story()))


def _to_twilio(call: Call) -> list[str]:
    return [_form(call)["To"]]


def _twilio(call: Call, case: CaseOf) -> bytes:
    [address] = _to_twilio(call)
    codes = {Case.REFUSED: 21408, Case.DEAD: 21211}
    if code := codes.get(case(address)):
        return answer_json(400, {"code": code, "message": "no", "status": 400})
    return answer_json(201, {"sid": f"SM{address[1:]}", "status": "queued", "error_code": None})


def _to_vonage(call: Call) -> list[str]:
    form = _form(call) if not call.body.startswith(b"{") else fields(call)
    return [f"+{form['to']}"]


def _vonage(call: Call, case: CaseOf) -> bytes:
    [address] = _to_vonage(call)
    code = {Case.TAKEN: "0", Case.REFUSED: "6", Case.DEAD: "33", Case.ERROR_INSIDE: "5"}[case(address)]
    part = {"status": code, "message-id": f"id-{address}", "error-text": "no"}
    return answer_json(200, {"message-count": "1", "messages": [part]})


def _social(network: Network) -> Callable[[str, float], Channel]:
    def make(url: str, seconds: float) -> Channel:
        names = [f"{network.value}:{_handle(network, n)}" for n in range(3)]
        keys = [("key", "secret", f"acme{n}", "secret") if network is Network.X else (f"acme{n}",) for n in range(3)]
        accounts = [
            Account(network, name, url, "customers", secrets) for name, secrets in zip(names, keys, strict=True)
        ]
        return SocialChannel(accounts, TEMPLATES, "first", Restraint(gap=0), seconds)

    return make


def _handle(network: Network, number: int) -> str:
    return f"acme{number}" if network is Network.X else f"@acme{number}@example.social"


def _write_posts(channel: Channel, addresses: Sequence[str], url: str) -> list[Message]:
    del url
    return messages_to(addresses, channel.render(make_story()))


def _names(network: Network) -> tuple[str, str, str]:
    one, two, three = (f"{network.value}:{_handle(network, n)}" for n in range(3))
    return one, two, three


def _by_account(network: Network, at: str) -> Callable[[Call], list[str]]:
    """Tell whose account a call is for, by the token that it has."""

    def carried(call: Call) -> list[str]:
        found = re.search(r"acme(\d)", unquote(call.headers.get("authorization", "")))
        return [_names(network)[int(found[1])]] if found and path(call) == at and call.line.startswith("POST") else []

    return carried


def _x(call: Call, case: CaseOf) -> bytes:
    [address] = _TO_X(call)
    if case(address) is Case.REFUSED:
        return answer_json(403, {"detail": "Your Tweet needs to be a bit shorter.", "status": 403})
    return answer_json(201, {"data": {"id": f"1{address[-1]}", "text": "…"}})


def _mastodon(call: Call, case: CaseOf) -> bytes:
    addresses = _TO_MASTODON(call)
    if addresses and case(addresses[0]) is Case.REFUSED:
        return answer_json(422, {"error": "Validation failed: Text character limit of 500 exceeded"})
    return answer_json(200, {"id": "110", "url": "https://example.social/@acme/110", "uri": "tag:110"})


def _x_reset() -> str:
    return f"x-rate-limit-reset: {int(time.time()) + 8}"


def _mastodon_reset() -> str:
    return f"X-RateLimit-Reset: {datetime.fromtimestamp(time.time() + 8, UTC).isoformat()}"


_TO_X = _by_account(Network.X, "/2/tweets")
_TO_MASTODON = _by_account(Network.MASTODON, "/api/v1/statuses")


def _write_chat(channel: Channel, addresses: Sequence[str], url: str) -> list[Message]:
    del url
    return [message_to(channel, address) for address in addresses]  # type: ignore[arg-type]


def _make_chat(url: str, seconds: float) -> Channel:
    return chat_channel(url, seconds=seconds)


def _to_slack_bot(call: Call) -> list[str]:
    if not path(call).endswith("chat.postMessage"):
        return []
    said = fields(call) if call.body.startswith(b"{") else _form(call)
    return [f"slack:{said['channel']}"]


def _slack_bot(call: Call, case: CaseOf) -> bytes:
    [address] = _to_slack_bot(call)
    errors = {Case.REFUSED: "not_in_channel", Case.DEAD: "channel_not_found", Case.ERROR_INSIDE: "internal_error"}
    if error := errors.get(case(address)):
        return answer_json(200, {"ok": False, "error": error})
    return answer_json(200, {"ok": True, "channel": "C1", "ts": "1700000000.000100", "message": {}})


def _to_room(host: str) -> Callable[[Call], list[str]]:
    return lambda call: [f"https://{host}{call.line.split(' ')[1]}"]


_SLACK, _TEAMS = "hooks.slack.com", "prod-1.westeurope.logic.azure.com"


def _slack_webhook(call: Call, case: CaseOf) -> bytes:
    [address] = _to_room(_SLACK)(call)
    answers = {Case.REFUSED: (400, b"invalid_payload"), Case.DEAD: (404, b"no_service")}
    code, body = answers.get(case(address), (200, b"ok"))
    return status(code, "Content-Type: text/plain", body=body)


def _teams(call: Call, case: CaseOf) -> bytes:
    [address] = _to_room(_TEAMS)(call)
    match case(address):
        case Case.TAKEN:
            return status(202)
        case Case.REFUSED:
            return answer_json(400, {"error": {"code": "WorkflowTriggerIsNotEnabled"}})
        case Case.DEAD:
            return answer_json(404, {"error": {"code": "WorkflowNotFound"}})
        case Case.ERROR_INSIDE:
            return status(200, body=b"Microsoft Teams endpoint returned HTTP error 429")


def _make_webhook(url: str, seconds: float) -> Channel:
    del url
    return WebhookChannel(ANYWHERE, seconds, 100)


def _write_webhooks(channel: Channel, addresses: Sequence[str], url: str) -> list[Message]:
    rendered = channel.render(story())
    return [
        Message(f"id.{n}", f"{url}/{name}", "", rendered, f"end{n}", "token", f"delivery{n}", secrets=(SECRET,))
        for n, name in enumerate(addresses)
    ]


def _to_webhook(call: Call) -> list[str]:
    json.loads(call.body)
    return [path(call).removeprefix("/")]


def _webhook(call: Call, case: CaseOf) -> bytes:
    return status({Case.REFUSED: 400, Case.DEAD: 410}.get(case(_to_webhook(call)[0]), 200))


def _rooms(prefix: str) -> tuple[str, str, str]:
    return f"{prefix}one", f"{prefix}two", f"{prefix}three"


OTHERS = (
    Adapter(
        "twilio",
        lambda url, seconds: sms_channel(url, seconds=seconds),
        *(_write_texts, PHONES, _to_twilio, _twilio),
        dead=AddressDead,
    ),
    Adapter(
        "vonage",
        lambda host, seconds: vonage_channel(host, seconds=seconds),
        *(_write_texts, PHONES, _to_vonage, _vonage),
        dead=AddressDead,
        error_inside=TryAgain,
        tls=True,
    ),
    Adapter("x", _social(Network.X), _write_posts, _names(Network.X), _TO_X, _x, slower=_x_reset),
    Adapter(
        "mastodon",
        *(_social(Network.MASTODON), _write_posts, _names(Network.MASTODON), _TO_MASTODON, _mastodon),
        slower=_mastodon_reset,
    ),
    Adapter(
        "slack-bot",
        *(_make_chat, _write_chat, _rooms("slack:#"), _to_slack_bot, _slack_bot),
        dead=AddressDead,
        error_inside=TryAgain,
        html=TryAgain,
    ),
    Adapter(
        "slack-webhook",
        *(_make_chat, _write_chat, _rooms(f"https://{_SLACK}/services/T0/B0/"), _to_room(_SLACK), _slack_webhook),
        dead=AddressDead,
        html=TryAgain,
        names=False,
    ),
    Adapter(
        "teams",
        *(_make_chat, _write_chat, _rooms(f"https://{_TEAMS}/workflows/"), _to_room(_TEAMS), _teams),
        dead=AddressDead,
        error_inside=TryAgain,
        html=TryAgain,
        names=False,
    ),
    Adapter(
        "webhook",
        *(_make_webhook, _write_webhooks, _rooms(""), _to_webhook, _webhook),
        refused=TryAgain,
        dead=AddressDead,
        html=Accepted,
        names=False,
    ),
)  # fmt: skip
