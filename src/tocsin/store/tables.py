"""The schema at one look, for readers: what the migrations have come to, held to them by a test.

No query goes through these mappings. Everything here asks in SQL, set-based where it is hot (`claim`, `record`,
`fan_out`), and returns the domain's own nouns.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, ENUM, JSONB, TIMESTAMP, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tocsin.domain.delivery import State
from tocsin.domain.endpoint import EndpointState

Small = SmallInteger()
Big = BigInteger()
_delivery_states = [state.value for state in State if state is not State.SENDING]
delivery_state = ENUM(*_delivery_states, name="delivery_state", create_type=False)
endpoint_state = ENUM(*[state.value for state in EndpointState], name="endpoint_state", create_type=False)


class Row(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: TIMESTAMP(timezone=True),
        float: DOUBLE_PRECISION,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
        list[int]: ARRAY(Integer),
        list[str]: ARRAY(Text),
    }


def _now() -> Mapped[datetime]:
    return mapped_column(server_default=func.tocsin_now())


class Audience(Row):
    __tablename__ = "audience"
    id: Mapped[int] = mapped_column(Small, primary_key=True)
    name: Mapped[str]
    rank: Mapped[int] = mapped_column(Small)


class ComponentGroup(Row):
    __tablename__ = "component_group"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    slug: Mapped[str]
    name: Mapped[str]
    position: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()


class Component(Row):
    __tablename__ = "component"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    slug: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("component_group.id"))
    internal: Mapped[bool] = mapped_column(server_default="false")
    position: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str] = mapped_column(server_default="operational")
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()


class ComponentStatusChange(Row):
    __tablename__ = "component_status"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"))
    status: Mapped[str]
    since: Mapped[datetime] = _now()


class Incident(Row):
    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    version: Mapped[int]
    status: Mapped[str]
    severity: Mapped[int] = mapped_column(Small)
    title: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")
    started_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    next_update_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()

    @property
    def ref(self) -> str:
        """The running number that operators call it by: INC-7."""
        return f"INC-{self.id}"


class IncidentUpdate(Row):
    __tablename__ = "incident_update"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    version: Mapped[int]
    status: Mapped[str]
    severity: Mapped[int] = mapped_column(Small)
    impact: Mapped[str]
    kind: Mapped[str]
    phase: Mapped[int] = mapped_column(Small)
    title: Mapped[str]
    titles: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    body: Mapped[str]
    texts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    components: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    audiences: Mapped[int]
    is_public: Mapped[bool]
    notify: Mapped[bool] = mapped_column(server_default="true")
    next_update_at: Mapped[datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", server_default="{}")
    scheduled_for: Mapped[datetime | None]
    scheduled_until: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = _now()


class Maintenance(Row):
    __tablename__ = "maintenance"
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    auto_start: Mapped[bool]
    auto_complete: Mapped[bool]
    remind_before: Mapped[int]
    due_at: Mapped[float | None]


class Outbox(Row):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    kind: Mapped[str]
    update_id: Mapped[int | None] = mapped_column(ForeignKey("incident_update.id"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    urgent: Mapped[bool] = mapped_column(server_default="false")
    due_at: Mapped[float | None]
    lease: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    tries: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = _now()
    done_at: Mapped[datetime | None]


class Bucket(Row):
    __tablename__ = "bucket"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    rank: Mapped[int] = mapped_column(Small)
    size: Mapped[int] = mapped_column(server_default="0")
    urgent: Mapped[bool] = mapped_column(server_default="false")
    due_at: Mapped[float | None]
    due_n: Mapped[int] = mapped_column(server_default="0")
    gen: Mapped[int] = mapped_column(server_default="0")
    live: Mapped[list[int]] = mapped_column(server_default="{}")
    attempt_id: Mapped[int | None] = mapped_column(Big)
    lease_until: Mapped[float] = mapped_column(server_default="0")
    home: Mapped[int | None]


class Subscriber(Row):
    __tablename__ = "subscriber"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    audiences: Mapped[int]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()


class Endpoint(Row):
    __tablename__ = "endpoint"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    bucket_id: Mapped[int] = mapped_column(ForeignKey("bucket.id"))
    channel: Mapped[str]
    address: Mapped[str]
    address_key: Mapped[str]
    state: Mapped[str] = mapped_column(endpoint_state, server_default="unconfirmed")
    state_reason: Mapped[str | None]
    audiences: Mapped[int]
    all_components: Mapped[bool] = mapped_column(server_default="true")
    least: Mapped[int | None] = mapped_column(Small)
    phases: Mapped[int | None] = mapped_column(Small)
    timing: Mapped[dict[str, Any] | None]
    locale: Mapped[str | None]
    follows: Mapped[list[int]] = mapped_column(server_default="{}")
    only_follows: Mapped[bool] = mapped_column(server_default="false")
    snoozed: Mapped[dict[str, Any] | None]
    fallback_id: Mapped[int | None]
    secret_version: Mapped[int] = mapped_column(Small, server_default="1")
    secret_rotated_at: Mapped[datetime | None]
    quarantine_told: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()


class Trouble(Row):
    __tablename__ = "trouble"
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[float]
    last: Mapped[float]
    failures: Mapped[int]
    note: Mapped[str]
    looked_at: Mapped[float | None]
    told_at: Mapped[float | None]


class EndpointComponent(Row):
    __tablename__ = "endpoint_component"
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"), primary_key=True)


class EndpointGroup(Row):
    __tablename__ = "endpoint_group"
    group_id: Mapped[int] = mapped_column(ForeignKey("component_group.id", ondelete="CASCADE"), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"), primary_key=True)


class Mute(Row):
    __tablename__ = "mute"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str]
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id"))
    component_id: Mapped[int | None] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"))
    channel: Mapped[str | None]
    reason: Mapped[str]
    until: Mapped[float]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = _now()
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class Thread(Row):
    __tablename__ = "thread"
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"), primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    state: Mapped[str]
    updated_at: Mapped[datetime] = _now()


class Delivery(Row):
    __tablename__ = "delivery"
    update_id: Mapped[int] = mapped_column(primary_key=True)
    bucket_id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(primary_key=True)
    audience: Mapped[int] = mapped_column(Small)
    state: Mapped[str] = mapped_column(delivery_state)
    tries: Mapped[int] = mapped_column(Small, server_default="0")
    unknowns: Mapped[int] = mapped_column(Small, server_default="0")
    cleared: Mapped[int] = mapped_column(Small, server_default="0")
    code: Mapped[int | None]
    since: Mapped[float]
    due_at: Mapped[float | None]
    done_at: Mapped[float | None]
    receipt_at: Mapped[float | None]
    message: Mapped[int | None]
    reason: Mapped[str | None]
    rule: Mapped[str | None]
    provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    note: Mapped[str | None]


class Receipt(Row):
    __tablename__ = "receipt"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    provider: Mapped[str]
    update_id: Mapped[int]
    endpoint_id: Mapped[int]
    kind: Mapped[str]
    code: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    event: Mapped[str] = mapped_column(server_default="")
    received_at: Mapped[datetime] = _now()


class Template(Row):
    __tablename__ = "template"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    title: Mapped[str | None]
    titles: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    body: Mapped[str]
    texts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    changed_by: Mapped[str]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()


class Signal(Row):
    __tablename__ = "signal"
    source: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    said: Mapped[bytes]
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()


class Channel(Row):
    __tablename__ = "channel"
    name: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]


class Audit(Row):
    __tablename__ = "audit"
    invariant: Mapped[str] = mapped_column(primary_key=True)
    violations: Mapped[int]
    example: Mapped[str | None]
    checked_at: Mapped[float]
    seconds: Mapped[float] = mapped_column(server_default="0")


class ApiKey(Row):
    __tablename__ = "api_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    prefix: Mapped[str]
    sha256: Mapped[bytes]
    scopes: Mapped[list[str]]
    requests_per_minute: Mapped[int | None]
    created_at: Mapped[datetime] = _now()
    revoked_at: Mapped[datetime | None]


class Idempotency(Row):
    __tablename__ = "idempotency"
    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[bytes]
    status: Mapped[int] = mapped_column(Small)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = _now()


class Operator(Row):
    __tablename__ = "operator"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    password: Mapped[str]
    created_at: Mapped[datetime] = _now()


class OperatorSession(Row):
    __tablename__ = "operator_session"
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = _now()
    seen_at: Mapped[datetime] = _now()


class OptIn(Row):
    __tablename__ = "opt_in"
    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    address_key: Mapped[str]
    seal: Mapped[bytes]
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    wanted: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    locale: Mapped[str]
    network: Mapped[str]
    wording: Mapped[str]
    browser: Mapped[bytes | None]
    code: Mapped[bytes | None]
    code_until: Mapped[float | None]
    tries: Mapped[int] = mapped_column(Small, server_default="0")
    created_at: Mapped[datetime] = _now()
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Link(Row):
    __tablename__ = "link"
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    opt_in_id: Mapped[int | None] = mapped_column(ForeignKey("opt_in.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = _now()
    expires_at: Mapped[datetime]


class Notice(Row):
    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    kind: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    address_key: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default="en")
    opt_in_id: Mapped[int | None] = mapped_column(ForeignKey("opt_in.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    outcome: Mapped[str | None]
    note: Mapped[str | None]
    provider_id: Mapped[str | None]
    created_at: Mapped[datetime] = _now()


class Asked(Row):
    __tablename__ = "asked"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    at: Mapped[datetime] = _now()
    channel: Mapped[str]
    seal: Mapped[bytes]
    network: Mapped[str]
    prefix: Mapped[str | None]


class Consent(Row):
    __tablename__ = "consent"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    at: Mapped[datetime] = _now()
    what: Mapped[str]
    how: Mapped[str]
    channel: Mapped[str]
    seal: Mapped[bytes]
    subscriber: Mapped[str | None]
    endpoint: Mapped[str | None]
    network: Mapped[str | None]
    wording: Mapped[str | None]
    by_whom: Mapped[str | None]
    basis: Mapped[str | None]


class Suppression(Row):
    __tablename__ = "suppression"
    channel: Mapped[str] = mapped_column(primary_key=True)
    seal: Mapped[bytes] = mapped_column(primary_key=True)
    reason: Mapped[str]
    created_at: Mapped[datetime] = _now()


class Provider(Row):
    __tablename__ = "provider"
    channel: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[int | None]
    wish: Mapped[str] = mapped_column(server_default="auto")
    health: Mapped[int] = mapped_column(server_default="100")
    breaker: Mapped[str] = mapped_column(server_default="closed")
    trips: Mapped[int] = mapped_column(server_default="0")
    next_try: Mapped[float] = mapped_column(server_default="0")
    shifted_at: Mapped[float] = mapped_column(server_default="0")


class ProviderTally(Row):
    __tablename__ = "provider_tally"
    channel: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[float] = mapped_column(primary_key=True)
    good: Mapped[int]
    faults: Mapped[int]
    errors: Mapped[int]
    slow: Mapped[int]
    seconds: Mapped[float]
    batches: Mapped[int]


class CanaryCount(Row):
    __tablename__ = "canary_count"
    channel: Mapped[str] = mapped_column(primary_key=True)
    at_most: Mapped[float] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(Big)
    seconds: Mapped[float]


class Journal(Row):
    __tablename__ = "journal"
    worker: Mapped[str] = mapped_column(primary_key=True)
    is_kept: Mapped[bool]
    bytes: Mapped[int] = mapped_column(Big)
    told_at: Mapped[datetime]


class JournalAnswers(Row):
    __tablename__ = "journal_answers"
    channel: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(Big)


class ProviderChange(Row):
    __tablename__ = "provider_change"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    at: Mapped[datetime] = _now()
    channel: Mapped[str]
    provider: Mapped[str]
    what: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    why: Mapped[str]
    by: Mapped[str | None]


class UnlistedCode(Row):
    __tablename__ = "unlisted_code"
    channel: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    note: Mapped[str]
    n: Mapped[int] = mapped_column(Big)
    first_at: Mapped[datetime] = _now()
    last_at: Mapped[datetime] = _now()
