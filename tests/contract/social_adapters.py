"""The networks that are posted to, each with how it answers."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import unquote

from contract.adapter import Adapter, Case, answer_json, fields, path
from hooks import Call
from mail_to_send import messages_to
from social_desk import WORDING, make_story
from tocsin.domain.channel import Channel, Message
from tocsin.domain.social import Network
from tocsin_channels.social.account import Account
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.thread import Restraint

CaseOf = Callable[[str], Case]


def _social(network: Network) -> Callable[[str, float], Channel]:
    def make(url: str, seconds: float) -> Channel:
        names = [f"{network.value}:{_handle(network, n)}" for n in range(3)]
        keys = [("key", "secret", f"acme{n}", "secret") if network is Network.X else (f"acme{n}",) for n in range(3)]
        accounts = [
            Account(network, name, url, "customers", secrets) for name, secrets in zip(names, keys, strict=True)
        ]
        return SocialChannel(accounts, WORDING, "first", Restraint(gap=0), seconds)

    return make


_HANDLES = {Network.X: "acme{}", Network.MASTODON: "@acme{}@example.social", Network.BLUESKY: "acme{}.bsky.social"}


def _handle(network: Network, number: int) -> str:
    return _HANDLES[network].format(number)


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
    if case(address) is Case.REVOKED:
        return answer_json(401, {"title": "Unauthorized", "type": "about:blank", "status": 401})
    return answer_json(201, {"data": {"id": f"1{address[-1]}", "text": "…"}})


def _mastodon(call: Call, case: CaseOf) -> bytes:
    addresses = _TO_MASTODON(call)
    if addresses and case(addresses[0]) is Case.REFUSED:
        return answer_json(422, {"error": "Validation failed: Text character limit of 500 exceeded"})
    if addresses and case(addresses[0]) is Case.REVOKED:
        return answer_json(401, {"error": "The access token was revoked"})
    return answer_json(200, {"id": "110", "url": "https://example.social/@acme/110", "uri": "tag:110"})


def _to_bluesky(call: Call) -> list[str]:
    return [f"bluesky:{fields(call)['repo']}"] if path(call) == "/xrpc/com.atproto.repo.createRecord" else []


def _bluesky(call: Call, case: CaseOf) -> bytes:
    asked = path(call).rpartition(".")[2]
    if asked == "createSession":
        who = str(fields(call)["identifier"])
        return answer_json(200, {"did": _DID, "handle": who, "accessJwt": _session(who), "refreshJwt": _session(who)})
    if asked == "getRecord":
        return answer_json(400, {"error": "RecordNotFound", "message": "Could not locate record"})
    if case(_to_bluesky(call)[0]) is Case.REFUSED:
        return answer_json(400, {"error": "InvalidRequest", "message": "Record/text must not be longer than 300"})
    if case(_to_bluesky(call)[0]) is Case.REVOKED:
        return answer_json(401, {"error": "AccountTakedown", "message": "Account has been taken down"})
    return answer_json(200, {"uri": f"at://{_DID}/app.bsky.feed.post/{fields(call)['rkey']}", "cid": "bafyreia"})


def _session(handle: str) -> str:
    """Return what looks like a session's token: nobody here looks at its signature."""
    said = json.dumps({"sub": handle, "exp": int(time.time()) + 3600}).encode()
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"none"}', said, b"none"))


def _bluesky_reset() -> str:
    return f"ratelimit-reset: {int(time.time()) + 120}"


def _x_reset() -> str:
    return f"x-rate-limit-reset: {int(time.time()) + 120}"


def _mastodon_reset() -> str:
    return f"X-RateLimit-Reset: {datetime.fromtimestamp(time.time() + 120, UTC).isoformat()}"


_DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
_TO_X = _by_account(Network.X, "/2/tweets")
_TO_MASTODON = _by_account(Network.MASTODON, "/api/v1/statuses")


SOCIAL = (
    Adapter("x", _social(Network.X), _write_posts, _names(Network.X), _TO_X, _x, slower=_x_reset),
    Adapter(
        "mastodon",
        *(_social(Network.MASTODON), _write_posts, _names(Network.MASTODON), _TO_MASTODON, _mastodon),
        slower=_mastodon_reset,
    ),
    Adapter(
        "bluesky",
        *(_social(Network.BLUESKY), _write_posts, _names(Network.BLUESKY), _to_bluesky, _bluesky),
        slower=_bluesky_reset,
    ),
)  # fmt: skip
