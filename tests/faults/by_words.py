"""Faults of whoever writes: words that break out, that are no text, that have no end, in every field there is.

Each is refused with a sentence or told on every channel; none stops what comes after it, and none adds to a mail a
header that we did not write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any, Final

import httpx

from faults.act import Act
from faults.records import outbox_of
from faults.stage import subscriber
from tocsin_up import until

_POISON: Final = (
    *(
        "a\x00b",
        "a\x08\x1b[31mb",
        "a\x85b\u2028c\u2029d",
        "\u202eecived\u202c \u2066x",
        "\ufeff\u200b\u200d",
        "\ud800 alone",
    ),
    *(
        "x\r\nBcc: eve@evil.example\r\n\r\nBody",
        "x =?UTF-8?Q?=0D=0ABcc:_eve@evil.example?=",
        "\n.\n",
        "😀\n",
        "\uffff\ufffe",
    ),
    *(
        "{{7*7}} {% raw %} ${x} %s {0}",
        "<script>alert(1)</script>]]><!--",
        "<!channel> <@U1> @everyone",
        "../../etc/passwd",
    ),
    *("'; DROP TABLE delivery; --", "e" + "\u0301" * 2_000, "👩\u200d👩\u200d👧" * 60, "A" * 100_000, " ", ""),
)
# What no client should send as a whole.
_BODIES: Final = (
    *(b"", b"{", b"\xff\xfe", b"[]", b"null", b'"x"', b'{"title": 1e999, "body": "x"}', b'{"title": NaN, "body": "x"}'),
    *(b"[" * 100_000, b'{"title": "x", "title": "y", "body": 1}', b'{"title": "x", "body": {"a": []}}'),
)
_ACCEPTED: Final = 202
_FAMILY: Final = {
    "email": "poison@example.com",
    "sms": "+14155553999",
    "webhook": "/webhook/poison",
    "chat": "slack:#poison",
}


def poison_every_field(act: Act) -> None:
    """Write poison wherever something can be written."""
    stage = act.stage
    addresses = _FAMILY | {"webhook": f"http://127.0.0.1:{stage.proxies.calls.port}{_FAMILY['webhook']}"}
    for channel, address in addresses.items():
        body = json.loads(subscriber(channel, address, "oncall"))
        assert stage.request("POST", "/v1/subscribers", json=body).status_code in {201, 409}
    published, refused = 0, 0
    before = _heard(act, dict.fromkeys(_FAMILY, 0))
    for words in _POISON:
        stage.later(86_400)
        if _publish(act, words):
            published += 1
            _await_heard(act, before, published, words)
        else:
            refused += 1
        for path, body in _others(words):
            _post(act, path, json.dumps(body).encode())
    for body in _BODIES:
        assert _post(act, "/v1/incidents", body).is_client_error
    act.figures |= {"poisons told": published, "poisons refused": refused}
    act.open()
    act.cleared()
    act.settle()
    _assert_mails_are_ours(act)


def _publish(act: Act, words: str) -> bool:
    """Publish these words in every field, else in those that take them; return whether any did."""
    tries = (_everywhere(words), _readable(words, words), _readable(words, "x"), _readable("x", words))
    return any(_post(act, "/v1/incidents", json.dumps(said).encode()).status_code == _ACCEPTED for said in tries)


def _await_heard(act: Act, before: Mapping[str, int], published: int, words: str) -> None:
    everybody = dict.fromkeys(_FAMILY, published)
    until(lambda: _heard(act, before) == everybody, f"{words[:40]!r} is told on every channel", seconds=20)


def _post(act: Act, path: str, body: bytes) -> httpx.Response:
    """Post bytes; whatever they are, the answer is ours: done, or a refusal that says why."""
    headers = {"Content-Type": "application/json"}
    answer = act.stage.client.post(path, content=body, headers=headers)
    assert not answer.is_server_error, f"{path} {body[:200]!r}: {answer.text}"
    if answer.is_error:
        assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
        assert answer.json()["detail"]
    return answer


def _readable(title: str, body: str) -> dict[str, Any]:
    return {"title": title, "body": body, "severity": "sev1", "audiences": ["oncall"]}


def _everywhere(words: str) -> dict[str, Any]:
    texts = {"texts": {"oncall": words}, "titles": {"oncall": words}}
    return {**_readable(words, words), **texts, "metadata": {words or "x": words}}


def _others(words: str) -> list[tuple[str, dict[str, Any]]]:
    """Return requests with these words where they cannot become a message."""
    good = _readable("x", "x") | {"notify": False}
    fields = ("severity", "status", "kind", "impact", "template", "started_at", "next_update_in")
    endpoint = {"channel": "email", "address": words, "confirmed": True}
    return [
        *(("/v1/incidents", good | {field: words}) for field in fields),
        ("/v1/incidents", good | {"components": {words: words}, "audiences": [words], "variables": {words: words}}),
        ("/v1/incidents", good | {"template": "x", "variables": {"x": words}, words: words}),
        ("/v1/subscribers", {"name": words, "audiences": ["leadership"], "endpoints": [endpoint]}),
        ("/v1/subscribers", {"name": "x", "locale": words, "time_zone": words, "audiences": [words], "endpoints": []}),
        ("/v1/components", {"slug": words, "name": words, "description": words}),
        ("/v1/templates", {"slug": words, "name": words, "title": words, "body": words}),
        ("/v1/incidents/preview", _everywhere(words)),
        ("/hooks/grafana", {"title": words, "alerts": [{"labels": {"alertname": words}, "status": words}]}),
    ]


def _heard(act: Act, before: Mapping[str, int]) -> dict[str, int]:
    """Return how many messages each of the family has got since."""
    asked = {
        "email": ("SELECT count(DISTINCT message_id) FROM message WHERE recipient = ?", _FAMILY["email"]),
        "sms": ("SELECT count(*) FROM sms_text WHERE sid <> '' AND recipient = ?", _FAMILY["sms"]),
        "webhook": ("SELECT count(DISTINCT webhook_id) FROM webhook_call WHERE kept AND name = ?", "poison"),
        "chat": ("SELECT count(*) FROM chat_post WHERE channel = ?", "#poison"),
    }
    with outbox_of(act.stage.home) as outbox:
        return {
            channel: outbox.execute(query, (who,)).fetchone()[0] - before[channel]
            for channel, (query, who) in asked.items()
        }


def _assert_mails_are_ours(act: Act) -> None:
    asked = "SELECT raw FROM message WHERE recipient {} ? ORDER BY id DESC LIMIT 100"
    with outbox_of(act.stage.home) as outbox:
        poisoned, others = (
            {
                frozenset(name.lower() for name in message_from_bytes(raw))
                for (raw,) in outbox.execute(asked.format(like), (_FAMILY["email"],))
            }
            for like in ("=", "<>")
        )
    assert poisoned == others, "a poisoned mail has other headers than any other"
