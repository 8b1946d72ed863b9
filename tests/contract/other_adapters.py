"""The providers of texts, chat, webhooks and push, each with how it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs

from chat_to_send import chat_channel, message_to
from contract.adapter import Adapter, Case, answer_json, fields, path
from hooks import ANYWHERE, SECRET, Call, status
from mail_to_send import messages_to, story
from pushes import WHOLE, push_channel
from texts_to_send import messages_to as texts_to
from texts_to_send import sms_channel, vonage_channel
from texts_to_send import story as text_story
from tocsin.domain.channel import Accepted, Channel, Message
from tocsin.domain.errors import AddressDead, Ambiguous, TooFast, TryAgain
from tocsin.domain.subscription import Subscription
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
    if case(address) is Case.REVOKED:
        return answer_json(401, {"code": 20003, "message": "Authenticate", "status": 401})
    if code := codes.get(case(address)):
        return answer_json(400, {"code": code, "message": "no", "status": 400})
    return answer_json(201, {"sid": f"SM{address[1:]}", "status": "queued", "error_code": None})


def _to_vonage(call: Call) -> list[str]:
    form = _form(call) if not call.body.startswith(b"{") else fields(call)
    return [f"+{form['to']}"]


def _vonage(call: Call, case: CaseOf) -> bytes:
    [address] = _to_vonage(call)
    codes = {Case.TAKEN: "0", Case.REFUSED: "6", Case.DEAD: "33", Case.ERROR_INSIDE: "5", Case.REVOKED: "4"}
    code = codes[case(address)]
    part = {"status": code, "message-id": f"id-{address}", "error-text": "no"}
    return answer_json(200, {"message-count": "1", "messages": [part]})


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
    errors = {
        Case.REFUSED: "not_in_channel",
        Case.DEAD: "is_archived",
        Case.ERROR_INSIDE: "internal_error",
        Case.REVOKED: "token_revoked",
    }
    if error := errors.get(case(address)):
        return answer_json(200, {"ok": False, "error": error})
    return answer_json(200, {"ok": True, "channel": "C1", "ts": "1700000000.000100", "message": {}})


def _to_room(host: str) -> Callable[[Call], list[str]]:
    return lambda call: [f"https://{host}{call.line.split(' ')[1]}"]


_SLACK, _TEAMS = "hooks.slack.com", "prod-1.westeurope.logic.azure.com"


def _slack_webhook(call: Call, case: CaseOf) -> bytes:
    [address] = _to_room(_SLACK)(call)
    answers = {
        Case.REFUSED: (400, b"invalid_payload"),
        Case.DEAD: (410, b"channel_is_archived"),
        Case.REVOKED: (403, b"invalid_token"),
    }
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
        case Case.REVOKED:
            return answer_json(401, {"error": {"code": "DirectApiAuthorizationRequired"}})


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


def _make_push(url: str, seconds: float) -> Channel:
    del url
    return push_channel(ANYWHERE, seconds=seconds)


def _write_pushes(channel: Channel, addresses: Sequence[str], url: str) -> list[Message]:
    keys = WHOLE["keys"]
    kept = [Subscription(f"{url}/{name}", keys["p256dh"], keys["auth"]).written for name in addresses]
    return messages_to(kept, channel.render(story()))


def _to_browser(call: Call) -> list[str]:
    assert call.headers["content-encoding"] == "aes128gcm"
    return [path(call).removeprefix("/")]


def _push(call: Call, case: CaseOf) -> bytes:
    match case(_to_browser(call)[0]):
        case Case.TAKEN:
            return status(201)
        case Case.REFUSED:
            return answer_json(400, {"errno": 108})
        case Case.DEAD:
            return answer_json(410, {"errno": 106})
        case Case.ERROR_INSIDE:
            return answer_json(200, {"errno": 999, "message": "oops"})
        case Case.REVOKED:
            return answer_json(403, {"reason": "BadJwtToken"})


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
        revoked=AddressDead,  # the URL is the secret
        names=False,
    ),
    Adapter(
        "teams",
        *(_make_chat, _write_chat, _rooms(f"https://{_TEAMS}/workflows/"), _to_room(_TEAMS), _teams),
        dead=AddressDead,
        error_inside=TooFast,
        html=TryAgain,
        revoked=AddressDead,
        names=False,
    ),
    Adapter(
        "webhook",
        *(_make_webhook, _write_webhooks, _rooms(""), _to_webhook, _webhook),
        refused=TryAgain,
        dead=AddressDead,
        html=Accepted,
        revoked=None,
        names=False,
    ),
    Adapter(
        "push",
        *(_make_push, _write_pushes, _rooms(""), _to_browser, _push),
        dead=AddressDead,
        error_inside=Ambiguous,
        names=False,
    ),
)  # fmt: skip
