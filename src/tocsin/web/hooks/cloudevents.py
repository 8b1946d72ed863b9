"""CloudEvents 1.0 over HTTP: structured, binary and batched; the trouble is `source` and `subject`.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md, and
http-webhook.md for the handshake. What an event says is in its data: `title`, `body`, `status` (firing or resolved),
`severity`, `component`, `link`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tocsin.domain.errors import Refused
from tocsin.domain.signal import Signal, Told, line, lines, severity_of
from tocsin.web.hooks.reading import Fields, fields, items, required, time, words

_OVER: Final = frozenset({"resolved", "recovered", "closed", "ok", "ended"})


@dataclass(frozen=True, slots=True)
class CloudEvents:
    name: str = "cloudevents"

    def read(self, body: Any, headers: Mapping[str, str]) -> list[Signal]:
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media == "application/cloudevents-batch+json":
            return [_signal(fields(event)) for event in items(body)]
        if media == "application/cloudevents+json":
            return [_signal(fields(body))]
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
        return [_signal(attributes | {"data": body})]

    def is_signed(self, raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
        del raw, headers, secret
        return False


def _signal(event: Fields) -> Signal:
    if words(event.get("specversion")) != "1.0":
        raise Refused("This is no CloudEvent of version 1.0: its specversion says otherwise.", field="specversion")
    kind, source = required(event, "type", of="CloudEvents"), required(event, "source", of="CloudEvents")
    name = required(event, "subject", "id", of="CloudEvents")
    data = fields(event.get("data"))
    status = words(data.get("status")) or kind.rpartition(".")[2]
    title = words(data.get("title")) or kind
    component = words(data.get("component"))
    return Signal(
        key=f"{source} {name}",
        told=Told.RESOLVED if status.lower() in _OVER else Told.FIRING,
        title=line(title),
        body=lines(words(data.get("body")) or words(data.get("message")) or title),
        severity=severity_of(words(data.get("severity"))),
        components=(component,) if component else (),
        link=words(data.get("link")),
        started_at=time(event.get("time")),
    )


SOURCE: Final = CloudEvents()
